"""Ops sees how known answers fare week by week, and is told once when they are met worse."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from marketplace import drift, gold
from marketplace.models import GoldAnswer, Project, Submission, WorkerRecord
from tests import market, people
from workers.models import Notice, User

pytestmark = pytest.mark.django_db

NOW = market.NOW


@pytest.fixture
def project() -> Project:
    """Sixty answers to known tasks, the first forty of them three weeks old; all right."""
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    made = market.project(mira, shop, gold_least_bp=5_000, gold_most_bp=5_000)
    with transaction.atomic():
        known = [({"text": f"known {at}"}, {"label": "windy"}) for at in range(60)]
        gold.add(project=made, rows=known, actor_id=mira.id, now=NOW, rng=random.Random(1))
    market.launch(market.batch(made, mira, texts=120), mira)
    ana = people.worker("Ana")
    at = 0
    while Submission.objects.filter(gold=True).count() < 60:
        lease = market.take(ana, seed=at)
        assert lease is not None
        market.answer(ana, lease, "windy")
        at += 1
    ids = list(Submission.objects.filter(gold=True).order_by("pk").values_list("pk", flat=True))
    Submission.objects.filter(pk__in=ids[:35]).update(submitted_at=NOW - dt.timedelta(days=20))
    Submission.objects.filter(pk__in=ids[35:]).update(submitted_at=NOW - dt.timedelta(days=2))
    return made


def spoil(count: int) -> None:
    """So many of this week's are wrong."""
    rows = Submission.objects.filter(gold=True, submitted_at__gt=NOW - drift.WEEK)[:count]
    Submission.objects.filter(pk__in=[row.pk for row in rows]).update(answer={"label": "rainy"})


def watch(now: dt.datetime = NOW) -> int:
    with transaction.atomic():
        return drift.watch(now=now)


def olu() -> User:
    return people.ops("Olu", "quality_lead")


def test_weeks_are_counted_from_the_answers_themselves(project: Project) -> None:
    spoil(5)
    found = drift.course(project=project, now=NOW)
    assert [week.count.seen for week in found.weeks] == [0, 0, 0, 0, 0, 35, 0, 25]
    assert (found.lately.right, found.before.right, found.seen) == (20, 35, 60)
    GoldAnswer.objects.update(voided_at=NOW)
    assert drift.course(project=project, now=NOW).seen == 0, "a voided answer says nothing of anybody"


def test_an_alarm_is_told_once_to_quality_leads_and_ends_by_itself(project: Project) -> None:
    lead, pool = olu(), people.ops("Pat")
    assert watch() == 0
    spoil(12)
    assert watch() == watch() == 1
    assert Notice.objects.filter(user=lead, kind="quality.drift").count() == 1
    assert not Notice.objects.filter(user=pool).exists()
    Submission.objects.filter(gold=True).update(answer={"label": "windy"})
    assert watch() == 0
    assert WorkerRecord.objects.exists(), "nobody's record moves by it"


def test_an_alarm_that_nobody_renews_is_over_after_eight_weeks(project: Project) -> None:
    spoil(12)
    assert watch() == 1
    assert watch(NOW + 9 * drift.WEEK) == 0


def test_pages_of_ops_show_supply_weeks_and_the_alarm(project: Project) -> None:
    Submission.objects.filter(gold=True).update(submitted_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=1))
    browser = Browser()
    browser.force_login(olu())
    page = browser.get(reverse("market:ops_project", args=[project.pk])).content.decode()
    assert "Supply and demand" in page and "May work on it" in page
    part = browser.get(reverse("market:ops_project_quality", args=[project.pk])).content.decode()
    assert "60 of 60 answers to known tasks were right" in part and "<svg" in part
    Project.objects.update(drifting_since=NOW)
    assert "worse than before" in browser.get(reverse("market:ops_project", args=[project.pk])).content.decode()
    assert project.name in browser.get(reverse("market:ops_today_section", args=["drift"])).content.decode()
    assert browser.get(reverse("market:ops_project", args=["00000000-0000-0000-0000-000000000007"])).status_code == 404


def test_a_worker_reads_what_would_raise_the_band(project: Project) -> None:
    ana = User.objects.get(name="Ana")
    WorkerRecord.objects.filter(worker=ana).update(score_bp=9_300, score_low_bp=8_200, score_high_bp=9_800, scored_at=NOW)
    browser = Browser()
    browser.force_login(ana)
    assert "more answers that are right as often" in browser.get(reverse("market:quality")).content.decode()
    WorkerRecord.objects.filter(worker=ana).update(score_bp=7_000, score_low_bp=6_000, score_high_bp=8_000)
    assert "right more often" in browser.get(reverse("market:quality")).content.decode()
