"""An empty queue explains itself: what fits, what keeps the rest shut and by how much, when more comes, and being told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from marketplace import arrivals, dispatch, outlook, rules
from marketplace.models import Batch, WorkAlert
from tests import market, people
from tests.marketplace.api.callers import Caller
from workers.models import Notice, User

pytestmark = pytest.mark.django_db(transaction=True)

NOW = market.NOW


def seen(worker: User, *, now: dt.datetime = NOW) -> outlook.Outlook:
    with transaction.atomic():
        return outlook.of(worker_id=worker.id, now=now)


def told(worker: User, *, now: dt.datetime) -> int:
    """How many notices of work this worker has, after the runner looked."""
    with transaction.atomic():
        outlook.tell_waiting(now=now)
    return Notice.objects.filter(user=worker, kind="work.open").count()


def ask(worker: User, *, now: dt.datetime = NOW) -> None:
    with transaction.atomic():
        outlook.ask_to_be_told(worker_id=worker.id, now=now)


def test_funded_slots_count_until_the_worker_has_had_them() -> None:
    market.launched(*people.client(), texts=3)
    ana = people.worker("Ana")
    assert [(fit.slots, fit.why) for fit in seen(ana).fits] == [(3, "open")]
    market.work(ana)
    lease = market.take(ana)
    assert lease is not None
    with transaction.atomic():
        dispatch.give_back(worker_id=ana.id, lease_id=lease.lease_id, now=NOW)
    assert seen(ana).slots == 1, "one is answered, and what was given back is never offered again"
    assert seen(people.worker("Ben")).slots == 2, "it waits for others"
    market.work(ana)
    assert [(fit.slots, fit.why) for fit in seen(ana).fits] == [(0, "all_taken")]


def test_the_days_cap_is_named() -> None:
    market.launched(*people.client(), texts=3, daily_cap=1)
    ana = people.worker("Ana")
    market.work(ana)
    assert [(fit.slots, fit.why) for fit in seen(ana).fits] == [(0, "daily_cap")]
    assert seen(ana, now=NOW + dt.timedelta(days=1)).slots == 2


def test_a_closed_door_says_by_how_much_and_what_would_open_it() -> None:
    market.launched(*people.client(), eligibility={"all": [{"fact": "accepted", "least": 25}]}, texts=2)
    (closed,) = seen(people.worker("Ana")).closed
    (miss,) = closed.misses
    assert (miss.gap, miss.done, miss.total, closed.slots) == ("25 more accepted tasks", 0, 25, 2)
    assert "accepted answer" in miss.opens


@pytest.mark.parametrize(("leaf", "facts", "gap"), [
    ({"fact": "skill", "skill": "law", "tier": 3}, rules.Facts(skills={"law": 1}), "2 tiers higher"),
    ({"fact": "skill", "skill": "law", "tier": 1}, rules.Facts(), ""),
    ({"fact": "language", "code": "de", "level": "C1"}, rules.Facts(languages={"de": "B2"}), "1 level higher"),
    ({"fact": "country", "in": ["AT"]}, rules.Facts(country="DE"), ""),
])  # fmt: skip
def test_by_how_much_each_kind_of_rule_fails(leaf: dict[str, Any], facts: rules.Facts, gap: str) -> None:
    (miss,) = rules.misses(leaf, facts)
    assert str(miss.gap) == gap and miss.opens


def test_little_data_says_so_and_a_month_of_openings_gives_an_interval() -> None:
    days = [NOW - dt.timedelta(days=at) for at in (2, 5, 9)]
    assert arrivals.expected(days, now=NOW) == arrivals.Expected(3)
    every_day = [NOW - dt.timedelta(days=at, hours=1) for at in range(28)]
    found = arrivals.expected(every_day, now=NOW)
    assert found.median and found.low and found.high
    assert found.low < dt.timedelta(hours=4) < dt.timedelta(hours=12) < found.median < dt.timedelta(hours=24) < found.high
    assert found.openings == 28


def test_batches_that_open_together_are_one_opening_and_old_ones_none() -> None:
    at_once = [NOW - dt.timedelta(minutes=at) for at in range(0, 120, 30)]
    assert arrivals.expected([*at_once, NOW - dt.timedelta(days=40), NOW + dt.timedelta(days=1)], now=NOW).openings == 1


def test_only_openings_that_let_the_worker_in_count() -> None:
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    for at, rule in enumerate([{"all": []}, {"fact": "country", "in": ["JP"]}], start=1):
        made = market.project(mira, shop, eligibility=rule)
        market.launch(market.batch(made, mira, texts=1), mira, now=NOW + dt.timedelta(days=at))
    assert seen(people.worker("Ana", country="DE"), now=NOW + dt.timedelta(days=3)).expected.openings == 1


def test_who_asks_is_told_once_when_something_fits() -> None:
    ana, eve = people.worker("Ana"), people.worker("Eve")
    ask(ana)
    ask(ana)
    minute = dt.timedelta(minutes=2)
    assert told(ana, now=NOW) == 0
    mira, shop = people.client()
    market.launched(mira, shop)
    assert told(ana, now=NOW + minute) == 1
    assert told(ana, now=NOW + 2 * minute) == 1, "one notice for each time they ask"
    assert told(eve, now=NOW + 2 * minute) == 0
    ask(ana, now=NOW + 2 * minute)
    assert told(ana, now=NOW + 3 * minute) == 1, "nobody is told more than once an hour"
    assert told(ana, now=NOW + dt.timedelta(hours=2)) == 2


def test_nobody_is_told_of_work_that_is_not_theirs_or_after_taking_it_back() -> None:
    ana, ben = people.worker("Ana", country="DE"), people.worker("Ben", country="JP")
    ask(ana)
    ask(ben)
    with transaction.atomic():
        outlook.stop_telling(worker_id=ben.id)
    market.launched(*people.client(), eligibility={"fact": "country", "in": ["JP"]})
    assert (told(ana, now=NOW), told(ben, now=NOW)) == (0, 0)
    assert WorkAlert.objects.get(worker=ana).waiting


def test_page_and_api_say_the_same() -> None:
    market.launched(*people.client(), eligibility={"all": [{"fact": "accepted", "least": 25}]}, texts=2)
    ana = people.worker("Ana")
    browser = Browser()
    browser.force_login(ana)
    page = browser.get(reverse("market:work_more")).content.decode()
    assert "When more comes" in page and "Too little to go by" in page and "25 more accepted tasks" in page
    browser.post(reverse("market:work_alert"))
    api = Caller(ana, ["work"])
    status, said = api.get("work/outlook/")
    assert (status, said["slots"], said["told"], said["expected"]["enough"]) == (200, 0, True, False)
    assert said["closed"][0]["misses"][0]["gap"] == "25 more accepted tasks"
    assert api.delete("work/alert/") == (200, {"told": False})
    assert api.post("work/alert/")[1] == {"told": True}
    browser.post(reverse("market:work_alert"), {"stop": "1"})
    assert not WorkAlert.objects.get(worker=ana).waiting
    assert Batch.objects.get().state == "active"
