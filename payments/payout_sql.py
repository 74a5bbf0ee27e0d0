"""The statements of a payout run written by hand: claims and sums over all of its workers at once."""

from __future__ import annotations

LEFT_BEHIND = """(
    SELECT worker_id, currency, earned_units - amount_units - cost_units AS units FROM payments_payout
    WHERE state NOT IN ('draft', 'returned')
    UNION ALL SELECT from_worker_id, currency, -carry_units FROM payments_moneymove
    UNION ALL SELECT to_worker_id, currency, carry_units FROM payments_moneymove
)"""
"""What payouts left behind by rounding down, by worker and currency; it goes along when two accounts of one person become one."""

CARRIED = f"SELECT currency, sum(units)::bigint FROM {LEFT_BEHIND} AS parts WHERE worker_id = %(worker)s GROUP BY currency"
"""The same of one worker."""

CANDIDATES = """
SELECT worker_id, sum(confirmed_units)::bigint, count(*)
FROM payments_earning
WHERE state = 'confirmed' AND payout_id IS NULL AND NOT held AND currency = %(currency)s
  AND (%(workers)s::uuid[] IS NULL OR worker_id = ANY(%(workers)s::uuid[]))
GROUP BY worker_id
"""
"""Who has earned what that no payout carries yet."""

CLAIM = """
UPDATE payments_earning earning SET payout_id = payout.id
FROM payments_payout payout
WHERE payout.run_id = %(run)s AND earning.worker_id = payout.worker_id AND earning.currency = payout.currency
  AND earning.state = 'confirmed' AND earning.payout_id IS NULL AND NOT earning.held
"""
"""Every payable earning of the run's workers joins its payout; the open payout of a worker is the run's alone."""

CARRY = f"""
SELECT worker_id, sum(units)::bigint FROM {LEFT_BEHIND} AS parts
WHERE worker_id = ANY(%(workers)s::uuid[]) AND currency = %(currency)s
GROUP BY worker_id
"""
"""What the payouts of these workers left behind by rounding down, whatever order they ended in."""

SUM_UP = f"""
WITH carried AS (
    SELECT earlier.worker_id, sum(earlier.units)::bigint AS units
    FROM {LEFT_BEHIND} AS earlier JOIN payments_payout mine ON mine.run_id = %(run)s AND mine.worker_id = earlier.worker_id
    WHERE earlier.currency = mine.currency
    GROUP BY earlier.worker_id
), claimed AS (
    SELECT payout_id, sum(confirmed_units)::bigint AS units, count(*) AS earnings
    FROM payments_earning WHERE payout_id IN (SELECT id FROM payments_payout WHERE run_id = %(run)s) GROUP BY payout_id
), payable AS (
    SELECT payout.id, coalesce(claimed.units, 0) AS earned, coalesce(claimed.earnings, 0) AS earnings,
        coalesce(carried.units, 0) AS carry_in,
        greatest(0, (coalesce(claimed.units, 0) + coalesce(carried.units, 0)) / %(step)s * %(step)s) AS amount
    FROM payments_payout payout
    LEFT JOIN claimed ON claimed.payout_id = payout.id LEFT JOIN carried ON carried.worker_id = payout.worker_id
    WHERE payout.run_id = %(run)s
)
UPDATE payments_payout payout SET
    earned_units = payable.earned, earnings_count = payable.earnings, carry_in_units = payable.carry_in,
    amount_units = payable.amount, carry_out_units = payable.earned + payable.carry_in - payable.amount
FROM payable WHERE payable.id = payout.id
"""
"""Amount = earnings + carry-in, floored to the payable step; the rest is the carry-out."""

LET_GO = "UPDATE payments_earning SET payout_id = NULL WHERE payout_id = ANY(%(payouts)s::uuid[])"
"""Earnings of payouts that will not be made wait for the next run."""

CLAIM_OLDEST = f"""
WITH carried AS (
    SELECT coalesce(sum(units), 0)::bigint AS units FROM {LEFT_BEHIND} AS parts
    WHERE worker_id = %(worker)s AND currency = %(currency)s
), free AS (
    SELECT id, coalesce(sum(confirmed_units) OVER (ORDER BY settled_at, id ROWS UNBOUNDED PRECEDING) - confirmed_units, 0) AS before
    FROM payments_earning
    WHERE worker_id = %(worker)s AND currency = %(currency)s AND state = 'confirmed' AND payout_id IS NULL AND NOT held
)
UPDATE payments_earning earning SET payout_id = %(payout)s
FROM free, carried WHERE earning.id = free.id AND free.before + carried.units < %(amount)s
"""
"""For a payout whose amount is known already: as many of the oldest earnings as it takes."""

SUM_UP_GIVEN = f"""
WITH carried AS (
    SELECT coalesce(sum(units), 0)::bigint AS units FROM {LEFT_BEHIND} AS parts
    WHERE worker_id = %(worker)s AND currency = %(currency)s
), claimed AS (
    SELECT coalesce(sum(confirmed_units), 0)::bigint AS units, count(*) AS earnings
    FROM payments_earning WHERE payout_id = %(payout)s
)
UPDATE payments_payout payout SET
    earned_units = claimed.units, earnings_count = claimed.earnings, carry_in_units = carried.units,
    amount_units = %(amount)s, carry_out_units = claimed.units + carried.units - %(amount)s
FROM carried, claimed WHERE payout.id = %(payout)s AND claimed.units + carried.units >= %(amount)s
"""
"""The sums of such a payout; no row when its earnings do not cover it."""
