"""Cases of AI use: signs from the workspace bring them before a person, who hears the worker and decides; nothing else follows."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from kit import audit, due
from kit.errors import Conflict, Invalid, NotFound
from marketplace import health, signs
from marketplace.models import AICase, Lease, Submission, WorkSigns
from marketplace.models.projects import AIUse
from workers import appeals, notices, people, work_queues
from workers.models import Appeal

LOOK_BACK = timedelta(days=7)
NEWEST = 50
"""Answers of one worker in one project that are looked at."""
LEAST = 3
"""Answers with a sign from which on a case is opened, if they are half of all long ones."""
REST = timedelta(days=30)
"""So long nobody is asked again about a project after a case that came to nothing."""
ANSWER_WITHIN = timedelta(hours=48)
DECIDE_WITHIN = timedelta(days=7)
APPEAL_WITHIN = timedelta(days=30)
QUEUE = "ai_cases"
SUBJECT = "ai_case"
"""What appeals of such a decision are about."""
KEEP_SIGNS = timedelta(days=30)
LONGEST = 5_000
COUNTED = ("typed", "pasted", "pastes", "away_ms")
MOST = (10**6, 10**6, 10**4, 10**9)
"""What a browser can have counted."""

for _event, _sentence, _mail in (
    ("case.opened", _("Somebody wants to hear you: in %(project)s answers look as if tools had written them."), True),
    ("case.unfounded", _("The question about AI tools in %(project)s is settled: nothing came of it."), True),
    ("case.founded", _("The question about AI tools in %(project)s was decided. Read what was found and why."), True),
):
    notices.declare(_event, _sentence, url_name="market:case", url_params=("case",), mail=_mail)
appeals.show_at(SUBJECT, "market:ops_case")


# --- signs --------------------------------------------------------------------------------------------------------------


def note(*, worker_id: uuid.UUID, lease_id: uuid.UUID, counted: Any, now: datetime) -> None:
    """Keep what the workspace counted, for a task whose terms forbid AI tools; anything else is dropped without a word."""
    if not isinstance(counted, Mapping):
        return
    numbers = [counted.get(name) for name in COUNTED]
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in numbers):
        return
    typed, pasted, pastes, away_ms = (min(int(one or 0), most) for one, most in zip(numbers, MOST, strict=True))
    forbidden = Lease.objects.filter(pk=lease_id, worker_id=worker_id, kind="answer", terms__ai_use=AIUse.FORBIDDEN)
    if forbidden.exists():
        WorkSigns.objects.update_or_create(lease_id=lease_id, defaults={
            "typed": typed, "pasted": pasted, "pastes": pastes, "away_ms": away_ms, "at": now,
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """One answer with its signs."""

    submission_id: uuid.UUID
    seen: signs.Seen
    signs: list[str]


def looked_at(
    *, project_id: uuid.UUID, now: datetime, worker_id: uuid.UUID | None = None, but_of: uuid.UUID | None = None, limit: int = NEWEST
) -> list[Looked]:
    """The newest long answers of a project of which something was counted: of one worker, or of all but one."""
    rows = Submission.objects.filter(
        lease__signs__at__gt=now - LOOK_BACK, lease__queue__project_id=project_id, kind="answer", submitted_at__gt=now - LOOK_BACK
    )
    if worker_id is not None:
        rows = rows.filter(worker_id=worker_id)
    if but_of is not None:
        rows = rows.exclude(worker_id=but_of)
    newest = list(rows.order_by("-submitted_at")[:limit])
    kept, found = WorkSigns.objects.in_bulk([row.lease_id for row in newest]), []
    for row in newest:
        counted = kept[row.lease_id]
        seen = signs.Seen(signs.written(row.answer), counted.typed, counted.pasted, counted.away_ms, row.active_ms)
        if seen.characters >= signs.LEAST:
            found.append(Looked(row.pk, seen, signs.of(seen)))
    return found


def look(*, since: datetime, now: datetime) -> int:
    """Open a case for each worker and project of which signs came since then and are many; returns how many were opened."""
    rows = WorkSigns.objects.filter(at__gt=since, at__lte=now).values_list("lease__worker_id", "lease__queue__project_id")
    return sum(_look(worker_id, project_id, now) for worker_id, project_id in rows.distinct())


def _look(worker_id: uuid.UUID, project_id: uuid.UUID, now: datetime) -> bool:
    answers = looked_at(project_id=project_id, worker_id=worker_id, now=now)
    flagged = [one for one in answers if one.signs]
    if len(flagged) < max(LEAST, len(answers) / 2) or _asked_lately(worker_id, project_id, now):
        return False
    counts = Counter(sign for one in flagged for sign in one.signs)
    with transaction.atomic():
        case, made = AICase.objects.get_or_create(
            worker_id=worker_id, project_id=project_id, decided_at=None,
            defaults={
                "signs": [sign for sign in signs.KINDS if counts[sign]], "looked_at": len(answers), "opened_at": now,
                "decide_by": now + DECIDE_WITHIN,
                "evidence": [
                    {"submission": str(one.submission_id), **asdict(one.seen), "signs": one.signs} for one in flagged
                ],
            },
        )
        if made:
            _move_clocks(case, DECIDE_WITHIN)
            audit.record(subject=case, verb="ai_case.opened", actor_id=None, now=now)
            notices.tell(worker_id, "case.opened", case=str(case.pk), project=case.project.name)
    return made


def _asked_lately(worker_id: uuid.UUID, project_id: uuid.UUID, now: datetime) -> bool:
    before = AICase.objects.filter(worker_id=worker_id, project_id=project_id)
    return before.filter(decided_at__isnull=True).exists() or before.filter(decided_at__gt=now - REST).exists()


def _move_clocks(case: AICase, by: timedelta) -> int:
    """The clock of judging stands still for the answers that a case names: put off for as long as it may last, and brought
    forward again by what it did not need. Returns how many answers that were."""
    return named_waiting(case).update(judge_by=F("judge_by") + by, judge_by_at_most=F("judge_by_at_most") + by)


def named_waiting(case: AICase) -> QuerySet[Submission]:
    """The answers of a case that nobody has judged yet."""
    ids = [one["submission"] for one in case.evidence]
    return Submission.objects.filter(pk__in=ids, state__in=["waiting", "sent_back"], judge_by__isnull=False)


def forget_signs(*, now: datetime) -> None:
    """What was counted is kept for a month; a case keeps the figures that it rests on."""
    WorkSigns.objects.filter(at__lt=now - KEEP_SIGNS).delete()


# --- how far signs can be believed --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """How a sign fared: cases with it that a person decided, how many of those were unfounded or overturned, and that share in percent
    with its interval; and in this project how many of others' long answers show it."""

    sign: str
    decided: int
    unfounded: int
    wrong: health.Interval | None
    others: int
    others_with: int

    @property
    def others_percent(self) -> float | None:
        return 100 * self.others_with / self.others if self.others else None


