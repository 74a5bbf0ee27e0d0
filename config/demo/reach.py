"""How people get in, in the demo: work that asks for a skill nobody has proven, a wait-list for it, invitations and a referral."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from config.demo import market
from config.demo.people import Cast
from config.demo.work import Row, Turns, Work
from kit.money import Money
from marketplace import invitations, outlook, referral_programmes, referrals, waitlist
from marketplace.models import Project
from qualification.models import Skill

SKILL = "sums-at-hand"
WAITED_DAYS = (2, 9, 6, 4)
"""How long each of the first workers of the cast has waited."""
NOBODY: Turns = (0, 0, 0, 0, 0, 0)
GUIDELINE = """# Does the invoice add up?

Each line is one invoice of a group that hired bikes. Work it out on paper: bikes x days x price, and a deposit for each bike.

## 1. Right
The total on the invoice is what you get, to the last unit.

## 2. Wrong
It is not. By how much does not matter.
"""


def make(cast: Cast) -> None:
    """After the market: what it asks for that nobody here can do yet."""
    now = timezone.now()
    _wait(cast, now)
    project = _project(cast, now)
    _invite(cast, project, now)
    _refer(cast, now)
    market.deliver(now)


def _wait(cast: Cast, now: datetime) -> None:
    """Four people wait for sums, one of them pauses."""
    skill = Skill.objects.get(slug=SKILL)
    with transaction.atomic():
        for worker, days in zip(cast.workers, WAITED_DAYS, strict=False):
            outlook.refresh(worker.pk, now)
            place = waitlist.join(worker_id=worker.pk, skill=skill, now=now - timedelta(days=days))
            if days == max(WAITED_DAYS):
                waitlist.pause(place=place, now=now)


def _rows() -> list[Row]:
    """Three dozen invoices; every third is wrong."""
    found: list[Row] = []
    for at in range(36):
        bikes, days, price, deposit = 3 + at % 11, 2 + at % 5, 9 + at % 7, 20 + 5 * (at % 4)
        total = bikes * days * price + bikes * deposit + (10 if at % 3 == 0 else 0)
        text = f"Invoice {4101 + at}: {bikes} bikes for {days} days at {price} a day, a deposit of {deposit} a bike. Total {total}."
        found.append(({"text": text}, {"label": "wrong" if at % 3 == 0 else "right"}))
    return found


def _project(cast: Cast, now: datetime) -> Project:
    """Funded invoices that ask for the skill: nobody may do them yet, and the test is open to everybody."""
    work = Work(
        task_type="choice", name="Does the invoice add up?", price="2.20", seconds=600, past=(), running=_rows(), early=NOBODY,
        recent=NOBODY, guideline=GUIDELINE,
        settings={"labels": [{"value": "right", "label": "Right"}, {"value": "wrong", "label": "Wrong"}]},
        options={
            "eligibility": {"all": [{"fact": "skill", "skill": SKILL, "tier": 1}]}, "overlap": 1, "max_overlap": 1,
            "gold_least_bp": 0, "gold_most_bp": 0, "review_rule": "none",
        },
    )  # fmt: skip
    return market.open_work(cast, work, now)


def _invite(cast: Cast, project: Project, now: datetime) -> None:
    with transaction.atomic():
        invitations.send(project=project, text="kim@example.test\nnoor@example.test", by_id=cast.olu.pk, organisation=None, now=now)


def _refer(cast: Cast, now: datetime) -> None:
    """A programme with its budget; Mateo came by Ana's link."""
    euro = {name: Money.parse(amount, "EUR") for name, amount in (("referrer", "20"), ("newcomer", "5"), ("budget", "250"))}
    with transaction.atomic():
        referral_programmes.open_programme(
            name="People for sums", answers=20, days=60, most=5, by_id=cast.rahel.pk, now=now, **euro,
        )  # fmt: skip
        code = referrals.code_of(worker_id=cast.workers[0].pk, now=now)
        referrals.join(newcomer_id=cast.workers[5].pk, code=code, now=now)
