"""Payouts in the currency of the worker's account: finance's rates, what is sent, and books that balance in each currency."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from kit.money import Money
from payments import exchange, ledger, payout_runs, reconciliation, stripe_events
from payments.chart import Account, platform
from payments.models import Attempt, ExchangeRate, Payout, PayoutAccount
from tests.marketplace.api import callers
from tests.payments.cast import NOW, finance, usd, worker
from tests.payments.conftest import ready
from tests.payments.test_pages import signed_in, text
from tests.payments.test_payouts import nothing_is_broken, paid_work, rounds, run_for, the_payout, transfers
from tests.stripe_double.running import Running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]


def rate(value: str = "0.9", *, base: str = "USD", quote: str = "EUR", now: dt.datetime = NOW, sure: bool = False) -> ExchangeRate:
    with transaction.atomic():
        return exchange.put(base=base, quote=quote, rate=value, actor_id=finance().id, now=now, sure=sure)


def abroad(rail: Running, name: str = "Ana") -> Any:
    """Somebody whose account at Stripe is kept in euros, and who earns dollars."""
    user = worker(name)
    ready(user, rail)
    PayoutAccount.objects.filter(user=user).update(country="PT", currency="EUR")
    return user


def fx(currency: str) -> Money:
    return ledger.balance(platform("platform_fx", currency))


def test_dollars_that_were_earned_arrive_as_euros_at_the_rate_of_the_draft(rail: Running) -> None:
    rail.fund(1_000_000, "eur")
    ana = abroad(rail)
    rate("0.9123")
    paid_work(ana, "10.0050")
    run = run_for(ana)
    rate("0.95", now=NOW + dt.timedelta(minutes=1))
    rounds(NOW + dt.timedelta(minutes=2))
    payout = the_payout(ana)
    assert (payout.state, payout.amount, payout.sends) == ("sent", usd("10.00"), Money.parse("9.12", "EUR"))
    assert [(line["amount"], line["currency"]) for line in transfers(rail, payout)] == [(912, "eur")]
    assert ledger.balance(Account("worker_available", ana.id, "USD")) == usd("0.0050") and run.total_units == 100_000
    assert (fx("USD"), fx("EUR")) == (usd("-10.00"), Money.parse("9.12", "EUR"))
    nothing_is_broken()
    reconciliation.pull(now=NOW + dt.timedelta(minutes=3))
    assert Attempt.objects.get(payout=payout).cleared_at is not None
    assert ledger.balance(platform("stripe_clearing", "EUR")).units == 0
    nothing_is_broken()


def test_a_run_that_lacks_one_of_its_currencies_waits_for_that_one(own_rail: Callable[[], Running]) -> None:
    rail = own_rail()
    rail.fund(100_000)
    ana, wen = abroad(rail), worker("Wen")
    ready(wen, rail)
    rate()
    paid_work(ana, "10")
    paid_work(wen, "10")
    run = run_for(ana, wen)
    rounds(NOW, NOW)
    run.refresh_from_db()
    assert run.state == "paused"
    assert stripe_events.resume_paused(now=NOW) == 0, "dollars alone do not help"
    rail.fund(1_000_000, "eur")
    assert stripe_events.resume_paused(now=NOW) == 1
    rounds(NOW + dt.timedelta(minutes=1))
    assert {the_payout(one).state for one in (ana, wen)} == {"sent"}
    nothing_is_broken()


def test_a_payout_that_comes_back_was_never_exchanged(rail: Running) -> None:
    ana = abroad(rail)
    rate()
    paid_work(ana, "10")
    run_for(ana)
    PayoutAccount.objects.filter(user=ana).update(state="restricted")
    rounds(NOW)
    assert the_payout(ana).state == "returned"
    assert ledger.balance(Account("worker_available", ana.id, "USD")) == usd("10") and fx("USD").units == fx("EUR").units == 0
    nothing_is_broken()


@pytest.mark.parametrize("case", ["no rate", "stale", "other rail", "same currency", "not ours"])
def test_without_a_fresh_rate_of_ours_the_money_goes_out_as_it_was_earned(rail: Running, case: str) -> None:
    ana = abroad(rail)
    if case != "no rate":
        rate(now=NOW - (exchange.FRESH + dt.timedelta(seconds=1) if case == "stale" else dt.timedelta(0)))
    changes = {"other rail": {"rail": "bank_file"}, "same currency": {"currency": "USD"}, "not ours": {"currency": "PLN"}}
    PayoutAccount.objects.filter(user=ana).update(**changes.get(case, {}))
    account = PayoutAccount.objects.get(user=ana)
    assert exchange.into(account, "USD", now=NOW) is None
    if case != "other rail":
        paid_work(ana, "10")
        run_for(ana)
        rounds(NOW)
        assert the_payout(ana).sends == usd("10") and the_payout(ana).rate is None


def test_a_dry_run_that_is_planned_anew_takes_the_new_rate(rail: Running) -> None:
    ana = abroad(rail)
    rate("0.9")
    paid_work(ana, "10")
    for value, worth in (("0.9", "9.00"), ("0.92", "9.20")):
        rate(value, now=NOW)
        with transaction.atomic():
            run = payout_runs.plan(currency="USD", actor_id=finance().id, now=NOW, worker_ids=[ana.id])
        assert the_payout(ana).sends == Money.parse(worth, "EUR")
        with transaction.atomic():
            payout_runs.cancel(run_id=run.pk, actor_id=finance().id, now=NOW)
    assert not Payout.objects.exists()


@given(units=st.integers(1, 10**9).map(lambda cents: cents * 100), value=st.decimals("0.0001", "9999", places=6))
def test_what_an_amount_is_worth_is_payable_and_within_half_a_cent(units: int, value: Decimal) -> None:
    found = exchange.exchanged(Money(units, "USD"), ExchangeRate(base="USD", quote="EUR", rate=value))
    assert found.units % 100 == 0 and abs(found.units - units * value) <= 50


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"value": "0"}, "rate"), ({"value": "-1"}, "rate"), ({"value": "NaN"}, "rate"), ({"value": "Infinity"}, "rate"),
        ({"value": "one"}, "rate"), ({"value": "1.0000000001"}, "rate"), ({"base": "XXX"}, "base"), ({"quote": "PLN"}, "quote"),
        ({"quote": "USD"}, "quote"),
    ],
)  # fmt: skip
def test_a_rate_that_cannot_be_is_refused_by_its_field(wrong: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rate(**wrong)
    assert refused.value.field == field and not ExchangeRate.objects.exists()


def test_a_rate_far_from_the_last_has_to_be_confirmed() -> None:
    rate("0.9")
    with pytest.raises(exchange.UnusualRate):
        rate("9.0")
    assert ExchangeRate.objects.count() == 1
    rate("9.0", sure=True)
    rate("0.9", base="EUR", quote="USD")
    assert ExchangeRate.objects.count() == 3


def test_finance_sets_rates_by_program_and_nobody_else_does() -> None:
    olu = callers.Caller(finance(), ["ops", "payments"])
    status, made = olu.post("ops/exchange-rates/", {"base": "USD", "quote": "EUR", "rate": "0.9123"})
    assert status == 201 and made["rate"] == "0.912300000"
    assert olu.post("ops/exchange-rates/", {"base": "USD", "quote": "EUR", "rate": "9"})[0] == 409
    assert olu.get("ops/exchange-rates/")[1]["results"][0]["id"] == made["id"]
    eve = callers.Caller(worker("Eve"), ["payments"])
    assert eve.post("ops/exchange-rates/", {"base": "USD", "quote": "EUR", "rate": "0.8"})[0] in (403, 404)
    assert ExchangeRate.objects.count() == 1


# --- pages --------------------------------------------------------------------------------------------------------------


def test_finance_sees_every_pair_by_one_look_and_sets_the_next_rate() -> None:
    olu, page = signed_in(finance()), "/ops/payouts/rates/"
    rate("0.9123", now=timezone.now())
    rate("1.1", base="EUR", quote="USD", now=timezone.now() - dt.timedelta(days=9))
    seen = text(olu.get(page))
    assert "0.9123" in seen and "too old" in seen and "No rate was ever set" not in seen
    with CaptureQueriesContext(connection) as asked:
        found = {(one.base, one.quote): (one.in_force, one.newest) for one in exchange.pairs(now=timezone.now())}
    assert len(asked) == 1 and len(found) == 6 and found["GBP", "USD"] == (None, None)
    assert found["EUR", "USD"][0] is None and found["EUR", "USD"][1] is not None
    form = {"base": "USD", "quote": "EUR", "rate": "9"}
    for wrong, said in ((form, "I have checked it"), (form | {"rate": "x"}, "Expected a rate"), (form | {"quote": "USD"}, "two different")):
        refused = olu.post(page, wrong)
        assert refused.status_code == 422 and said in refused.content.decode()
    assert ExchangeRate.objects.count() == 2
    assert olu.post(page, form | {"sure": "on"}).status_code == 302
    assert olu.post(page, {"base": "EUR", "quote": "USD", "rate": "1,09"}).status_code == 302, "a comma is a point"
    assert ExchangeRate.objects.filter(base="EUR", rate=Decimal("1.09")).exists()
    eve = signed_in(worker("Eve"))
    assert eve.get(page).status_code == eve.post(page, form).status_code == 403 and ExchangeRate.objects.count() == 4


def test_finance_reads_in_the_run_what_is_sent_as_what_and_which_balance_it_needs(rail: Running) -> None:
    ana, wen = abroad(rail), worker("Wen")
    ready(wen, rail)
    PayoutAccount.objects.filter(user=wen).update(currency="USD")
    rate("0.9123")
    paid_work(ana, "10")
    paid_work(wen, "5")
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=finance().id, now=NOW)
    seen = text(signed_in(finance("Fay")).get(f"/ops/payouts/{run.pk}/"))
    assert seen.count("sent as") == 1 and "at 0.9123" in seen and "Of it sent in EUR" in seen
    assert exchange.sent_abroad(run) == [Money.parse("9.12", "EUR")]


def test_a_worker_reads_before_and_after_what_their_money_is_sent_as(rail: Running) -> None:
    rail.fund(1_000_000, "eur")
    ana, now = abroad(rail), timezone.now()
    rate("0.9123", now=now)
    paid_work(ana, "10")
    browser = signed_in(ana)
    before = text(browser.get("/work/earnings/?currency=USD"))
    assert "Sent as, at today's rate" in before and "9.12" in before
    assert "1 USD = 0.9123 EUR" in text(browser.get("/work/earnings/account/"))
    assert "Sent as, at today's rate" in text(browser.get("/work/earnings/now/?currency=USD"))
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=finance().id, now=now)
        payout_runs.approve(run_id=run.pk, actor_id=finance("Fay").id, now=now)
    rounds(now)
    payout = the_payout(ana)
    page = text(browser.get(f"/work/earnings/payouts/{payout.pk}/"))
    assert "To be exchanged" in page and "1 USD = 0.9123 EUR" in page and "9.12" in page
    assert "sent as" in text(browser.get("/work/earnings/"))
