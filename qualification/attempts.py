"""Sitting an exam: starting, saving answers, handing in, the clock; and questions whose key was wrong."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit, due, states
from kit.errors import Conflict, Invalid, NotFound, Refused
from kit.ids import uuid7
from qualification import accommodations, drawing, evidence, exams, grants, guidelines, kinds, locks, outcomes, promises, sequence
from qualification.models import Attempt, AttemptItem, Exam, ExamItem, Grant, KnownReading, Reading
from qualification.states import FAILED, ITEM, LIVE, PASSED, READING, RESTING, VOID
from workers import notices
from workers.models import WorkerProfile
from workers.states import ACTIVE, PAUSED

RENEWABLE = timedelta(days=30)
"""How long before a grant expires its exam opens again."""

notices.declare(
    "exam.closed",
    gettext_lazy("The time for %(exam)s was over, so what you had saved was graded."),
    url_name="qualification:result",
    url_params=("attempt",),
)


class CoolingDown(Refused):
    """The next attempt has to wait; `open_at` says until when."""

    code = "exam_cooling_down"


class NoAttemptsLeft(Refused):
    """All attempts that the exam allows were used."""

    code = "exam_no_attempts_left"


class BeingRead(Refused):
    """The last attempt has no outcome yet."""

    code = "exam_being_read"


class AlreadyProven(Refused):
    """The worker holds what the exam leads to, and not about to expire."""

    code = "exam_already_proven"


class NotWorking(Refused):
    """Somebody whose work is ending or has ended proves nothing more."""

    code = "not_working"


class TimeIsOver(Conflict):
    """The deadline has passed; what was saved before counts."""

    code = "exam_time_over"


class AnswerStands(Conflict):
    """What comes after this question was chosen by its answer, so it changes no more."""

    code = "answer_stands"


@dataclass(frozen=True, slots=True)
class Chance:
    """Whether a worker may start an exam now: `open_at` is set while they have to wait, `live` is an attempt to go on with,
    `reading` one whose free texts a person still reads, `held` a grant that makes the exam needless until shortly before it expires.
    `second` says that the attempt left is the second chance of somebody who has used all. `since` is the version of the guideline at
    which somebody holds it, where only what has changed since is asked."""

    used: int
    left: int
    open_at: datetime | None
    live: Attempt | None
    last: Attempt | None
    held: Grant | None
    reading: Attempt | None = None
    second: bool = False
    since: int | None = None

    @property
    def may_start(self) -> bool:
        return not (self.live or self.reading or self.held or self.open_at) and self.left > 0


def chance(*, exam: Exam, worker_id: uuid.UUID, now: datetime) -> Chance:
    """What stands between a worker and the next attempt. Attempts at every version count, since the last pass."""
    return chances(exams=[exam], worker_id=worker_id, now=now)[exam.pk]


def chances(*, exams: Sequence[Exam], worker_id: uuid.UUID, now: datetime) -> dict[uuid.UUID, Chance]:
    """The same for many exams by id, in two statements."""
    past: dict[uuid.UUID, list[Attempt]] = {}
    series = [exam.series for exam in exams]
    for attempt in Attempt.objects.filter(series__in=series, worker_id=worker_id).order_by("-started_at"):
        past.setdefault(attempt.series, []).append(attempt)
    held = grants.lasting(worker_id=worker_id, skill_ids=[exam.skill_id for exam in exams], until=now + RENEWABLE)
    return {exam.pk: _chance(exam, past.get(exam.series, []), held.get(exam.skill_id), now) for exam in exams}


def _chance(exam: Exam, past: list[Attempt], held: Grant | None, now: datetime) -> Chance:
    """`past` is the newest first. An attempt that failed with a question that was wrong is not counted: it may be sat again at once."""
    tries = past[: next((at for at, attempt in enumerate(past) if _reached(exam, attempt)), len(past))]
    used = sum(not _spoilt(attempt) for attempt in tries)
    last = next((attempt for attempt in past if attempt.closed_at is not None), None)
    rest = timedelta(hours=exam.cooldown_hours)
    left, second = max(0, exam.max_attempts - used), False
    if left == 0 and exam.second_chance_days:
        left, second, rest = 1, True, max(rest, timedelta(days=exam.second_chance_days))
    open_at = last.closed_at + rest if last is not None and last.closed_at and not _spoilt(last) else None
    if second and open_at is not None and open_at > now:
        left = 0
    proven = held is not None and held.tier >= exam.tier
    passed = max((attempt.guideline or 0 for attempt in past if attempt.state == PASSED), default=0)
    older = passed < (exam.guideline or 0)
    if older and last is not None and last.state == PASSED:
        open_at = None  # the wait is for who failed
    return Chance(
        used=used,
        left=left,
        second=second,
        live=next((attempt for attempt in past if attempt.state == LIVE), None),
        reading=next((attempt for attempt in past if attempt.state == READING), None),
        last=last,
        open_at=open_at if open_at is not None and open_at > now else None,
        held=held if proven and not older else None,
        since=passed if proven and older and passed and exam.recheck else None,
    )


def _reached(exam: Exam, attempt: Attempt) -> bool:
    """Did this attempt prove all that the exam can, so that counting begins anew?"""
    return attempt.state == PASSED and (exam.form == Exam.FIXED or (attempt.tier or 0) >= exam.tier)


def _spoilt(attempt: Attempt) -> bool:
    return attempt.state == FAILED and attempt.regraded_at is not None


def start(*, exam: Exam, worker_id: uuid.UUID, now: datetime, unpaid: bool = False) -> Attempt:
    """Start an attempt, or go on with the live one: its questions are drawn by chance from the bank, in an adaptive exam one by one.

    Where somebody pays for passing, that is taken up with the beginning; `unpaid` begins also where nothing is left of it.
    Raises NotFound when the exam is not open to this worker, NotWorking, AlreadyProven, NoAttemptsLeft, CoolingDown(open_at), and what
    `promises.take` raises.
    """
    if not exams.open_to(worker_id).filter(pk=exam.pk).exists():
        raise NotFound(_("There is no such exam."))
    if not WorkerProfile.objects.filter(pk=worker_id, standing__in=(ACTIVE, PAUSED)).exists():
        raise NotWorking(_("Your work here is ending or has ended; exams are closed to you."))
    stand = chance(exam=exam, worker_id=worker_id, now=now)
    if stand.live is not None:
        return stand.live
    if stand.held is not None:
        raise AlreadyProven(_("You have proven this already; you can renew it in the month before it expires."))
    if stand.reading is not None:
        raise BeingRead(_("A person still reads what you wrote in your last attempt."))
    if stand.left < 1:
        until = {"open_at": stand.open_at.isoformat()} if stand.second and stand.open_at else {}
        raise NoAttemptsLeft(_("You have used all attempts at this exam."), **until)
    if stand.open_at is not None:
        raise CoolingDown(_("The next attempt has to wait."), open_at=stand.open_at.isoformat())
    promises.take(exam=exam, worker_id=worker_id, now=now, unpaid=unpaid)
    try:
        with transaction.atomic():
            return _open(exam=exam, worker_id=worker_id, now=now, since=stand.since)
    except IntegrityError:
        return Attempt.objects.get(series=exam.series, worker_id=worker_id, state=LIVE)


def save_answer(
    *, attempt_id: uuid.UUID, worker_id: uuid.UUID, n: int, answer: Any, now: datetime, final: bool = False, signals: Any = None
) -> AttemptItem:
    """Keep the answer to question `n`; None takes it back. It may be changed until the end, or, in an adaptive exam, until it is
    `final`: then the next question is drawn, or the attempt ends because the tier is clear. `signals` is what the page counted since
    it last sent something; what makes no sense of it is dropped.

    Raises NotFound, TimeIsOver, AnswerStands, Invalid with the field when it has not the question's form.
    """
    attempt = _live(attempt_id, worker_id)
    if now >= attempt.deadline_at:
        raise TimeIsOver(_("The time is over; what you saved before counts."))
    drawn = AttemptItem.objects.select_related("item").filter(attempt=attempt, n=n).first()
    if drawn is None:
        raise NotFound(_("There is no such question."))
    if drawn.final_at is not None:
        raise AnswerStands(_("This answer stands: the questions after it were chosen by it."))
    drawn.answer = None if answer is None else kinds.check_answer(drawn.item, answer)
    drawn.answered_at = now
    drawn.signals = evidence.add(drawn.signals, evidence.clean(signals))
    drawn.attempt = attempt
    if final and attempt.exam.form == Exam.ADAPTIVE:
        _go_on(attempt, drawn, now=now)
    else:
        drawn.save(update_fields=["answer", "answered_at", "signals"])
    return drawn


def _go_on(attempt: Attempt, drawn: AttemptItem, *, now: datetime) -> None:
    """The answer stands: draw the next question, or close the attempt when there is none."""
    drawn.final_at = now
    drawn.credit_bp = kinds.credit(drawn.item, drawn.answer)
    drawn.save(update_fields=["answer", "answered_at", "final_at", "credit_bp", "signals"])
    if sequence.advance(attempt, now=now) is None:
        outcomes.close(attempt, now=now)


def submit(*, attempt_id: uuid.UUID, worker_id: uuid.UUID, now: datetime) -> Attempt:
    """Hand in: the answers saved by the deadline are graded at once. A second time changes nothing. Raises NotFound."""
    attempt = locks.attempt(attempt_id, worker_id)
    if attempt is None:
        raise NotFound(_("There is no such attempt."))
    if attempt.state == LIVE:
        outcomes.close(attempt, now=now)
    return attempt


def close_overdue(*, now: datetime, limit: int = 200) -> int:
    """Hand in for those whose time is over; returns how many."""
    late = Attempt.objects.filter(state=LIVE, deadline_at__lte=now).select_related("exam__skill").order_by("deadline_at")
    taken = due.take(late, limit=limit)
    for attempt in taken:
        outcomes.close(attempt, now=now)
        notices.tell(attempt.worker_id, "exam.closed", exam=attempt.exam.title, attempt=str(attempt.pk))
    return len(taken)


def void_item(*, item: ExamItem, reason: str, by_id: uuid.UUID, now: datetime) -> int:
    """Take a question with a wrong key out of the count, in all versions of its exam, and grade everyone who met it anew; returns
    how many.

    Scores move both ways. Who now passes gets the grant; who passed keeps it, whatever the new score says.
    Raises Invalid, Conflict.
    """
    if not 1 <= len(reason.strip()) <= 300:
        raise Invalid(_("Say what is wrong with the question, in at most 300 characters."), field="reason")
    usable = list(ExamItem.objects.filter(root=item.root).exclude(state=VOID).order_by("pk"))
    if not usable:
        raise Conflict(_("This question is void already."))
    for one in usable:
        states.move(one, chart=ITEM, to=VOID, actor_id=by_id, now=now, voided_at=now, void_reason=reason.strip())
    Reading.objects.filter(question__item__root=item.root, graded_at__isnull=True).delete()
    KnownReading.objects.filter(question__item__root=item.root, ended_at__isnull=True).update(ended_at=now)
    met = Attempt.objects.filter(items__item__root=item.root, closed_at__isnull=False).select_related("exam__skill", "grant")
    touched = list(met.order_by("pk"))
    for attempt in touched:
        outcomes.regrade(attempt, by_id=by_id, now=now)
    return len(touched)


def rest_item(*, item: ExamItem, rest: bool, by_id: uuid.UUID, now: datetime) -> None:
    """Stop drawing a question for now, or draw it again; where it was drawn it counts. Raises NoSuchMove."""
    states.move(item, chart=ITEM, to=RESTING if rest else LIVE, actor_id=by_id, now=now)


def _open(*, exam: Exam, worker_id: uuid.UUID, now: datetime, since: int | None) -> Attempt:
    """Draw questions and the order of their options; the attempt's own id is the seed of chance."""
    time_bp = accommodations.time_of(worker_id)
    adaptive = exam.form == Exam.ADAPTIVE
    bank = guidelines.to_recheck(exam, since) if since is not None else []
    attempt = Attempt.objects.create(
        id=uuid7(),
        exam=exam,
        series=exam.series,
        worker_id=worker_id,
        started_at=now,
        deadline_at=now + time_for(exam, questions=len(bank)) * time_bp / accommodations.USUAL,
        time_bp=time_bp,
        rests=sequence.rests(exam=exam, worker_id=worker_id) if adaptive else [],
        guideline=exam.guideline,
        since=since if bank else None,
    )
    if adaptive:
        sequence.advance(attempt, now=now)
    else:
        _draw(attempt, bank or list(exam.items.filter(state=LIVE).order_by("n")))
    audit.record(subject=attempt, verb="attempt.started", actor_id=worker_id, now=now)
    return attempt


