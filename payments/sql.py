"""The statements of money written by hand: one named constant per fact, for the hot path and for work in sets."""

from __future__ import annotations

SHARDS = 16

GIVE = f"""
INSERT INTO payments_batchtally AS tally (batch_id, shard, organisation_id, currency, given_units)
VALUES (%(batch)s, pg_backend_pid() %% {SHARDS}, %(organisation)s, %(currency)s, %(given)s)
ON CONFLICT (batch_id, shard) DO UPDATE SET given_units = tally.given_units + excluded.given_units
"""
"""What a batch was given (or, negative, gave back), added to the row of this database session's group."""

_POSTED = """
leg AS (
    SELECT payments_account_id(leg.kind, leg.owner, leg.currency) AS account_id, leg.*
    FROM ROWS FROM (jsonb_to_recordset(%(legs)s::jsonb) AS (kind text, owner uuid, currency text, amount bigint))
         WITH ORDINALITY AS leg (kind, owner, currency, amount, n)
), opened AS (
    INSERT INTO payments_ledgeraccount (id, kind, owner_id, currency)
    SELECT DISTINCT leg.account_id, leg.kind, leg.owner, leg.currency FROM leg
    WHERE NOT EXISTS (SELECT FROM payments_ledgeraccount known WHERE known.id = leg.account_id)
    ORDER BY leg.account_id
    ON CONFLICT DO NOTHING
), posted AS (
    INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, actor_id, at)
    SELECT %(tx)s::uuid, %(idem)s, %(tx_kind)s, %(about_kind)s, %(about_id)s::uuid, %(count)s::int, %(actor)s::uuid, %(now)s::timestamptz
    WHERE %(count)s::int > 0
    ON CONFLICT (idem) DO NOTHING
    RETURNING id
)
INSERT INTO payments_ledgerentry (tx_id, n, account_id, amount)
SELECT posted.id, leg.n, leg.account_id, leg.amount FROM posted, leg
"""

POST = f"WITH {_POSTED}"
"""A ledger transaction with its entries, opening accounts that are new; no entry is written when the key was used."""

EARN = f"""
WITH earned AS (
    INSERT INTO payments_earning (
        id, worker_id, organisation_id, batch_id, source_kind, source_id, adjusts_id, currency, amount_units, fee_units,
        state, confirmed_units, confirmed_fee_units, from_losses, created_at, settled_at
    ) VALUES (
        %(id)s, %(worker)s, %(organisation)s, %(batch)s, %(source_kind)s, %(source_id)s, %(adjusts)s, %(currency)s,
        %(amount)s, %(fee)s, %(state)s, %(confirmed)s, %(confirmed_fee)s, %(from_losses)s, %(now)s, %(settled_at)s
    )
), explained AS (
    INSERT INTO payments_earningline (earning_id, n, kind, units, inputs, rule)
    SELECT %(id)s, line.n, line.kind, line.units, line.inputs, line.rule
    FROM ROWS FROM (jsonb_to_recordset(%(lines)s::jsonb) AS (kind text, units bigint, inputs jsonb, rule text))
         WITH ORDINALITY AS line (kind, units, inputs, rule, n)
), tallied AS (
    INSERT INTO payments_batchtally AS tally (batch_id, shard, organisation_id, currency, pending_units, paid_units, fee_units)
    SELECT %(batch)s, pg_backend_pid() %% {SHARDS}, %(organisation)s, %(currency)s, %(pending)s, %(paid)s, %(paid_fee)s
    WHERE NOT %(from_losses)s
    ON CONFLICT (batch_id, shard) DO UPDATE SET
        pending_units = tally.pending_units + excluded.pending_units,
        paid_units = tally.paid_units + excluded.paid_units, fee_units = tally.fee_units + excluded.fee_units
), {_POSTED}
"""
"""An earning, the lines that explain it, what of the batch's money it takes, and its posting: one fact."""

PAYLOAD = """
SELECT tx.kind, tx.source_kind, tx.source_id, entry.account_id, entry.amount
FROM payments_ledgertx tx JOIN payments_ledgerentry entry ON entry.tx_id = tx.id
WHERE tx.idem = %(idem)s
"""
"""What was posted under a key, to hold a replay against."""

