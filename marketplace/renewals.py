"""Proofs of a skill renew by good work: known answers in projects that ask for the skill are its check, unseen by the worker."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from kit import audit, due
from marketplace import gold, rules
from marketplace.models import Project, Submission
from qualification import grading, grants
from qualification.models import Grant
from qualification.states import LIVE
from workers import notices

SOON = timedelta(days=30)
"""How long before its last day a proof is looked at; the same month in which its exam opens again."""
RECENT = timedelta(days=180)
"""Work that is older says little about today."""
LEAST, MOST = 20, 200
"""Known answers that say enough, and the newest that are looked at."""
GOOD_BP = 7_000
"""What the lower end of the interval has to reach."""
RENEWED = timedelta(days=180)

notices.declare(
    "grant.renewed",
    _("Your work keeps your proof of %(skill)s alive: it now lasts until %(until)s. No test is needed."),
    url_name="qualification:skills",
    words={"until": notices.day},
)


def renew_due(*, now: datetime, after: uuid.UUID | None = None, limit: int = 200) -> uuid.UUID | None:
    """Look at the next proofs that end soon, and renew those that good work has proven anew; the others keep their day. Returns the
    last one that was looked at, to go on `after` it; None at the end."""
    asking = _asking()
    ending = Grant.objects.filter(state=LIVE, expires_at__gt=now, expires_at__lte=now + SOON, skill__slug__in=list(asking))
    if after is not None:
        ending = ending.filter(pk__gt=after)
    taken = due.take(ending.select_related("skill").order_by("pk"), limit=limit)
    for held in taken:
        _renew(held, asking[held.skill.slug], now)
    return taken[-1].pk if taken else None


def _renew(held: Grant, projects: set[uuid.UUID], now: datetime) -> None:
    credits = _credits(held.worker_id, projects, since=now - RECENT)
    found = grading.score(credits)
    if held.expires_at is None or found is None or len(credits) < LEAST or found.low < GOOD_BP:
        return
    until = held.expires_at + RENEWED
    grants.renew(held=held, until=until, by_id=None, now=now)
    audit.record(subject=held, verb="grant.renewed", actor_id=None, now=now, reason="good_work")
    notices.tell(held.worker_id, "grant.renewed", skill=held.skill.name, until=until.isoformat())


def _asking() -> dict[str, set[uuid.UUID]]:
    """The projects that ask for each skill, for their experts or of everybody."""
    found: dict[str, set[uuid.UUID]] = {}
    for project_id, rule, expert in Project.objects.values_list("pk", "eligibility", "expert_skill"):
        for slug in {*rules.skills_of(rule), *([expert] if expert else [])}:
            found.setdefault(slug, set()).add(project_id)
    return found


def _credits(worker_id: uuid.UUID, projects: Iterable[uuid.UUID], *, since: datetime) -> list[int]:
    """How the worker's answers to known tasks of these projects compare with what is known, right or wrong, the newest first."""
    rows = Submission.objects.filter(
        worker_id=worker_id, gold=True, kind="answer", submitted_at__gte=since, task__project_id__in=list(projects),
        task__gold__voided_at__isnull=True, task__gold__isnull=False,
    )  # fmt: skip
    rows = rows.exclude(pk__in=gold.excused_of(worker_id))
    recent = rows.select_related("task__gold", "task__project").order_by("-submitted_at")[:MOST]
    return [grading.FULL * gold.is_right(one) for one in recent]
