"""A score ages: without new answers its interval widens, week by week."""

from __future__ import annotations

import datetime as dt

import pytest

from marketplace import results
from marketplace.models import WorkerRecord
from tests import market, people

pytestmark = pytest.mark.django_db

NOW = market.NOW
DAY = dt.timedelta(days=1)


def width(name: str) -> int:
    record = WorkerRecord.objects.get(worker__name=name)
    assert record.score_high_bp is not None and record.score_low_bp is not None
    return record.score_high_bp - record.score_low_bp


def test_the_interval_of_a_live_score_widens_with_its_answers_age() -> None:
    market.launched(*people.client(), texts=30, overlap=3, max_overlap=3)
    for name in ("Ana", "Ben"):
        worker = people.worker(name)
        for _time in range(20):
            market.work(worker)
    assert results.refit_stale(now=NOW + DAY) == 1
    first = width("Ana")
    assert results.refit_stale(now=NOW + 7 * DAY) == 0, "nothing new, and the fit is six days old"
    assert results.refit_stale(now=NOW + 8 * DAY) == 1
    assert width("Ana") > first
    assert results.refit_stale(now=NOW + 98 * DAY) == 1
    assert width("Ana") > 1.2 * first and width("Ben") > 1.2 * first
