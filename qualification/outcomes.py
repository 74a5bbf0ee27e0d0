"""What follows from an attempt: grading at the end, waiting for a person who reads free texts, the grant, and grading anew."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import outbox, states
from kit.errors import NotFound
from qualification import grading, grants, kinds, known_readings, locks, readings, sequence
from qualification.models import Attempt, AttemptItem, Exam, Grant, Reading
from qualification.states import ATTEMPT, FAILED, LIVE, PASSED, READING, VOID
from workers import facts, notices

notices.declare("exam.passed", gettext_lazy("You passed: %(exam)s."), url_name="qualification:result", url_params=("attempt",))
notices.declare(
    "exam.failed",
    gettext_lazy("A person has read your answers to %(exam)s: it was not enough this time."),
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
notices.declare(
    "exam.reread",
    gettext_lazy("A second person has read what you wrote in %(exam)s, and your score was worked out anew. What you earned stays."),
    url_name="qualification:result", url_params=("attempt",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What the graded questions of an attempt come to; `tier` is the one it proves, if it is passed."""

    score: grading.Score
    passed: bool
    tier: int
    confidence_bp: int | None


def close(attempt: Attempt, *, now: datetime) -> None:
    """Grade what was kept and let the outcome follow, or wait for whoever reads the free texts."""
    rows = grade(attempt)
    unread = _unread(rows)
    if unread:
        states.move(attempt, chart=ATTEMPT, to=READING, actor_id=attempt.worker_id, now=now, closed_at=now)
        readings.queue(unread, now=now)
        return
    _settle(attempt, rows, actor_id=attempt.worker_id, now=now, closed_at=now)


def read(*, reading: Reading, points: Any, note: str, by_id: uuid.UUID, now: datetime) -> None:
    """Grade a free text; after the last one of its attempt the outcome follows. One read again after the outcome is scored anew; a known
    one says something of its reader alone. Raises what `readings.grade` raises."""
    attempt = locks.attempt(reading.question.attempt_id)
    if attempt is None:
        raise NotFound(_("There is no such attempt."))
    readings.grade(reading=reading, points=points, note=note, by_id=by_id, now=now)
    if reading.known_id is not None:
        known_readings.judge(reader_id=by_id, now=now)
    else:
        _after_reading(attempt, by_id=by_id, now=now)


def _after_reading(attempt: Attempt, *, by_id: uuid.UUID | None, now: datetime) -> None:
    if readings.outstanding(attempt.pk):
        return
    if attempt.state == READING:
        finish(attempt, by_id=by_id, now=now)
    elif attempt.state in (PASSED, FAILED):
        regrade(attempt, by_id=by_id, now=now, why="exam.reread")


def give_up_due(*, now: datetime) -> int:
    """Readers who did not come are waited for no longer; returns how many attempts came to their end or were scored anew."""
    ids = readings.give_up_due(now=now)
    for attempt_id in ids:
        attempt = locks.attempt(attempt_id)
        if attempt is not None and attempt.state == READING:
            _after_reading(attempt, by_id=None, now=now)
    return len(ids)


def finish(attempt: Attempt, *, by_id: uuid.UUID | None, now: datetime) -> None:
    """The last free text was read: the outcome follows."""
    rows = grade(attempt)
    _settle(attempt, rows, actor_id=by_id, now=now, closed_at=attempt.closed_at or now)
    if attempt.state == FAILED:
        notices.tell(attempt.worker_id, "exam.failed", exam=attempt.exam.title, attempt=str(attempt.pk))


