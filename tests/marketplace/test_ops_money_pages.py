"""Ops' pages of prices and missions: dry run before a bill price, missions out of the pool alone, and nobody beyond their right."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from marketplace.models import BillRate, Mission
from payments import funding, pools
from payments.models import LedgerTx
from tests import market, people
from tests.marketplace import pay
from tests.marketplace.client_pages.conftest import BACKEND, words
from workers.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def browser(user: User) -> Client:
    made = Client()
    made.force_login(user, backend=BACKEND)
    return made


def test_finance_sees_what_a_bill_price_means_before_it_holds_and_only_for_these_figures() -> None:
    mira, shop = pay.payer()
    made = market.project(mira, shop, price="0.10")
    market.launch(market.batch(made, mira, texts=10), mira)
    fay, page = browser(people.ops("Fay", "finance")), reverse("market:ops_prices", args=[made.pk])
    assert "pay and fee" in words(fay.get(page)) and "0.1100 USD" in words(fay.get(page)), "the most that an answer pays"
    address, before = reverse("market:ops_set_bill_price", args=[made.pk]), people.prepaid(shop)
    form = {"kind": "answer", "tier": "0", "amount": "0.30", "valid_from": ""}
    dry = words(fay.post(address, form))
    assert "nothing has changed yet" in dry and "plain price 0.20 USD" in dry and "highest band 0.19 USD" in dry
    reserve = people.usd("3.00") - people.usd("1.266")
    assert "Reserved more 1.7340 USD" in dry
    assert (people.prepaid(shop), BillRate.objects.count()) == (before, 0), "a dry run leaves nothing"
    assert "nothing has changed yet" in words(fay.post(address, form | {"amount": "0.31", "seen": "answer|0|0.30|"}))
    assert not BillRate.objects.exists()
    done = fay.post(address, form | {"seen": "answer|0|0.30|"}, follow=True)
    assert "Billed" in words(done) and BillRate.objects.get().amount_units == 3_000
    assert before - people.prepaid(shop) == reserve
    pay.books_hold()


def test_a_bill_price_that_does_not_cover_the_pay_or_is_not_paid_for_is_refused_in_words() -> None:
    mira, shop = pay.payer("2")
    made = market.project(mira, shop, price="0.10")
    market.launch(market.batch(made, mira, texts=10), mira)
    fay, address = browser(people.ops("Fay", "finance")), reverse("market:ops_set_bill_price", args=[made.pk])
    before = LedgerTx.objects.count()
    for amount, said in (("0.10", "at least 0.11 USD"), ("9", "not enough prepaid money"), ("x", "Enter a number"), ("0.00001", "decimal")):
        refused = fay.post(address, {"kind": "answer", "tier": "0", "amount": amount})
        assert refused.status_code == 422 and said in words(refused), amount
    assert (LedgerTx.objects.count(), BillRate.objects.count()) == (before, 0)
    pia = browser(people.ops("Pia", "pool_manager"))
    assert pia.get(reverse("market:ops_prices", args=[made.pk])).status_code == 200
    assert "Show what it means" not in words(pia.get(reverse("market:ops_prices", args=[made.pk])))
    assert pia.post(address, {"kind": "answer", "tier": "0", "amount": "0.30"}).status_code == 403 and not BillRate.objects.exists()


def test_ops_state_and_end_a_mission_out_of_the_bonus_pool_and_never_out_of_prepaid_money() -> None:
    mira, shop = pay.payer()
    batch = market.launch(market.batch(market.project(mira, shop, bonus_pool_bp=5_000), mira, texts=20), mira)
    pia, page = browser(people.ops("Pia", "pool_manager")), reverse("market:ops_missions", args=[batch.pk])
    open_url, prepaid = reverse("market:ops_open_mission", args=[batch.pk]), people.prepaid(shop)
    form = {
        "name": "Ten", "kind": "count", "count": "10", "per_day": "1", "amount": "0.20", "budget": "0.50",
        "ends_at": f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=3):%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    assert "No mission yet" in words(pia.get(page))
    refused = pia.post(open_url, form | {"budget": "50"})
    assert refused.status_code == 422 and "no more than" in words(refused) and not Mission.objects.exists()
    assert "Ten" in words(pia.post(open_url, form, follow=True)) and people.prepaid(shop) == prepaid
    made = Mission.objects.get()
    assert pools.of(batch_id=batch.pk, name=f"mission:{made.pk}").given == 5_000
    fay, end_url = browser(people.ops("Fay", "finance")), reverse("market:ops_end_mission", args=[batch.pk, made.pk])
    seen = words(fay.get(page))
    assert "Ten" in seen and "End it now" not in seen and "Pool managers state missions" in seen
    assert fay.post(end_url).status_code == 403 and fay.post(open_url, form).status_code == 403
    assert Mission.objects.get().ended_at is None
    assert "ended" in words(pia.post(end_url, follow=True))
    assert funding.reserved(batch_id=batch.pk, currency="USD").units == batch.reserved_units
    assert "Missions" in words(pia.get(reverse("market:ops_batch", args=[batch.pk])))
    assert "Ten" in words(browser(mira).get(reverse("market:batch_missions", args=[shop.slug, batch.pk])))
    pay.books_hold()
