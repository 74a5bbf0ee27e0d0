"""Judging: accept, accept a share, send back, reject; and acceptance by the clock when nobody says a word."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from kit import hot, outbox, states
from kit.errors import Conflict, Invalid, NotFound
from kit.ids import uuid7
from marketplace import settlement, sql
from marketplace.models import Batch, Queue, Slot, Submission, Task, Verdict, WorkerRecord
from marketplace.models.judging import Decision, Reason
from marketplace.states import SUBMISSION
from payments import earnings
from task_types import registry
from workers import accounts
from workers import queries as people

REJECTED_AT_MOST_BP = 500
"""Of a batch, 5 %; what goes beyond is frozen until ops have looked."""
OVERDUE_STEP = 1_000
"""Submissions that the clock accepts in one transaction."""
REJECTED_FREE = 3
"""So many rejections a small batch may have before the share counts."""


class RejectionLimit(Conflict):
    """The batch has used up its share of rejections."""

    code = "rejection_limit"


class AlreadyJudged(Conflict):
    """The first human verdict counts; only a dispute changes it."""

    code = "already_judged"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict as a person gives it; anything but a plain accept names a reason and the guideline's clause."""

    decision: str
    reason: str = ""
    clause: str = ""
    comment: str = ""
    share_bp: int | None = None
    corrected: Any = None


FIXED_LEAST_BP = 5_000
"""Whose answer is corrected gets at least half."""
SHARES = {Decision.ACCEPT_SHARE.value: (1, 9_999), Decision.FIX.value: (FIXED_LEAST_BP, 9_999)}
"""The bounds of the share, in basis points, where a decision has one."""

AnswerCheck = Callable[[Any], dict[str, Any]]


def answer_check(*, task_type: str, payload: dict[str, Any], settings: dict[str, Any]) -> AnswerCheck:
    """What a corrected answer has to be: one that a worker could have handed in."""
    drawer = registry.drawer(task_type)
    return lambda answer: drawer.check_answer(answer, payload=payload, settings=settings)


def check_verdict(raw: Any, *, check_answer: AnswerCheck | None = None) -> dict[str, Any]:
    """A verdict's fields from a form, a file or the API; raises Invalid that names the faulty one.

    Where no `check_answer` is given, nothing can be corrected (a file of verdicts, several at once).
    """
    if not isinstance(raw, dict):
        raise Invalid(_("Expected a verdict with a decision."), field="decision")
    if unknown := set(raw) - {"decision", "reason", "clause", "comment", "share_bp", "corrected"}:
        raise Invalid(_("Unknown field."), field=sorted(map(str, unknown))[0])
    decision = raw.get("decision")
    if decision not in Decision.values:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(Decision.values)}, field="decision")
    checked = {"decision": decision} | {name: _text(raw, name, most) for name, most in TEXTS.items()}
    if decision != Decision.ACCEPT:
        if checked["reason"] not in Reason.values:
            raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(Reason.values)}, field="reason")
        if not checked["clause"]:
            raise Invalid(_("Name the clause of the guideline that this rests on."), field="clause")
    if decision in SHARES:
        share, (low, high) = raw.get("share_bp"), SHARES[decision]
        if not isinstance(share, int) or isinstance(share, bool) or not low <= share <= high:
            bounds = {"low": f"{low:,}", "high": f"{high:,}"}
            raise Invalid(_("Expected a share between %(low)s and %(high)s basis points.") % bounds, field="share_bp")
        checked["share_bp"] = share
    if decision == Decision.FIX:
        checked["corrected"] = _corrected(raw, check_answer)
    return checked


def _corrected(raw: dict[str, Any], check_answer: AnswerCheck | None) -> dict[str, Any]:
    if check_answer is None or raw.get("corrected") is None:
        raise Invalid(_("Hand in the corrected answer with your verdict."), field="corrected")
    try:
        return check_answer(raw["corrected"])
    except Invalid as error:
        raise Invalid(str(error), field="corrected") from None


TEXTS = {"reason": 12, "clause": 200, "comment": 2_000}


def _text(raw: dict[str, Any], name: str, most: int) -> str:
    value = raw.get(name) or ""
    if not isinstance(value, str) or "\x00" in value or len(value.strip()) > most:
        raise Invalid(_("Expected a text of at most %(most)s characters.") % {"most": most}, field=name)
    return value.strip()


