"""Clients' money: paid in through Stripe's hosted page, promised to a batch at launch, returned when the batch is settled."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from kit import outbox
from kit.errors import Conflict, Invalid
from kit.money import Money
from payments import ledger, locks, sql
from payments.chart import Account
from payments.models import BatchTally

LOW_BP = 2_000
"""A client hears `budget.low` when a launch leaves less prepaid than this share of what it took."""


class InsufficientFunds(Conflict):
    """The client's prepaid money does not cover it; `missing` says by how much."""

    code = "insufficient_funds"

    def __init__(self, missing: Money) -> None:
        message = _("There is not enough prepaid money: %(missing)s is missing. Add funds and launch again.")
        super().__init__(message % {"missing": missing}, missing=str(missing.decimal()), currency=missing.currency)
        self.missing = missing


def prepaid(*, organisation_id: uuid.UUID, currency: str) -> Money:
    """What a client has paid in and not promised to any batch."""
    return ledger.balance(Account("client_prepaid", organisation_id, currency))


def reserve(
    *, organisation_id: uuid.UUID, batch_id: uuid.UUID, amount: Money, idem: str, actor_id: uuid.UUID | None, now: datetime
) -> None:
    """Promise prepaid money to a batch; the guarded account makes fifty launches over one balance safe.

    Once per `idem`. Raises InsufficientFunds, and nothing is promised then.
    """
    if amount.units <= 0:
        raise Invalid(_("Expected an amount above zero."), field="amount")
    prepaid_account = Account("client_prepaid", organisation_id, amount.currency)
    legs = ledger.move(amount, debit=prepaid_account, credit=Account("batch_reserved", batch_id, amount.currency))
    try:
        posted = ledger.post(
            ledger.Posting(
                idem=idem, kind="reserve", source_kind="batch", source_id=batch_id, legs=legs, actor_id=actor_id, now=now
            )
        )
    except ledger.Overdrawn:
        raise InsufficientFunds(amount - ledger.balance(prepaid_account)) from None
    if posted:
        _tally(organisation_id=organisation_id, batch_id=batch_id, given=amount)
        left = ledger.balance(prepaid_account)
        if left < amount.times_bp(LOW_BP):
            outbox.emit(
                "budget.low", organisation_id=str(organisation_id), batch_id=str(batch_id),
                prepaid_units=left.units, currency=left.currency,
            )  # fmt: skip


def return_reserve(
    *, organisation_id: uuid.UUID, batch_id: uuid.UUID, amount: Money, idem: str, actor_id: uuid.UUID | None, now: datetime
) -> None:
    """Give what a batch no longer needs back to prepaid, once per `idem`. Raises Conflict when less than that is left."""
    if amount.units <= 0:
        raise Invalid(_("Expected an amount above zero."), field="amount")
    locks.reserve_of(batch_id)
    reserve_account = Account("batch_reserved", batch_id, amount.currency)
    legs = ledger.move(amount, debit=reserve_account, credit=Account("client_prepaid", organisation_id, amount.currency))
    posting = ledger.Posting(
        idem=idem, kind="return", source_kind="batch", source_id=batch_id, legs=legs, actor_id=actor_id, now=now
    )
    if not ledger.posted(idem) and ledger.balance(reserve_account) < amount:
        raise Conflict(_("The batch has less than this left in its reserve."))
    if ledger.post(posting):
        _tally(organisation_id=organisation_id, batch_id=batch_id, given=-amount)


def reserved(*, batch_id: uuid.UUID, currency: str) -> Money:
    """What is promised to a batch and not yet earned, pending or charged as fee."""
    parts = BatchTally.objects.filter(batch_id=batch_id, currency=currency).aggregate(
        left=Sum(F("given_units") - F("pending_units") - F("paid_units") - F("fee_units"))
    )
    return Money(int(parts["left"] or 0), currency)


def _tally(*, organisation_id: uuid.UUID, batch_id: uuid.UUID, given: Money) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.TALLY,
            {
                "batch": batch_id, "organisation": organisation_id, "currency": given.currency, "given": given.units,
                "pending": 0, "paid": 0, "fees": 0,
            },
        )  # fmt: skip
