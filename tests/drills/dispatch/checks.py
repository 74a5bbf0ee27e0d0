"""What must hold of dispatch at any moment, each as one statement that finds what breaks it; independent of the code."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection

ALWAYS: dict[str, str] = {
    "a task has more submissions and live leases than slots": """
        SELECT s.queue_id, s.task_id FROM marketplace_slot s
         WHERE s.queue_id = ANY(%(queues)s) AND s.n > 0
         GROUP BY s.queue_id, s.task_id
        HAVING (SELECT count(*) FROM marketplace_submission sub
                  JOIN marketplace_slot own ON own.id = sub.slot_id
                 WHERE own.queue_id = s.queue_id AND own.task_id = s.task_id AND own.n > 0)
             + (SELECT count(*) FROM marketplace_lease l
                 WHERE l.queue_id = s.queue_id AND l.task_id = s.task_id AND l.live AND NOT l.gold AND l.round = 1)
             > count(*) FILTER (WHERE s.state <> 'cancelled')
    """,
    "a task has more answers than its batch's most": """
        SELECT sub.task_id FROM marketplace_submission sub JOIN marketplace_batch b ON b.id = sub.batch_id
         WHERE sub.batch_id = ANY(%(batches)s) AND sub.kind = 'answer' AND NOT sub.gold
         GROUP BY sub.task_id, b.terms HAVING count(*) > (b.terms->>'max_overlap')::int
    """,
    "a slot does not say what its leases and submissions say": """
        SELECT s.id, s.state FROM marketplace_slot s
         CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE l.live AND l.round = 1) AS live
                               FROM marketplace_lease l WHERE l.slot_id = s.id) held
         CROSS JOIN LATERAL (SELECT count(*) AS made FROM marketplace_submission sub WHERE sub.slot_id = s.id) handed
         WHERE s.queue_id = ANY(%(queues)s)
           AND (s.open <> (s.state = 'open')
             OR (held.live, handed.made) <> (CASE WHEN s.state = 'leased' THEN 1 ELSE 0 END,
                                             CASE WHEN s.state = 'filled' THEN 1 ELSE 0 END))
    """,
    "a worker holds two live leases of one kind": """
        SELECT l.worker_id, l.kind FROM marketplace_lease l
         WHERE l.live AND l.queue_id = ANY(%(queues)s) GROUP BY 1, 2 HAVING count(*) > 1
    """,
    "a slot is held by two": """
        SELECT l.slot_id FROM marketplace_lease l
         WHERE l.live AND l.queue_id = ANY(%(queues)s) GROUP BY 1 HAVING count(*) > 1
    """,
    "a worker has two assignments to one task": """
        SELECT a.worker_id, a.task_id FROM marketplace_assignment a JOIN marketplace_task t ON t.id = a.task_id
         WHERE t.batch_id = ANY(%(batches)s) GROUP BY 1, 2 HAVING count(*) > 1
    """,
    "a worker answered one task twice": """
        SELECT sub.worker_id, sub.task_id FROM marketplace_submission sub
         WHERE sub.batch_id = ANY(%(batches)s) AND sub.kind = 'answer' GROUP BY 1, 2 HAVING count(*) > 1
    """,
    "a worker answers and judges one task": """
        SELECT one.worker_id, one.task_id FROM marketplace_submission one
          JOIN marketplace_submission other ON other.task_id = one.task_id AND other.worker_id = one.worker_id
         WHERE one.batch_id = ANY(%(batches)s) AND one.kind = 'answer' AND other.kind <> 'answer'
    """,
    "a live lease stands on an assignment that is not live": """
        SELECT l.id, a.state FROM marketplace_lease l JOIN marketplace_assignment a ON a.id = l.assignment_id
         WHERE l.live AND l.kind = 'answer' AND l.queue_id = ANY(%(queues)s) AND a.state <> 'live'
    """,
    "a skipped task was offered again": """
        SELECT later.id FROM marketplace_lease given
          JOIN marketplace_lease later ON later.worker_id = given.worker_id AND later.task_id = given.task_id
                                      AND later.id > given.id AND later.leased_at >= given.closed_at
         WHERE given.state = 'given_back' AND given.round = 1 AND given.queue_id = ANY(%(queues)s)
           AND (later.slot_id = given.slot_id OR given.kind = 'answer') AND later.round = 1
    """,
    "an open slot lies in a queue that is shut though its batch is active": """
        SELECT s.id FROM marketplace_slot s JOIN marketplace_queue q ON q.id = s.queue_id JOIN marketplace_batch b ON b.id = q.batch_id
         WHERE s.queue_id = ANY(%(queues)s) AND s.open AND (b.state = 'active') <> q.open AND b.state IN ('active', 'paused')
    """,
    "a submission has not exactly one earning": """
        SELECT sub.id FROM marketplace_submission sub
         WHERE sub.batch_id = ANY(%(batches)s)
           AND (SELECT count(*) FROM payments_earning e WHERE e.source_kind = 'submission' AND e.source_id = sub.id) <> 1
    """,
    "an earning's lines do not sum to its amount": """
        SELECT e.id FROM payments_earning e
         WHERE e.batch_id = ANY(%(batches)s)
           AND (SELECT coalesce(sum(line.units), 0) FROM payments_earningline line WHERE line.earning_id = e.id)
               <> CASE e.state WHEN 'confirmed' THEN e.confirmed_units WHEN 'released' THEN 0 ELSE e.amount_units END
    """,
    "the ledger does not sum to zero": """
        SELECT a.currency FROM payments_ledgerentry e JOIN payments_ledgeraccount a ON a.id = e.account_id
         GROUP BY 1 HAVING sum(e.amount) <> 0
    """,
    "a reserve is overdrawn": """
        SELECT a.owner_id FROM payments_ledgeraccount a JOIN payments_ledgerentry e ON e.account_id = a.id
         WHERE a.kind = 'batch_reserved' AND a.owner_id = ANY(%(batches)s) GROUP BY 1 HAVING sum(e.amount) > 0
    """,
}

AT_THE_END: dict[str, str] = {
    "a slot is stranded": """
        SELECT s.id, s.state FROM marketplace_slot s
         WHERE s.queue_id = ANY(%(queues)s) AND s.state IN ('open', 'leased')
    """,
    "a lease is still live": "SELECT l.id FROM marketplace_lease l WHERE l.live AND l.queue_id = ANY(%(queues)s)",
}


def broken(batch_ids: Sequence[uuid.UUID], *, ended: bool = False) -> list[str]:
    """Every rule that does not hold for these batches, each with an example; `ended` adds what holds when all work is done."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM marketplace_queue WHERE batch_id = ANY(%s)", [list(batch_ids)])
        facts = {"batches": list(batch_ids), "queues": [row[0] for row in cursor.fetchall()]}
        for name, statement in (ALWAYS | AT_THE_END if ended else ALWAYS).items():
            cursor.execute(statement, facts)
            if rows := cursor.fetchall():
                found.append(f"{name}: {len(rows)} x, such as {rows[0]}")
    return found
