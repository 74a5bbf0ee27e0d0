"""The hourly floor: each night, what a worker's UTC day in a batch fell short of it is paid from the batch's pool."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from marketplace import pace, pricing, settlement
from marketplace.models import Batch, Queue, Submission, SubmissionRound
from payments import pools, queries

NIGHTS = 3
"""Days that a night looks back on: what was missed while the runner stood still is made up for."""
NEWEST, OF_ONE = 2_000, 20
"""Times that show how fast people are: the newest of a project and kind, and no more than so many of one person."""
CHUNK = 500


class Round(NamedTuple):
    """One round of a submission: when it was handed in, its own active time, and where its pay is found."""

    submission: Submission
    number: int
    lease_id: uuid.UUID
    at: datetime
    active_ms: int


def pay_night(*, now: datetime) -> int:
    """Top up the last days, batch by batch; returns how many were paid. Safe to run twice; opens its own transactions."""
    days = [(now - timedelta(days=back)).astimezone(UTC).date() for back in range(1, NIGHTS + 1)]
    since = now - settlement.POOLS_WAIT
    promised = Batch.objects.filter(terms__floor_per_hour_units__gt=0).filter(Q(closed_at=None) | Q(closed_at__gt=since))
    moving = promised.exclude(state="draft").select_related("project")
    return sum(pay_day(batch=batch, day=day, now=now) for batch in moving for day in days)


def pay_day(*, batch: Batch, day: date, now: datetime) -> int:
    """Top up one UTC day of a batch, once per worker; returns how many were paid now."""
    terms = Queue.objects.get(batch=batch, kind="answer", tier=0).terms
    paid = 0
    for worker_id, pieces in _pieces(batch, day).items():
        lines = pricing.top_up(pieces, day=day.isoformat())
        if lines:
            accrual = settlement.accrual(
                worker_id=worker_id, terms=terms, lines=lines, source_kind="floor",
                source_id=uuid.uuid5(batch.pk, f"floor:{worker_id}:{day}"), confirmed=True, now=now,
            )
            with transaction.atomic(durable=True):
                paid += pools.pay(accrual, pool=settlement.FLOOR_POOL)
    return paid


def _pieces(batch: Batch, day: date) -> dict[uuid.UUID, list[pricing.Piece]]:
    """What each worker handed in that day, all slot kinds alike; rejected work is no hour's work."""
    found: dict[uuid.UUID, list[pricing.Piece]] = defaultdict(list)
    paces: dict[str, pace.Pace] = {}
    for some in _chunks(_rounds(batch, day)):
        earned = _promised(some)
        for one in some:
            kind = one.submission.kind
            if kind not in paces:
                paces[kind] = _pace(batch, kind)
            found[one.submission.worker_id].append(pricing.Piece(
                active_ms=one.active_ms, earned_units=earned.get(one, 0), pace=paces[kind],
                floor_per_hour_units=one.submission.lease.terms.get("floor_per_hour_units", 0),
            ))  # fmt: skip
    return found


def _rounds(batch: Batch, day: date) -> Iterator[Round]:
    """Rounds handed in on a UTC day. Times of rounds are kept as sums, so each is less the one before."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    within = (start, start + timedelta(days=1) - timedelta(microseconds=1))
    rows = Submission.objects.filter(batch=batch).exclude(state="rejected").select_related("lease")
    for row in rows.filter(submitted_at__range=within, round=1).iterator(chunk_size=CHUNK):
        yield Round(row, 1, row.lease_id, row.submitted_at, row.active_ms)
    again = Q(submitted_at__range=within) | Q(rounds__submitted_at__range=within)
    for row in rows.filter(again, round__gt=1).distinct().prefetch_related("rounds"):
        earlier = sorted(row.rounds.all(), key=lambda one: one.round)
        yield from (one for one in _parted(row, earlier) if within[0] <= one.at <= within[1])


def _parted(row: Submission, earlier: Sequence[SubmissionRound]) -> Iterator[Round]:
    before = 0
    for one in earlier:
        yield Round(row, one.round, one.lease_id, one.submitted_at, one.active_ms - before)
        before = one.active_ms
    yield Round(row, row.round, row.lease_id, row.submitted_at, row.active_ms - before)


def _promised(rounds: Sequence[Round]) -> Mapping[Round, int]:
    """What each was promised: the first round by its submission, later ones by what returned effort brought."""
    first = queries.promised(source_kind="submission", source_ids=[one.submission.pk for one in rounds if one.number == 1])
    extra = queries.promised(source_kind="round", source_ids=[one.lease_id for one in rounds if one.number > 1])
    return {one: first.get(one.submission.pk, 0) if one.number == 1 else extra.get(one.lease_id, 0) for one in rounds}


def _pace(batch: Batch, kind: str) -> pace.Pace:
    """How fast people are at a kind of slot of the project, no single person weighing much."""
    newest = Submission.objects.filter(batch__project_id=batch.project_id, kind=kind, active_ms__gt=0, round=1)
    seen: dict[uuid.UUID, int] = defaultdict(int)
    times = []
    for worker_id, active_ms in newest.order_by("-submitted_at").values_list("worker_id", "active_ms")[:NEWEST]:
        seen[worker_id] += 1
        if seen[worker_id] <= OF_ONE:
            times.append(active_ms)
    return pace.usual(times, expected_ms=1_000 * batch.project.expected_seconds)


def _chunks(rows: Iterable[Round]) -> Iterator[list[Round]]:
    some: list[Round] = []
    for row in rows:
        some.append(row)
        if len(some) == CHUNK:
            yield some
            some = []
    if some:
        yield some
