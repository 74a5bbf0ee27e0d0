"""What a worker hands in: checked by its drawer, kept once, and seen as an earning in the same moment."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import psycopg.errors
from django.utils.translation import gettext_lazy as _

from kit import hot, outbox
from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from marketplace import pricing, review, settlement, sql
from marketplace.models import Draft, Lease, Submission, SubmissionRound
from payments import earnings
from task_types import registry

GAP_AT_MOST = timedelta(seconds=30)
JUDGED_AFTER_AT_MOST = timedelta(days=7)


class LeaseExpired(Conflict):
    """The time ran out and somebody else has the task now; the draft is kept and the time is paid."""

    code = "lease_expired"


class AlreadySubmitted(Conflict):
    """This lease was handed in before."""

    code = "already_submitted"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submit: its state, and what it pays, in units."""

    submission_id: uuid.UUID
    state: str
    currency: str
    units: int
    lines: tuple[pricing.PriceLine, ...]
    judge_by: datetime | None


@dataclass(frozen=True, slots=True)
class _Held:
    """The lease being handed in, as one statement reads it."""

    state: str
    live: bool
    kind: str
    gold: bool
    round: int
    assignment_id: uuid.UUID
    slot_id: int
    task_id: int
    terms: dict[str, Any]
    leased_at: datetime
    active_ms: int
    last_input_at: datetime | None
    subject_id: uuid.UUID | None
    slot_free: bool
    payload: dict[str, Any]
    project_id: uuid.UUID
    task_type: str
    settings: dict[str, Any]
    submission_id: uuid.UUID | None
    batch_id: uuid.UUID


def submit(*, worker_id: uuid.UUID, lease_id: uuid.UUID, answer: Any, now: datetime) -> Submitted:
    """Hand in an answer, a verdict or an adjudication. Needs an open transaction.

    Raises Invalid (the drawer's words), NotFound, AlreadySubmitted, and LeaseExpired when the slot went to somebody else.
    """
    with hot.cursor() as cursor:
        held = _read(cursor, worker_id, lease_id)
        if held.submission_id is not None or held.state == "submitted":
            raise AlreadySubmitted(_("This task was handed in already."), submission=str(held.submission_id))
        checked = _check(held, answer)
        if held.round > 1:
            return _hand_in_again(cursor, worker_id, lease_id, held, checked, now)
        return _hand_in(cursor, worker_id, lease_id, held, checked, now)


def _read(cursor: hot.Cursor, worker_id: uuid.UUID, lease_id: uuid.UUID) -> _Held:
    row = cursor.execute(sql.READ_FOR_SUBMIT, {"lease": lease_id, "worker": worker_id}).fetchone()
    if row is None:
        raise NotFound(_("There is no such lease."))
    parsed = list(row)
    for at in (8, 14, 17):
        parsed[at] = hot.from_json(parsed[at])
    return _Held(*parsed)


def _check(held: _Held, answer: Any) -> dict[str, Any]:
    """A review lease takes a verdict, every other one an answer of the task type."""
    if held.kind == "review":
        check = review.answer_check(task_type=held.task_type, payload=held.payload, settings=held.settings)
        return review.check_verdict(answer, check_answer=check)
    return registry.drawer(held.task_type).check_answer(answer, payload=held.payload, settings=held.settings)


def _active_ms(held: _Held, now: datetime) -> int:
    """Active time up to now: the last gap counts when it is at most 30 s; never more than the lease's time cap."""
    gap = now - (held.last_input_at or held.leased_at)
    last = int(gap.total_seconds() * 1000) if timedelta(0) < gap <= GAP_AT_MOST else 0
    return min(held.active_ms + last, 1000 * int(held.terms["time_cap"]))


def _hand_in(
    cursor: hot.Cursor, worker_id: uuid.UUID, lease_id: uuid.UUID, held: _Held, answer: Any, now: datetime
) -> Submitted:
    """The first round: what was handed in, as one fact, and what it pays, as another."""
    if not held.live and not (held.state == "expired" and held.slot_free):
        raise LeaseExpired(_("The time ran out and somebody else has this task now. Your draft is kept for 30 days."))
    lines = pricing.quote(held.terms, count=_count(held, answer))
    made = _outcome(held, lines, now)
    facts = _facts(held, made, worker_id, lease_id, answer, now) | _told(held, made, worker_id)
    try:
        kept = cursor.execute(sql.SUBMIT if held.live else sql.SUBMIT_LATE, facts).fetchone()
    except psycopg.errors.UniqueViolation:
        raise AlreadySubmitted(_("This task was handed in already.")) from None
    if kept is None:
        raise LeaseExpired(_("The time ran out and somebody else has this task now. Your draft is kept for 30 days."))
    earnings.accrue(cursor=cursor, accrual=settlement.accrual(
        worker_id=worker_id, terms=held.terms, lines=lines, source_kind="submission",
        source_id=made.submission_id, confirmed=made.state == "accepted", now=now,
    ))
    if held.kind == "review" and held.subject_id:
        review.apply_review(
            submission_id=held.subject_id, review_id=made.submission_id, verdict=answer, judge_id=worker_id, now=now
        )
    return made