def judge(*, submission: Submission, judgement: Judgement, judge_id: uuid.UUID, now: datetime) -> None:
    """A client's or an ops person's verdict. Raises AlreadyJudged, RejectionLimit, Invalid, Conflict."""
    verdict = check_verdict({
        "decision": judgement.decision, "reason": judgement.reason, "clause": judgement.clause,
        "comment": judgement.comment, **({"share_bp": judgement.share_bp} if judgement.share_bp is not None else {}),
        **({"corrected": judgement.corrected} if judgement.corrected is not None else {}),
    }, check_answer=_check_of(submission) if judgement.decision == Decision.FIX else None)  # fmt: skip
    if submission.worker_id == judge_id:
        raise Conflict(_("Nobody judges their own work."))
    _apply(submission, verdict, judge_id=judge_id, review_id=None, now=now)


def _check_of(submission: Submission) -> AnswerCheck:
    task = Task.objects.select_related("project").get(pk=submission.task_id)
    return answer_check(task_type=task.project.task_type, payload=task.payload, settings=task.project.settings)


def apply_review(
    *, submission_id: uuid.UUID, review_id: uuid.UUID, verdict: dict[str, Any], judge_id: uuid.UUID, now: datetime
) -> None:
    """A reviewer's verdict takes effect, unless the clock or another human was first: then it only stays on record."""
    submission = Submission.objects.select_for_update().get(pk=submission_id)
    if submission.state == "waiting":
        _apply(submission, verdict, judge_id=judge_id, review_id=review_id, now=now)


def _apply(
    submission: Submission, verdict: dict[str, Any], *, judge_id: uuid.UUID, review_id: uuid.UUID | None, now: datetime
) -> None:
    if submission.state != "waiting":
        raise AlreadyJudged(_("This was judged already: %(state)s.") % {"state": submission.state})
    if verdict["decision"] == Decision.REJECT:
        _within_limit(submission)
    try:
        with transaction.atomic():
            Verdict.objects.create(
                id=uuid7(), submission=submission, round=submission.round, judge_id=judge_id, review_id=review_id, at=now,
                **verdict,
            )
    except IntegrityError:
        raise AlreadyJudged(_("Somebody judged this a moment ago.")) from None
    VERBS[verdict["decision"]](submission, verdict, judge_id, now)
    outbox.emit(
        "submission.judged", submission_id=str(submission.pk), worker_id=str(submission.worker_id),
        decision=verdict["decision"], task_id=submission.task_id,
    )


