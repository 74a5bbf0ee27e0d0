"""Reviewers measured: against known answers and by second looks; and whose verdicts are looked at again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit import hot
from marketplace import routing, sql
from marketplace.gold import RIGHT_FROM
from marketplace.models import Batch, Queue, ReviewerRecord, Slot, Submission, Verdict
from marketplace.models.judging import Decision
from marketplace.quality import scores
from task_types import registry

BASIS = 10_000
SECOND_LOOK = 100
"""Slots of a submission from this place on are second looks: their verdict is compared with the first and changes nothing."""
LATEST = 500
"""Newest verdicts of each kind that a reviewer is measured by."""
USUAL = 0.85
"""What a reviewer is thought to get right of whom nothing is known."""
FINAL = (Decision.ACCEPT.value, Decision.ACCEPT_SHARE.value, Decision.REJECT.value)
LETS_PASS = (Decision.ACCEPT.value, Decision.ACCEPT_SHARE.value)
IN_MOTION = ("launching", "active", "paused")


@dataclass(frozen=True, slots=True)
class Measured:
    """How often a reviewer's verdict is right, in percent with a 95 % interval, and what that rests on."""

    value: float
    low: float
    high: float
    known: int
    known_right: int
    looked_at: int
    overturned: int

    @property
    def based_on(self) -> int:
        return self.known + self.looked_at


def measured(record: ReviewerRecord) -> Measured | None:
    """The verdicts on known answers that were right and those that a second person shared; None before the first of either.

    Right on a known answer: accepted, in whole or in part, what is right, and not accepted what is wrong. A Beta interval
    on four answers' worth of belief in 85 %.
    """
    based_on = record.known + record.looked_at
    if not based_on:
        return None
    right = record.known_right + record.looked_at - record.overturned
    found = scores.score([scores.Record(float(right), float(based_on))], crowd=USUAL)[0]
    return Measured(
        100 * found.mean, 100 * found.low, 100 * found.high, record.known, record.known_right, record.looked_at,
        record.overturned,
    )  # fmt: skip


def count(*, worker_id: uuid.UUID, project_id: uuid.UUID, now: datetime) -> ReviewerRecord:
    """Take a reviewer's record in a project afresh from the verdicts themselves; counting twice does no harm."""
    mine = Verdict.objects.filter(judge_id=worker_id, review__isnull=False, submission__task__project_id=project_id)
    known = [
        _right(verdict) for verdict in mine.filter(submission__gold=True, submission__task__gold__voided_at__isnull=True)
        .select_related("submission__task__gold", "submission__task__project").order_by("-at")[:LATEST]
    ]  # fmt: skip
    again = [
        (verdict.decision in LETS_PASS) == (said["decision"] in LETS_PASS)
        for verdict in mine.filter(decision__in=FINAL, submission__review_slots__n__gte=SECOND_LOOK).order_by("-at")[:LATEST]
        if (said := _second_word(verdict)) is not None
    ]
    record, _made = ReviewerRecord.objects.update_or_create(
        worker_id=worker_id, project_id=project_id,
        defaults={
            "verdicts": mine.count(), "known": len(known), "known_right": sum(known), "looked_at": len(again),
            "overturned": len(again) - sum(again), "counted_at": now,
        },
    )  # fmt: skip
    return record


def _right(verdict: Verdict) -> bool:
    """Whether a verdict on an answer to a known task says what grading says."""
    task = verdict.submission.task
    drawer = registry.drawer(task.project.task_type)
    answer = verdict.submission.answer
    right = drawer.grade(answer, task.gold.answer, settings=task.project.settings) >= RIGHT_FROM
    return (verdict.decision in LETS_PASS) == right


def _second_word(verdict: Verdict) -> dict[str, Any] | None:
    found = Submission.objects.filter(
        kind="review", slot__subject_id=verdict.submission_id, slot__n=SECOND_LOOK + verdict.round
    ).first()
    return found.answer if found else None


