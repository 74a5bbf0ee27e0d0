"""Bands of a crowd's health: a pure function of published bounds, kept with its since, told once a change to whom it concerns."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.cache import cache
from django.db import transaction

from kit import audit
from kit.errors import Conflict, Invalid
from marketplace import pool_health
from marketplace.models import Batch, HealthBounds, PoolHealth, Project
from marketplace.quality.bands import Bounds
from tests import market, people
from tests.workers.doors import browser, program
from workers.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW
MINUTES = dt.timedelta(minutes=20)


def watch(now: dt.datetime) -> None:
    pool_health.watch(now=now)


def test_a_change_is_kept_with_its_since_and_told_once_to_whom_it_concerns() -> None:
    manager, lead, finance = people.ops("Olu", "pool_manager"), people.ops("Quy", "quality_lead"), people.ops("Fin", "finance")
    ana = people.worker("Ana")
    with transaction.atomic():
        pool_health.publish(wanted=Bounds(least_hours_each=0), from_at=NOW, by_id=manager.pk, now=NOW)
    batch = market.launched(*people.client(), texts=5)
    market.work(ana)
    watch(NOW)
    row = PoolHealth.objects.get()
    assert row.band == "healthy" and not Notice.objects.exists(), "nobody hears that all is well"
    Project.objects.filter(pk=batch.project_id).update(drifting_since=NOW)
    watch(NOW + MINUTES)
    watch(NOW + MINUTES + dt.timedelta(minutes=5))
    assert PoolHealth.objects.get().since == NOW + MINUTES and not Notice.objects.exists(), "it has not held yet"
    for later in (2, 3, 30):
        watch(NOW + later * MINUTES)
    assert set(Notice.objects.values_list("user_id", "kind")) == {(manager.pk, "pool.band"), (lead.pk, "pool.band")}
    assert Notice.objects.count() == 2, "once for each, however often it is read"
    assert [(line.from_state, line.to_state, line.reason) for line in audit.history(PoolHealth.objects.get())] == [
        ("healthy", "falling", "drift")
    ]
    assert not Notice.objects.filter(user=finance).exists()
    assert "have become worse" in browser(manager).get("/ops/notices/").content.decode()


def test_a_crowd_that_flutters_is_told_of_every_six_hours_at_most() -> None:
    people.ops("Olu", "pool_manager")
    batch = market.launched(*people.client(), texts=5)
    watch(NOW)
    watch(NOW + MINUTES)
    assert Notice.objects.count() == 1 and PoolHealth.objects.get().why in {"nobody_may", "nobody_works"}
    ana = people.worker("Ana")
    market.work(ana, now=NOW + MINUTES)
    cache.clear()
    for at in (2, 3, 4):
        watch(NOW + at * MINUTES)
    assert PoolHealth.objects.get().band != "short" and Notice.objects.count() == 1
    watch(NOW + dt.timedelta(hours=7))
    assert Notice.objects.count() == 2, "what has changed for good is told in the end"
    assert Batch.objects.filter(pk=batch.pk).exists()


def test_bounds_are_dated_published_and_refused_where_they_make_no_sense() -> None:
    olu = people.ops()
    with transaction.atomic():
        pool_health.publish(wanted=Bounds(most_days=2), from_at=NOW + MINUTES, by_id=olu.pk, now=NOW)
    assert pool_health.bounds(now=NOW) == Bounds() and pool_health.bounds(now=NOW + MINUTES).most_days == 2
    wrong = [
        (Bounds(least_accepted=101), NOW, Invalid), (Bounds(most_hours_each=0.2, least_hours_each=0.3), NOW, Invalid),
        (Bounds(), NOW - 2 * MINUTES, Invalid), (Bounds(), NOW + MINUTES, Conflict),
        (Bounds(most_days=float("nan")), NOW, Invalid),
    ]
    for wanted, from_at, error in wrong:
        with pytest.raises(error), transaction.atomic():
            pool_health.publish(wanted=wanted, from_at=from_at, by_id=olu.pk, now=NOW)
    assert HealthBounds.objects.count() == 1


def test_page_and_api_show_the_bands_and_pool_managers_alone_set_bounds() -> None:
    market.launched(*people.client(), texts=5)
    watch(NOW)
    olu, fin = people.ops(), people.ops("Fin", "finance")
    page = browser(olu).get("/ops/pools/health/").content.decode()
    assert "Weather" in page and "short of people" in page and "What to do" in page
    assert "short of people" in browser(olu).get("/ops/pools/").content.decode()
    asked = {"most_hours_each": "10", "least_hours_each": "1", "most_days": "3", "least_accepted": "95"}
    assert browser(fin).post("/ops/pools/health/", asked).status_code == 403 and not HealthBounds.objects.exists()
    assert browser(olu).post("/ops/pools/health/", asked | {"most_days": "0"}).status_code == 422
    assert browser(olu).post("/ops/pools/health/", asked).status_code == 302
    assert HealthBounds.objects.get().least_accepted == 95
    [row] = program(olu, "ops").get("/api/v1/ops/pool-health/").json()
    assert row["band"] == "short" and row["sentence"]
    body = {"most_hours_each": 9, "least_hours_each": 1, "most_days": 3, "least_accepted": 95}
    assert program(fin, "ops").post("/api/v1/ops/pool-health/bounds/", body, content_type="application/json").status_code == 403
    assert program(olu, "ops").post("/api/v1/ops/pool-health/bounds/", body, content_type="application/json").status_code == 201
    assert program(people.worker("Eve"), "work").get("/api/v1/ops/pool-health/").status_code == 403
