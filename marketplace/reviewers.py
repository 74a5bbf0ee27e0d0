"""Reviewers measured: against known answers and by second looks; and whose verdicts are looked at again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from kit import hot
from marketplace import routing, sql
from marketplace.gold import RIGHT_FROM
from marketplace.models import Batch, Dispute, Queue, ReviewerRecord, Slot, Submission, Verdict
from marketplace.models.judging import Decision
from marketplace.quality import scores
from task_types import registry
from workers import accounts

BASIS = 10_000
SECOND_LOOK = 100
"""Slots of a submission from this place on are second looks: their verdict is compared with the first and changes nothing."""
LATEST = 1_000
"""Newest verdicts of a project that a reviewer is measured by; older ones say less of how they judge now."""
USUAL = 0.85
"""What a reviewer is thought to get right of whom nothing is known."""
FINAL = (Decision.ACCEPT.value, Decision.ACCEPT_SHARE.value, Decision.REJECT.value)
LETS_PASS = (Decision.ACCEPT.value, Decision.ACCEPT_SHARE.value)
IN_MOTION = ("launching", "active", "paused")
CLEARED, BY_SILENCE = ("overturned", "conceded"), "by_silence"
"""Outcomes of a reviewer's own dispute that are for them: by a person, and by the clock."""


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
    """The verdicts on known answers that were right, and those that a second person shared or that stood in a dispute; None before
    the first of either.

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
    """Take a reviewer's record in a project afresh from their newest verdicts, from whichever of their accounts; counting twice does no
    harm."""
    worker_id = accounts.survivor(worker_id)
    rows = Verdict.objects.filter(judge_id__in=accounts.all_of(worker_id), review__isnull=False, submission__task__project_id=project_id)
    every = list(rows.order_by("-at").values_list("pk", "submission_id", "round", "decision", "submission__gold")[:LATEST])
    own = _own_disputes([row[0] for row in every])
    newest = [row for row in every if own.get(row[0]) != BY_SILENCE]
    known = _known([(submission, decision) for _pk, submission, _round, decision, gold in newest if gold])
    plain = [row for row in newest if not row[4] and row[0] not in own]
    looks = _shared({(submission, round): decision for _pk, submission, round, decision, _gold in plain if decision in FINAL})
    shared = looks + _stood([row[0] for row in plain]) + [True] * _cleared(newest, own)
    record, _made = ReviewerRecord.objects.update_or_create(
        worker_id=worker_id, project_id=project_id,
        defaults={
            "verdicts": len(every), "known": len(known), "known_right": sum(known), "looked_at": len(shared),
            "overturned": len(shared) - sum(shared), "counted_at": now,
        },
    )  # fmt: skip
    return record


def _own_disputes(verdicts: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Verdicts whose reviewer disputed how they counted and won, with how: a person's word makes them right, silence takes them out."""
    won = Dispute.objects.filter(submission__gave__in=verdicts, about=Dispute.About.SCORE, outcome__in=[*CLEARED, BY_SILENCE])
    return dict(won.values_list("submission__gave", "outcome"))


def _cleared(newest: Sequence[tuple[uuid.UUID, uuid.UUID, int, str, bool]], own: Mapping[uuid.UUID, str]) -> int:
    """Verdicts on ordinary answers that a person found right; those on known answers count no more once that answer is void."""
    return sum(own.get(pk) in CLEARED and not gold for pk, _submission, _round, _decision, gold in newest)


def recount(*, project_id: uuid.UUID, now: datetime) -> None:
    """Count everybody who reviews in a project again: a known answer, or what was found of a verdict, has changed."""
    for worker_id in list(ReviewerRecord.objects.filter(project_id=project_id).values_list("worker_id", flat=True)):
        count(worker_id=worker_id, project_id=project_id, now=now)


def _known(given: Sequence[tuple[uuid.UUID, str]]) -> list[bool]:
    """Of each (submission, decision) on a known task that is in use: whether the verdict says what grading says."""
    rows = Submission.objects.filter(pk__in=[submission for submission, _decision in given], task__gold__voided_at__isnull=True)
    found = rows.select_related("task__gold", "task__project").in_bulk()
    return [(decision in LETS_PASS) == _is_right(found[submission]) for submission, decision in given if submission in found]


def _is_right(submission: Submission) -> bool:
    project = submission.task.project
    drawer = registry.drawer(project.task_type)
    return drawer.grade(submission.answer, submission.task.gold.answer, settings=project.settings) >= RIGHT_FROM


def _shared(given: Mapping[tuple[uuid.UUID, int], str]) -> list[bool]:
    """Of each verdict that was looked at again: whether the second person said the same."""
    slots = Slot.objects.filter(subject__in={submission for submission, _round in given}, n__gte=SECOND_LOOK, state="filled")
    words = _looks(slots).values_list("slot__subject", "slot__n", "answer")
    return [
        (decision in LETS_PASS) == (answer["decision"] in LETS_PASS) for subject, n, answer in words
        if subject is not None and (decision := given.get((subject, n - SECOND_LOOK))) is not None
    ]  # fmt: skip


def _stood(verdicts: Sequence[uuid.UUID]) -> list[bool]:
    """Of each verdict that a second person decided about in a dispute: whether it stood. Neither silence nor a client that
    gives in says anything of the reviewer."""
    decided = Dispute.objects.filter(verdict__in=verdicts, outcome__in=["upheld", "overturned"])
    return [outcome == "upheld" for outcome in decided.values_list("outcome", flat=True)]


def on_dispute(*, verdict_id: uuid.UUID, now: datetime) -> None:
    """A dispute of a verdict was decided: if a reviewer gave it, they are counted again."""
    rows = Verdict.objects.filter(pk=verdict_id, review__isnull=False, judge__isnull=False)
    for judge_id, project_id in rows.values_list("judge_id", "submission__task__project_id"):
        if judge_id is not None:
            count(worker_id=judge_id, project_id=project_id, now=now)


def _looks(slots: QuerySet[Slot]) -> QuerySet[Submission]:
    """What was handed in for these slots, found by the index of its task."""
    return Submission.objects.filter(slot__in=slots, task__in=slots.values("task"), kind="review")


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
    filled = Slot.objects.filter(n__gte=SECOND_LOOK, state="filled").order_by("-id").values_list("pk", flat=True)[:LATEST]
    looks = _looks(Slot.objects.filter(pk__in=list(filled)))
    latest = list(looks.select_related("slot", "worker").order_by("-submitted_at"))
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