def on_verdict(*, submission_id: uuid.UUID, now: datetime) -> None:
    """After a verdict: the reviewer is counted, and by their risk the verdict is put up for another look. Safe to call again."""
    verdict = (
        Verdict.objects.filter(submission_id=submission_id, review__isnull=False)
        .select_related("submission__batch", "submission__task").order_by("-round").first()
    )
    if verdict is None or verdict.judge_id is None:
        return
    record = count(worker_id=verdict.judge_id, project_id=verdict.submission.task.project_id, now=now)
    found = measured(record)
    share = routing.second_look_share_bp(
        based_on=found.based_on if found else 0, low=found.low if found else 0.0, high=found.high if found else 100.0
    )
    if verdict.decision in FINAL and not verdict.submission.gold and _drawn(verdict, share):
        _open(verdict)


def _drawn(verdict: Verdict, share_bp: int) -> bool:
    """By the random end of the verdict's own id, so that asking twice draws once."""
    return verdict.pk.int % BASIS < share_bp


def _open(verdict: Verdict) -> None:
    """A slot for a second look, while the reserve covers it.

    The reserve holds one review for each answer and, where all are reviewed, one in twenty more: reviews and second looks
    of a batch together never exceed that share of the answers handed in, so no later review finds its part gone.
    """
    batch = Batch.objects.select_for_update().get(pk=verdict.submission.batch_id)
    queue = Queue.objects.filter(batch=batch, kind="review").first()
    if queue is None or batch.state not in IN_MOTION:
        return
    answers = Submission.objects.filter(batch=batch, kind="answer", gold=False).count()
    made = Slot.objects.filter(queue=queue, subject__gold=False).count()
    if made < answers * routing.REVIEWS_HELD_BP[batch.terms["review_rule"]] // BASIS:
        with hot.cursor() as cursor:
            cursor.execute(sql.OPEN_REVIEW_SLOT, {
                "queue": queue.pk, "submission": verdict.submission_id, "n": SECOND_LOOK + verdict.round,
            })  # fmt: skip


def on_second_look(*, review_id: uuid.UUID, now: datetime) -> None:
    """A second look was handed in: whoever gave the first verdict is counted again. Nothing else changes."""
    review = Submission.objects.select_related("slot", "task").get(pk=review_id)
    if review.slot.n < SECOND_LOOK or review.slot.subject_id is None:
        return
    for judge_id in Verdict.objects.filter(submission_id=review.slot.subject_id, review__isnull=False).values_list("judge_id", flat=True):
        if judge_id is not None:
            count(worker_id=judge_id, project_id=review.task.project_id, now=now)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A verdict that a second reviewer did not share."""

    verdict: Verdict
    second: Submission
    decision: str


def doubtful(*, limit: int = 50) -> list[Doubtful]:
    """Verdicts whose second look said otherwise, the newest first: for a quality lead to read."""
    looks = Submission.objects.filter(kind="review", slot__n__gte=SECOND_LOOK, slot__subject__isnull=False)
    latest = list(looks.select_related("slot", "worker").order_by("-submitted_at")[:LATEST])
    verdicts = {
        (verdict.submission_id, verdict.round): verdict
        for verdict in Verdict.objects.filter(submission__in=[look.slot.subject_id for look in latest])
        .select_related("judge", "submission__batch__project")
    }  # fmt: skip
    found = []
    for look in latest:
        verdict = verdicts.get((look.slot.subject_id, look.slot.n - SECOND_LOOK)) if look.slot.subject_id else None
        if verdict is not None and (verdict.decision in LETS_PASS) != (look.answer["decision"] in LETS_PASS):
            found.append(Doubtful(verdict, look, look.answer["decision"]))
    return found[:limit]


def records_of(worker_id: uuid.UUID) -> list[tuple[ReviewerRecord, Measured | None]]:
    """Somebody's records as a reviewer, most verdicts first."""
    rows = ReviewerRecord.objects.filter(worker_id=worker_id, verdicts__gt=0).select_related("project__organisation")
    return [(record, measured(record)) for record in rows.order_by("-verdicts")[:50]]