def time_for(exam: Exam, *, questions: int) -> timedelta:
    """The time limit; of a short re-check of so many questions (0: the whole exam) its share, rounded up to minutes."""
    if not 0 < questions < exam.draws:
        return timedelta(seconds=exam.time_limit_seconds)
    return timedelta(minutes=-(-exam.time_limit_seconds * questions // (60 * exam.draws)))


def _draw(attempt: Attempt, items: Sequence[ExamItem]) -> None:
    """All questions of a fixed exam at once, out of these."""
    luck = random.Random(attempt.pk.int)  # noqa: S311 - nothing is kept secret by it
    bank: dict[str, list[ExamItem]] = {}
    for item in items:
        bank.setdefault(item.topic, []).append(item)
    drawn = drawing.draw(bank, count=attempt.exam.draws, chance=luck)
    AttemptItem.objects.bulk_create(
        AttemptItem(attempt=attempt, item=item, n=n, order=sequence.shuffled(item, luck)) for n, item in enumerate(drawn, start=1)
    )


def _live(attempt_id: uuid.UUID, worker_id: uuid.UUID) -> Attempt:
    attempt = locks.attempt(attempt_id, worker_id)
    if attempt is None:
        raise NotFound(_("There is no such attempt."))
    if attempt.state != LIVE:
        raise TimeIsOver(_("This attempt is closed; what you saved before counts."))
    return attempt
