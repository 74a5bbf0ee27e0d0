"""How work goes for the client: intervals that hold what they promise, forecasts, costs, agreement, and what is stuck."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.core.cache import cache

from kit.money import Money
from marketplace import health
from marketplace.health import Answers, Gold, Health, Interval, Pace, Results
from marketplace.models import Result
from tests import market, people
from tests.marketplace.client_pages.conftest import deliver

NOW = people.NOW


@pytest.mark.parametrize(("truth", "answers"), [(0.7, 20), (0.9, 60), (0.97, 200)])
def test_the_interval_holds_the_true_share_about_95_times_of_100(truth: float, answers: int) -> None:
    rng = random.Random(7)
    inside = 0
    for _trial in range(300):
        right = sum(rng.random() < truth for _answer in range(answers))
        found = health.interval(right=right, answers=answers)
        assert found is not None and 0 <= found.low <= found.value <= found.high <= 100
        inside += found.low <= 100 * truth <= found.high
    assert inside / 300 > 0.9


def test_doubt_in_each_result_widens_the_interval() -> None:
    sure, unsure = health.interval(right=80, answers=100), health.interval(right=80, answers=100, doubt=15)
    assert sure is not None and unsure is not None
    assert unsure.high - unsure.low > sure.high - sure.low
    assert health.interval(right=0, answers=0) is None


def test_a_forecast_needs_work_of_the_last_day_and_is_wide_when_there_was_little() -> None:
    assert health.pace(left=100, results=Results(settled=4, lately=4), since=NOW, now=NOW) is None
    assert health.pace(left=0, results=Results(settled=50, lately=50), since=NOW, now=NOW) is None
    little = health.pace(left=100, results=Results(settled=10, lately=10), since=None, now=NOW)
    much = health.pace(left=1000, results=Results(settled=100, lately=100), since=None, now=NOW)
    assert little is not None and much is not None
    assert little.likely == much.likely == NOW + dt.timedelta(days=10)
    assert little.soonest < much.soonest < much.likely < much.latest < little.latest


def test_a_young_batch_is_forecast_from_the_hours_it_has_had() -> None:
    found = health.pace(left=60, results=Results(settled=30, lately=30), since=NOW - dt.timedelta(hours=3), now=NOW)
    assert found is not None and found.likely == NOW + dt.timedelta(hours=6)


def figures(**changes: object) -> Health:
    usd = Money.zero("USD")
    given: dict[str, object] = {
        "tasks": 10, "results": Results(), "answers": Answers(), "accuracy": None, "gold": Gold(0, 0, 0), "agreement": None,
        "target": None, "spent": usd, "pending": usd, "reserved": usd, "pace": None, "deadline": None,
    }
    return Health(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(("deadline", "word"), [(9, "late"), (15, "maybe"), (30, "early")])
def test_on_time_says_maybe_where_the_interval_holds_the_day(deadline: int, word: str) -> None:
    days = [NOW + dt.timedelta(days=day) for day in (14, 10, 20)]
    found = figures(pace=Pace(10, *days), deadline=NOW + dt.timedelta(days=deadline))
    assert found.on_time == word
    assert figures(deadline=NOW).on_time == "" and figures(pace=Pace(10, *days)).on_time == ""


def test_good_enough_asks_the_lower_end() -> None:
    assert figures(target=90.0, accuracy=Interval(95, 91, 98)).good_enough is True
    assert figures(target=90.0, accuracy=Interval(95, 88, 98)).good_enough is False
    assert figures(accuracy=Interval(95, 88, 98)).good_enough is None


@pytest.mark.django_db
def test_the_figures_of_a_batch_add_up() -> None:
    cache.clear()
    ana, wen, (mira, shop) = people.worker("Ana"), people.worker("Wen"), people.client("Mira")
    batch = market.launched(mira, shop, texts=4, overlap=2, max_overlap=2)
    for label in ("sunny", "rainy"):
        market.work(ana, label)
    for label in ("sunny", "windy"):
        market.work(wen, label)
    deliver()
    found = health.of(project=batch.project, batches=[batch], now=NOW + dt.timedelta(hours=1))
    assert (found.tasks, found.results.settled, found.answers.accepted, found.percent) == (4, 2, 4, 50)
    assert found.spent == people.usd("0.46") and found.per_answer == people.usd("0.115") and found.per_result == people.usd("0.23")
    assert found.agreement is not None and (found.agreement.percent, found.agreement.tasks) == (50.0, 2)
    assert found.reserved == Money(batch.reserved_units, "USD") - found.spent


@pytest.mark.django_db
def test_the_curve_counts_up_and_the_plan_goes_evenly_to_the_deadline() -> None:
    cache.clear()
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    batch = market.launched(mira, shop, texts=10)
    batch.deadline = NOW + dt.timedelta(hours=10)
    for _at in range(4):
        market.work(ana)
    deliver()
    for hours, result in enumerate(Result.objects.order_by("task_id"), start=1):
        Result.objects.filter(pk=result.pk).update(settled_at=NOW + dt.timedelta(hours=hours))
    found = health.curve(batches=[batch], now=NOW + dt.timedelta(hours=5))
    assert found is not None
    assert found.settled[-1] == 4 and found.settled == sorted(found.settled)
    assert found.plan[-1] == pytest.approx(5, abs=0.6), "half of the time, half of the tasks"
