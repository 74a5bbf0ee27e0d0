"""Rails: the ways on which money reaches a worker, behind one small interface: Stripe, and payment files for our own bank."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Protocol

from django.conf import settings

from kit import states
from kit.money import Money
from payments import bank_rail, gateway, locks, sealing, stripe_gateway
from payments.chart import Account, platform
from payments.models import Payout, PayoutAccount
from payments.states import PAYOUT_ACCOUNT
from workers.countries import COUNTRIES
from workers.models import WorkerProfile

STRIPE_CURRENCIES = {
    **dict.fromkeys(("AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT"), "EUR"),
    **dict.fromkeys(("LT", "LU", "LV", "MT", "NL", "PT", "SI", "SK"), "EUR"),
    "CA": "CAD", "CH": "CHF", "CZ": "CZK", "DK": "DKK", "GB": "GBP", "HU": "HUF", "IS": "ISK", "LI": "CHF", "NO": "NOK",
    "PL": "PLN", "RO": "RON", "SE": "SEK", "US": "USD",
}  # fmt: skip
"""Where Stripe pays self-serve, and what a bank account there is usually kept in; Stripe converts on arrival."""


class Rail(Protocol):
    """What a payout asks of a rail. Failures are `gateway.GatewayError` and its kinds, whatever the rail."""

    def send(
        self, *, key: str, group: str, destination: str, amount: Money, payout_id: uuid.UUID
    ) -> gateway.Transfer:
        """Pay once per key."""
        ...

    def find(self, *, group: str) -> list[gateway.Transfer]:
        """All transfers ever made for a payout."""
        ...

    def available(self, currency: str) -> Money:
        """What the platform can pay on this rail now."""
        ...


RAILS: dict[str, Rail] = {"stripe": stripe_gateway, "bank_file": bank_rail}
CLEARING = {"stripe": "stripe_clearing", "bank_file": "bank_clearing"}


def of(name: str) -> Rail:
    """The rail of a payout account."""
    return RAILS[name]


def is_on(name: str) -> bool:
    """Whether a rail can be used here: bank files need our own bank account and a key for everybody else's."""
    return name != "bank_file" or bool(sealing.has_key() and all(settings.BANK_FILE_DEBTOR.values()))


def serving(country: str) -> list[str]:
    """The rails that reach a country, the better one first."""
    reached = ["stripe"] if country in STRIPE_CURRENCIES else []
    if is_on("bank_file") and country in COUNTRIES and country not in settings.BANK_FILE_NOT_TO:
        reached.append("bank_file")
    return reached


CAME_BACK = ("failed", "returned")
"""Payouts after which another rail is offered to whoever it serves."""


def next_for(payout: Payout) -> str | None:
    """The rail to offer after a payout that came back: the best one that serves its worker's country, beside the one it went on."""
    if payout.state not in CAME_BACK:
        return None
    country = WorkerProfile.objects.values_list("country", flat=True).get(pk=payout.worker_id)
    return next((rail for rail in serving(country) if rail != payout.account.rail), None)


def key(rail: str, *, payout_id: uuid.UUID, n: int) -> str:
    """The name of a try at its rail; a bank's file has room for 35 characters."""
    return f"{payout_id.hex}-{n}" if rail == "bank_file" else f"payout-{payout_id}-{n}"


def clearing(rail: str, currency: str) -> Account:
    """Where money stands that left us on this rail and is not seen in the rail's own books."""
    return platform(CLEARING[rail], currency)


def was_ready(user_id: uuid.UUID) -> bool:
    """Whether this person could be paid before, on any rail: then new details are a change of details."""
    return PayoutAccount.objects.filter(user_id=user_id, ready_at__isnull=False).exists()


def papers_of(user_id: uuid.UUID) -> dict[str, Any]:
    """The tax form that finance has on file: it is the person's, whatever the rail, and goes along to a new account."""
    newest = PayoutAccount.objects.filter(user_id=user_id).order_by("-created_at", "-id").first()
    return {"tax_form": newest.tax_form, "tax_form_on": newest.tax_form_on} if newest else {}


def close_others(*, user_id: uuid.UUID, rail: str, now: dt.datetime) -> None:
    """A person is paid on one rail: choosing it closes their accounts at others. Payouts that were not sent come back."""
    for other in PayoutAccount.objects.filter(user_id=user_id).exclude(rail=rail).exclude(state="closed"):
        account = locks.payout_account(other.pk)
        if account.state != "closed":
            states.move(account, chart=PAYOUT_ACCOUNT, to="closed", actor_id=user_id, now=now, reason="other_rail")