def records(*, case: AICase, now: datetime) -> list[Record]:
    """The measured rate of false alarms of each sign of a case; two statements."""
    decided = list(AICase.objects.filter(outcome__in=["founded", "unfounded", "overturned"]).values_list("signs", "outcome"))
    others = looked_at(project_id=case.project_id, but_of=case.worker_id, now=now, limit=500)
    return [_record(sign, decided, others) for sign in case.signs]


def _record(sign: str, decided: Sequence[tuple[list[str], str]], others: Sequence[Looked]) -> Record:
    with_it = [outcome for found, outcome in decided if sign in found]
    wrong = len(with_it) - with_it.count("founded")
    share = health.interval(right=wrong, answers=len(with_it))
    return Record(sign, len(with_it), wrong, share, len(others), sum(sign in one.signs for one in others))


# --- hearing and deciding -----------------------------------------------------------------------------------------------


class TooEarly(Conflict):
    """The worker has not been heard, and still has time."""

    code = "not_heard_yet"


def of_worker(worker_id: uuid.UUID) -> QuerySet[AICase]:
    return AICase.objects.filter(worker_id=worker_id).select_related("project__organisation").order_by("-opened_at")


def waiting() -> QuerySet[AICase]:
    """Open cases, the most urgent first."""
    rows = AICase.objects.filter(decided_at__isnull=True).select_related("worker", "project__organisation")
    return rows.order_by("decide_by", "id")


def find(rows: QuerySet[AICase], case_id: uuid.UUID) -> AICase:
    """Raises NotFound."""
    found = rows.filter(pk=case_id).first()
    if found is None:
        raise NotFound(_("There is no such case."))
    return found


def answer(*, case_id: uuid.UUID, worker_id: uuid.UUID, text: str, now: datetime) -> AICase:
    """The worker says what it was; the last word before the decision stands. Raises NotFound, Conflict, Invalid."""
    case = find(AICase.objects.select_for_update(of=("self",)).filter(worker_id=worker_id), case_id)
    case.said, case.said_at = _text(text, "text"), now
    _still_open(case)
    case.save(update_fields=["said", "said_at"])
    return case


