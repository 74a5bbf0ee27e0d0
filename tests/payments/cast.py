"""What these tests add to the cast: a batch with a reserve, and earnings in it."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from kit.ids import uuid7
from kit.money import Money
from payments import earnings, funding, ledger
from payments.chart import Account, platform
from payments.models import Funding
from tests.people import NOW, client, ops, usd, worker
from workers.models import Organisation, User

__all__ = ["NOW", "accrual", "client", "earn", "finance", "launch", "pay_in", "usd", "worker"]


def finance(name: str = "Olu") -> User:
    return ops(name, "finance")


def pay_in(organisation: Organisation, amount: Money) -> Funding:
    """Prepaid money without the hosted page: a payment that was settled, and its posting."""
    with transaction.atomic():
        wish = Funding.objects.create(
            organisation=organisation, currency=amount.currency, amount_units=amount.units, state="settled",
            started_by=uuid7(), created_at=NOW, settled_at=NOW, charge_id=f"ch_{uuid7().hex}",
        )  # fmt: skip
        prepaid = Account("client_prepaid", organisation.id, amount.currency)
        legs = ledger.move(amount, debit=platform("stripe_clearing", amount.currency), credit=prepaid)
        ledger.post(
            ledger.Posting(
                idem=f"fund:{wish.pk}", kind="fund", source_kind="funding", source_id=wish.pk, actor_id=None, now=NOW, legs=legs
            )
        )
    return wish


def launch(organisation: Organisation, amount: Money) -> uuid.UUID:
    """A batch with a reserve."""
    batch_id = uuid7()
    pay_in(organisation, amount)
    with transaction.atomic():
        funding.reserve(
            organisation_id=organisation.id, batch_id=batch_id, amount=amount, idem=f"reserve:{batch_id}", actor_id=None,
            now=NOW,
        )  # fmt: skip
    return batch_id


def accrual(
    worker: User, organisation: Organisation, batch_id: uuid.UUID, text: str = "0.50", *, fee: str = "0.10",
    confirmed: bool = False, source_id: uuid.UUID | None = None, now: dt.datetime = NOW,
) -> earnings.Accrual:  # fmt: skip
    amount = usd(text)
    return earnings.Accrual(
        earning_id=uuid7(), worker_id=worker.id, organisation_id=organisation.id, batch_id=batch_id,
        source_kind="submission", source_id=source_id or uuid7(), currency="USD",
        lines=[earnings.Line("base", amount.units, {"rate": text, "units": 1}, "piece_rate/1")],
        fee_units=usd(fee).units, confirmed=confirmed, now=now,
    )  # fmt: skip


def earn(*args: object, **kwargs: object) -> earnings.Accrual:
    """An earning, written off the hot path."""
    made = accrual(*args, **kwargs)  # type: ignore[arg-type]
    with transaction.atomic():
        earnings.add(made)
    return made
