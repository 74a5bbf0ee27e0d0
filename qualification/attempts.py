"""Sitting an exam: starting, saving answers, handing in, the clock, the outcome; and regrading when a key was wrong."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit, due, outbox, states
from kit.errors import Conflict, Invalid, NotFound, Refused
from kit.ids import uuid7
from qualification import drawing, exams, grading, grants, locks
from qualification.models import Attempt, AttemptItem, Exam, ExamItem, Grant
from qualification.states import ATTEMPT, FAILED, LIVE, PASSED
from task_types import registry
from workers import notices
from workers.models import WorkerProfile
from workers.states import ACTIVE, PAUSED

RENEWABLE = timedelta(days=30)
"""How long before a grant expires its exam opens again."""

notices.declare("exam.passed", gettext_lazy("You passed: %(exam)s."), url_name="qualification:result", url_params=("attempt",))
notices.declare(
    "exam.closed",
    gettext_lazy("The time for %(exam)s was over, so what you had saved was graded."),
    url_name="qualification:result",
    url_params=("attempt",),
)
notices.declare(
    "exam.regraded",
    gettext_lazy(
        "A question of %(exam)s was wrong and no longer counts; your result was worked out anew. What you earned stays."
    ),
    url_name="qualification:result",
    url_params=("attempt",),
    mail=True,
)


class CoolingDown(Refused):
    """The next attempt has to wait; `open_at` says until when."""

    code = "exam_cooling_down"


class NoAttemptsLeft(Refused):
    """All attempts that the exam allows were used."""

    code = "exam_no_attempts_left"


class AlreadyProven(Refused):
    """The worker holds what the exam leads to, and not about to expire."""

    code = "exam_already_proven"


class NotWorking(Refused):
    """Somebody whose work is ending or has ended proves nothing more."""

    code = "not_working"


class TimeIsOver(Conflict):
    """The deadline has passed; what was saved before counts."""

    code = "exam_time_over"


@dataclass(frozen=True, slots=True)
class Chance:
    """Whether a worker may start an exam now: `open_at` is set while they have to wait, `live` is an attempt to go on with,
    `held` a grant that makes the exam needless until shortly before it expires."""

    used: int
    left: int
    open_at: datetime | None
    live: Attempt | None
    last: Attempt | None
    held: Grant | None

    @property
    def may_start(self) -> bool:
        return self.live is None and self.held is None and self.left > 0 and self.open_at is None


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
    """`past` is the newest first."""
    since = next((at for at, attempt in enumerate(past) if attempt.state == PASSED), len(past))
    last = next((attempt for attempt in past if attempt.closed_at is not None), None)
    open_at = last.closed_at + timedelta(hours=exam.cooldown_hours) if last is not None and last.closed_at else None
    return Chance(
        used=since,
        left=max(0, exam.max_attempts - since),
        live=next((attempt for attempt in past if attempt.state == LIVE), None),
        last=last,
        open_at=open_at if open_at is not None and open_at > now else None,
        held=held if held is not None and held.tier >= exam.tier else None,
    )


def start(*, exam: Exam, worker_id: uuid.UUID, now: datetime) -> Attempt:
    """Start an attempt, or go on with the live one: its questions are drawn by chance from the bank.

    Raises NotFound when the exam is not open to this worker, NotWorking, AlreadyProven, NoAttemptsLeft, CoolingDown(open_at).
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
    if stand.left < 1:
        raise NoAttemptsLeft(_("You have used all attempts at this exam."))
    if stand.open_at is not None:
        raise CoolingDown(_("The next attempt has to wait."), open_at=stand.open_at.isoformat())
    try:
        with transaction.atomic():
            return _open(exam=exam, worker_id=worker_id, now=now)
    except IntegrityError:
        return Attempt.objects.get(series=exam.series, worker_id=worker_id, state=LIVE)


