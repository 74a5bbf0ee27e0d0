"""The market's plain SQL: one named statement per fact of the two hot paths, lease and submit."""

from __future__ import annotations

from kit import outbox

GATE = """
SELECT w.standing,
       r.worker_id IS NOT NULL AND NOT r.stale AND r.facts_version = w.facts_version AND r.valid_until > %(now)s AS fresh,
       (SELECT l.id FROM marketplace_lease l WHERE l.worker_id = %(worker)s AND l.kind = %(kind)s AND l.live) AS live_id,
       coalesce(r.complete, true), coalesce(r.apart, '{}'), w.country
  FROM workers_workerprofile w LEFT JOIN marketplace_ready r ON r.worker_id = w.user_id
 WHERE w.user_id = %(worker)s
"""
"""Standing, whether the ready row may be believed, the live lease if there is one, whether the row has a further part, whom
the worker is kept apart from, and their country, by which a client may openly pay more or less."""

_FIRST = """unnest(r.queues, r.rule_versions, r.multipliers_bp)
       WITH ORDINALITY AS o(queue_id, rule_version, multiplier_bp, place)"""

_FURTHER = """LATERAL (
         SELECT (e->>0)::bigint, (e->>1)::int, (e->>2)::int, place
           FROM jsonb_array_elements(r.further) WITH ORDINALITY AS f(e, place)
       ) AS o(queue_id, rule_version, multiplier_bp, place)"""

_OPTIONS = """
SELECT q.id, q.project_id, q.mark, q.gold_count, q.terms, o.multiplier_bp,
       rec.answers, rec.judged, rec.day, rec.day_answers, rec.score_low_bp
  FROM marketplace_ready r
 CROSS JOIN {source}
  JOIN marketplace_queue q ON q.id = o.queue_id
  LEFT JOIN marketplace_workerrecord rec ON rec.worker_id = r.worker_id AND rec.project_id = q.project_id
 WHERE r.worker_id = %(worker)s
   AND q.open AND q.kind = %(kind)s AND q.rule_version = o.rule_version
   AND (%(project)s::uuid IS NULL OR q.project_id = %(project)s::uuid)
   AND (q.tier = 0 OR (SELECT s.id FROM marketplace_slot s WHERE s.queue_id = q.id AND s.open LIMIT 1) IS NOT NULL)
 ORDER BY o.place
 LIMIT 8 OFFSET %(beyond)s::int
"""

OPTIONS = _OPTIONS.replace("{source}", _FIRST)
"""The next queues of the worker's ready row that are open now, with the worker's record in their projects.

Queues for experts are empty most of the time and come first: one look here spares a claim that finds nothing. It is no
EXISTS, which the planner might answer by hashing every open slot.
"""

OPTIONS_FURTHER = _OPTIONS.replace("{source}", _FURTHER)
"""The same for the queues beyond those that every ask looks through."""

LOOK = f"""
SELECT gate.*, option.* FROM ({GATE}) AS gate LEFT JOIN LATERAL ({OPTIONS}) AS option ON gate.live_id IS NULL
"""
"""Gate and options in one exchange: the gate beside each option, or alone. The options count only if the gate finds them fresh."""

ASKED = """
UPDATE marketplace_ready SET asked_at = %(now)s
 WHERE worker_id = %(worker)s AND (asked_at IS NULL OR asked_at < %(now)s - interval '1 minute')
"""
"""Remember who found nothing: scarce work is shared out among those who ask (see `turns`)."""

_ASSIGN = """
assigned AS (
  INSERT INTO marketplace_assignment (id, task_id, worker_id, judges, state)
  SELECT %(assignment)s::uuid, task_id, %(worker)s, %(judges)s, 'live' FROM picked
  ON CONFLICT (task_id, worker_id) DO UPDATE SET state = 'live', judges = EXCLUDED.judges
   WHERE (marketplace_assignment.state = 'lapsed' AND (EXCLUDED.judges OR NOT marketplace_assignment.judges))
      OR (marketplace_assignment.judges AND EXCLUDED.judges)
  RETURNING id
)
"""
"""Comes before the slot is touched: what the worker did a moment ago may refuse it, and then no slot is taken."""

