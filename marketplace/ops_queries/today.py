"""What needs a person of ops now: people who wait for a word, clocks that run out, batches that stand still."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from kit.money import Money
from marketplace import pricing, review
from marketplace.models import Batch, Queue
from marketplace.ops_queries import batches
from marketplace.ops_queries.batches import BatchRow
from payments.models import Attempt, Correction, LedgerCheck, Mismatch, PayoutRun
from workers import appeals
from workers.models import Appeal, StandingDecision, WorkerProfile

SHOWN = 30
SOON = timedelta(hours=24)
QUIET_AFTER = timedelta(hours=6)
LOOKED_AT = 200
"""Batches in motion that are looked at, the newest first."""
DUE_MOST = 1_000
FOR_A_PERSON = ("quality_check", "case_open", "ending_considered", "identity", "security")
"""Reasons of a pause that somebody has to look into before it ends."""


# --- people ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WaitingAppeal:
    """An appeal, the clock that runs now, and the decision that it is about, if it is about one."""

    appeal: Appeal
    due_at: datetime | None
    decision: StandingDecision | None


def waiting_appeals() -> list[WaitingAppeal]:
    """The most urgent first; two statements."""
    found = list(appeals.waiting()[:SHOWN])
    decided = StandingDecision.objects.in_bulk([appeal.subject_id for appeal in found if appeal.subject_kind == "decision"])
    rows = [WaitingAppeal(appeal, appeals.due_at(appeal), decided.get(appeal.subject_id)) for appeal in found]
    return sorted(rows, key=lambda row: row.due_at or row.appeal.decide_due_at)


def paused_for_a_look() -> list[WorkerProfile]:
    """People who are paused until somebody has looked, those first whose pause ends first."""
    rows = WorkerProfile.objects.filter(standing="paused", standing_until__isnull=False, standing_reason__in=FOR_A_PERSON)
    return list(rows.select_related("user").order_by("standing_until")[:SHOWN])


# --- clocks of judging -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunningOut:
    """Answers of one batch that silence will accept soon; `first` is when it begins."""

    batch: Batch
    count: int
    first: datetime

    @property
    def by_client(self) -> bool:
        return bool(self.batch.terms.get("review_rule") == "client")


RUNNING_OUT = """
SELECT batch_id, count(*), min(judge_by)
  FROM (SELECT batch_id, judge_by FROM marketplace_submission
         WHERE state = 'waiting' AND judge_by <= %s ORDER BY judge_by LIMIT %s) due
 GROUP BY batch_id ORDER BY min(judge_by) LIMIT %s
"""


def running_out(*, now: datetime) -> list[RunningOut]:
    """Per batch, the answers whose judging clock ends within a day; two statements over the due ones alone."""
    with connection.cursor() as cursor:
        cursor.execute(RUNNING_OUT, [now + SOON, DUE_MOST, SHOWN])
        rows = cursor.fetchall()
    found = Batch.objects.select_related("project__organisation").in_bulk([row[0] for row in rows])
    return [RunningOut(found[batch_id], count, first) for batch_id, count, first in rows]


# --- batches -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a batch: short, nobody, quiet or rejections; since when; and what to know about it."""

    kind: str
    row: BatchRow
    since: datetime | None
    missing: Money | None = None


def troubles(*, now: datetime) -> list[Trouble]:
    """Batches in motion that need somebody, the hardest stop first; seven statements for any number."""
    found = list(batches.listed().order_by("-pk")[:LOOKED_AT])
    rows = batches.shown(found, now=now)
    missing, stopped = _missing([row.batch for row in rows], rows), _stopped([row.batch for row in rows])
    each = [
        trouble for row in rows
        for trouble in _troubles(row, missing.get(row.batch.pk), row.batch.pk in stopped, now)
    ]
    return sorted(each, key=lambda trouble: ORDER.index(trouble.kind))[:SHOWN]


ORDER = ("short", "rejections", "nobody", "quiet")


def _troubles(row: BatchRow, missing: Money | None, stopped: bool, now: datetime) -> Iterator[Trouble]:
    batch, last = row.batch, row.flow.last_at or row.batch.launched_at
    if missing is not None:
        yield Trouble("short", row, batch.launched_at, missing)
    if stopped:
        yield Trouble("rejections", row, last)
    if batch.state != "active" or not row.flow.open_answers:
        return
    if not row.supply.eligible:
        yield Trouble("nobody", row, batch.launched_at)
    elif not row.flow.leased and last is not None and now - last > QUIET_AFTER:
        yield Trouble("quiet", row, last)


def _missing(found: Sequence[Batch], rows: Sequence[BatchRow]) -> dict[uuid.UUID, Money]:
    """What the reserve of a batch lacks for the slots that are open and out, at their highest price; only where it lacks."""
    prices = {
        (batch_id, kind): _highest(terms)
        for batch_id, kind, terms in Queue.objects.filter(batch__in=found).values_list("batch_id", "kind", "terms")
    }
    lacking = {}
    for row in rows:
        answers, reviews = (prices.get((row.batch.pk, kind), 0) for kind in ("answer", "review"))
        needed = (row.flow.open_answers + row.flow.leased) * answers + row.flow.open_reviews * reviews
        if needed > row.spend.reserved.units and row.batch.state in ("active", "launching"):
            lacking[row.batch.pk] = Money(needed - row.spend.reserved.units, row.batch.currency)
    return lacking


def _highest(terms: dict[str, int]) -> int:
    """Units that one slot under these terms can cost: highest band and fee."""
    return pricing.most_cost(terms)


STOPPED = """
SELECT b.id FROM unnest(%s::uuid[], %s::bigint[]) AS b(id, allowed)
 WHERE (SELECT count(*) FROM (SELECT 1 FROM marketplace_submission s
                               WHERE s.batch_id = b.id AND s.state = 'rejected' LIMIT b.allowed) few) >= b.allowed
"""


def _stopped(found: Sequence[Batch]) -> set[uuid.UUID]:
    """The batches in which no more answers can be rejected."""
    if not found:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(STOPPED, [[batch.pk for batch in found], [review.rejections_allowed(batch) for batch in found]])
        return {row[0] for row in cursor.fetchall()}


# --- money -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoneyWaits:
    """What waits for finance: runs to approve or stopped, transfers in doubt, drafted corrections, differences, broken invariants."""

    runs: list[PayoutRun]
    attempts: list[Attempt]
    corrections: list[Correction]
    mismatches: list[Mismatch]
    broken: list[LedgerCheck]


def money_waits() -> MoneyWaits:
    """Five statements."""
    runs: QuerySet[PayoutRun] = PayoutRun.objects.filter(state__in=["draft", "paused"], payouts_planned__gt=0)
    doubted = Attempt.objects.filter(needs_person=True, state="in_doubt").select_related("payout__worker")
    return MoneyWaits(
        runs=list(runs.order_by("drafted_at")[:SHOWN]),
        attempts=list(doubted.order_by("created_at")[:SHOWN]),
        corrections=list(Correction.objects.filter(state="draft").order_by("drafted_at")[:SHOWN]),
        mismatches=list(Mismatch.objects.filter(closed_at__isnull=True).order_by("-found_at")[:SHOWN]),
        broken=list(LedgerCheck.objects.filter(ok=False).order_by("place")),
    )

