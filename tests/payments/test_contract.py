"""What the gateway reads of Stripe holds for the double and, where STRIPE_SANDBOX_KEY is given, for a real sandbox alike.

No hosted page is filled in, no clock is moved, no fault is made: each test asks for what either can answer.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import pytest

from kit.ids import uuid7
from kit.money import Money
from payments import gateway, stripe_gateway, stripe_invoices

pytestmark = pytest.mark.contract
HERE = "https://example.org/billing/"
AMOUNT = Money.parse("20.00", "USD")


@pytest.fixture(autouse=True)
def stripe_itself_or_its_double(request: pytest.FixtureRequest, settings: Any) -> None:
    """The sandbox of the key; the double without one. A live key is never used."""
    key = os.environ.get("STRIPE_SANDBOX_KEY", "")
    if not key:
        settings.STRIPE_API_BASE = request.getfixturevalue("_shared_rail").url
        return
    assert key.startswith(("sk_test_", "rk_test_")), "STRIPE_SANDBOX_KEY is no key of a sandbox"
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = key, None


def page(key: str, amount: Money = AMOUNT, funding: Any = None) -> gateway.Checkout:
    return stripe_gateway.open_checkout(
        key=key, funding_id=funding or uuid7(), amount=amount, words="Prepaid work", success_url=HERE, cancel_url=HERE
    )


def test_a_hosted_page_is_open_has_an_address_and_reads_back_as_it_was_asked_for() -> None:
    funding = uuid7()
    made = page(f"test-{funding}", funding=funding)
    assert made.state == "open" and made.url.startswith("http") and made.charge_id is None
    read = stripe_gateway.read_checkout(made.id)
    assert (read.id, read.state, read.amount, read.funding_id) == (made.id, "open", AMOUNT, funding)


def test_one_key_is_one_page_and_with_another_amount_it_is_refused() -> None:
    funding = uuid7()
    first, again = (page(f"test-{funding}", funding=funding) for _twice in range(2))
    assert first.id == again.id
    with pytest.raises(gateway.GatewayError):
        page(f"test-{funding}", Money.parse("21.00", "USD"), funding=funding)
    assert stripe_gateway.read_checkout(first.id).amount == AMOUNT


def test_an_invoice_is_open_with_its_page_and_void_once_withdrawn() -> None:
    funding = uuid7()
    customer = stripe_invoices.create_customer(
        key=f"customer-{funding}", organisation_id=uuid7(), name="Mira Ltd", email="mira@example.com"
    )
    made = stripe_invoices.open_invoice(
        key=f"funding-{funding}", funding_id=funding, customer=customer, amount=AMOUNT, words="Prepaid work", due=dt.timedelta(days=14)
    )
    assert made.state == "open" and made.url.startswith("http") and made.amount == AMOUNT
    read = stripe_invoices.read_invoice(made.id)
    assert (read.id, read.state, read.funding_id, read.charge_id) == (made.id, "open", funding, None)
    assert stripe_invoices.void(made.id).state == stripe_invoices.read_invoice(made.id).state != "open"


def recipient() -> str:
    user = uuid7()
    made = [
        stripe_gateway.create_recipient(key=f"account-{user}", user_id=user, email="ana@example.com", country="US")
        for _twice in range(2)
    ]  # fmt: skip
    assert made[0] == made[1], "one key is one account"
    return made[0]


def test_a_new_recipient_cannot_be_paid_before_it_told_stripe_who_it_is() -> None:
    account = recipient()
    seen = stripe_gateway.read_account(account)
    assert seen.transfers != "active" and seen.wanted and not seen.closed
    assert stripe_gateway.onboarding_link(account=account, refresh_url=HERE, return_url=HERE).startswith("http")
    group = f"payout_{uuid7()}"
    with pytest.raises(gateway.Definite):
        stripe_gateway.send(key=f"payout-{group}", group=group, destination=account, amount=AMOUNT, payout_id=uuid7())
    assert stripe_gateway.find(group=group) == []


def test_what_does_not_exist_is_refused_for_good() -> None:
    group = f"payout_{uuid7()}"
    with pytest.raises(gateway.Definite):
        stripe_gateway.send(key=f"payout-{group}", group=group, destination="acct_nobody", amount=AMOUNT, payout_id=uuid7())
    with pytest.raises(gateway.Definite):
        stripe_gateway.refund(key=f"refund-{group}", charge="ch_nothing", amount=AMOUNT, refund_id=uuid7())
    with pytest.raises(gateway.Definite):
        stripe_gateway.read_checkout("cs_test_nothing")
    assert stripe_gateway.find(group=group) == []


def test_balance_movements_and_events_can_be_read() -> None:
    now = dt.datetime.now(dt.UTC)
    page(f"test-{uuid7()}")
    assert stripe_gateway.balance("USD").currency == stripe_gateway.available("USD").currency == "USD"
    moved = list(stripe_gateway.movements(since=now - dt.timedelta(hours=1)))
    assert all(each.amount.currency == each.fee.currency and each.created_at > now - dt.timedelta(hours=2) for each in moved)
    assert all(each.id.startswith("evt_") for each in stripe_gateway.events(since=now - dt.timedelta(hours=1)))


def test_a_wrong_key_is_told_from_every_other_refusal(settings: Any) -> None:
    settings.STRIPE_API_KEY = "sk_test_51wrong" if settings.STRIPE_API_BASE is None else "pk_test_wrong"
    with pytest.raises(gateway.KeyRefused):
        stripe_gateway.balance("USD")
