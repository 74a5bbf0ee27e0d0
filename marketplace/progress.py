"""How far a batch is: counted over narrow indexes alone, and for a while not again when counting took long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kit import hot
from kit.counts import rested
from marketplace.models import Batch

COUNT = """
SELECT (SELECT count(*) FROM marketplace_slot s JOIN marketplace_queue q ON q.id = s.queue_id
         WHERE q.batch_id = %(batch)s AND s.open),
       (SELECT count(*) FROM marketplace_lease l JOIN marketplace_queue q ON q.id = l.queue_id
         WHERE q.batch_id = %(batch)s AND l.live),
       (SELECT jsonb_object_agg(state, n) FROM (
           SELECT state, count(*) AS n FROM marketplace_submission WHERE batch_id = %(batch)s GROUP BY state) by_state),
       (SELECT count(*) FROM marketplace_result WHERE batch_id = %(batch)s AND state = 'settled')
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one moment: tasks, slots open and leased, submissions by state (gold and reviews included), settled results."""

    tasks: int
    open_slots: int
    leased_slots: int
    submissions: dict[str, int]
    results: int
    counted_at: datetime

    @property
    def filled_slots(self) -> int:
        return sum(self.submissions.values())


def of(batch: Batch, *, now: datetime) -> Progress:
    """One statement, or none while an earlier count of the same state may be believed."""
    counted = rested(f"progress:{batch.state}", [batch.pk], lambda: (*_count(batch), now))
    open_slots, leased, submissions, results, counted_at = counted
    return Progress(batch.task_count, open_slots, leased, submissions, results, counted_at)


def _count(batch: Batch) -> tuple[int, int, dict[str, int], int]:
    if batch.state == "draft":
        return 0, 0, {}, 0
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"batch": batch.pk})
        open_slots, leased, submissions, results = cursor.fetchone()
    return open_slots, leased, _as_counts(submissions), results


def _as_counts(submissions: object) -> dict[str, int]:
    """jsonb comes from Django's connection as text."""
    found = hot.from_json(submissions) or {}
    return {str(state): int(n) for state, n in found.items()}
