"""What the market does when it hears of something: thin handlers, each safe to call twice."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from marketplace import batches, bonuses, cases, disputes, gold, results, review, reviewers, seats
from marketplace.models import Ready, Submission
from payments import chargebacks
from qualification.models import Attempt


def on_submission(*, submission_id: str, task_id: int, kind: str, gold: bool, state: str, **_: Any) -> None:
    """A new answer: gold is graded, anything else moves its task's result; a review slot opens where the terms ask."""
    now = timezone.now()
    if gold:
        grade_gold(submission_id)
    elif kind != "review":
        results.consider(task_id=task_id, now=now)
    else:
        reviewers.on_second_look(review_id=uuid.UUID(submission_id), now=now)
    if kind == "answer" and state == "accepted":
        bonuses.reward_counts(submission_id=uuid.UUID(submission_id), now=now)
    if kind == "answer" and state == "waiting":
        review.open_review_slot(submission_id=uuid.UUID(submission_id), now=now)


def grade_gold(submission_id: str) -> None:
    gold.grade(submission_id=uuid.UUID(submission_id), now=timezone.now())


def on_judged(*, submission_id: str, decision: str = "", **_: Any) -> None:
    """Author and reviewer are counted afresh from the submissions themselves; a risky verdict gets a second look, a
    corrected answer changes what its task's result rests on."""
    submission = Submission.objects.select_related("task").get(pk=submission_id)
    review.count_judged(worker_id=submission.worker_id, project_id=submission.task.project_id)
    reviewers.on_verdict(submission_id=submission.pk, now=timezone.now())
    if decision == "fix" and not submission.gold:
        results.look_again(task_id=submission.task_id, now=timezone.now(), why="fixed")
    if submission.state == "accepted":
        bonuses.reward_counts(submission_id=submission.pk, now=timezone.now())
        bonuses.reward_right(task_id=submission.task_id, now=timezone.now())


def on_result(*, task_id: int, **_: Any) -> None:
    """A settled result: the answers that agree with it get what their leases promised for that."""
    bonuses.reward_right(task_id=task_id, now=timezone.now())


def on_appeal_decided(*, appeal_id: str, subject_kind: str, subject_id: str = "", **_: Any) -> None:
    """A dispute of work, or an appeal of a case, was decided by a person or by silence."""
    if subject_kind == cases.SUBJECT:
        cases.overturn(case_id=uuid.UUID(subject_id), appeal_id=uuid.UUID(appeal_id), now=timezone.now())
    if subject_kind in (disputes.VERDICT, disputes.ANSWER_SCORE):
        disputes.carry_out(appeal_id=uuid.UUID(appeal_id), now=timezone.now())


def on_recount(*, project_id: str, **_: Any) -> None:
    """Answers changed their meaning: every score that rests on them is made again."""
    disputes.recount(project_id=uuid.UUID(project_id), now=timezone.now())


def on_chargeback(*, organisation_id: str, **_: Any) -> None:
    """A client's bank took a payment back: nothing new is begun for it. What is begun is honoured and paid."""
    if chargebacks.stops(organisation_id=uuid.UUID(organisation_id)):
        batches.stop_client(organisation_id=uuid.UUID(organisation_id), now=timezone.now())


def on_launch(*, batch_id: str, **_: Any) -> None:
    """Open the first chunk; the sweeper goes on from there."""
    batches.open_slots(batch_id=uuid.UUID(batch_id), now=timezone.now())


def on_closing(*, batch_id: str, **_: Any) -> None:
    """The first open slots go at once; the sweeper does the rest."""
    batches.cancel_open_slots(batch_id=uuid.UUID(batch_id))


def on_facts(*, user_id: str, **_: Any) -> None:
    """A worker's facts changed: the ready row is made again at the next ask (the version says so already)."""
    Ready.objects.filter(worker_id=uuid.UUID(user_id)).update(stale=True)


def on_attempt(*, attempt_id: str, worker_id: str, passed: bool, **_: Any) -> None:
    """An exam was passed: a seat that somebody pays for it is paid, once."""
    if passed:
        series = Attempt.objects.values_list("series", flat=True).get(pk=attempt_id)
        seats.passed(worker_id=uuid.UUID(worker_id), kind="exam", series=series, now=timezone.now())
