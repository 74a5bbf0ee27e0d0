"""Proofs of a skill renew by good work, seen through known answers that nobody can tell from the others."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.db import transaction

from kit.models import AuditRecord
from marketplace import gold, renewals, rules
from marketplace.models import Project
from qualification.models import Grant, Skill
from tests import market, people
from tests.marketplace import experts
from tests.people import NOW
from workers.models import Notice, User

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
SKILLED = {"all": [{"fact": "skill", "skill": "meteorology", "tier": 1}, {"not": {"fact": "skill", "skill": "law", "tier": 1}}]}


@pytest.fixture
def asking() -> Project:
    """A project for people with the skill, with 24 known answers."""
    experts.meteorology()
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    made = market.project(mira, shop, eligibility=SKILLED, gold_least_bp=5_000, gold_most_bp=5_000)
    rows = [({"text": f"known {at}"}, {"label": "sunny"}) for at in range(24)]
    with transaction.atomic():
        gold.add(project=made, rows=rows, actor_id=mira.id, now=NOW, rng=random.Random(0))
    market.launch(market.batch(made, mira, texts=60), mira)
    return made


def worked(name: str, *, right: int, wrong: int = 0, valid_days: int = 20) -> tuple[User, Grant]:
    """Somebody whose proof ends soon, and who met so many known answers."""
    worker = experts.expert(Skill.objects.get(), name, valid_days=valid_days)
    met, seed = 0, 0
    while met < right + wrong:
        lease = market.take(worker, seed=seed)
        assert lease is not None
        seed += 1
        known = lease.payload["text"].startswith("known")
        market.answer(worker, lease, "sunny" if not known or met < right else "rainy")
        met += known
    return worker, Grant.objects.get(worker_id=worker.pk)


def test_good_work_renews_a_proof_that_ends_soon_and_tells(asking: Project) -> None:
    ana, held = worked("Ana", right=21)
    assert renewals.renew_due(now=NOW + DAY) == held.pk
    after = Grant.objects.get()
    assert after.expires_at == NOW + 20 * DAY + renewals.RENEWED
    assert Notice.objects.filter(user=ana, kind="grant.renewed").count() == 1
    assert AuditRecord.objects.filter(verb="grant.renewed", subject_id=str(held.pk)).count() == 1
    assert renewals.renew_due(now=NOW + DAY) is None
    assert Grant.objects.get().expires_at == after.expires_at


@pytest.mark.parametrize(("right", "wrong"), [(19, 0), (12, 9)])
def test_too_little_or_too_bad_work_leaves_the_day_as_it_was(asking: Project, right: int, wrong: int) -> None:
    ana, held = worked("Ana", right=right, wrong=wrong)
    renewals.renew_due(now=NOW + DAY)
    assert Grant.objects.get().expires_at == held.expires_at
    assert not Notice.objects.filter(user=ana, kind="grant.renewed").exists()


def test_a_proof_that_lasts_or_that_no_project_asks_for_is_not_looked_at(asking: Project) -> None:
    worked("Ana", right=21, valid_days=90)
    assert renewals.renew_due(now=NOW + DAY) is None
    assert renewals.renew_due(now=NOW + 70 * DAY, after=None) is not None
    Project.objects.update(eligibility={"all": []})
    assert renewals.renew_due(now=NOW + 70 * DAY) is None


def test_old_work_says_nothing_of_today(asking: Project) -> None:
    _ana, held = worked("Ana", right=21, valid_days=220)
    renewals.renew_due(now=NOW + 200 * DAY)
    assert Grant.objects.get().expires_at == held.expires_at


def test_the_skills_of_a_rule_are_those_that_it_asks_for() -> None:
    assert rules.skills_of(SKILLED) == {"meteorology"}
    assert rules.skills_of({"any": [SKILLED, {"fact": "skill", "skill": "x", "tier": 0}, {"fact": "accepted", "least": 1}]}) == {"meteorology", "x"}
    assert rules.skills_of({"all": []}) == set()
