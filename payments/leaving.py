"""Leaving and money: who is owed something is not erased before it is paid, and whoever went is paid to the last payable step."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from kit import states
from kit.errors import Text
from kit.money import PAYABLE_STEP, Money
from payments import words
from payments.models import PayoutAccount
from payments.states import PAYOUT_ACCOUNT
from workers import erasure

OPEN_MONEY = """
SELECT currency, sum(units)::bigint, bool_or(debt) FROM (
    SELECT account.currency, abs(kept.amount) AS units, account.kind = 'worker_receivable' AND kept.amount <> 0 AS debt
    FROM payments_ledgeraccount account JOIN payments_ledgerbalance kept ON kept.account_id = account.id
    WHERE account.owner_id = %(worker)s AND account.kind IN
        ('worker_pending', 'worker_available', 'worker_in_transit', 'worker_held', 'worker_receivable')
    UNION ALL
    SELECT currency, amount_units, false FROM payments_payout WHERE worker_id = %(worker)s AND state IN ('sent', 'failed')
) AS parts GROUP BY currency
"""
"""What somebody still has here or on its way, and what they owe, by currency."""


def still_open(worker_id: uuid.UUID) -> list[Money]:
    """Money that has to find its way first, by currency: what no rail can pay, less than its smallest step, is not counted."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_MONEY, {"worker": worker_id})
        rows = cursor.fetchall()
    return [Money(units, currency) for currency, units, debt in rows if debt or units >= PAYABLE_STEP.get(currency, 100)]


def _owed(user_id: uuid.UUID) -> list[Text]:
    return [
        _("%(amount)s of yours is not settled yet. It is paid first; the page of your earnings says when.")
        % {"amount": words.amount(money)}
        for money in still_open(user_id)
    ]


def _erase(user_id: uuid.UUID, now: datetime) -> None:
    """Bank details go and accounts are closed; what law wants kept - amounts, dates, the rail's own names - stays."""
    for account in PayoutAccount.objects.select_for_update().filter(user_id=user_id):
        if account.state != "closed":
            states.move(account, chart=PAYOUT_ACCOUNT, to="closed", actor_id=None, now=now, reason="erased")
        account.sealed, account.masked, account.wanted = "", "", []
        account.save(update_fields=["sealed", "masked", "wanted"])


erasure.declare(obstacle=_owed, eraser=_erase)
