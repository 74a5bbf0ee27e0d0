"""The cast: Ana works, Wen is the expert, Mira pays, Olu is from ops, Eve must be refused."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from kit.ids import uuid7
from kit.money import Money
from payments import funding, ledger
from payments.chart import Account, platform
from workers.models import Membership, OpsRole, Organisation, User, WorkerProfile

NOW = dt.datetime(2026, 11, 16, 9, 0, tzinfo=dt.UTC)
"""A Monday morning."""


def person(name: str, **fields: object) -> User:
    return User.objects.create_user(f"{name.lower()}-{uuid7().hex[-8:]}@example.test", name=name, **fields)


def worker(name: str = "Ana", *, country: str = "DE", languages: dict[str, str] | None = None) -> User:
    """A person who has finished onboarding and may work."""
    user = person(name)
    spoken = [{"code": code, "level": level} for code, level in (languages or {"en": "C1"}).items()]
    WorkerProfile.objects.create(user=user, country=country, languages=spoken, onboarded_at=NOW, payout_ready_at=NOW)
    return user


def client(name: str = "Mira", *, currency: str = "USD") -> tuple[User, Organisation]:
    """A person and the organisation that they own."""
    user = person(name)
    organisation = Organisation.objects.create(
        name=f"{name} Ltd", slug=f"{name.lower()}-{uuid7().hex[-8:]}", billing_currency=currency
    )
    Membership.objects.create(user=user, organisation=organisation, role="owner", since=NOW)
    return user, organisation


def ops(name: str = "Olu", *roles: str) -> User:
    user = person(name)
    for role in roles or ("pool_manager",):
        OpsRole.objects.create(user=user, role=role, given_at=NOW)
    return user


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def pay_in(organisation: Organisation, amount: Money) -> None:
    """Prepaid money without the hosted page: the posting of a checkout that was paid."""
    with transaction.atomic():
        ledger.post(ledger.Posting(
            idem=f"test-fund:{uuid7()}", kind="fund", source_kind="funding", source_id=uuid7(), actor_id=None, now=NOW,
            legs=ledger.move(
                amount, debit=platform("stripe_clearing", amount.currency),
                credit=Account("client_prepaid", organisation.id, amount.currency),
            ),
        ))


def prepaid(organisation: Organisation) -> Money:
    return funding.prepaid(organisation_id=organisation.id, currency="USD")


def of_worker(kind: str, user: User | uuid.UUID, currency: str = "USD") -> Money:
    """What stands in one of a worker's accounts: pending, available, in_transit, held."""
    owner = user if isinstance(user, uuid.UUID) else user.id
    return ledger.balance(Account(f"worker_{kind}", owner, currency))
