"""Two accounts of one person: all money of the old one that is still here goes over to the kept one, by postings."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from kit.errors import Text
from kit.money import Money
from payments import ledger, payout_sql
from payments.chart import Account
from payments.models import LedgerBalance, MoneyMove, Payout
from payments.states import OPEN_PAYOUT
from workers.models import Merge

HAND_OVER = """
UPDATE payments_earning SET worker_id = %(kept)s
WHERE worker_id = %(old)s AND payout_id IS NULL AND state IN ('pending', 'confirmed')
RETURNING currency, state, held, CASE WHEN state = 'pending' THEN amount_units ELSE confirmed_units END
"""
"""Earnings that no payout carries belong to the kept account from now on; the database asks for the merge that says so."""

PLACES = ("pending", "available", "held", "receivable")


def in_the_way(worker_id: uuid.UUID) -> list[Text]:
    """Money on its way arrives first, as its payout has a bank account already."""
    if Payout.objects.filter(worker_id=worker_id, state__in=OPEN_PAYOUT).exists():
        return [_("A payout is under way. Wait until it has left.")]
    return []


def move(*, merge: Merge, actor_id: uuid.UUID | None, now: datetime) -> list[MoneyMove]:
    """Move what the old account holds; nothing when it holds nothing. May be repeated for money that arrives later.

    Postings come last. Raises ledger.Overdrawn, and leaves nothing moved, should a payout have begun meanwhile.
    """
    units = _hand_over(merge)
    for currency, carry in _carried(merge.old_id).items():
        units[currency]["available"] += carry
        units[currency]["carry"] += carry
    for currency, debt in _debts(merge.old_id).items():
        units[currency]["receivable"] += debt
    if in_the_way(merge.old_id):
        raise ledger.Overdrawn(_("A payout is under way. Wait until it has left."))
    rows = [
        MoneyMove.objects.create(
            merge=merge, from_worker_id=merge.old_id, to_worker_id=merge.kept_id, currency=currency, at=now,
            carry_units=parts["carry"], **{f"{place}_units": parts[place] for place in PLACES},
        )  # fmt: skip
        for currency, parts in sorted(units.items())
        if any(parts.values())
    ]
    for row in rows:
        _post(row, actor_id)
    return rows


def _hand_over(merge: Merge) -> dict[str, dict[str, int]]:
    units: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with connection.cursor() as cursor:
        cursor.execute(HAND_OVER, {"kept": merge.kept_id, "old": merge.old_id})
        for currency, state, held, amount in cursor.fetchall():
            units[currency]["pending" if state == "pending" else "held" if held else "available"] += amount
    return units


def _carried(worker_id: uuid.UUID) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(payout_sql.CARRIED, {"worker": worker_id})
        return {currency: units for currency, units in cursor.fetchall() if units}


def _debts(worker_id: uuid.UUID) -> dict[str, int]:
    rows = LedgerBalance.objects.filter(account__owner_id=worker_id, account__kind="worker_receivable").exclude(amount=0)
    return dict(rows.values_list("account__currency", "amount"))


def _post(row: MoneyMove, actor_id: uuid.UUID | None) -> None:
    """One posting with two legs for each place; a debt stands on the other side of the books."""
    legs: list[ledger.Leg] = []
    for place in PLACES:
        amount = Money(getattr(row, f"{place}_units"), row.currency)
        theirs = Account(f"worker_{place}", row.from_worker_id, row.currency)
        kept = Account(f"worker_{place}", row.to_worker_id, row.currency)
        debit, credit = (kept, theirs) if place == "receivable" else (theirs, kept)
        legs += ledger.move(amount, debit=debit, credit=credit)
    ledger.post(ledger.Posting(
        idem=f"merge:{row.pk}", kind="merge", source_kind="merge", source_id=row.merge_id, actor_id=actor_id, now=row.at, legs=legs
    ))  # fmt: skip


LATE = """
SELECT merge.id FROM workers_merge merge
WHERE merge.state = 'done' AND EXISTS (
    SELECT FROM payments_earning earning
    WHERE earning.worker_id = merge.old_id AND earning.payout_id IS NULL AND earning.state IN ('pending', 'confirmed')
)
"""


def follow_up(*, now: datetime) -> int:
    """What arrives at an account after it became part of another - a dispute that was won - follows; returns how many accounts."""
    with connection.cursor() as cursor:
        cursor.execute(LATE)
        late = [row[0] for row in cursor.fetchall()]
    merges = [one for one in Merge.objects.filter(pk__in=late) if not in_the_way(one.old_id)]
    for merge in merges:
        move(merge=merge, actor_id=None, now=now)
    return len(merges)