def save_answer(*, attempt_id: uuid.UUID, worker_id: uuid.UUID, n: int, answer: Any, now: datetime) -> AttemptItem:
    """Keep the answer to question `n`; None takes it back. It may be changed until the end.

    Raises NotFound, TimeIsOver, Invalid with the field when it has not the question's form.
    """
    attempt = _live(attempt_id, worker_id)
    if now >= attempt.deadline_at:
        raise TimeIsOver(_("The time is over; what you saved before counts."))
    drawn = AttemptItem.objects.select_related("item").filter(attempt=attempt, n=n).first()
    if drawn is None:
        raise NotFound(_("There is no such question."))
    drawn.answer = None if answer is None else check_answer(drawn.item, answer)
    drawn.answered_at = now
    drawn.save(update_fields=["answer", "answered_at"])
    return drawn


def submit(*, attempt_id: uuid.UUID, worker_id: uuid.UUID, now: datetime) -> Attempt:
    """Hand in: the answers saved by the deadline are graded at once. A second time changes nothing. Raises NotFound."""
    attempt = locks.attempt(attempt_id, worker_id)
    if attempt is None:
        raise NotFound(_("There is no such attempt."))
    if attempt.state == LIVE:
        _close(attempt, now=now)
    return attempt


def close_overdue(*, now: datetime, limit: int = 200) -> int:
    """Hand in for those whose time is over; returns how many."""
    late = Attempt.objects.filter(state=LIVE, deadline_at__lte=now).select_related("exam__skill").order_by("deadline_at")
    taken = due.take(late, limit=limit)
    for attempt in taken:
        _close(attempt, now=now)
        notices.tell(attempt.worker_id, "exam.closed", exam=attempt.exam.title, attempt=str(attempt.pk))
    return len(taken)


def void_item(*, item: ExamItem, reason: str, by_id: uuid.UUID, now: datetime) -> int:
    """Take a question with a wrong key out of the count and grade everyone who met it anew; returns how many.

    Scores move both ways. Who now passes gets the grant; who passed keeps it, whatever the new score says.
    Raises Invalid, Conflict.
    """
    if not 1 <= len(reason.strip()) <= 300:
        raise Invalid(_("Say what is wrong with the question, in at most 300 characters."), field="reason")
    voided = ExamItem.objects.filter(pk=item.pk, voided_at__isnull=True).update(voided_at=now, void_reason=reason.strip())
    if not voided:
        raise Conflict(_("This question is void already."))
    audit.record(subject=item, verb="exam_item.voided", actor_id=by_id, now=now)
    met = Attempt.objects.filter(items__item=item, closed_at__isnull=False).select_related("exam__skill")
    touched = list(met.order_by("pk"))
    for attempt in touched:
        _regrade(attempt, by_id=by_id, now=now)
    return len(touched)


def check_answer(item: ExamItem, answer: Any) -> Any:
    """The answer in the form in which it is kept: a list of option keys, or what the drawer makes of it. Raises Invalid."""
    if item.kind == ExamItem.GOLD:
        drawer = registry.drawer(item.task_type)
        return drawer.check_answer(answer, payload=item.body["payload"], settings=item.body["settings"])
    known = {option["key"] for option in item.body["options"]}
    picked = answer if isinstance(answer, list) else [answer]
    if not picked or any(not isinstance(key, str) or key not in known for key in picked) or len(set(picked)) != len(picked):
        raise Invalid(_("Expected keys of this question's options."), field="answer", expected=sorted(known))
    if len(picked) > 1 and not item.body["several"]:
        raise Invalid(_("This question has one right answer."), field="answer")
    return sorted(picked)


def credit(item: ExamItem, answer: Any) -> int:
    """The credit for a kept answer, 0..10,000; nothing for none."""
    if answer is None:
        return 0
    if item.kind == ExamItem.GOLD:
        drawer = registry.drawer(item.task_type)
        return round(grading.FULL * drawer.grade(answer, item.key["truth"], settings=item.body["settings"]))
    return grading.credit_for_choice(answer, item.key["right"])