def regrade(attempt: Attempt, *, by_id: uuid.UUID | None, now: datetime, why: str = "exam.regraded") -> None:
    """Score anew, and tell them with the notice `why`; of a text read again only where that changed something. A pass, and a tier once
    reached, is never taken back here; with every question void, the old score stays."""
    rows = grade(attempt)
    if attempt.state == READING:
        if not _unread(rows) and not readings.outstanding(attempt.pk):
            finish(attempt, by_id=by_id, now=now)
        return
    result = _result(attempt, rows)
    if result is None or (why != "exam.regraded" and result.score.share == attempt.score_bp):
        return
    before = attempt.tier if attempt.exam.form == Exam.ADAPTIVE else attempt.exam.tier
    moved = {"regraded_at": now} if why == "exam.regraded" else {}
    Attempt.objects.filter(pk=attempt.pk).update(**moved, **_scores(result))
    if attempt.state == FAILED and result.passed:
        states.move(attempt, chart=ATTEMPT, to=PASSED, actor_id=by_id, now=now, reason="regraded", **_tiers(attempt, result))
        _grant(attempt, result, now)
        outbox.emit("attempt.closed", attempt_id=str(attempt.pk), worker_id=str(attempt.worker_id), passed=True)
    elif attempt.state == PASSED and result.tier > (before or 0):
        Attempt.objects.filter(pk=attempt.pk).update(**_tiers(attempt, result))
        _grant(attempt, result, now)
    elif attempt.grant is not None and attempt.grant.source_id == attempt.pk and attempt.grant.state == LIVE:
        grants.rescore(held=attempt.grant, score=result.score)
    notices.tell(attempt.worker_id, why, exam=attempt.exam.title, attempt=str(attempt.pk))


def grade(attempt: Attempt) -> list[AttemptItem]:
    """Give each question its credit; void ones get one too, but do not count. What a person has graded stays as they graded it."""
    rows = list(AttemptItem.objects.select_related("item").filter(attempt=attempt).order_by("n"))
    for row in rows:
        given = kinds.credit(row.item, row.answer)
        row.credit_bp = given if given is not None else readings.credit(row)
    AttemptItem.objects.bulk_update(rows, ["credit_bp"])
    return rows


def _unread(rows: list[AttemptItem]) -> list[AttemptItem]:
    return [row for row in rows if row.credit_bp is None and row.item.state != VOID]


def _settle(attempt: Attempt, rows: list[AttemptItem], *, actor_id: uuid.UUID | None, now: datetime, closed_at: datetime) -> None:
    result = _result(attempt, rows)
    passed = result is not None and result.passed
    columns: dict[str, Any] = {} if result is None else _scores(result) | _tiers(attempt, result)
    states.move(
        attempt, chart=ATTEMPT, to=PASSED if passed else FAILED, actor_id=actor_id, now=now, closed_at=closed_at, **columns
    )
    if passed and result is not None:
        _grant(attempt, result, now)
    outbox.emit("attempt.closed", attempt_id=str(attempt.pk), worker_id=str(attempt.worker_id), passed=passed)


def _result(attempt: Attempt, rows: list[AttemptItem]) -> Result | None:
    """None when no question counts."""
    exam = attempt.exam
    if exam.form == Exam.ADAPTIVE:
        judged = sequence.judge(attempt, rows)
        if judged is None:
            return None
        return Result(judged.score, judged.tier > 0, judged.tier, round(grading.FULL * judged.confidence))
    score = grading.score([row.credit_bp or 0 for row in rows if row.item.state != VOID])
    return None if score is None else Result(score, grading.passes(score.share, exam.pass_bp), exam.tier, None)


def _grant(attempt: Attempt, result: Result, now: datetime) -> None:
    """Give what was proven. A short re-check leaves the proof as it is, for as long as it holds: tier, score and day."""
    exam = attempt.exam
    if attempt.since is not None:
        attempt.grant = Grant.objects.filter(worker_id=attempt.worker_id, skill=exam.skill, state=LIVE).first()
        Attempt.objects.filter(pk=attempt.pk).update(grant=attempt.grant)
        facts.touch(attempt.worker_id)
        notices.tell(attempt.worker_id, "exam.passed", exam=exam.title, attempt=str(attempt.pk))
        return
    given = grants.grant(
        worker_id=attempt.worker_id,
        skill=exam.skill,
        tier=result.tier,
        source="exam",
        source_id=attempt.pk,
        score=result.score,
        valid_days=exam.valid_days,
        now=now,
    )
    Attempt.objects.filter(pk=attempt.pk).update(grant=given)
    attempt.grant = given
    if attempt.guideline is not None:
        facts.touch(attempt.worker_id)
    notices.tell(attempt.worker_id, "exam.passed", exam=exam.title, attempt=str(attempt.pk))


def _scores(result: Result) -> dict[str, Any]:
    score = result.score
    return {"score_bp": score.share, "mean_bp": score.mean, "low_bp": score.low, "high_bp": score.high}


def _tiers(attempt: Attempt, result: Result) -> dict[str, Any]:
    if attempt.exam.form != Exam.ADAPTIVE:
        return {}
    return {"tier": result.tier, "confidence_bp": result.confidence_bp}
