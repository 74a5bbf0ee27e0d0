"""Work that was done long ago, made in sets: submissions with leases, earnings and postings as the hot path would have left them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import connection, transaction

HAND_IN = """
WITH work AS (
  SELECT s.id AS slot_id, s.task_id, s.queue_id, s.rank, q.batch_id, q.terms, b.project_id, p.organisation_id,
         (%(workers)s::uuid[])[1 + row_number() OVER (ORDER BY s.rank) %% cardinality(%(workers)s::uuid[])] AS worker_id,
         gen_random_uuid() AS assignment_id, gen_random_uuid() AS lease_id, uuidv7() AS submission_id,
         uuidv7() AS earning_id, uuidv7() AS tx_id, row_number() OVER (ORDER BY s.rank) AS place
    FROM marketplace_slot s JOIN marketplace_queue q ON q.id = s.queue_id JOIN marketplace_batch b ON b.id = q.batch_id
    JOIN marketplace_project p ON p.id = b.project_id
   WHERE q.batch_id = %(batch)s AND q.kind = 'answer' AND s.open ORDER BY s.rank LIMIT %(count)s
), filled AS (
  UPDATE marketplace_slot s SET open = false, state = 'filled' FROM work WHERE s.id = work.slot_id
), assigned AS (
  INSERT INTO marketplace_assignment (id, task_id, worker_id, judges, state)
  SELECT assignment_id, task_id, worker_id, false, 'done' FROM work
), leased AS (
  INSERT INTO marketplace_lease (id, assignment_id, slot_id, queue_id, task_id, worker_id, kind, rank, round, gold, live,
    state, leased_at, expires_at, first_seconds, active_ms, paused_seconds, terms, why)
  SELECT lease_id, assignment_id, slot_id, queue_id, task_id, worker_id, 'answer', rank, 1, false, false,
    'submitted', %(at)s, %(at)s, 600, 9000, 0, terms, '' FROM work
), answered AS (
  INSERT INTO marketplace_submission (id, lease_id, assignment_id, slot_id, task_id, batch_id, worker_id, kind, round, gold,
    answer, active_ms, submitted_at, state, judge_by, judge_by_at_most)
  SELECT submission_id, lease_id, assignment_id, slot_id, task_id, batch_id, worker_id, 'answer', 1, false,
    '{"label": "sunny"}', 9000, %(at)s + place * interval '1 ms', 'waiting', due.at, due.at
    FROM work, LATERAL (SELECT %(judge_by)s + (place - 1) * %(parts)s / %(count)s * interval '1 hour' AS at) due
), earned AS (
  INSERT INTO payments_earning (id, worker_id, organisation_id, batch_id, source_kind, source_id, currency, amount_units,
    fee_units, state, from_losses, held, created_at)
  SELECT earning_id, worker_id, organisation_id, batch_id, 'submission', submission_id, 'USD', 100, 20, 'pending', false,
    false, %(at)s FROM work
), explained AS (
  INSERT INTO payments_earningline (earning_id, n, kind, units, inputs, rule)
  SELECT earning_id, 1, 'base', 100, '{"price": 100}', 'base/1' FROM work
), owner AS (
  SELECT DISTINCT kind, owner_id FROM work,
    LATERAL (VALUES ('batch_reserved', batch_id), ('worker_pending', worker_id)) AS one (kind, owner_id)
), opened AS (
  INSERT INTO payments_ledgeraccount (id, kind, owner_id, currency)
  SELECT payments_account_id(kind, owner_id, 'USD'), kind, owner_id, 'USD' FROM owner ON CONFLICT DO NOTHING
), posted AS (
  INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, at)
  SELECT tx_id, 'earn:' || earning_id, 'earn', 'earning', earning_id, 2, %(at)s FROM work
), entered AS (
  INSERT INTO payments_ledgerentry (tx_id, n, account_id, amount)
  SELECT tx_id, n, payments_account_id(kind, owner_id, 'USD'), amount FROM work,
    LATERAL (VALUES (1, 'batch_reserved', batch_id, 100), (2, 'worker_pending', worker_id, -100)) AS leg (n, kind, owner_id, amount)
)
INSERT INTO payments_batchtally AS tally (batch_id, shard, organisation_id, currency, pending_units)
SELECT batch_id, 0, organisation_id, 'USD', 100 * count(*) FROM work GROUP BY batch_id, organisation_id
ON CONFLICT (batch_id, shard) DO UPDATE SET pending_units = tally.pending_units + excluded.pending_units
"""


def hand_in(
    *, batch_id: uuid.UUID, worker_ids: list[uuid.UUID], count: int, at: datetime, judge_by: datetime, parts: int = 1
) -> None:
    """So many answers of a launched batch, each waiting for its judge until `judge_by` or, in equal parts, hours later."""
    params: dict[str, Any] = {"batch": batch_id, "workers": worker_ids, "count": count, "at": at, "judge_by": judge_by, "parts": parts}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(HAND_IN, params)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
