"""The pages of pay: prices by the box, promises on top, missions; and what a worker would get."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace.models import Mission, Rate
from tests import market, people
from tests.marketplace import pay
from tests.marketplace.client_pages.conftest import BACKEND, Seat, words
from tests.marketplace.client_pages.test_setup import TERMS

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_terms_page_sets_a_price_by_the_box_with_promises_on_top(mira: Seat) -> None:
    made = pay.boxes((mira.user, mira.organisation))
    asked = TERMS | {
        "answer_price": "0.03", "answer_unit": "boxes", "answer_most": 8, "floor_per_hour": "9", "quality_bonus": "0.02",
        "quality_bonus_least": "85", "countries": "in 80 %\nCH 120,5",
    }  # fmt: skip
    assert mira.post("project_terms", made.pk, **(asked | {"answer_most": ""})).status_code == 422
    assert mira.post("project_terms", made.pk, **(asked | {"countries": "everywhere"})).status_code == 422
    assert Rate.objects.count() == 2, "refused: nothing moved"
    assert mira.post("project_terms", made.pk, **asked).status_code == 302
    made.refresh_from_db()
    assert (made.floor_per_hour_units, made.quality_bonus_units, made.quality_bonus_least_bp) == (90_000, 200, 8_500)
    assert made.country_bp == {"CH": 12_050, "IN": 8_000}
    rate = made.rates.filter(kind="answer").latest("id")
    assert (rate.unit, rate.most_units, rate.amount_units) == ("boxes", 8, 300)
    page = mira.words("project_terms", made.pk)
    assert "for each box, at most 8" in page and "An answer costs you at most" in page
    assert mira.post("project_terms", made.pk, **asked).status_code == 302
    assert made.rates.filter(kind="answer").count() == 2, "the same price makes no new rate"


def test_a_mission_is_opened_on_its_page_seen_by_workers_and_ended(mira: Seat) -> None:
    batch = market.launched(
        mira.user, mira.organisation, floor_per_hour_units=90_000, quality_bonus_units=200, country_bp={"IN": 8_000}
    )
    ends = (timezone.now() + dt.timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    asked = {
        "name": "Two of them", "kind": "count", "count": 2, "per_day": 1, "amount": "1.00", "budget": "3.00", "ends_at": ends,
    }  # fmt: skip
    assert mira.post("batch_missions", batch.pk, **(asked | {"budget": "0.50"})).status_code == 422
    assert not Mission.objects.exists()
    assert mira.post("batch_missions", batch.pk, **asked).status_code == 302
    assert "Two of them" in mira.words("batch_missions", batch.pk)
    ana = people.worker()
    browser = Client()
    browser.force_login(ana, backend=BACKEND)
    where = reverse("market:work_pay", args=[batch.project_id])
    assert browser.get(where).status_code == 404, "whom no queue lets in and who never worked there"
    market.work(ana)
    seen = words(browser.get(where))
    for said in ("0.10 USD for each task", "below: the base", "9.00 USD", "0.02 USD", "The client's price in India", "Two of them"):
        assert said in seen, said
    mission = Mission.objects.get()
    assert mira.post("end_mission", batch.pk, mission.pk).status_code == 302
    assert "Two of them" not in words(browser.get(where))
    mission.refresh_from_db()
    assert mission.ended_why == "stopped"