_TAKE = """
taken AS (
  UPDATE marketplace_slot s SET open = false, state = 'leased' FROM picked, assigned WHERE s.id = picked.id
  RETURNING s.id, s.task_id, s.rank, s.subject_id
)
"""

_LEASE_IT = """
leased AS (
  INSERT INTO marketplace_lease (id, assignment_id, slot_id, queue_id, task_id, worker_id, kind, rank, round, gold,
                                 live, state, leased_at, expires_at, first_seconds, active_ms, paused_seconds, terms, why)
  SELECT %(lease)s::uuid, assigned.id, taken.id, %(queue)s, taken.task_id, %(worker)s, %(kind)s, taken.rank, 1, %(gold)s,
         true, 'live', %(now)s, %(expires)s, %(first_seconds)s, 0, 0, %(terms)s::jsonb, ''
    FROM taken, assigned
  RETURNING id, task_id, assignment_id, slot_id
)
SELECT leased.id, leased.assignment_id, leased.slot_id, t.id, t.payload, t.prelabel,
       (SELECT d.answer FROM marketplace_draft d WHERE d.assignment_id = leased.assignment_id), taken.subject_id
  FROM leased JOIN marketplace_task t ON t.id = leased.task_id, taken
"""

_NOT_MINE = """
NOT EXISTS (SELECT 1 FROM marketplace_assignment a
             WHERE a.task_id = s.task_id AND a.worker_id = %(worker)s
               AND (a.state <> 'lapsed' OR (a.judges AND NOT %(judges)s)) AND NOT (a.judges AND %(judges)s))
"""
"""Who let a task lapse may have it again; who judged it or looked at it as a judge never answers it."""

_NOT_MY_SUBJECT = """
AND (NOT %(judges)s OR NOT EXISTS (
      SELECT 1 FROM marketplace_lease l WHERE l.worker_id = %(worker)s AND l.slot_id = s.id AND l.state <> 'expired'))
AND (NOT %(judges)s OR s.n < 100 OR NOT EXISTS (
      SELECT 1 FROM marketplace_verdict v WHERE v.submission_id = s.subject_id AND v.judge_id = %(worker)s))
"""
"""A judge may judge several answers of a task, but no slot twice, none that they gave back, and no second look at a verdict
of their own (from 100 on, see `reviewers.SECOND_LOOK`)."""

_THEIRS = """
(%(kind)s <> 'review' AND EXISTS (
      SELECT 1 FROM marketplace_assignment theirs
       WHERE theirs.task_id = s.task_id AND theirs.worker_id = ANY(%(apart)s::uuid[]) AND theirs.state <> 'skipped'
         AND NOT theirs.judges))
OR EXISTS (SELECT 1 FROM marketplace_submission sub WHERE sub.id = s.subject_id AND sub.worker_id = ANY(%(apart)s::uuid[]))
"""
"""Work of somebody whom the worker is kept apart from: a task that they answer, for a judge their answer. Two probes of an
index, and only in the statements of those who are kept apart from anybody."""

_CURSOR = """coalesce((SELECT max(l.rank) FROM marketplace_lease l
                                                WHERE l.worker_id = %(worker)s AND l.queue_id = %(queue)s), 0)"""

_CURSORS = """coalesce((SELECT max(c.rank) FROM unnest(%(ahead)s::uuid[]) AS one(worker_id),
                             LATERAL (SELECT max(l.rank) AS rank FROM marketplace_lease l
                                       WHERE l.worker_id = one.worker_id AND l.queue_id = %(queue)s) c), 0)"""
"""The furthest of several cursors: who is kept apart from somebody goes beyond what they did instead of walking past it."""

_CLAIM = """
WITH picked AS (
  SELECT s.id, s.task_id, s.rank, s.subject_id FROM marketplace_slot s
   WHERE s.queue_id = %(queue)s AND s.open AND s.rank > greatest(%(mark)s, {cursor}) AND {not_mine}
   ORDER BY s.rank LIMIT 1
     FOR UPDATE OF s SKIP LOCKED
), {take}
"""

