"""Clients who pay by bank transfer against an invoice: credited once, when the money is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from kit.errors import Conflict, Invalid
from payments import funding, jobs, ledger, payout_accounts, reconciliation, stripe_events
from payments.chart import platform
from payments.models import Funding, StripeEvent
from tests.marketplace.api import callers
from tests.payments.cast import NOW, client, usd
from tests.payments.test_payouts import nothing_is_broken
from tests.stripe_double.running import Running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rail(own_rail: Callable[..., Running]) -> Running:
    return own_rail()


def ask(acme: Any, mira: Any, text: str = "250") -> Funding:
    return funding.ask_invoice(organisation_id=acme.id, amount=usd(text), actor_id=mira.id, now=NOW)


def prepaid(acme: Any) -> Any:
    return funding.prepaid(organisation_id=acme.id, currency="USD")


def test_an_invoice_that_is_paid_is_prepaid_once_and_found_in_stripes_books(rail: Running) -> None:
    mira, acme = client()
    wish = ask(acme, mira)
    assert (wish.state, wish.way, prepaid(acme)) == ("open", "invoice", usd("0")) and wish.url.startswith(rail.url)
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    assert prepaid(acme) == usd("0"), "only what has arrived counts"
    rail.control(f"invoices/{wish.checkout_id}/pay", {})
    for _twice in range(2):
        funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    wish.refresh_from_db()
    assert (wish.state, prepaid(acme)) == ("settled", usd("250")) and wish.charge_id
    assert reconciliation.pull(now=NOW) == 1
    assert ledger.balance(platform("stripe_clearing", "USD")) == usd("0")
    nothing_is_broken()


def test_word_of_the_payment_comes_by_webhook(rail: Running) -> None:
    mira, acme = client()
    wish = ask(acme, mira)
    rail.control(f"invoices/{wish.checkout_id}/pay", {})
    assert stripe_events.backfill(now=NOW + dt.timedelta(minutes=1)) >= 1
    for event_id in StripeEvent.objects.filter(type="invoice.paid").values_list("pk", flat=True):
        assert stripe_events.apply(event_id=event_id, now=NOW + dt.timedelta(minutes=2))
    assert prepaid(acme) == usd("250")


def test_a_client_is_one_customer_however_many_invoices_it_asks_for(rail: Running) -> None:
    mira, acme = client()
    first, second = ask(acme, mira), ask(acme, mira, "10")
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.customer == second.customer != ""
    assert first.checkout_id != second.checkout_id


def test_a_crash_between_its_calls_is_finished_by_the_job_with_one_invoice(rail: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    mira, acme = client()
    rail.faults({"kind": "drop_after", "times": 3, "method": "POST", "path": "/finalize$"})
    with pytest.raises(payout_accounts.RailUnavailable):
        ask(acme, mira)
    wish = Funding.objects.get()
    assert wish.state == "intended"
    rail.call("DELETE", "/_control/faults")
    Funding.objects.update(created_at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2))
    jobs.finish_checkouts()
    wish.refresh_from_db()
    assert wish.state == "open"
    rail.control(f"invoices/{wish.checkout_id}/pay", {})
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    assert prepaid(acme) == usd("250")


def test_an_invoice_is_withdrawn_unless_it_was_paid_meanwhile(rail: Running) -> None:
    mira, acme = client()
    wish, paid = ask(acme, mira), ask(acme, mira, "10")
    funding.withdraw(funding_id=wish.pk, now=NOW)
    rail.control(f"invoices/{paid.checkout_id}/pay", {})
    funding.withdraw(funding_id=paid.pk, now=NOW)
    wish.refresh_from_db()
    paid.refresh_from_db()
    assert (wish.state, paid.state, prepaid(acme)) == ("expired", "settled", usd("10"))
    with pytest.raises(Conflict):
        funding.withdraw(funding_id=wish.pk, now=NOW)
    nothing_is_broken()


@pytest.mark.parametrize("text", ["0.50", "10.001", "1000000"])
def test_an_invoice_of_an_amount_that_cannot_be_paid_is_refused(rail: Running, text: str) -> None:
    mira, acme = client()
    with pytest.raises(Invalid):
        ask(acme, mira, text)
    assert not Funding.objects.exists()


def test_a_program_asks_for_an_invoice(rail: Running) -> None:
    mira, _shop = callers.client()
    status, made = mira.post("billing/fundings/", {"amount": {"amount": "25", "currency": "USD"}, "way": "invoice"})
    assert status == 201 and made["way"] == "invoice" and made["state"] == "open" and made["url"]
    assert mira.post("billing/fundings/", {"amount": {"amount": "25", "currency": "USD"}, "way": "cheque"})[0] == 422
    assert Funding.objects.count() == 1
