"""What must be true of the books at any moment, each as one statement that finds what breaks it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection, transaction

from kit import outbox
from payments import db_roles
from payments.models import LedgerCheck


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant: whether it holds, and what to look at if not."""

    name: str
    ok: bool
    detail: str


GUARDS = """
SELECT wanted.name FROM (VALUES
    ('ledger_entries_added'), ('ledger_tx_balances'), ('ledger_append_only'), ('lines_append_only'), ('earning_frozen'),
    ('earning_paid_once'), ('earning_stays_with_its_worker')
) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = wanted.name AND tgenabled = 'O')
"""

INVARIANTS: tuple[tuple[str, str], ...] = (
    ("triggers stand", GUARDS),
    (
        "ledger sums to zero",
        """
        SELECT account.currency || ' ' || sum(entry.amount)
        FROM payments_ledgerentry entry JOIN payments_ledgeraccount account ON account.id = entry.account_id
        GROUP BY account.currency HAVING sum(entry.amount) <> 0
        """,
    ),
    (
        "every transaction balances",
        """
        SELECT 'tx ' || tx.id FROM payments_ledgertx tx
        LEFT JOIN (SELECT entry.tx_id, account.currency, count(*) AS legs, sum(entry.amount) AS rest
                   FROM payments_ledgerentry entry JOIN payments_ledgeraccount account ON account.id = entry.account_id
                   GROUP BY 1, 2) AS part ON part.tx_id = tx.id
        GROUP BY tx.id, tx.legs HAVING coalesce(sum(part.legs), 0) <> tx.legs OR bool_or(part.rest <> 0)
        """,
    ),
    (
        "kept balances are the sums",
        """
        SELECT account.kind || ' ' || account.id
        FROM payments_ledgeraccount account
        LEFT JOIN payments_ledgerbalance kept ON kept.account_id = account.id
        LEFT JOIN (SELECT account_id, sum(amount) AS amount, count(*) AS entries FROM payments_ledgerentry GROUP BY account_id)
            AS summed ON summed.account_id = account.id
        WHERE account.tracked AND (coalesce(kept.amount, 0), coalesce(kept.entries, 0))
              <> (coalesce(summed.amount, 0), coalesce(summed.entries, 0))
        """,
    ),
    (
        "no guarded account below zero",
        """
        SELECT account.kind || ' ' || account.id
        FROM payments_ledgeraccount account JOIN payments_ledgerentry entry ON entry.account_id = account.id
        WHERE account.guarded OR account.kind = 'batch_reserved'
        GROUP BY account.id HAVING sum(entry.amount) * CASE WHEN account.debit_side THEN 1 ELSE -1 END < 0
        """,
    ),
    (
        "tallies are the ledger's reserves",
        """
        SELECT 'batch ' || coalesce(tallied.batch_id, booked.owner_id)
        FROM (SELECT batch_id, sum(given_units - pending_units - paid_units - fee_units) AS units
              FROM payments_batchtally GROUP BY batch_id) AS tallied
        FULL JOIN (SELECT account.owner_id, -sum(entry.amount) AS units
                   FROM payments_ledgerentry entry JOIN payments_ledgeraccount account ON account.id = entry.account_id
                   WHERE account.kind = 'batch_reserved' GROUP BY account.owner_id) AS booked
            ON booked.owner_id = tallied.batch_id
        WHERE coalesce(tallied.units, 0) <> coalesce(booked.units, 0)
        """,
    ),
    (
        "pending earnings are the ledger's",
        """
        SELECT 'worker ' || coalesce(earned.worker_id, booked.owner_id)
        FROM (SELECT worker_id, currency, sum(amount_units) AS units FROM payments_earning
              WHERE state = 'pending' GROUP BY worker_id, currency) AS earned
        FULL JOIN (SELECT account.owner_id, account.currency, -kept.amount AS units
                   FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
                   WHERE account.kind = 'worker_pending') AS booked
            ON booked.owner_id = earned.worker_id AND booked.currency = earned.currency
        WHERE coalesce(earned.units, 0) <> coalesce(booked.units, 0)
        """,
    ),
    (
        "every confirmed unit is available, held, in transit or sent",
        """
        WITH earned AS (
            SELECT worker_id, currency, sum(confirmed_units) AS units FROM payments_earning
            WHERE state = 'confirmed' GROUP BY worker_id, currency
        ), left_us AS (
            SELECT worker_id, currency, sum(units) AS units FROM (
                SELECT worker_id, currency, amount_units + cost_units AS units FROM payments_payout
                WHERE state IN ('sent', 'paid', 'failed')
                UNION ALL SELECT from_worker_id, currency, carry_units FROM payments_moneymove
                UNION ALL SELECT to_worker_id, currency, -carry_units FROM payments_moneymove
            ) AS parts GROUP BY worker_id, currency
        ), booked AS (
            SELECT account.owner_id, account.currency, -sum(kept.amount) AS units
            FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
            WHERE account.kind IN ('worker_available', 'worker_held', 'worker_in_transit') GROUP BY 1, 2
        )
        SELECT 'worker ' || earned.worker_id FROM earned
        LEFT JOIN left_us USING (worker_id, currency)
        LEFT JOIN booked ON booked.owner_id = earned.worker_id AND booked.currency = earned.currency
        WHERE earned.units <> coalesce(left_us.units, 0) + coalesce(booked.units, 0)
        """,
    ),
    (
        "budgets of programmes are what was set aside and not paid",
        """
        SELECT 'programme ' || coalesce(funded.programme_id, booked.owner_id)
        FROM (SELECT funds.programme_id, funds.currency, sum(funds.units) AS units FROM (
                  SELECT programme_id, currency, units FROM payments_programmefunds
                  UNION ALL SELECT batch_id, currency, -confirmed_units FROM payments_earning
                  WHERE source_kind IN ('referral', 'welcome')) AS funds
              GROUP BY 1, 2) AS funded
        FULL JOIN (SELECT account.owner_id, account.currency, -kept.amount AS units
                   FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
                   WHERE account.kind = 'programme_reserved') AS booked
            ON booked.owner_id = funded.programme_id AND booked.currency = funded.currency
        WHERE coalesce(funded.units, 0) <> coalesce(booked.units, 0)
        """,
    ),
    (
        "money in transit is that of open payouts",
        """
        SELECT 'worker ' || coalesce(sending.worker_id, booked.owner_id)
        FROM (SELECT worker_id, currency, sum(amount_units) AS units FROM payments_payout WHERE state = 'sending'
              GROUP BY worker_id, currency) AS sending
        FULL JOIN (SELECT account.owner_id, account.currency, -kept.amount AS units
                   FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
                   WHERE account.kind = 'worker_in_transit') AS booked
            ON booked.owner_id = sending.worker_id AND booked.currency = sending.currency
        WHERE coalesce(sending.units, 0) <> coalesce(booked.units, 0)
        """,
    ),
    (
        "held money is that of open holds",
        """
        SELECT 'worker ' || coalesce(stopped.worker_id, booked.owner_id)
        FROM (SELECT earning.worker_id, earning.currency, sum(hold.units) AS units
              FROM payments_hold hold JOIN payments_earning earning ON earning.id = hold.earning_id
              WHERE hold.state = 'open' GROUP BY 1, 2) AS stopped
        FULL JOIN (SELECT account.owner_id, account.currency, -kept.amount AS units
                   FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
                   WHERE account.kind = 'worker_held') AS booked
            ON booked.owner_id = stopped.worker_id AND booked.currency = stopped.currency
        WHERE coalesce(stopped.units, 0) <> coalesce(booked.units, 0)
        """,
    ),
    (
        "no earning rests in a payout that came back",
        """
        SELECT 'earning ' || earning.id
        FROM payments_payout payout JOIN payments_earning earning ON earning.payout_id = payout.id
        WHERE payout.state = 'returned'
        """,
    ),
    (
        "every payout is its earnings and carry, with one transfer",
        """
        SELECT 'payout ' || payout.id FROM payments_payout payout
        LEFT JOIN (SELECT payout_id, sum(confirmed_units) AS units FROM payments_earning WHERE payout_id IS NOT NULL
                   GROUP BY payout_id) AS earned ON earned.payout_id = payout.id
        LEFT JOIN (SELECT payout_id, count(*) AS known FROM payments_attempt WHERE state = 'known' GROUP BY payout_id)
            AS tried ON tried.payout_id = payout.id
        WHERE payout.state <> 'returned' AND payout.earned_units <> coalesce(earned.units, 0)
           OR (payout.state IN ('sent', 'paid', 'failed')) <> (coalesce(tried.known, 0) = 1)
        """,
    ),
    (
        "disputed money is that of open chargebacks",
        """
        SELECT 'client ' || coalesce(taken.organisation_id, booked.owner_id)
        FROM (SELECT organisation_id, currency, sum(amount_units) AS units FROM payments_chargeback
              WHERE state = 'open' GROUP BY 1, 2) AS taken
        FULL JOIN (SELECT account.owner_id, account.currency, kept.amount AS units
                   FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
                   WHERE account.kind = 'dispute') AS booked
            ON booked.owner_id = taken.organisation_id AND booked.currency = taken.currency
        WHERE coalesce(taken.units, 0) <> coalesce(booked.units, 0)
        """,
    ),
    (
        "clearing holds what is not yet seen at Stripe",
        """
        SELECT currency || ' ' || sum(units) FROM (
            SELECT account.currency, kept.amount AS units
            FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
            WHERE account.kind = 'stripe_clearing'
            UNION ALL
            SELECT currency, -amount_units FROM payments_funding WHERE state = 'settled' AND cleared_at IS NULL
            UNION ALL
            SELECT coalesce(nullif(payout.exchanged_into, ''), payout.currency), coalesce(payout.exchanged_units, payout.amount_units)
            FROM payments_attempt attempt JOIN payments_payout payout ON payout.id = attempt.payout_id
            JOIN payments_payoutaccount payee ON payee.id = payout.account_id AND payee.rail = 'stripe'
            WHERE attempt.state = 'known' AND attempt.cleared_at IS NULL
            UNION ALL
            SELECT currency, amount_units FROM payments_refund WHERE state <> 'refused' AND cleared_at IS NULL
            UNION ALL
            SELECT currency, -amount_units FROM payments_refund WHERE state = 'failed' AND back_cleared_at IS NULL
            UNION ALL
            SELECT currency, amount_units FROM payments_chargeback WHERE taken_cleared_at IS NULL
            UNION ALL
            SELECT currency, -amount_units FROM payments_chargeback WHERE state = 'won' AND back_cleared_at IS NULL
            UNION ALL
            SELECT out_currency, out_units FROM payments_ownexchange WHERE out_cleared_at IS NULL
            UNION ALL
            SELECT into_currency, -into_units FROM payments_ownexchange WHERE into_cleared_at IS NULL
        ) AS parts GROUP BY currency HAVING sum(units) <> 0
        """,
    ),
    (
        "bank clearing holds what nobody took off yet",
        """
        SELECT currency || ' ' || sum(units) FROM (
            SELECT account.currency, kept.amount AS units
            FROM payments_ledgerbalance kept JOIN payments_ledgeraccount account ON account.id = kept.account_id
            WHERE account.kind = 'bank_clearing'
            UNION ALL
            SELECT payout.currency, payout.amount_units
            FROM payments_attempt attempt JOIN payments_payout payout ON payout.id = attempt.payout_id
            JOIN payments_payoutaccount payee ON payee.id = payout.account_id AND payee.rail = 'bank_file'
            WHERE attempt.state = 'known' AND attempt.cleared_at IS NULL
        ) AS parts GROUP BY currency HAVING sum(units) <> 0
        """,
    ),
    (
        "bank payments are their payouts, bank files their sums",
        """
        SELECT 'bank payment ' || payment.key FROM payments_bankpayment payment
        JOIN payments_payout payout ON payout.id = payment.payout_id
        LEFT JOIN payments_attempt attempt ON attempt.key = payment.key
        WHERE payment.amount_units <> payout.amount_units OR payment.currency <> payout.currency OR attempt.id IS NULL
           OR attempt.state = 'known' AND payment.state <> 'settled'
           OR attempt.state = 'refused' AND payment.state <> 'rejected'
        UNION ALL
        SELECT 'bank file ' || file.id FROM payments_bankfile file
        JOIN payments_bankpayment payment ON payment.file_id = file.id
        GROUP BY file.id HAVING sum(payment.amount_units) <> file.total_units OR count(*) <> file.payments_count
        """,
    ),
)


