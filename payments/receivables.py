"""What clients owe us: a late decision in a worker's favour, a chargeback; their next money settles it before anything else."""

from __future__ import annotations

import uuid
from datetime import datetime

from kit import outbox
from kit.money import Money
from payments import ledger, locks
from payments.chart import Account, platform


def owed(*, organisation_id: uuid.UUID, currency: str) -> Money:
    """What a client owes in one currency."""
    return ledger.balance(Account("client_receivable", organisation_id, currency))


def charge(
    *, organisation_id: uuid.UUID, pay: Money, fee: Money, source_kind: str, source_id: uuid.UUID,
    actor_id: uuid.UUID | None, now: datetime,
) -> bool:  # fmt: skip
    """Charge a client for pay that platform losses advanced, with its fee; once per source, False when it was before.

    What stands on prepaid settles it in the same moment.
    """
    receivable = Account("client_receivable", organisation_id, pay.currency)
    posted = ledger.post(
        ledger.Posting(
            idem=f"owe:{source_id}", kind="owe", source_kind=source_kind, source_id=source_id, actor_id=actor_id, now=now,
            legs=[
                ledger.Leg(receivable, pay.units + fee.units),
                ledger.Leg(platform("platform_losses", pay.currency), -pay.units),
                ledger.Leg(platform("platform_revenue", pay.currency), -fee.units),
            ],
        )
    )  # fmt: skip
    if posted:
        total = pay + fee
        outbox.emit("client.owes", organisation_id=str(organisation_id), units=total.units, currency=total.currency)
        collect(organisation_id=organisation_id, currency=pay.currency, source_kind=source_kind, source_id=source_id, now=now)
    return posted


def collect(*, organisation_id: uuid.UUID, currency: str, source_kind: str, source_id: uuid.UUID, now: datetime) -> Money:
    """Settle what a client owes from what it has prepaid, as far as that goes; once per source. Returns how much.

    The last posting of a transaction: who collects from one client does so alone.
    """
    locks.account_of(organisation_id)
    prepaid = Account("client_prepaid", organisation_id, currency)
    receivable = Account("client_receivable", organisation_id, currency)
    amount = min(ledger.balance(prepaid), ledger.balance(receivable))
    if amount.units <= 0 or ledger.posted(f"collect:{source_id}"):
        return Money.zero(currency)
    posting = ledger.Posting(
        idem=f"collect:{source_id}", kind="collect", source_kind=source_kind, source_id=source_id, actor_id=None, now=now,
        legs=ledger.move(amount, debit=prepaid, credit=receivable),
    )  # fmt: skip
    try:
        ledger.post(posting)
    except ledger.Overdrawn:
        # A launch took the prepaid money a moment ago; the next payment settles it.
        return Money.zero(currency)
    return amount
