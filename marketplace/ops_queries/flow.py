"""How much work of a batch is open, how fast it goes, and when it will be done at that pace."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

from django.db import connection

OPEN_MOST = 100_000
"""Open slots and recent answers of one batch are counted up to here; beyond, "more than" is said."""
PACE_OVER = timedelta(days=3)
PACE_LEAST = timedelta(hours=1)
NEVER = timedelta(days=3_650)
STATES = ["waiting", "sent_back", "accepted", "accepted_share", "rejected"]


@dataclass(frozen=True, slots=True)
class Flow:
    """A batch's open work and what came in lately; `last_at` is the last submission of any kind."""

    open_answers: int
    open_reviews: int
    leased: int
    answers: int
    last_at: datetime | None


FLOW = """
WITH live AS (
  SELECT q.batch_id, count(*) AS n
    FROM marketplace_lease l JOIN marketplace_queue q ON q.id = l.queue_id
   WHERE l.live AND q.batch_id = ANY(%(batches)s)
   GROUP BY 1
), open AS (
  SELECT q.batch_id, q.kind, (SELECT count(*) FROM (SELECT 1 FROM marketplace_slot s
                                                     WHERE s.queue_id = q.id AND s.open AND s.rank > q.mark
                                                     LIMIT %(most)s) few) AS n
    FROM marketplace_queue q WHERE q.batch_id = ANY(%(batches)s)
)
SELECT b.id,
       coalesce((SELECT sum(n) FROM open WHERE open.batch_id = b.id AND open.kind <> 'review'), 0),
       coalesce((SELECT sum(n) FROM open WHERE open.batch_id = b.id AND open.kind = 'review'), 0),
       coalesce((SELECT n FROM live WHERE live.batch_id = b.id), 0),
       (SELECT count(*) FROM (SELECT 1 FROM marketplace_submission s
                               WHERE s.batch_id = b.id AND s.state = ANY(%(states)s) AND s.submitted_at > %(since)s
                                 AND s.kind = 'answer' AND NOT s.gold
                               LIMIT %(most)s) few),
       (SELECT max(newest.at) FROM unnest(%(states)s::text[]) AS one(state), LATERAL (
           SELECT s.submitted_at AS at FROM marketplace_submission s
            WHERE s.batch_id = b.id AND s.state = one.state ORDER BY s.submitted_at DESC LIMIT 1) newest)
  FROM unnest(%(batches)s::uuid[]) AS b(id)
"""


def of(batch_ids: Sequence[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, Flow]:
    """The flow of these batches, in one statement along narrow indexes."""
    if not batch_ids:
        return {}
    params: dict[str, Any] = {"batches": list(batch_ids), "since": now - PACE_OVER, "most": OPEN_MOST, "states": STATES}
    with connection.cursor() as cursor:
        cursor.execute(FLOW, params)
        return {row[0]: Flow(int(row[1]), int(row[2]), row[3], row[4], row[5]) for row in cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """When what is open will be done at the recent pace: the likely time and the ends of its 95 % interval.

    `slowest` is None where the pace is too thin to say when it would be over at the latest.
    """

    likely: timedelta
    soonest: timedelta
    slowest: timedelta | None


def time_left(*, open_slots: int, answers: int, since: datetime | None, now: datetime) -> TimeLeft | None:
    """Open slots over the pace of the last three days; None when nothing is open or nothing came.

    Counts of a window are taken as Poisson: the interval of n is n +- 1.96 roots of n.
    """
    if open_slots <= 0 or answers <= 0:
        return None
    window = max(min(PACE_OVER, now - since), PACE_LEAST) if since else PACE_OVER
    spread = 1.96 * sqrt(answers)
    fewest = answers - spread
    return TimeLeft(
        likely=min(window * open_slots / answers, NEVER),
        soonest=min(window * open_slots / (answers + spread), NEVER),
        slowest=min(window * open_slots / fewest, NEVER) if fewest >= 1 else None,
    )
