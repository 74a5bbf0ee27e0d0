"""A reviewer disputes how their verdict counted: what it was held against, whose word that was, and what follows when they are right."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from marketplace import gold, reviewers
from marketplace.models import Dispute, GoldAnswer, Slot, Submission, Verdict
from workers import notices
from workers.models import Appeal

notices.declare(
    "review.reversed",
    _("A second person decided otherwise about a verdict of yours in %(project)s. You can dispute for 30 days how it counts."),
    url_name="market:dispute_open", url_params=("submission_id",),
)  # fmt: skip


def verdict_of(review: Submission) -> Verdict | None:
    """The verdict that a review gave; None for a second look, which gives none."""
    return Verdict.objects.filter(review=review).select_related("submission").first()


def subject_of(review: Submission) -> Submission | None:
    """The answer that a review judged."""
    slot = Slot.objects.filter(pk=review.slot_id).select_related("subject").first()
    return slot.subject if slot else None


def reversed_at(review: Submission) -> datetime | None:
    """When a second person decided in a dispute that the verdict was wrong. What else it met, a known answer or a second look, does
    not show, and so moves no clock."""
    lost = Dispute.objects.filter(verdict__review=review, outcome=Appeal.OVERTURNED)
    found: datetime | None = lost.aggregate(at=Max("closed_at"))["at"]
    return found


def tell_reviewer(dispute: Dispute) -> None:
    """A dispute of a verdict was decided against it: a reviewer hears of it, once, and may dispute how that counts."""
    verdict = dispute.verdict
    if verdict is not None and verdict.review_id and verdict.judge_id and dispute.outcome == Appeal.OVERTURNED:
        notices.tell(verdict.judge_id, "review.reversed", project=dispute.batch.project.name, submission_id=str(verdict.review_id))


def first_word(review: Submission) -> uuid.UUID | None:
    """Whose word says that the verdict was wrong: who wrote down the known answer, who decided the dispute, or who looked second."""
    verdict = verdict_of(review)
    if verdict is None:
        return None
    if verdict.submission.gold:
        return GoldAnswer.objects.filter(pk=review.task_id).values_list("added_by_id", flat=True).first()
    decided = Dispute.objects.filter(verdict=verdict).values_list("appeal__decided_by_id", flat=True).first()
    return decided or next(iter(_lookers(verdict)), None)


def parties(review: Submission) -> set[uuid.UUID]:
    """Everybody who had a part in it besides the reviewer: whose answer it was, who judged or looked at it, who decided about it."""
    subject = subject_of(review)
    if subject is None:
        return set()
    judges = {judge for judge in subject.verdicts.values_list("judge_id", flat=True) if judge and judge != review.worker_id}
    appeals = Dispute.objects.filter(submission=subject).values_list("appeal__decided_by_id", "appeal__answered_by_id")
    deciders = {person for row in appeals for person in row if person}
    lookers = {person for verdict in subject.verdicts.all() for person in _lookers(verdict)}
    return {subject.worker_id} | judges | deciders | (lookers - {review.worker_id})


def _lookers(verdict: Verdict) -> list[uuid.UUID]:
    looks = Submission.objects.filter(
        slot__subject=verdict.submission, slot__n=reviewers.SECOND_LOOK + verdict.round, kind="review", task=verdict.submission.task_id
    )
    return list(looks.values_list("worker_id", flat=True))


def correct(review: Submission, *, by_id: uuid.UUID | None, now: datetime) -> None:
    """A person found the verdict right: a known answer that says otherwise is voided for everybody who met it. By silence it stays;
    only this verdict counts no more (`reviewers.count`)."""
    verdict = verdict_of(review)
    if by_id is None or verdict is None or not verdict.submission.gold:
        return
    known = GoldAnswer.objects.select_related("project").filter(pk=review.task_id).first()
    if known is not None and known.voided_at is None:
        gold.void(project=known.project, task_id=known.pk, why="disputed", actor_id=by_id, now=now)


def count_again(review: Submission, *, now: datetime) -> None:
    """Whatever was decided: the reviewer's record is taken afresh, in every place that shows or uses it."""
    verdict = verdict_of(review)
    if verdict is not None and verdict.judge_id is not None:
        reviewers.count(worker_id=verdict.judge_id, project_id=review.task.project_id, now=now)
