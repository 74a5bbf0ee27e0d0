"""The rail of bank files: `send` puts a payment on the list for the next file, and the bank's report is its answer.

Until that report has come a try is in doubt, like one at Stripe whose answer was lost: nothing else is sent for it.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from kit import outbox
from kit.money import Money
from payments import gateway, ledger
from payments.chart import platform
from payments.models import Attempt, BankPayment, Payout


class AtTheBank(gateway.InDoubt):
    """It waits for a file, or for the bank's word; asking often changes nothing, and a report wakes the try up."""

    look_again = dt.timedelta(hours=6)


def send(*, key: str, group: str, destination: str, amount: Money, payout_id: uuid.UUID) -> gateway.Transfer:
    """Put a payment on the list, once per key. Always raises AtTheBank: what comes of it, a report says days later."""
    with transaction.atomic(durable=True):
        payout = Payout.objects.select_related("account").get(pk=payout_id)
        if not payout.account.sealed:
            raise gateway.Definite("payout_account_not_ready")
        first = not BankPayment.objects.filter(payout__run_id=payout.run_id, state="waiting").exists()
        attempt = Attempt.objects.get(key=key)
        _row, made = BankPayment.objects.get_or_create(
            key=key,
            defaults={
                "payout": payout, "amount_units": amount.units, "currency": amount.currency, "sealed": payout.account.sealed,
                "created_at": attempt.first_sent_at or attempt.created_at,
            },
        )  # fmt: skip
        if made and first:
            outbox.emit("bank_file.waits", run_id=str(payout.run_id))
    raise AtTheBank("at_the_bank")


def find(*, group: str) -> list[gateway.Transfer]:
    """What the bank has settled. Raises AtTheBank while it has not said, Definite when it refused; empty if never listed."""
    rows = BankPayment.objects.select_related("payout__account").filter(payout_id=group.removeprefix("payout_"))
    payments = list(rows.order_by("created_at"))
    if settled := [_transfer(each, group) for each in payments if each.state == "settled"]:
        return settled
    if any(each.state != "rejected" for each in payments):
        raise AtTheBank("at_the_bank")
    if payments:
        raise gateway.Definite(payments[-1].fault, payments[-1].detail)
    return []


def _transfer(payment: BankPayment, group: str) -> gateway.Transfer:
    return gateway.Transfer(
        id=payment.key, amount=Money(payment.amount_units, payment.currency), payment=payment.key, group=group, reversed=False,
        destination=payment.payout.account.rail_account or "",
    )  # fmt: skip


def available(currency: str) -> Money:
    """Our bank account as the reports show it; what is put onto it from elsewhere, only its statement knows."""
    return ledger.balance(platform("bank_available", currency))