_CLAIM_SLOT = """
WITH picked AS (
  SELECT s.id, s.task_id, s.rank, s.subject_id FROM marketplace_slot s
   WHERE s.id = %(slot)s AND s.open AND {not_mine}
     FOR UPDATE OF s SKIP LOCKED
), {take}
"""

_ALONE = {"not_mine": f"{_NOT_MINE} {_NOT_MY_SUBJECT}", "take": f"{_ASSIGN}, {_TAKE}, {_LEASE_IT}"}
_KEPT_APART = _ALONE | {"not_mine": f"{_ALONE['not_mine']} AND NOT ({_THEIRS})"}

CLAIM = _CLAIM.format(cursor=_CURSOR, **_ALONE)
"""Take the next open slot beyond the worker's cursor and the queue's low-water mark."""

CLAIM_SLOT = _CLAIM_SLOT.format(**_ALONE)
"""Take one slot by name: the second lap, and going on with a lapsed task."""

CLAIM_APART = _CLAIM.format(cursor=_CURSORS, **_KEPT_APART)
CLAIM_SLOT_APART = _CLAIM_SLOT.format(**_KEPT_APART)
"""The same for who is kept apart from somebody."""

LOCK_APART = "SELECT pg_advisory_xact_lock(pair) FROM unnest(%(pairs)s::bigint[]) AS pair"
"""Two who are kept apart take one after the other, in one order for all, so that neither overlooks what the other takes."""

LAP_APART = f"SELECT s.id FROM marketplace_slot s WHERE s.id = ANY(%(slots)s) AND ({_THEIRS})"
"""Of a slice of the second lap, the slots that are kept from this worker."""

CLAIM_GOLD = f"""
WITH picked AS (
  SELECT s.task_id FROM marketplace_goldanswer s
   WHERE s.project_id = %(project)s AND s.voided_at IS NULL AND NOT s.taught AND s.n >= %(from_n)s AND {_NOT_MINE}
   ORDER BY s.n LIMIT 1
), {_ASSIGN}, taken AS (
  INSERT INTO marketplace_slot (queue_id, task_id, n, rank, open, state)
  SELECT %(queue)s, picked.task_id, 0, 0, false, 'leased' FROM picked, assigned
  RETURNING id, task_id, rank, subject_id
), {_LEASE_IT}
"""
"""Mix in a task with a known answer; its slot is made here, so it never shows as open work."""

LAP_SLICE = """
SELECT id, task_id, rank FROM marketplace_slot
 WHERE queue_id = %(queue)s AND open AND rank > %(place)s ORDER BY rank LIMIT 200
"""

LAP_MINE = """
SELECT task_id FROM marketplace_assignment WHERE worker_id = %(worker)s AND task_id = ANY(%(tasks)s)
   AND (state <> 'lapsed' OR (judges AND NOT %(judges)s)) AND NOT (judges AND %(judges)s)
"""
"""Two plain statements: as one, the planner hashes everything that the worker ever did."""

LIVE_LEASE = """
SELECT l.id, l.assignment_id, l.slot_id, t.id, t.payload, t.prelabel,
       (SELECT d.answer FROM marketplace_draft d WHERE d.assignment_id = l.assignment_id), s.subject_id,
       l.kind, l.state, l.leased_at, l.expires_at, l.first_seconds, l.active_ms, l.terms, l.round
  FROM marketplace_lease l JOIN marketplace_task t ON t.id = l.task_id JOIN marketplace_slot s ON s.id = l.slot_id
 WHERE l.id = %(lease)s AND l.worker_id = %(worker)s
"""

