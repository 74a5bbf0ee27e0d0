"""Unused prepaid money goes back to the card or bank that paid it: once, through any crash, or it is prepaid again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from kit.errors import Invalid
from kit.money import Money
from payments import chargebacks, funding, reconciliation, refunds, stripe_events
from payments.models import LedgerTx, Mismatch, Refund
from tests import people
from tests.marketplace.api.callers import CLIENT, Caller
from tests.marketplace.client_pages.conftest import BACKEND, words
from tests.payments.cast import NOW, usd
from tests.payments.test_chargebacks import dispute, paid
from tests.payments.test_payouts import nothing_is_broken
from tests.races.crowd import at_once
from tests.stripe_double.running import Running
from workers.models import Membership, Organisation

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def rail(own_rail: Callable[..., Running]) -> Running:
    running = own_rail()
    running.fund(1_000_000)
    return running


def ask(organisation: Organisation, amount: Money) -> list[Refund]:
    with transaction.atomic(durable=True):
        return refunds.ask(organisation_id=organisation.id, amount=amount, actor_id=organisation.id, now=NOW)


def theirs(rail: Running) -> list[int]:
    """The refunds in Stripe's books, in cents."""
    return [each.amount for each in rail.client.v1.refunds.list({"limit": 100}).data]


def books_agree() -> None:
    reconciliation.pull(now=NOW)
    named = {each.kind for each in Mismatch.objects.all()} - {"movement_unexplained"}
    assert not named, named
    nothing_is_broken()


def test_money_goes_back_to_the_payments_it_came_from_the_newest_first(rail: Running) -> None:
    _mira, shop = people.client()
    first, second = paid(rail, shop, "30"), paid(rail, shop, "50")
    type(first).objects.filter(pk=first.pk).update(settled_at=NOW - dt.timedelta(days=1))
    made = ask(shop, usd("60"))
    assert [(each.funding_id, each.amount_units) for each in made] == [(second.pk, usd("50").units), (first.pk, usd("10").units)]
    assert people.prepaid(shop) == usd("20") and theirs(rail) == [], "nothing is called in the transaction"
    nothing_is_broken()
    assert [refunds.send_due(now=NOW, limit=10) for _twice in range(2)] == [2, 0]
    assert sorted(theirs(rail)) == [1_000, 5_000] and set(Refund.objects.values_list("state", flat=True)) == {"arrived"}
    for event in Refund.objects.values_list("refund_id", flat=True):
        refunds.read_again(refund_id=event or "", now=NOW)
    books_agree()
    assert Refund.objects.filter(cleared_at__isnull=False).count() == 2
    with pytest.raises(Invalid):
        people.pay_in(shop, usd("100"))
        ask(shop, usd("50"))


def test_a_call_whose_answer_is_lost_is_made_again_under_its_key_and_money_moves_once(rail: Running) -> None:
    _mira, shop = people.client()
    paid(rail, shop)
    ask(shop, usd("40"))
    for n in range(3):
        rail.faults({"kind": "drop_after", "times": 3, "method": "POST", "path": "/v1/refunds"})
        refunds.send_due(now=NOW + n * 3 * MINUTE, limit=10)
        assert Refund.objects.get().state == "intended"
    rail.call("DELETE", "/_control/faults")
    refunds.send_due(now=NOW + 20 * MINUTE, limit=10)
    assert theirs(rail) == [4_000] and Refund.objects.get().state == "arrived" and people.prepaid(shop) == usd("60")
    books_agree()


def test_after_twenty_hours_it_is_only_looked_up(rail: Running) -> None:
    _mira, shop = people.client()
    paid(rail, shop)
    made, lost = ask(shop, usd("40"))[0], ask(shop, usd("10"))[0]
    long_ago = NOW - dt.timedelta(hours=21)
    Refund.objects.update(first_sent_at=long_ago)
    rail.client.v1.refunds.create({"charge": made.funding.charge_id or "", "amount": 4_000, "metadata": {"refund_id": str(made.pk)}})
    refunds.send_due(now=NOW, limit=10)
    assert theirs(rail) == [4_000]
    made.refresh_from_db()
    lost.refresh_from_db()
    assert (made.state, lost.state, lost.fault) == ("arrived", "refused", "never_made")
    assert people.prepaid(shop) == usd("60")
    books_agree()