def decide(*, case_id: uuid.UUID, by_id: uuid.UUID, founded: bool, grounds: str, now: datetime) -> AICase:
    """A person decides, with grounds that the worker reads. It changes no answer, pay, score or standing; clocks of judging go on.

    Raises NotFound, Conflict, Invalid, people.NotIndependent, work_queues.Taken while a colleague is at it, and TooEarly to find
    against somebody who may still be heard.
    """
    case = find(AICase.objects.select_for_update(of=("self",)), case_id)
    _still_open(case)
    people.require_independent(by_id, case.worker_id)
    work_queues.require(queue=QUEUE, item=case.pk, by_id=by_id, now=now)
    if founded and case.said_at is None and now < case.opened_at + ANSWER_WITHIN:
        raise TooEarly(_("The worker has 48 hours to answer. Until then a case can only be found to be unfounded."))
    outcome = AICase.Outcome.FOUNDED if founded else AICase.Outcome.UNFOUNDED
    case.outcome, case.grounds, case.decided_by_id, case.decided_at = outcome, _text(grounds, "grounds"), by_id, now
    case.save(update_fields=["outcome", "grounds", "decided_by", "decided_at"])
    work_queues.done(queue=QUEUE, item=case.pk)
    _move_clocks(case, min(now - case.decide_by, timedelta(0)))
    audit.record(subject=case, verb=f"ai_case.{outcome.value}", actor_id=by_id, now=now)
    notices.tell(case.worker_id, f"case.{outcome.value}", case=str(case.pk), project=case.project.name)
    return case


class NotAppealable(Conflict):
    """Nothing was found against the worker, or the time is over."""

    code = "not_appealable"


def appeal_until(case: AICase) -> datetime | None:
    """Until when the worker may have a decision looked at again; None where none went against them."""
    if case.outcome != AICase.Outcome.FOUNDED or case.decided_at is None:
        return None
    return case.decided_at + APPEAL_WITHIN


def appeal(*, case_id: uuid.UUID, worker_id: uuid.UUID, text: str, now: datetime) -> Appeal:
    """The worker asks for a second look. Raises NotFound, NotAppealable, appeals.AlreadyAppealed, Invalid."""
    case = find(AICase.objects.select_for_update(of=("self",)).filter(worker_id=worker_id), case_id)
    if (until := appeal_until(case)) is None or now >= until:
        raise NotAppealable(_("Only a decision against you can be appealed, for 30 days."))
    return appeals.open_appeal(
        subject_kind=SUBJECT, subject_id=case.pk, person_id=worker_id, against_id=case.decided_by_id, text=text, now=now
    )


def appeal_of(case: AICase) -> Appeal | None:
    return Appeal.objects.select_related("answered_by").filter(subject_kind=SUBJECT, subject_id=case.pk).first()


def overturn(*, case_id: uuid.UUID, appeal_id: uuid.UUID, now: datetime) -> None:
    """An appeal that was won: nothing is held against the worker any more, and the signs count as a false alarm."""
    case = AICase.objects.select_for_update().get(pk=case_id)
    won = Appeal.objects.filter(pk=appeal_id, subject_id=case_id, outcome__in=[Appeal.OVERTURNED, Appeal.BY_SILENCE])
    if case.outcome == AICase.Outcome.FOUNDED and won.exists():
        case.outcome = AICase.Outcome.OVERTURNED
        case.save(update_fields=["outcome"])
        audit.record(subject=case, verb="ai_case.overturned", actor_id=None, now=now)


def end_overdue(*, now: datetime, limit: int = 200) -> int:
    """A case that nobody decides ends for the worker; returns how many did. Needs a transaction."""
    taken = due.take(AICase.objects.filter(decided_at__isnull=True, decide_by__lte=now).order_by("decide_by"), limit=limit)
    for case in taken:
        case.outcome, case.decided_at = AICase.Outcome.BY_SILENCE, now
        case.save(update_fields=["outcome", "decided_at"])
        audit.record(subject=case, verb="ai_case.ended", actor_id=None, now=now)
        notices.tell(case.worker_id, "case.unfounded", case=str(case.pk), project=case.project.name)
    return len(taken)


def _still_open(case: AICase) -> None:
    if case.decided_at is not None:
        raise Conflict(_("This case is decided."))


def _text(text: str, field: str) -> str:
    found = text.strip()
    if not found or len(found) > LONGEST or "\x00" in found:
        raise Invalid(_("Expected 1 to 5,000 characters."), field=field)
    return found