BEAT = """
UPDATE marketplace_lease
   SET expires_at = greatest(expires_at, least(%(now)s + make_interval(secs => first_seconds),
                             leased_at + make_interval(secs => 10 * first_seconds + paused_seconds))),
       active_ms = least(active_ms + CASE WHEN %(now)s - coalesce(last_input_at, leased_at) <= interval '30 seconds'
                                          THEN greatest(0, 1000 * extract(epoch FROM
                                               %(now)s - coalesce(last_input_at, leased_at)))::bigint
                                          ELSE 0 END,
                         1000 * (terms->>'time_cap')::bigint),
       last_input_at = %(now)s, last_beat_at = %(now)s
 WHERE id = %(lease)s AND worker_id = %(worker)s AND live AND state = 'live' AND expires_at > %(now)s
RETURNING expires_at, active_ms
"""
"""A heartbeat with input: the lease is extended, and a gap of at most 30 s counts as active time."""

READ_FOR_SUBMIT = """
SELECT l.state, l.live, l.kind, l.gold, l.round, l.assignment_id, l.slot_id, l.task_id, l.terms, l.leased_at,
       l.active_ms, l.last_input_at, s.subject_id, s.open OR (l.gold AND s.state = 'cancelled' AND q.open), t.payload,
       p.id, p.task_type, p.settings, sub.id, q.batch_id
  FROM marketplace_lease l
  JOIN marketplace_slot s ON s.id = l.slot_id JOIN marketplace_queue q ON q.id = l.queue_id
  JOIN marketplace_task t ON t.id = l.task_id
  JOIN marketplace_project p ON p.id = t.project_id
  LEFT JOIN marketplace_submission sub ON sub.lease_id = l.id
 WHERE l.id = %(lease)s AND l.worker_id = %(worker)s
"""

CLOSE = """
UPDATE marketplace_lease
   SET live = false, state = 'submitted', closed_at = %(now)s, active_ms = %(active_ms)s
 WHERE id = %(lease)s AND worker_id = %(worker)s AND live
"""
"""End a live lease; no row means that somebody or the clock ended it first, and the whole submit is undone."""

END_ASSIGNMENT = "UPDATE marketplace_assignment SET state = 'done' WHERE id = %(assignment)s"

_CLOSE_IN_TIME = """
closed AS (
  UPDATE marketplace_lease
     SET live = false, state = 'submitted', closed_at = %(now)s, active_ms = %(active_ms)s
   WHERE id = %(lease)s AND worker_id = %(worker)s AND live
  RETURNING slot_id, assignment_id
), filled AS (
  UPDATE marketplace_slot slot SET open = false, state = 'filled' FROM closed WHERE slot.id = closed.slot_id AND slot.state = 'leased'
)
"""

_CLOSE_LATE = """
taken AS (
  UPDATE marketplace_slot SET open = false, state = 'filled'
   WHERE id = %(slot)s AND (open OR (%(gold)s AND state = 'cancelled')) RETURNING id
), mine AS (
  SELECT a.id FROM marketplace_assignment a, taken
   WHERE a.id = %(assignment)s AND (a.state = 'lapsed' OR a.judges) AND a.judges = (%(kind)s <> 'answer')
     FOR UPDATE OF a
), closed AS (
  UPDATE marketplace_lease l
     SET live = false, state = 'submitted', closed_at = %(now)s, active_ms = %(active_ms)s
    FROM taken, mine
   WHERE l.id = %(lease)s AND l.worker_id = %(worker)s AND l.state = 'expired' AND l.slot_id = taken.id
  RETURNING l.slot_id, l.assignment_id
)
"""