def findings() -> list[Finding]:
    """Look at every invariant in one snapshot; the roles come first."""
    absent = db_roles.missing(connection)
    guard = Finding("guard", not absent, "; ".join(absent[:5]) if absent else "roles stand")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return [guard, *look()]


def look(*, kinds: Collection[str] = ()) -> list[Finding]:
    """The invariants as the caller's transaction sees the books, what it has not committed included: all of them, or those
    that hold accounts of these kinds against rows beside the ledger, which are all that one balanced posting can break."""
    found = []
    with connection.cursor() as cursor:
        for name, statement in INVARIANTS:
            if kinds and not any(f"'{kind}'" in statement for kind in kinds):
                continue
            cursor.execute(f"SELECT found.* FROM ({statement}) AS found LIMIT 5")
            broken = [str(row[0]) for row in cursor.fetchall()]
            found.append(Finding(name, not broken, ", ".join(broken)))
    return found


def keep(found: list[Finding], *, now: dt.datetime) -> None:
    """Keep what was found, for the page that shows it."""
    LedgerCheck.objects.bulk_create(
        [LedgerCheck(name=each.name, place=at, ok=each.ok, detail=each.detail, at=now) for at, each in enumerate(found)],
        update_conflicts=True, unique_fields=["name"], update_fields=["place", "ok", "detail", "at"],
    )  # fmt: skip


def tell_broken(found: list[Finding]) -> None:
    """Tell finance of invariants that do not hold."""
    if broken := [each.name for each in found if not each.ok]:
        outbox.emit("ledger.broken", invariants=broken)