def rejections_allowed(batch: Batch) -> int:
    """How many answers of a batch may be rejected before ops have to look."""
    return max(REJECTED_FREE, batch.task_count * int(batch.terms.get("overlap", 1)) * REJECTED_AT_MOST_BP // 10_000)


def rejections_left(batch: Batch) -> int:
    """How many more may be rejected now."""
    return max(0, rejections_allowed(batch) - Submission.objects.filter(batch=batch, state="rejected").count())


def _within_limit(submission: Submission) -> None:
    """At most 5 % of a batch may be rejected; the batch row is locked, so that two judges cannot both take the last one."""
    batch = Batch.objects.select_for_update().get(pk=submission.batch_id)
    if not rejections_left(batch):
        raise RejectionLimit(
            _("At most 5 %% of a batch may be rejected. Ask ops to look before you reject more."),
            allowed=rejections_allowed(batch),
        )


def _accept(submission: Submission, verdict: dict[str, Any], judge_id: uuid.UUID | None, now: datetime) -> None:
    states.move(submission, chart=SUBMISSION, to="accepted", actor_id=judge_id, now=now, judge_by=None)
    earnings.confirm(source_kind="submission", source_ids=[submission.pk], actor_id=judge_id, now=now)
    settlement.pay_grown([submission.pk], now=now)


def _accept_share(submission: Submission, verdict: dict[str, Any], judge_id: uuid.UUID, now: datetime) -> None:
    states.move(
        submission, chart=SUBMISSION, to="accepted_share", actor_id=judge_id, now=now, reason=verdict["reason"], judge_by=None
    )
    earnings.confirm(
        source_kind="submission", source_ids=[submission.pk], actor_id=judge_id, now=now, share_bp=verdict["share_bp"]
    )


def _reject(submission: Submission, verdict: dict[str, Any], judge_id: uuid.UUID, now: datetime) -> None:
    states.move(
        submission, chart=SUBMISSION, to="rejected", actor_id=judge_id, now=now, reason=verdict["reason"], judge_by=None
    )
    earnings.release(
        source_kind="submission", source_ids=[submission.pk], actor_id=judge_id, now=now, reason=verdict["reason"]
    )


def _send_back(submission: Submission, verdict: dict[str, Any], judge_id: uuid.UUID, now: datetime) -> None:
    """The next round goes to the same worker with new terms; the judge's clock stops while the work is there."""
    left = max(0, int((submission.judge_by - now).total_seconds())) if submission.judge_by else 0
    states.move(
        submission, chart=SUBMISSION, to="sent_back", actor_id=judge_id, now=now, reason=verdict["reason"],
        judge_by=submission.judge_by_at_most, judge_seconds_left=left,
    )


VERBS = {
    Decision.ACCEPT.value: _accept,
    Decision.ACCEPT_SHARE.value: _accept_share,
    Decision.FIX.value: _accept_share,
    Decision.SEND_BACK.value: _send_back,
    Decision.REJECT.value: _reject,
}


def take_up_again(
    *, submission: Submission, lease_id: uuid.UUID, round: int, answer: dict[str, Any], active_ms: int, now: datetime
) -> datetime:
    """The work is back with the judge: the clock goes on where it stopped; returns the deadline."""
    judge_by = now + timedelta(seconds=submission.judge_seconds_left)
    if submission.judge_by_at_most:
        judge_by = min(judge_by, submission.judge_by_at_most)
    states.move(
        submission, chart=SUBMISSION, to="waiting", actor_id=submission.worker_id, now=now, lease_id=lease_id, round=round,
        answer=answer, active_ms=submission.active_ms + active_ms, submitted_at=now, judge_by=judge_by,
    )
    return judge_by


def accept_overdue(*, now: datetime, limit: int = OVERDUE_STEP) -> int:
    """Silence pays: accept what nobody judged in time, set-based; returns how many. Safe to run twice at once."""
    with hot.cursor() as cursor:
        ids = [row[0] for row in cursor.execute(sql.ACCEPT_OVERDUE, {"now": now, "limit": limit}).fetchall()]
    settlement.confirm_overdue(ids, now=now)
    return len(ids)


def open_review_slot(*, submission_id: uuid.UUID, now: datetime) -> None:
    """Let a reviewer look at a waiting submission; nothing happens where the client judges, or a slot exists."""
    submission = Submission.objects.select_related("batch", "lease").get(pk=submission_id)
    queue = Queue.objects.filter(batch=submission.batch, kind="review").first()
    if queue is None or submission.state != "waiting" or not submission.lease.terms["review"]:
        return
    if Slot.objects.filter(subject=submission, n=submission.round).exists():
        return
    with hot.cursor() as cursor:
        cursor.execute(sql.OPEN_REVIEW_SLOT, {"queue": queue.pk, "submission": submission.pk, "n": submission.round})


def count_judged(*, worker_id: uuid.UUID, project_id: uuid.UUID) -> None:
    """Take the judged, accepted and rejected counts of a worker in a project afresh from the submissions of all their accounts."""
    kept = accounts.survivor(worker_id)
    mine = Submission.objects.filter(worker_id__in=accounts.all_of(kept), task__project_id=project_id, kind="answer", gold=False)
    counted = mine.aggregate(
        judged=Count("pk", filter=Q(verdicts__isnull=False)),
        accepted=Count("pk", filter=Q(state__in=["accepted", "accepted_share"])),
        rejected=Count("pk", filter=Q(state="rejected")),
    )
    WorkerRecord.objects.filter(worker_id=kept, project_id=project_id).update(**counted)


def find(*, submission_id: uuid.UUID, organisation_id: uuid.UUID | None) -> Submission:
    """A submission to be judged, of this organisation (None: ops, any); locked; raises NotFound."""
    rows = Submission.objects.select_for_update(of=("self",)).filter(pk=submission_id, gold=False)
    if organisation_id is not None:
        rows = rows.filter(batch__project__organisation_id=organisation_id)
    found = rows.first()
    if found is None:
        raise NotFound(_("There is no such submission."))
    return found


def may_judge(*, person_id: uuid.UUID, submission: Submission) -> bool:
    """The author never judges; nobody linked to the author does either."""
    return person_id != submission.worker_id and people.independent(person_id, submission.worker_id)