def test_a_refund_that_the_bank_sends_back_is_prepaid_again(rail: Running) -> None:
    _mira, shop = people.client()
    paid(rail, shop)
    ask(shop, usd("40"))
    refunds.send_due(now=NOW, limit=10)
    sent = Refund.objects.get()
    rail.control(f"refunds/{sent.refund_id}/fail", {})
    for _twice in range(2):
        refunds.read_again(refund_id=sent.refund_id or "", now=NOW)
    assert Refund.objects.get().state == "failed" and people.prepaid(shop) == usd("100")
    books_agree()


def test_a_refund_made_by_hand_is_named_and_the_events_lead_here(rail: Running) -> None:
    _mira, shop = people.client()
    wish = paid(rail, shop)
    made = rail.client.v1.refunds.create({"charge": wish.charge_id or "", "amount": 500})
    before = LedgerTx.objects.count()
    refunds.read_again(refund_id=made.id, now=NOW)
    assert Mismatch.objects.filter(kind="event_needs_person").count() == 1 and LedgerTx.objects.count() == before
    assert stripe_events.reader_of("refund.updated") is stripe_events._refund


def test_of_many_who_ask_at_once_nobody_gets_more_than_there_is(rail: Running) -> None:
    _mira, shop = people.client()
    paid(rail, shop)
    outcomes = at_once([usd("40")] * 5, lambda amount: len(ask(shop, amount)))
    assert [one for one in outcomes if one == 1] == [1, 1]
    assert all(isinstance(one, int | funding.InsufficientFunds) for one in outcomes), outcomes
    at_once([1, 2, 3], lambda _n: refunds.send_due(now=NOW, limit=10))
    assert theirs(rail) == [4_000, 4_000] and people.prepaid(shop) == usd("20")
    books_agree()


def test_refusals_move_nothing(rail: Running) -> None:
    mira, shop = people.client()
    wish = paid(rail, shop)
    viewer = people.person("Vic")
    Membership.objects.create(user=viewer, organisation=shop, role="manager", since=NOW)
    eve, other = people.client("Eve")
    before = LedgerTx.objects.count()
    body: dict[str, Any] = {"amount": {"amount": "10.00", "currency": "USD"}}
    assert Caller(viewer, CLIENT, shop).post("billing/refunds/", body)[0] == 403, "a manager"
    assert Caller(eve, CLIENT, other).post("billing/refunds/", body)[0] == 409, "of her own, and there is none"
    owner = Caller(mira, CLIENT, shop)
    for amount in ("0.00", "-5.00", "0.001", "1000.00"):
        assert owner.post("billing/refunds/", {"amount": {"amount": amount, "currency": "USD"}})[0] in (409, 422), amount
    dispute(rail, wish)
    before = LedgerTx.objects.count()
    with pytest.raises(chargebacks.AccountStopped):
        ask(shop, usd("10"))
    assert LedgerTx.objects.count() == before and not Refund.objects.exists()


def test_an_owner_sends_money_back_by_page_and_by_api_once_per_key(rail: Running) -> None:
    mira, shop = people.client()
    paid(rail, shop)
    browser = Client()
    browser.force_login(mira, backend=BACKEND)
    page = browser.post(reverse("payments:refund", args=[shop.slug]) + "?currency=USD", {"amount": "12.50"}, follow=True)
    assert "It is on its way" in words(page) and "12.50" in words(page)
    owner = Caller(mira, CLIENT, shop)
    body = {"amount": {"amount": "10.00", "currency": "USD"}}
    assert owner.post("billing/refunds/", body, key="a")[0] == 201
    assert owner.post("billing/refunds/", body, key="a")[0] == 201
    assert [row["amount"]["amount"] for row in owner.get("billing/refunds/")[1]["results"]] == ["10.0000", "12.5000"]
    assert people.prepaid(shop) == usd("77.50")