SETTLE = f"""
WITH moved AS (
    UPDATE payments_earning earning SET
        state = %(state)s, settled_at = %(now)s,
        confirmed_units = CASE WHEN %(state)s = 'confirmed' THEN payments_share(earning.amount_units, %(share)s) END,
        confirmed_fee_units = CASE WHEN %(state)s = 'confirmed' THEN payments_share(earning.fee_units, %(share)s) END
    WHERE earning.source_kind = %(source_kind)s AND earning.source_id = ANY(%(source_ids)s::uuid[])
      AND earning.state = 'pending'
    RETURNING earning.id, earning.source_id, earning.worker_id, earning.organisation_id, earning.batch_id,
        earning.currency, earning.amount_units AS promised, coalesce(earning.confirmed_units, 0) AS kept,
        coalesce(earning.confirmed_fee_units, 0) AS fee
), settled AS (
    SELECT moved.*, (%(tx_ids)s::uuid[])[row_number() OVER ()] AS tx_id FROM moved
), leg AS (
    SELECT settled.id, settled.tx_id, part.kind, part.owner_id, settled.currency, part.amount,
        row_number() OVER (PARTITION BY settled.tx_id) AS n, count(*) OVER (PARTITION BY settled.tx_id) AS legs
    FROM settled CROSS JOIN LATERAL (VALUES
        ('worker_pending', settled.worker_id, settled.promised),
        ('worker_available', settled.worker_id, -settled.kept),
        ('batch_reserved', settled.batch_id, settled.fee - (settled.promised - settled.kept)),
        ('platform_revenue', %(platform)s::uuid, -settled.fee)
    ) AS part (kind, owner_id, amount)
    WHERE part.amount <> 0
), account AS MATERIALIZED (
    SELECT payments_account_id(kind, owner_id, currency) AS id, kind, owner_id, currency
    FROM (SELECT DISTINCT kind, owner_id, currency FROM leg) AS touched
), opened AS (
    INSERT INTO payments_ledgeraccount (id, kind, owner_id, currency)
    SELECT account.id, account.kind, account.owner_id, account.currency FROM account
    WHERE NOT EXISTS (SELECT FROM payments_ledgeraccount known WHERE known.id = account.id)
    ORDER BY account.id
    ON CONFLICT DO NOTHING
), posted AS (
    INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, actor_id, at)
    SELECT leg.tx_id, 'settle:' || leg.id, %(kind)s, 'earning', leg.id, leg.legs, %(actor)s, %(now)s
    FROM leg WHERE leg.n = 1
), entered AS (
    INSERT INTO payments_ledgerentry (tx_id, n, account_id, amount)
    SELECT leg.tx_id, leg.n, account.id, leg.amount
    FROM leg JOIN account USING (kind, owner_id, currency)
), tallied AS (
    INSERT INTO payments_batchtally AS tally (batch_id, shard, organisation_id, currency, pending_units, paid_units, fee_units)
    SELECT batch_id, pg_backend_pid() %% {SHARDS}, organisation_id, currency, -sum(promised), sum(kept), sum(fee)
    FROM settled GROUP BY batch_id, organisation_id, currency
    ORDER BY batch_id
    ON CONFLICT (batch_id, shard) DO UPDATE SET
        pending_units = tally.pending_units + excluded.pending_units,
        paid_units = tally.paid_units + excluded.paid_units, fee_units = tally.fee_units + excluded.fee_units
), explained AS (
    INSERT INTO payments_earningline (earning_id, n, kind, units, inputs, rule)
    SELECT settled.id, 1 + coalesce((SELECT max(line.n) FROM payments_earningline line WHERE line.earning_id = settled.id), 0),
        %(line_kind)s, settled.kept - settled.promised, %(line_inputs)s::jsonb, %(line_rule)s
    FROM settled WHERE settled.kept <> settled.promised
)
SELECT source_id FROM settled
"""
"""Pending earnings of many sources confirmed (wholly or by a share) or released: state, posting, tally and line in one.

Confirmed: pending -> available for what is kept, reserved -> revenue for the fee; the rest goes back to reserved.
Released is a share of nothing. Earnings that are no longer pending are left alone and not returned.
"""

WORKER_MONEY = """
SELECT account.currency, account.kind, -kept.amount
FROM payments_ledgeraccount account JOIN payments_ledgerbalance kept ON kept.account_id = account.id
WHERE account.owner_id = %(worker)s
  AND account.kind IN ('worker_pending', 'worker_available', 'worker_in_transit', 'worker_held')
UNION ALL
SELECT currency, 'sent', sum(amount_units)::bigint FROM payments_payout
WHERE worker_id = %(worker)s AND state IN ('sent', 'failed') GROUP BY currency
"""
"""All of a worker's money by currency and place; `sent` has left us and has not arrived at the bank."""
