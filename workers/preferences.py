"""What a worker says of themselves and wants for themselves: background, comfort, content they would rather not see, availability."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Invalid, NotFound, Text
from workers import facts
from workers.models import Setup, WorkerProfile
from workers.models.setup import DOMAINS, EDUCATION

CONTENT: dict[str, Text] = {
    "violence": _("Violence and injuries"),
    "sexual": _("Sexual content"),
    "hate": _("Hate and insults"),
    "self_harm": _("Self-harm and suicide"),
    "abuse": _("Abuse of children or animals, as text"),
    "disgust": _("Disease, decay and other things that disgust"),
}
"""What work may show that somebody may not want to see; a project names what it shows."""
ACCESSIBILITY: dict[str, Text] = {
    "screen_reader": _("I use a screen reader"),
    "keyboard": _("I work by keyboard alone"),
    "large_text": _("I need large text"),
    "low_motion": _("Nothing should move"),
    "colours": _("I do not tell all colours apart"),
    "no_audio": _("I do not work with sound"),
    "more_time": _("I need half as long again in timed tests"),
}
DAYS: dict[str, Text] = {
    "mon": _("Mon"), "tue": _("Tue"), "wed": _("Wed"), "thu": _("Thu"), "fri": _("Fri"), "sat": _("Sat"), "sun": _("Sun"),
}  # fmt: skip
PARTS: dict[str, Text] = {
    "morning": _("Morning, 6–12"), "afternoon": _("Afternoon, 12–18"), "evening": _("Evening, 18–24"),
    "night": _("Night, 0–6"),
}  # fmt: skip
MOST_HOURS, MOST_DOMAINS, MOST_YEARS = 80, 12, 70
LONGEST_QUIET = timedelta(days=90)
LARGEST_DRAFT = 20_000
DONE, SKIPPED = "done", "skipped"


def of(worker_id: uuid.UUID) -> Setup:
    """What a worker set up, made empty at the first ask. Raises NotFound for somebody who is no worker."""
    if not WorkerProfile.objects.filter(pk=worker_id).exists():
        raise NotFound(_("There is no such worker."))
    return Setup.objects.get_or_create(worker_id=worker_id)[0]


def save_background(*, worker_id: uuid.UUID, education: str, expertise: Any, now: datetime) -> Setup:
    """Education, and domains with years. `expertise` is a list of {"domain", "years"}. Raises Invalid."""
    if education not in ("", *dict(EDUCATION)):
        raise Invalid(_("Expected a level of education from the list."), field="education")
    checked: dict[str, int] = {}
    for row in expertise if isinstance(expertise, list) and len(expertise) <= MOST_DOMAINS else [None]:
        domain, years = (row.get("domain"), row.get("years")) if isinstance(row, Mapping) else (None, None)
        if domain not in dict(DOMAINS) or domain in checked:
            raise Invalid(_("Expected each field once, from the list."), field="expertise", expected=sorted(dict(DOMAINS)))
        if not isinstance(years, int) or isinstance(years, bool) or not 0 <= years <= MOST_YEARS:
            raise Invalid(_("Expected years from 0 to 70."), field="expertise")
        checked[str(domain)] = years
    rows = [{"domain": domain, "years": years} for domain, years in checked.items()]
    return _save(worker_id, "background", now, education=education, expertise=rows)


def save_comfort(*, worker_id: uuid.UUID, accessibility: Iterable[str], note: str, avoids: Iterable[str], now: datetime) -> Setup:
    """What makes work possible, and what somebody does not want to see. It costs nothing: such work is not offered, and nobody
    is told. Raises Invalid."""
    if len(note) > 500:
        raise Invalid(_("Write at most 500 characters."), field="note")
    saved = _save(
        worker_id, "comfort", now, accessibility=_known(accessibility, ACCESSIBILITY, "accessibility"),
        accessibility_note=note.strip(), avoids=_known(avoids, CONTENT, "avoids"),
    )  # fmt: skip
    facts.touch(worker_id)
    return saved


def save_availability(
    *, worker_id: uuid.UUID, hours_per_week: int | None, times: Iterable[str], quiet_days: int, now: datetime
) -> Setup:
    """Hours a week, times of the week, and for how many days alerts of new work are paused (0: not). Raises Invalid."""
    if hours_per_week is not None and not 1 <= hours_per_week <= MOST_HOURS:
        raise Invalid(_("Expected 1 to 80 hours a week."), field="hours_per_week")
    if not 0 <= quiet_days <= LONGEST_QUIET.days:
        raise Invalid(_("Alerts can be paused for at most 90 days."), field="quiet_days")
    slots = {f"{day}-{part}" for day in DAYS for part in PARTS}
    quiet = now + timedelta(days=quiet_days) if quiet_days else None
    return _save(
        worker_id, "availability", now, hours_per_week=hours_per_week, alerts_paused_until=quiet,
        times=_known(times, dict.fromkeys(slots, ""), "times"),
    )  # fmt: skip


def asks_for(worker_id: uuid.UUID, code: str) -> bool:
    """Whether somebody said that they need this (a code of ACCESSIBILITY)."""
    return Setup.objects.filter(worker_id=worker_id, accessibility__contains=[code]).exists()


def wants_alerts(worker_id: uuid.UUID, *, now: datetime) -> bool:
    """Whether news of new work may reach this person now."""
    return not Setup.objects.filter(worker_id=worker_id, alerts_paused_until__gt=now).exists()


def finish_step(*, worker_id: uuid.UUID, step: str, how: str) -> Setup:
    """A step of onboarding is done, or left out for now; a later word replaces an earlier one."""
    setup = of(worker_id)
    setup.steps = setup.steps | {step: how}
    setup.drafts = {name: draft for name, draft in setup.drafts.items() if name != step}
    setup.save(update_fields=["steps", "drafts"])
    return setup


def keep_draft(*, worker_id: uuid.UUID, step: str, typed: Mapping[str, Any]) -> None:
    """What was typed in a step and not yet saved, so that it goes on on another device. Raises Invalid when there is too much."""
    kept = {str(name)[:60]: value for name, value in typed.items()}
    if len(json.dumps(kept)) > LARGEST_DRAFT:
        raise Invalid(_("This is too much to keep as a draft."), field="step")
    setup = of(worker_id)
    setup.drafts = setup.drafts | {step: kept}
    setup.save(update_fields=["drafts"])


def _save(worker_id: uuid.UUID, step: str, now: datetime, **changes: Any) -> Setup:
    setup = finish_step(worker_id=worker_id, step=step, how=DONE)
    for name, value in changes.items():
        setattr(setup, name, value)
    setup.save(update_fields=list(changes))
    audit.record(subject=setup, verb=f"{step}.changed", actor_id=worker_id, now=now)
    return setup


def _known(given: Iterable[str], names: Mapping[str, Text], field: str) -> list[str]:
    """Codes without doubles, in order. Raises Invalid for one that is not known."""
    wanted = set(given)
    if unknown := wanted - set(names):
        raise Invalid(_("Expected codes from the list."), field=field, unknown=sorted(unknown)[:5])
    return sorted(wanted)
