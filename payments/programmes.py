"""Programmes that the platform pays out of its own money, such as referrals: a budget that cannot be overrun, and what is paid of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kit.errors import Invalid
from kit.ids import uuid7
from kit.money import Money
from payments import earnings, ledger
from payments.chart import Account, platform
from payments.models import ProgrammeFunds

SOURCES = ("referral", "welcome")
"""Kinds of earnings that programmes pay: to who brought somebody, and to who came."""
MOST = 1_000_000 * 10_000


def account(programme_id: uuid.UUID, currency: str) -> Account:
    return Account("programme_reserved", programme_id, currency)


def left(*, programme_id: uuid.UUID, currency: str) -> Money:
    """What of the budget is not paid; promises are in it."""
    return ledger.balance(account(programme_id, currency))


def fund(*, programme_id: uuid.UUID, amount: Money, by_id: uuid.UUID, now: datetime) -> ProgrammeFunds:
    """Set money aside for a programme, or, below zero, take some back: platform referrals <-> programme reserved.

    Raises Invalid, ledger.Overdrawn where so much is not there; then nothing moved. Needs a transaction.
    """
    if not amount.units or abs(amount.units) > MOST:
        raise Invalid(_("Expected an amount."), field="amount")
    made = ProgrammeFunds.objects.create(programme_id=programme_id, currency=amount.currency, units=amount.units, by_id=by_id, at=now)
    spent, kept = platform("platform_referrals", amount.currency), account(programme_id, amount.currency)
    legs = ledger.move(amount, debit=spent, credit=kept) if amount.units > 0 else ledger.move(-amount, debit=kept, credit=spent)
    ledger.post(ledger.Posting(
        idem=f"programme:{made.pk}", kind="programme", source_kind="programme", source_id=programme_id, legs=legs, actor_id=by_id,
        now=now,
    ))  # fmt: skip
    return made


def rows(programme_id: uuid.UUID) -> QuerySet[ProgrammeFunds]:
    """What was set aside and taken back, the newest first."""
    return ProgrammeFunds.objects.filter(programme_id=programme_id).select_related("by").order_by("-at", "-id")


def pay(
    *, programme_id: uuid.UUID, worker_id: uuid.UUID, source_kind: str, source_id: uuid.UUID, currency: str,
    lines: Sequence[earnings.Line], now: datetime,
) -> bool:  # fmt: skip
    """Confirm an earning out of the budget, once per source: programme reserved -> worker available. False for a replay.

    Raises ledger.Overdrawn where the budget does not cover it; then nothing moved.
    """
    with ledger.overdraft_guard():
        return earnings.add(earnings.Accrual(
            earning_id=uuid7(), worker_id=worker_id, organisation_id=None, batch_id=programme_id, source_kind=source_kind,
            source_id=source_id, currency=currency, lines=lines, fee_units=0, confirmed=True, now=now, from_programme=True,
        ))  # fmt: skip
