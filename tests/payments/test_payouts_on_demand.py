"""A payout on demand costs what was shown, comes once however often it is asked for, and waits where others wait."""

from __future__ import annotations

import datetime as dt
import re
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from config import deploy_checks
from kit.ids import uuid7
from kit.money import Money
from payments import earnings, holds, invariants, ledger, payout_costs, payout_requests, payout_runs, sending
from payments.chart import platform
from payments.jobs import plan_weekly_payouts
from payments.models import Earning, Payout, PayoutAccount, PayoutRun
from tests.payments.cast import client, earn, finance, launch, usd, worker
from tests.payments.conftest import ready
from tests.people import of_worker
from tests.stripe_double.running import Running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]


def signed_in(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def eager(user: Any, rail: Running, text: str = "20.00") -> list[earnings.Accrual]:
    """A worker with an account who chose to be paid on demand, and something confirmed."""
    ready(user, rail)
    with transaction.atomic():
        payout_requests.choose_rhythm(worker_id=user.id, rhythm="on_demand", now=timezone.now())
    _mira, acme = client()
    batch = launch(acme, usd("100000"))
    return [earn(user, acme, batch, text, confirmed=True)] if text else []


def ask(user: Any, *, most: str = "100", request_id: Any = None) -> Payout:
    with transaction.atomic():
        return payout_requests.ask(request_id=request_id or uuid7(), worker_id=user.id, most=usd(most), now=timezone.now())


def nothing_is_broken() -> None:
    broken = [each for each in invariants.findings() if not each.ok and each.name != "guard"]
    assert broken == []


@pytest.mark.parametrize("wrong", ["stripe:USD:2500", "stripe:USD:-1:25", "stripe:usd:1:1", "stripe:USD:1:1,stripe:USD:2:2", ""])
def test_a_cost_that_cannot_be_read_is_named_at_the_start(settings: Any, wrong: str) -> None:
    settings.PAYOUT_COSTS = wrong.split(",")
    (found,) = deploy_checks.payout_costs_can_be_read(None)
    assert "PAYOUT_COSTS" in found.msg
    settings.PAYOUT_COSTS = ["stripe:USD:3000:50"]
    assert deploy_checks.payout_costs_can_be_read(None) == [] and payout_costs.price("stripe", "USD") == payout_costs.Price(3_000, 50)
    assert payout_costs.price("stripe", "EUR") is None


@given(st.integers(0, 10**9), st.integers(0, 10_000), st.integers(0, 500))
def test_the_parts_add_up_and_no_larger_amount_would_fit(units: int, fixed: int, share: int) -> None:
    price = payout_costs.Price(fixed, share)
    parted = payout_costs.split(Money(units, "USD"), price)
    assert (parted.amount + parted.cost + parted.rest).units == units
    assert parted.rest.units >= 0 and parted.amount.units % 100 == 0
    if parted.amount:
        assert parted.cost.units >= fixed + parted.amount.units * share / 10_000
        bigger = parted.amount.units + 100
        assert bigger + fixed + bigger * share / 10_000 > units


def test_the_cost_is_shown_before_the_click_and_taken_with_it(rail: Running) -> None:
    ana = worker()
    eager(ana, rail)
    fees = ledger.balance(platform("platform_fees", "USD"))
    browser = signed_in(ana)
    page = browser.get("/work/earnings/now/").content.decode()
    assert "19.70" in page and "0.29<" in page
    form = dict(re.findall(r'name="(request_id|cost)" value="([^"]+)"', page))
    assert form["cost"] == "0.2993"
    assert browser.post("/work/earnings/now/", form).status_code == 302
    payout = Payout.objects.get()
    assert (payout.state, payout.amount_units, payout.cost_units, payout.carry_out_units) == ("approved", 197_000, 2_993, 7)
    sending.send_round(clock=timezone.now, limit=10)
    payout.refresh_from_db()
    assert payout.state == "sent"
    assert of_worker("available", ana) == Money(7, "USD")
    assert ledger.balance(platform("platform_fees", "USD")) == fees - usd("0.2993")
    assert "0.29" in browser.get(f"/work/earnings/payouts/{payout.pk}/").content.decode()
    nothing_is_broken()


def test_a_double_click_makes_one_payout_and_one_transfer(rail: Running) -> None:
    ana = worker()
    eager(ana, rail)
    request_id, start, made, troubles = uuid7(), threading.Barrier(4), [], []

    def click() -> None:
        try:
            start.wait()
            made.append(ask(ana, request_id=request_id).pk)
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == [] and len(made) == 4 and len(set(made)) == 1
    sending.send_round(clock=timezone.now, limit=10)
    assert ask(ana, request_id=request_id).pk == made[0]
    (payout,) = Payout.objects.all()
    assert len([each for each in rail.control("transfers")["transfers"] if str(payout.pk) in str(each)]) == 1
    nothing_is_broken()


def test_two_requests_at_once_make_one_payout_and_the_other_is_told_why(rail: Running) -> None:
    ana = worker()
    eager(ana, rail)
    ask(ana)
    with pytest.raises(payout_requests.NotPayable) as caught:
        ask(ana)
    assert caught.value.extra["reason"] == "payout_under_way"
    assert Payout.objects.count() == PayoutRun.objects.count() == 1


def test_a_refused_payout_gives_its_cost_back(rail: Running) -> None:
    ana = worker()
    eager(ana, rail)
    fees = ledger.balance(platform("platform_fees", "USD"))
    payout = ask(ana)
    account = PayoutAccount.objects.get(user=ana)
    rail.control(f"accounts/{account.rail_account}/restrict", {})
    sending.send_round(clock=timezone.now, limit=10)
    payout.refresh_from_db()
    assert payout.state == "returned"
    assert of_worker("available", ana) == usd("20")
    assert ledger.balance(platform("platform_fees", "USD")) == fees
    rail.control(f"accounts/{account.rail_account}/onboard", {})
    assert ask(ana).amount_units == 197_000
    nothing_is_broken()


def test_a_cost_that_rose_since_it_was_shown_pays_nothing(rail: Running) -> None:
    ana = worker()
    eager(ana, rail)
    with pytest.raises(payout_requests.CostRose):
        ask(ana, most="0.2992")
    assert not Payout.objects.exists() and not PayoutRun.objects.exists()
    assert not Earning.objects.filter(payout__isnull=False).exists()


@pytest.mark.parametrize(("text", "pays"), [("1.25", False), ("1.2525", True)])
def test_at_least_one_dollar_must_reach_the_worker(rail: Running, text: str, pays: bool) -> None:
    ana = worker()
    eager(ana, rail, text)
    if pays:
        assert ask(ana).amount_units == 10_000
        return
    with pytest.raises(payout_requests.NotPayable, match="Below the minimum"):
        ask(ana)
    assert not Payout.objects.exists()


def test_a_change_of_details_or_address_stops_it_for_72_hours(rail: Running) -> None:
    from kit import audit

    ana, wen = worker(), worker("Wen")
    for each in (ana, wen):
        eager(each, rail)
    PayoutAccount.objects.filter(user=ana).update(details_changed_at=timezone.now() - dt.timedelta(hours=71))
    with transaction.atomic():
        audit.record(subject=wen, verb=holds.EMAIL_CHANGED, actor_id=wen.id, now=timezone.now())
    for each in (ana, wen):
        with pytest.raises(payout_requests.NotPayable, match="72 hours"):
            ask(each)
    assert not Payout.objects.exists()
    PayoutAccount.objects.filter(user=ana).update(details_changed_at=timezone.now() - dt.timedelta(hours=73))
    assert ask(ana).state == "approved"


def test_only_the_disputed_part_is_held_back(rail: Running) -> None:
    ana = worker()
    eager(ana, rail, "")
    _mira, acme = client()
    batch = launch(acme, usd("100"))
    disputed, _free = earn(ana, acme, batch, "5", confirmed=True), earn(ana, acme, batch, "20", confirmed=True)
    with transaction.atomic():
        holds.stop(earning_id=disputed.earning_id, reason="dispute", actor_id=None, now=timezone.now())
    assert ask(ana).earned_units == 200_000


def test_a_weekly_run_leaves_out_who_is_paid_on_demand_and_takes_no_cost(rail: Running) -> None:
    ana, wen = worker(), worker("Wen")
    eager(ana, rail)
    eager(wen, rail)
    with transaction.atomic():
        payout_requests.choose_rhythm(worker_id=wen.id, rhythm="weekly", now=timezone.now())
    plan_weekly_payouts()
    (payout,) = Payout.objects.all()
    assert (payout.worker_id, payout.amount_units, payout.cost_units) == (wen.id, 200_000, 0)
    assert PayoutRun.objects.get(currency="USD").left_out["on_demand"]["workers"] == 1
    with pytest.raises(payout_requests.NotPayable):
        ask(wen)


def test_a_large_payout_waits_for_finance(rail: Running, settings: Any) -> None:
    settings.PAYOUT_APPROVAL_LIMIT_UNITS = 100_000
    ana, olu = worker(), finance()
    eager(ana, rail)
    payout = ask(ana)
    assert payout.state == "draft"
    sending.send_round(clock=timezone.now, limit=10)
    assert of_worker("available", ana) == usd("20")
    with transaction.atomic():
        payout_runs.approve(run_id=payout.run_id, actor_id=olu.id, now=timezone.now())
    sending.send_round(clock=timezone.now, limit=10)
    payout.refresh_from_db()
    assert payout.state == "sent"


def test_a_program_chooses_looks_and_asks_once(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    _mira, acme = client()
    earn(ana, acme, launch(acme, usd("100")), "20", confirmed=True)
    browser = signed_in(ana)

    def post(address: str, body: dict[str, Any], **headers: str) -> Any:
        return browser.post(f"/api/v1/me/{address}", body, content_type="application/json", headers=headers)

    (quote,) = browser.get("/api/v1/me/payout-quotes/").json()
    assert quote["reason"] == "weekly"
    assert post("payouts/", {"most_cost": quote["cost"]}).status_code == 409
    assert post("payout-account/rhythm/", {"rhythm": "daily"}).status_code == 422
    assert post("payout-account/rhythm/", {"rhythm": "on_demand"}).json()["rhythm"] == "on_demand"
    (quote,) = browser.get("/api/v1/me/payout-quotes/").json()
    assert quote["reason"] == ""
    answers = [post("payouts/", {"most_cost": quote["cost"]}, **{"Idempotency-Key": "k1"}) for _twice in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["cost"] == quote["cost"]
    assert Payout.objects.count() == 1


def test_eve_gets_nothing_by_anas_request_and_wrong_forms_move_nothing(rail: Running) -> None:
    ana, eve = worker(), worker("Eve")
    eager(ana, rail)
    eager(eve, rail)
    request_id = ask(ana).run_id
    answer = signed_in(eve).post("/work/earnings/now/", {"request_id": str(request_id), "cost": "1"})
    assert answer.status_code == 404
    for form in ({}, {"request_id": "x", "cost": "1"}, {"request_id": str(uuid7()), "cost": "much"}, {"request_id": str(uuid7())}):
        assert signed_in(eve).post("/work/earnings/now/", form).status_code == 422
    assert signed_in(eve).post("/work/earnings/rhythm/", {"rhythm": "hourly"}).status_code == 422
    assert signed_in(worker("Wen")).post("/work/earnings/rhythm/", {"rhythm": "weekly"}).status_code == 404
    assert Payout.objects.count() == 1


def test_the_page_costs_the_same_with_few_and_many_earnings(rail: Running) -> None:
    ana = worker()
    eager(ana, rail, "")
    _mira, acme = client()
    batch, counts, browser = launch(acme, usd("1000")), [], signed_in(ana)
    for more in (1, 20):
        for _each in range(more):
            earn(ana, acme, batch, "2", confirmed=True)
        browser.get("/work/earnings/now/")
        with CaptureQueriesContext(connection) as asked:
            assert browser.get("/work/earnings/now/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 13