def _open(*, exam: Exam, worker_id: uuid.UUID, now: datetime) -> Attempt:
    """Draw questions and the order of their options; the attempt's own id is the seed of chance."""
    attempt = Attempt.objects.create(
        id=uuid7(),
        exam=exam,
        series=exam.series,
        worker_id=worker_id,
        started_at=now,
        deadline_at=now + timedelta(seconds=exam.time_limit_seconds),
    )
    luck = random.Random(attempt.pk.int)  # noqa: S311 - nothing is kept secret by it
    bank: dict[str, list[ExamItem]] = {}
    for item in exam.items.filter(voided_at__isnull=True).order_by("n"):
        bank.setdefault(item.topic, []).append(item)
    drawn = drawing.draw(bank, count=exam.draws, chance=luck)
    AttemptItem.objects.bulk_create(
        AttemptItem(attempt=attempt, item=item, n=n, order=_shuffled(item, luck)) for n, item in enumerate(drawn, start=1)
    )
    audit.record(subject=attempt, verb="attempt.started", actor_id=worker_id, now=now)
    return attempt


def _shuffled(item: ExamItem, luck: random.Random) -> list[str]:
    keys = [option["key"] for option in item.body.get("options", [])]
    luck.shuffle(keys)
    return keys


def _live(attempt_id: uuid.UUID, worker_id: uuid.UUID) -> Attempt:
    attempt = locks.attempt(attempt_id, worker_id)
    if attempt is None:
        raise NotFound(_("There is no such attempt."))
    if attempt.state != LIVE:
        raise TimeIsOver(_("This attempt is closed; what you saved before counts."))
    return attempt


def _close(attempt: Attempt, *, now: datetime) -> None:
    """Grade what was saved and let the outcome follow."""
    result = _grade(attempt, credit)
    passed = result is not None and grading.passes(result.share, attempt.exam.pass_bp)
    states.move(
        attempt,
        chart=ATTEMPT,
        to=PASSED if passed else FAILED,
        actor_id=attempt.worker_id,
        now=now,
        closed_at=now,
        **_columns(result),  # type: ignore[arg-type]
    )
    if passed and result is not None:
        _grant(attempt, result, now)
    outbox.emit("attempt.closed", attempt_id=str(attempt.pk), worker_id=str(attempt.worker_id), passed=passed)


def _grade(attempt: Attempt, credit_of: Callable[[ExamItem, Any], int]) -> grading.Score | None:
    """Give each question its credit; void questions get one too, but do not count."""
    drawn = list(AttemptItem.objects.select_related("item").filter(attempt=attempt).order_by("n"))
    for row in drawn:
        row.credit_bp = credit_of(row.item, row.answer)
    AttemptItem.objects.bulk_update(drawn, ["credit_bp"])
    return grading.score([row.credit_bp or 0 for row in drawn if row.item.voided_at is None])


def _grant(attempt: Attempt, result: grading.Score, now: datetime) -> None:
    exam = attempt.exam
    given = grants.grant(
        worker_id=attempt.worker_id,
        skill=exam.skill,
        tier=exam.tier,
        source="exam",
        source_id=attempt.pk,
        score=result,
        valid_days=exam.valid_days,
        now=now,
    )
    Attempt.objects.filter(pk=attempt.pk).update(grant=given)
    attempt.grant = given
    notices.tell(attempt.worker_id, "exam.passed", exam=exam.title, attempt=str(attempt.pk))


def _regrade(attempt: Attempt, *, by_id: uuid.UUID, now: datetime) -> None:
    """Score anew. A pass is never taken back here; with every question void, the old score stays."""
    result = _grade(attempt, credit)
    if result is None:
        return
    passes = grading.passes(result.share, attempt.exam.pass_bp)
    Attempt.objects.filter(pk=attempt.pk).update(regraded_at=now, **_columns(result))
    if attempt.state == FAILED and passes:
        states.move(attempt, chart=ATTEMPT, to=PASSED, actor_id=by_id, now=now, reason="regraded")
        _grant(attempt, result, now)
    elif attempt.grant is not None and attempt.grant.source_id == attempt.pk and attempt.grant.state == LIVE:
        grants.rescore(held=attempt.grant, score=result)
    notices.tell(attempt.worker_id, "exam.regraded", exam=attempt.exam.title, attempt=str(attempt.pk))


def _columns(result: grading.Score | None) -> dict[str, int | None]:
    if result is None:
        return {"score_bp": None, "mean_bp": None, "low_bp": None, "high_bp": None}
    return {"score_bp": result.share, "mean_bp": result.mean, "low_bp": result.low, "high_bp": result.high}