_KEEP_IT = f"""
ended AS (
  UPDATE marketplace_assignment a SET state = 'done' FROM closed WHERE a.id = closed.assignment_id
), made AS (
  INSERT INTO marketplace_submission (id, lease_id, assignment_id, slot_id, task_id, batch_id, worker_id, kind, round, gold,
                                      answer, active_ms, submitted_at, state, judge_by, judge_by_at_most)
  SELECT %(submission)s::uuid, %(lease)s, closed.assignment_id, closed.slot_id, %(task)s, %(batch)s, %(worker)s, %(kind)s,
         %(round)s, %(gold)s, %(answer)s::jsonb, %(active_ms)s, %(now)s, %(state)s, %(judge_by)s, %(judge_by_at_most)s
    FROM closed
), counted AS (
  INSERT INTO marketplace_workerrecord AS rec (worker_id, project_id, answers, active_ms, day, day_answers)
  SELECT %(worker)s, %(project)s::uuid, 1, %(active_ms)s, %(day)s, 1 FROM closed WHERE %(kind)s = 'answer'
  ON CONFLICT (worker_id, project_id) DO UPDATE
     SET answers = rec.answers + 1, active_ms = rec.active_ms + EXCLUDED.active_ms, day = EXCLUDED.day,
         day_answers = CASE WHEN rec.day = EXCLUDED.day THEN rec.day_answers + 1 ELSE 1 END
), {outbox.TOLD.format(source="closed")}
SELECT 1 FROM closed
"""

SUBMIT = f"WITH {_CLOSE_IN_TIME}, {_KEEP_IT}"
"""End a live lease and keep what was handed in, as one fact. No row: somebody or the clock ended the lease first, and
nothing was written."""

SUBMIT_LATE = f"WITH {_CLOSE_LATE}, {_KEEP_IT}"
"""The same after the clock: it takes its slot back in the same statement, if nobody else has it and its author has not
taken the task up again meanwhile, skipped it, or gone over to the side of its judges."""

EXPIRE_DUE = """
WITH due AS (
  SELECT id FROM marketplace_lease WHERE live AND expires_at <= %(now)s ORDER BY expires_at LIMIT %(limit)s
     FOR UPDATE SKIP LOCKED
), ended AS (
  UPDATE marketplace_lease l SET live = false, state = 'expired', closed_at = %(now)s FROM due WHERE l.id = due.id
  RETURNING l.slot_id, l.assignment_id, l.gold, l.round
), lapsed AS (
  UPDATE marketplace_assignment a
     SET state = CASE WHEN EXISTS (SELECT 1 FROM marketplace_submission sub WHERE sub.assignment_id = a.id) THEN 'done'
                      ELSE 'lapsed' END
    FROM ended WHERE a.id = ended.assignment_id
), returned AS (
  UPDATE marketplace_slot s
     SET open = NOT (ended.gold OR b.state IN ('closing', 'closed', 'settled') OR ended.round > 1),
         state = CASE WHEN ended.round > 1 THEN 'filled'
                      WHEN ended.gold OR b.state IN ('closing', 'closed', 'settled') THEN 'cancelled' ELSE 'open' END,
         rank = CASE WHEN ended.gold THEN s.rank ELSE nextval('marketplace_slot_rank') END
    FROM ended, marketplace_queue q, marketplace_batch b
   WHERE s.id = ended.slot_id AND q.id = s.queue_id AND b.id = q.batch_id
)
SELECT count(*) FROM ended
"""
"""End what ran out. A returned slot gets a new rank: so it lies ahead of every cursor and mark, never behind one.

An assignment under which something was handed in (an earlier round, another judgement) stays done: its worker is not
offered the task as if they had never seen it.
"""

RETURN_SLOT = """
UPDATE marketplace_slot s
   SET open = NOT (%(gold)s OR b.state IN ('closing', 'closed', 'settled') OR %(round)s > 1),
       state = CASE WHEN %(round)s > 1 THEN 'filled'
                    WHEN %(gold)s OR b.state IN ('closing', 'closed', 'settled') THEN 'cancelled' ELSE 'open' END,
       rank = CASE WHEN %(gold)s THEN s.rank ELSE nextval('marketplace_slot_rank') END
  FROM marketplace_queue q, marketplace_batch b
 WHERE s.id = %(slot)s AND s.state = 'leased' AND q.id = s.queue_id AND b.id = q.batch_id
"""
"""What `EXPIRE_DUE` does with a slot, for one that was given back or withdrawn."""

