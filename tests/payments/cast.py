"""The people of these tests and their money: Ana and Wen work, Mira pays, Olu has an ops role, Eve must be refused."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from kit.ids import uuid7
from kit.money import Money
from payments import earnings, funding, ledger
from payments.chart import Account, platform
from workers.models import Membership, OpsRole, Organisation, User, WorkerProfile

NOW = dt.datetime(2026, 11, 16, 9, 0, tzinfo=dt.UTC)


def person(name: str) -> User:
    return User.objects.create_user(f"{name.lower()}-{uuid7().hex[-8:]}@example.test", name=name)


def worker(name: str = "Ana") -> User:
    user = person(name)
    WorkerProfile.objects.create(user=user, country="DE")
    return user


def client(name: str = "Mira") -> tuple[User, Organisation]:
    """A person and the organisation that they own."""
    user = person(name)
    organisation = Organisation.objects.create(name=f"{name} Ltd", slug=f"{name.lower()}-{uuid7().hex[-8:]}")
    Membership.objects.create(user=user, organisation=organisation, role="owner", since=NOW)
    return user, organisation


def finance(name: str = "Olu") -> User:
    user = person(name)
    OpsRole.objects.create(user=user, role="finance", given_at=NOW)
    return user


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def pay_in(organisation: Organisation, amount: Money) -> None:
    """Prepaid money without the hosted page: what `funding` posts when a checkout is paid."""
    ledger.post(
        ledger.Posting(
            idem=f"test-fund:{uuid7()}", kind="fund", source_kind="funding", source_id=uuid7(), actor_id=None, now=NOW,
            legs=ledger.move(
                amount, debit=platform("stripe_clearing", amount.currency),
                credit=Account("client_prepaid", organisation.id, amount.currency),
            ),
        )
    )  # fmt: skip


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
