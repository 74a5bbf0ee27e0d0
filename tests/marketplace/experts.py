"""A market where the crowd is not always sure: a client who names experts, experts, and people who disagree."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from config.reactions import REACTIONS
from kit import outbox
from marketplace import dispatch, projects, submissions
from marketplace.models import Batch, Project
from qualification import grants
from qualification.models import Skill
from tests import market, people
from workers.models import Organisation, User

Payer = tuple[User, Organisation]


def meteorology() -> Skill:
    return Skill.objects.create(slug="meteorology", name="Meteorology", kind="subject")


def payer() -> Payer:
    """Mira with 100 prepaid."""
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    return mira, shop


def expert(skill: Skill, name: str = "Wen", *, tier: int = 2, **options: Any) -> User:
    worker = people.worker(name)
    with transaction.atomic():
        grants.grant(worker_id=worker.id, skill=skill, tier=tier, source="exam", now=market.NOW, **options)
    return worker


def with_experts(client: Payer, **options: Any) -> Project:
    """Two to four answers, the last of them an expert's; 0.10 an answer, 0.50 an expert's, 1.00 a last word."""
    mira, shop = client
    terms: dict[str, Any] = {
        "overlap": 2, "max_overlap": 4, "target_accuracy_bp": 9_900, "expert_skill": "meteorology", "expert_tier": 2,
        "adjudication_share_bp": 10_000,
    }  # fmt: skip
    made = market.project(mira, shop, **(terms | options))
    with transaction.atomic():
        for kind, amount in (("answer", "0.50"), ("adjudication", "1.00")):
            projects.set_rate(project=made, amount=people.usd(amount), kind=kind, tier=2, actor_id=mira.id, now=market.NOW)
    return made


def launched(client: Payer, *, texts: int = 1, **options: Any) -> Batch:
    return market.launch(market.batch(with_experts(client, **options), client[0], texts=texts), client[0])


def deliver() -> None:
    while outbox.deliver_due(reactions=REACTIONS, now=dt.datetime.now(dt.UTC)):
        continue


def crowd(*labels: str) -> list[User]:
    """People who answer one after the other; the model looks after each."""
    found = []
    for name, label in zip(("Ana", "Ben", "Cleo"), labels, strict=False):
        found.append(people.worker(name))
        assert market.work(found[-1], label) is not None
        deliver()
    return found


def hand_in(worker: User, lease: dispatch.LeasedTask | None, label: str) -> submissions.Submitted:
    assert lease is not None
    made = market.answer(worker, lease, label)
    deliver()
    return made
