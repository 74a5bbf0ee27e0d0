"""A bank takes a client's payment back: nothing new is begun for the client, no worker loses a cent, the shortfall is owed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from config.reactions import REACTIONS
from kit import outbox
from kit.models import OutboxEvent
from marketplace import batches
from payments import chargebacks, funding, ledger, receivables, reconciliation, stripe_events
from payments.chart import Account, platform
from payments.models import Chargeback, LedgerTx, Mismatch
from tests import market, people
from tests.marketplace.client_pages.conftest import BACKEND, words
from tests.payments.cast import NOW, usd
from tests.payments.test_checkout import begin
from tests.payments.test_payouts import nothing_is_broken
from tests.stripe_double.running import Running
from workers.models import Notice, Organisation, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rail(own_rail: Callable[..., Running]) -> Running:
    return own_rail()


def paid(rail: Running, organisation: Organisation, amount: str = "100") -> Any:
    """A settled payment by card, seen in Stripe's books."""
    wish = begin(organisation, usd(amount))
    rail.control(f"checkout/{wish.checkout_id}/complete", {"method": "card"})
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    reconciliation.pull(now=NOW)
    wish.refresh_from_db()
    return wish


def dispute(rail: Running, wish: Any) -> str:
    """What the bank does, and our hearing of it."""
    ident = str(rail.control("disputes", {"charge": wish.charge_id, "reason": "fraudulent"})["id"])
    hear(ident)
    return ident


def hear(ident: str) -> None:
    for _twice in range(2):
        chargebacks.read_again(dispute_id=ident, now=NOW)
    reconciliation.pull(now=NOW)
    OutboxEvent.objects.filter(delivered_at__isnull=True).update(due_at=NOW)
    for _round in range(3):
        outbox.deliver_due(reactions=REACTIONS, now=NOW)


def close(rail: Running, ident: str, outcome: str) -> None:
    rail.control(f"disputes/{ident}/close", {"outcome": outcome})
    hear(ident)


def disputed(organisation: Organisation) -> Any:
    return ledger.balance(Account("dispute", organisation.id, "USD"))


def owed(organisation: Organisation) -> Any:
    return receivables.owed(organisation_id=organisation.id, currency="USD")


def working(rail: Running, amount: str = "100") -> tuple[User, Organisation, Any, Any]:
    """A client whose payment is in, with a batch in motion on it."""
    mira, shop = people.client()
    wish = paid(rail, shop, amount)
    made = market.project(mira, shop, price="10.00")
    return mira, shop, wish, market.launch(market.batch(made, mira, texts=3), mira)


def test_while_a_payment_is_disputed_no_lease_is_given_and_work_that_is_done_is_paid(rail: Running) -> None:
    mira, shop, wish, batch = working(rail)
    ana, ben = people.worker("Ana"), people.worker("Ben")
    lease = market.take(ana)
    assert lease is not None
    dispute(rail, wish)
    batch.refresh_from_db()
    assert (batch.state, batch.paused_why) == ("paused", "chargeback")
    assert market.take(ben) is None
    market.answer(ana, lease)
    assert people.of_worker("available", ana) == usd("10")
    assert disputed(shop) == usd("100")
    assert set(Notice.objects.filter(user=mira).values_list("kind", flat=True)) >= {"chargeback.opened"}
    before = LedgerTx.objects.count()
    with pytest.raises(chargebacks.AccountStopped), transaction.atomic():
        batches.go_on(batch=batch, actor_id=mira.id, now=NOW)
    people.pay_in(shop, usd("500"))
    before = LedgerTx.objects.count()
    with pytest.raises(chargebacks.AccountStopped):
        market.launch(market.batch(batch.project, mira), mira)
    assert LedgerTx.objects.count() == before
    browser = Client()
    browser.force_login(mira, backend=BACKEND)
    assert "Your bank took a payment back" in words(browser.get(reverse("payments:billing", args=[shop.slug])))


def test_a_won_dispute_brings_the_money_back_and_work_may_go_on(rail: Running) -> None:
    mira, shop, wish, batch = working(rail)
    ident = dispute(rail, wish)
    nothing_is_broken()
    close(rail, ident, "won")
    assert (disputed(shop), owed(shop)) == (usd("0"), usd("0"))
    assert ledger.balance(platform("stripe_clearing", "USD")) == usd("0")
    assert ledger.balance(platform("stripe_available", "USD")).units == rail.available() * 100
    batch.refresh_from_db()
    with transaction.atomic():
        batches.go_on(batch=batch, actor_id=mira.id, now=NOW)
    assert market.take(people.worker()) is not None
    assert reconciliation.check(now=NOW) == [] and not Mismatch.objects.exists()
    nothing_is_broken()


def test_a_lost_one_is_taken_from_prepaid_and_the_rest_is_owed_until_the_next_payment(rail: Running) -> None:
    mira, shop, wish, batch = working(rail)
    ana = people.worker()
    market.work(ana)
    left = people.prepaid(shop)
    assert usd("0") < left < usd("100")
    close(rail, dispute(rail, wish), "lost")
    assert people.prepaid(shop) == usd("0") and owed(shop) == usd("100") - left
    assert people.of_worker("available", ana) == usd("10"), "a worker's pay is never touched"
    assert chargebacks.stops(organisation_id=shop.id)
    nothing_is_broken()
    paid(rail, shop, "300")
    assert owed(shop) == usd("0") and people.prepaid(shop) == usd("200") + left
    assert not chargebacks.stops(organisation_id=shop.id)
    assert reconciliation.check(now=NOW) == []
    nothing_is_broken()


def test_news_that_comes_late_twice_or_closed_first_ends_in_the_same_books(rail: Running) -> None:
    mira, shop = people.client()
    wish = paid(rail, shop)
    ident = str(rail.control("disputes", {"charge": wish.charge_id})["id"])
    close(rail, ident, "lost")
    close_again = Chargeback.objects.get()
    hear(ident)
    assert Chargeback.objects.get().closed_at == close_again.closed_at
    assert (people.prepaid(shop), owed(shop), disputed(shop)) == (usd("0"), usd("0"), usd("0"))
    assert reconciliation.check(now=NOW) == []
    nothing_is_broken()


def test_a_disputed_payment_that_is_not_ours_is_named_for_a_person(rail: Running) -> None:
    mira, shop = people.client()
    wish = paid(rail, shop)
    type(wish).objects.filter(pk=wish.pk).update(charge_id="ch_other")
    before = LedgerTx.objects.count()
    ident = str(rail.control("disputes", {"charge": wish.charge_id})["id"])
    chargebacks.read_again(dispute_id=ident, now=NOW)
    assert Mismatch.objects.get().kind == "event_needs_person" and LedgerTx.objects.count() == before
    assert not chargebacks.stops(organisation_id=shop.id)


def test_the_events_of_a_disputed_payment_lead_here() -> None:
    for kind in ("created", "funds_withdrawn", "funds_reinstated", "closed", "updated"):
        assert stripe_events.reader_of(f"charge.dispute.{kind}") is stripe_events._chargeback