MOVE_MARKS = """
UPDATE marketplace_queue q SET mark = fresh.mark
  FROM (SELECT id, mark AS old,
               (SELECT s.rank - 1 FROM marketplace_slot s
                 WHERE s.queue_id = marketplace_queue.id AND s.open AND s.rank > marketplace_queue.mark
                 ORDER BY s.rank LIMIT 1) AS mark
          FROM marketplace_queue WHERE open) fresh
 WHERE q.id = fresh.id AND q.mark = fresh.old AND fresh.mark > fresh.old
"""
"""Move each open queue's low-water mark up to its first open slot, unless somebody reset it meanwhile."""

OPEN_SLOTS = """
WITH next_tasks AS (
  SELECT t.id, t.line FROM marketplace_task t
   WHERE t.batch_id = %(batch)s AND t.line > %(from_line)s ORDER BY t.line LIMIT %(limit)s
), ranked AS (
  SELECT id, line, nextval('marketplace_slot_rank') AS rank FROM next_tasks ORDER BY line
), made AS (
  INSERT INTO marketplace_slot (queue_id, task_id, n, rank, open, state)
  SELECT %(queue)s, ranked.id, n, ranked.rank, true, 'open' FROM ranked, generate_series(1, %(overlap)s) AS n
  ON CONFLICT DO NOTHING
)
SELECT max(line), count(*) FROM next_tasks
"""
"""Open the slots of the next tasks of a batch; those of one task share a rank."""

OPEN_REVIEW_SLOT = """
INSERT INTO marketplace_slot (queue_id, task_id, subject_id, n, rank, open, state)
SELECT %(queue)s, sub.task_id, sub.id, %(n)s, nextval('marketplace_slot_rank'), true, 'open'
  FROM marketplace_submission sub WHERE sub.id = %(submission)s
ON CONFLICT DO NOTHING
"""
"""One review slot for each round of a waiting submission."""

OPEN_ONE_MORE = """
INSERT INTO marketplace_slot (queue_id, task_id, n, rank, open, state)
SELECT %(queue)s, %(task)s, coalesce(max(s.n), 0) + 1, nextval('marketplace_slot_rank'), true, 'open'
  FROM marketplace_slot s WHERE s.task_id = %(task)s AND s.queue_id = %(queue)s
ON CONFLICT DO NOTHING
"""
"""One more answer for a task that is not sure enough; it lies ahead of every cursor."""

OPEN_COVERED = """
WITH covered AS (
  UPDATE marketplace_queue SET room_units = room_units - %(cost)s WHERE id = %(queue)s AND room_units >= %(cost)s RETURNING id
)
INSERT INTO marketplace_slot (queue_id, task_id, n, rank, open, state)
SELECT covered.id, %(task)s, (SELECT coalesce(max(s.n), 0) + 1 FROM marketplace_slot s
                               WHERE s.task_id = %(task)s AND s.queue_id = covered.id),
       nextval('marketplace_slot_rank'), true, 'open'
  FROM covered
"""
"""A slot for an expert, if the queue's part of the reserve still covers it at the highest band and with its fee."""

ACCEPT_OVERDUE = """
WITH overdue AS (
  SELECT id, state, worker_id, task_id FROM marketplace_submission
   WHERE state IN ('waiting', 'sent_back') AND judge_by <= %(now)s ORDER BY judge_by LIMIT %(limit)s
     FOR UPDATE SKIP LOCKED
), accepted AS (
  UPDATE marketplace_submission s SET state = 'accepted', judge_by = NULL FROM overdue WHERE s.id = overdue.id
), noted AS (
  INSERT INTO kit_auditrecord (at, verb, subject_kind, subject_id, from_state, to_state, reason)
  SELECT %(now)s, 'submission.accepted', 'marketplace.submission', id::text, state, 'accepted', 'silence' FROM overdue
), told AS (
  INSERT INTO kit_outboxevent (name, payload)
  SELECT 'submission.judged',
         jsonb_build_object('submission_id', id, 'worker_id', worker_id, 'decision', 'silence', 'task_id', task_id)
    FROM overdue
)
SELECT id FROM overdue
"""
"""Accept what nobody judged in time: state, trail and event in one; as objects, 500 of them take five times as long."""