def _count(held: _Held, answer: dict[str, Any]) -> int:
    """Paid units of an answer; a price by the task asks no drawer."""
    if held.terms.get("unit", pricing.PER_TASK) == pricing.PER_TASK:
        return 1
    return pricing.counted(held.terms, registry.drawer(held.task_type).units(answer))


def _outcome(held: _Held, lines: list[pricing.PriceLine], now: datetime) -> Submitted:
    """Whether it waits for a judge, by the rule that the lease froze."""
    waits = held.kind == "answer" and (held.terms["review_rule"] == "client" or held.terms["review"])
    return Submitted(
        submission_id=uuid7(), state="waiting" if waits else "accepted", currency=held.terms["currency"],
        units=pricing.total(lines), lines=tuple(lines),
        judge_by=now + timedelta(hours=held.terms["judge_hours"]) if waits else None,
    )


def _facts(
    held: _Held, made: Submitted, worker_id: uuid.UUID, lease_id: uuid.UUID, answer: Any, now: datetime
) -> dict[str, Any]:
    return {
        "lease": lease_id, "worker": worker_id, "now": now, "active_ms": _active_ms(held, now), "slot": held.slot_id,
        "submission": made.submission_id, "assignment": held.assignment_id, "task": held.task_id,
        "batch": held.batch_id, "kind": held.kind, "round": held.round, "gold": held.gold,
        "answer": hot.as_json(answer), "state": made.state, "judge_by": made.judge_by,
        "judge_by_at_most": now + JUDGED_AFTER_AT_MOST if made.judge_by else None,
        "project": held.project_id, "day": now.date(),
    }


def _told(held: _Held, made: Submitted, worker_id: uuid.UUID) -> dict[str, Any]:
    return {
        "event": "submission.made",
        "event_payload": hot.as_json({
            "submission_id": str(made.submission_id), "task_id": held.task_id, "batch_id": str(held.batch_id),
            "project_id": str(held.project_id), "worker_id": str(worker_id), "kind": held.kind, "gold": held.gold,
            "state": made.state,
        }),
    }


def _hand_in_again(
    cursor: hot.Cursor, worker_id: uuid.UUID, lease_id: uuid.UUID, held: _Held, answer: Any, now: datetime
) -> Submitted:
    """A further round of work that was sent back: the same submission with a new answer; its clock goes on."""
    submission = Submission.objects.select_for_update().get(assignment_id=held.assignment_id, slot_id=held.slot_id)
    if submission.state != "sent_back" or not (held.live or held.state == "expired"):
        raise AlreadySubmitted(_("This task was handed in already."), submission=str(submission.pk))
    facts = {"lease": lease_id, "worker": worker_id, "now": now, "active_ms": _active_ms(held, now)}
    if held.live and cursor.execute(sql.CLOSE, facts).rowcount != 1:
        raise LeaseExpired(_("The time for this round ran out."))
    SubmissionRound.objects.create(
        submission=submission, round=submission.round, lease_id=submission.lease_id, answer=submission.answer,
        active_ms=submission.active_ms, submitted_at=submission.submitted_at,
    )
    lines = pricing.quote(held.terms, count=_count(held, answer), round=held.round)
    judge_by = review.take_up_again(
        submission=submission, lease_id=lease_id, round=held.round, answer=answer,
        active_ms=_active_ms(held, now), now=now,
    )
    cursor.execute(sql.END_ASSIGNMENT, {"assignment": held.assignment_id})
    if extra := [line for line in lines if line.kind == "round"]:
        settlement.pay_at_once(
            worker_id=worker_id, terms=held.terms, lines=extra, source_kind="round", source_id=lease_id, now=now
        )
    made = Submitted(submission.pk, "waiting", held.terms["currency"], pricing.total(lines), tuple(lines), judge_by)
    told = _told(held, made, worker_id)
    cursor.execute(outbox.INSERT_EVENT, (told["event"], told["event_payload"]))
    return made


def pay_lost_time(*, worker_id: uuid.UUID, lease_id: uuid.UUID, now: datetime) -> None:
    """The kill fee for a lease whose task went to somebody else; paid once, whoever asks how often."""
    lease = Lease.objects.filter(pk=lease_id, worker_id=worker_id, state="expired").first()
    if lease is None or lease.active_ms == 0:
        return
    settlement.pay_at_once(
        worker_id=worker_id, terms=lease.terms, lines=pricing.kill_fee(lease.terms, active_ms=lease.active_ms),
        source_kind="kill_fee", source_id=lease.pk, now=now,
    )


def keep_draft_of_refused(*, worker_id: uuid.UUID, lease_id: uuid.UUID, answer: Any, now: datetime) -> None:
    """What came too late is kept as a draft, if it is an object at all: nothing typed is lost."""
    lease = Lease.objects.filter(pk=lease_id, worker_id=worker_id).first()
    if lease is not None and isinstance(answer, dict):
        Draft.objects.update_or_create(assignment_id=lease.assignment_id, defaults={"answer": answer, "saved_at": now})


def waiting_ids(*, batch_id: uuid.UUID) -> Iterable[uuid.UUID]:
    """Submissions of a batch that nobody judged yet, oldest clock first."""
    rows = Submission.objects.filter(batch_id=batch_id, state="waiting").order_by("judge_by")
    return rows.values_list("pk", flat=True)
