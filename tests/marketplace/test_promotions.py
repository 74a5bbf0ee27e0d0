"""Efficient experts are found by what was measured, offered with the evidence, and promoted by a person alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from kit.models import AuditRecord
from marketplace import promotions
from marketplace.models import Project, WorkerRecord
from qualification import grants, skills
from qualification.models import Grant, Skill
from tests import market, people
from tests.marketplace.api.callers import Caller
from workers import standing
from workers.models import User

pytestmark = pytest.mark.django_db

NOW = market.NOW


@pytest.fixture
def skill() -> Skill:
    with transaction.atomic():
        return skills.create(name="Law", kind="subject", slug="law", by_id=people.ops("Pat").id, now=NOW, description="Reads law.")


@pytest.fixture
def project(skill: Skill) -> Project:
    mira, shop = people.client()
    people.pay_in(shop, people.usd("10"))
    return market.project(mira, shop, eligibility={"all": [{"fact": "skill", "skill": "law", "tier": 1}]})


def record(worker: User, project: Project, *, answers: int = 60, seconds: int = 20, low: int = 9_200) -> User:
    WorkerRecord.objects.create(
        worker=worker, project=project, answers=answers, active_ms=answers * seconds * 1_000, score_bp=low + 400, score_low_bp=low,
        score_high_bp=low + 700,
    )
    return worker


def crowd(project: Project, skill: Skill) -> User:
    """Wen is right and quick at tier 1; two others are slow, one of them good."""
    wen = record(people.worker("Wen"), project)
    record(people.worker("Ben"), project, seconds=60)
    record(people.worker("Cem"), project, seconds=60, low=7_000)
    with transaction.atomic():
        grants.grant(worker_id=wen.id, skill=skill, tier=1, source="exam", now=NOW, valid_days=100)
    return wen


def test_the_quick_and_right_are_offered_the_next_tier_with_the_evidence(project: Project, skill: Skill) -> None:
    wen = crowd(project, skill)
    (offer,) = promotions.offers(now=NOW)
    assert (offer.worker_id, offer.skill, offer.held, offer.tier, offer.answers) == (wen.id, skill, 1, 2, 60)
    assert offer.right_an_hour == pytest.approx(180 * 0.92) and offer.usual < offer.right_an_hour / promotions.FASTER


@pytest.mark.parametrize("changed", [
    {"answers": 49, "active_ms": 49 * 20_000}, {"score_low_bp": 8_999}, {"active_ms": 60 * 58_000},
])  # fmt: skip
def test_too_few_too_unsure_or_too_slow_is_offered_nothing(changed: dict[str, int], project: Project, skill: Skill) -> None:
    wen = crowd(project, skill)
    WorkerRecord.objects.filter(worker=wen).update(**changed)
    assert promotions.offers(now=NOW) == []


def test_nobody_is_offered_more_than_the_highest_or_while_they_may_not_work(project: Project, skill: Skill) -> None:
    wen = crowd(project, skill)
    with transaction.atomic():
        standing.pause(worker_id=wen.id, reason="security", until=NOW + dt.timedelta(days=1), by_id=None, now=NOW)
    assert promotions.offers(now=NOW) == []
    with transaction.atomic():
        standing.resume(worker_id=wen.id, by_id=None, now=NOW)
    with transaction.atomic():
        grants.grant(worker_id=wen.id, skill=skill, tier=3, source="ops", now=NOW)
    assert promotions.offers(now=NOW) == []


def test_experts_of_a_project_without_a_rule_are_found_too(skill: Skill) -> None:
    mira, shop = people.client()
    people.pay_in(shop, people.usd("10"))
    made = market.project(mira, shop, overlap=2, max_overlap=4, target_accuracy_bp=9_500, expert_skill="law", expert_tier=1)
    crowd(made, skill)
    later = NOW + dt.timedelta(days=101)
    assert [(offer.held, offer.tier) for offer in promotions.offers(now=later)] == [(None, 1)], "the proof has expired"


def test_a_person_gives_it_once_and_it_leaves_a_line(project: Project, skill: Skill) -> None:
    wen, olu = crowd(project, skill), people.ops("Olu")
    with transaction.atomic():
        made = promotions.accept(worker_id=wen.id, skill_id=skill.pk, by_id=olu.id, now=NOW)
    assert (made.tier, made.source, made.low_bp) == (2, "evidence", 9_200)
    assert AuditRecord.objects.get(verb="promotion.given").actor_id == olu.id
    WorkerRecord.objects.filter(worker=wen).update(score_low_bp=8_000)
    with pytest.raises(promotions.NotOffered), transaction.atomic():
        promotions.accept(worker_id=wen.id, skill_id=skill.pk, by_id=olu.id, now=NOW)
    assert Grant.objects.get(worker=wen.worker, state="live").tier == 2


def test_page_and_api(project: Project, skill: Skill) -> None:
    wen, olu = crowd(project, skill), people.ops("Olu")
    browser = Browser()
    browser.force_login(olu)
    page = browser.get(reverse("market:ops_promotions")).content.decode()
    assert "Wen" in page and "Give tier 2" in page
    reader = Browser()
    reader.force_login(people.ops("Fin", "finance"))
    assert "Give tier 2" not in reader.get(reverse("market:ops_promotions")).content.decode()
    api = Caller(olu, ["ops"])
    (said,) = api.get("ops/promotions/")[1]
    assert (said["worker"], said["tier"], said["held"]) == (str(wen.id), 2, 1)
    assert api.post("ops/promotions/", {"worker": said["worker"], "skill": said["skill"]})[1]["tier"] == 2
    assert browser.post(reverse("market:ops_promote", args=[wen.id, skill.pk])).status_code == 302
    assert Grant.objects.get(worker=wen.worker, state="live").tier == 3
    assert api.post("ops/promotions/", {"worker": said["worker"], "skill": said["skill"]})[0] == 409
