"""Bonuses: answers that prove right, missions and streaks while their budget lasts; all out of money that was set aside."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.db import transaction

from kit.errors import Conflict, Invalid
from marketplace import bonuses, gold, projects
from marketplace.models import Batch, Lease, Mission, Result, Task
from payments import funding, pools
from payments.models import Earning
from tests import market, people
from tests.marketplace import pay
from tests.marketplace.api import callers

pytestmark = pytest.mark.django_db(transaction=True)
NOW = pay.NOW
GOLD_FIRST = next(seed for seed in range(100) if random.Random(seed).random() < 0.1)
"""A chance that draws a known task at once."""


def launched(client: pay.Payer, *, texts: int = 1, **options: Any) -> Batch:
    made = market.project(*client, **({"overlap": 3, "max_overlap": 3, "quality_bonus_units": 300} | options))
    return market.launch(market.batch(made, client[0], texts=texts), client[0])


def test_answers_that_agree_with_a_sure_result_get_the_bonus_of_their_lease_once() -> None:
    client = pay.payer()
    batch = launched(client, quality_bonus_least_bp=6_000)
    ana, wen, ben = (people.worker(name) for name in ("Ana", "Wen", "Ben"))
    for worker, label in ((ana, "sunny"), (wen, "sunny"), (ben, "rainy")):
        market.work(worker, label)
    with transaction.atomic():
        projects.change(project=batch.project, actor_id=client[0].id, now=NOW, quality_bonus_units=1)
    pay.deliver()
    result = Result.objects.get(batch=batch)
    assert result.state == "settled" and (result.confidence_bp or 0) >= 6_000
    with transaction.atomic():
        assert bonuses.reward_right(task_id=result.task_id, now=NOW) == 0, "paid by the event already"
    assert [pay.earned(one, "bonus") for one in (ana, wen, ben)] == [[300], [300], []]
    assert pools.of(batch_id=batch.pk, name="bonus").spent == sum(
        row.amount_units + row.fee_units for row in Earning.objects.filter(source_kind="bonus")
    )
    pay.books_hold()


def test_an_unsure_result_and_a_lone_answer_bring_no_bonus() -> None:
    client = pay.payer()
    launched(client, quality_bonus_least_bp=9_999)
    workers = [people.worker(name) for name in ("Ana", "Wen", "Ben")]
    for worker, label in zip(workers, market.LABELS, strict=True):
        market.work(worker, label)
    launched(client, overlap=1, max_overlap=1, quality_bonus_least_bp=5_000)
    market.work(workers[0])
    pay.deliver()
    assert Result.objects.filter(state="settled").count() == 2
    assert not Earning.objects.filter(source_kind="bonus").exists()


def test_a_right_answer_to_a_known_task_gets_the_same_bonus_beside_the_next_one() -> None:
    client = pay.payer()
    batch = launched(client, quality_bonus_least_bp=6_000, overlap=2, max_overlap=2, gold_least_bp=5_000, gold_most_bp=5_000)
    with transaction.atomic():
        gold.add(
            project=batch.project, rows=[({"text": "known"}, {"label": "sunny"})], actor_id=client[0].id, now=NOW,
            rng=random.Random(1),
        )  # fmt: skip
        projects.refresh_terms(project=batch.project, now=NOW)
    ana, wen = people.worker("Ana"), people.worker("Wen")
    lease = market.take(ana, seed=GOLD_FIRST)
    assert lease is not None and Lease.objects.get(pk=lease.lease_id).gold
    market.answer(ana, lease)
    pay.deliver()
    assert pay.earned(ana, "bonus") == [], "it would tell"
    for worker in (ana, wen):
        while (lease := market.take(worker, seed=1)) is not None:
            market.answer(worker, lease)
            pay.deliver()
    assert pay.earned(ana, "bonus") == [300, 300]
    assert len({str(row.inputs) for one in Earning.objects.filter(source_kind="bonus") for row in one.lines.all()}) == 1


def test_a_platform_that_bills_by_the_answer_pays_bonuses_itself() -> None:
    client = pay.payer()
    made = market.project(*client, overlap=2, max_overlap=2, quality_bonus_units=300, quality_bonus_least_bp=5_000)
    with transaction.atomic():
        projects.set_bill_rate(
            project=made, amount=people.usd("0.20"), actor_id=people.ops("Fin", "finance").id, now=NOW
        )
    batch = market.launch(market.batch(made, client[0], texts=1), client[0])
    assert batch.reserved_units == 2 * 2_000
    for name in ("Ana", "Wen"):
        market.work(people.worker(name))
    pay.deliver()
    paid = Earning.objects.filter(source_kind="bonus")
    assert [(row.amount_units, row.fee_units, row.from_losses) for row in paid] == [(300, 0, True)] * 2
    assert funding.reserved(batch_id=batch.pk, currency="USD").units == 0
    pay.books_hold()


# --- missions ----------------------------------------------------------------------------------------------------------


def mission(batch: Batch, by: Any, **options: Any) -> Mission:
    stated: dict[str, Any] = {
        "kind": "count", "name": "Two by Friday", "count": 2, "amount": people.usd("1.00"), "budget": people.usd("2.50"),
        "ends_at": NOW + dt.timedelta(days=3),
    }  # fmt: skip
    with transaction.atomic():
        return bonuses.open_mission(batch=batch, actor_id=by.id, now=NOW, **(stated | options))


def test_a_mission_is_paid_while_its_budget_lasts_and_ends_in_the_open() -> None:
    client = pay.payer()
    batch = launched(client, texts=2, quality_bonus_units=0)
    before = people.prepaid(client[1])
    made = mission(batch, client[0])
    assert before - people.prepaid(client[1]) == people.usd("2.50"), "set aside at once"
    workers = [people.worker(name) for name in ("Ana", "Wen", "Ben")]
    for worker in workers:
        market.work(worker, now=NOW)
        assert bonuses.done_by(mission=made, worker_id=worker.id, now=NOW) == 1
        market.work(worker, now=NOW)
        pay.deliver()
    assert [pay.earned(worker, "bonus") for worker in workers] == [[10_000], [10_000], []]
    made.refresh_from_db()
    assert (made.ended_why, bool(made.ended_at)) == ("budget", True)
    assert pools.of(batch_id=batch.pk, name=bonuses.pool_of(made)).left == 0
    assert pools.of(batch_id=batch.pk, name="bonus").left == 25_000 - sum(
        row.amount_units + row.fee_units for row in Earning.objects.filter(source_kind="bonus")
    )
    with pytest.raises(bonuses.MissionOver), transaction.atomic():
        bonuses.end(mission=made, why="stopped", actor_id=client[0].id, now=NOW)
    pay.books_hold()


def test_a_streak_is_paid_for_full_days_in_a_row_and_again_for_the_next_run() -> None:
    client = pay.payer()
    batch = launched(client, texts=12, overlap=1, max_overlap=1, quality_bonus_units=0)
    made = mission(
        batch, client[0], kind="streak", count=2, per_day=2, budget=people.usd("9"), ends_at=NOW + dt.timedelta(days=20)
    )
    ana, wen = people.worker("Ana"), people.worker("Wen")
    for day in range(4):
        at = NOW + dt.timedelta(days=day, minutes=1)
        market.work(ana, now=at)
        market.work(ana, now=at)
        market.work(wen, now=at)
        assert bonuses.done_by(mission=made, worker_id=ana.id, now=at) == day % 2 + 1
        night = NOW + dt.timedelta(days=day + 1)
        assert bonuses.reward_streaks(now=night) == day % 2 and bonuses.reward_streaks(now=night) == 0
    assert (pay.earned(ana, "bonus"), pay.earned(wen, "bonus")) == ([10_000, 10_000], [])
    assert bonuses.end_due(now=NOW + dt.timedelta(days=10)) == 0
    assert bonuses.end_due(now=NOW + dt.timedelta(days=22)) == 1
    pay.books_hold()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"), ({"kind": "luck"}, "kind"), ({"count": 0}, "count"), ({"kind": "streak", "count": 32}, "count"),
        ({"ends_at": NOW}, "ends_at"), ({"budget": people.usd("1.00")}, "budget"), ({"amount": people.Money(1, "EUR")}, "amount"),
    ],
)
def test_a_mission_that_cannot_be_kept_is_refused(wrong: dict[str, Any], field: str) -> None:
    client = pay.payer()
    batch = launched(client)
    before = people.prepaid(client[1])
    with pytest.raises(Invalid) as refused:
        mission(batch, client[0], **wrong)
    assert refused.value.field == field
    assert not Mission.objects.exists() and people.prepaid(client[1]) == before


def test_staff_state_missions_out_of_the_pool_alone_and_nobody_beyond_their_money() -> None:
    client = pay.payer("10")
    batch = launched(client, texts=2, quality_bonus_units=0, bonus_pool_bp=1_000)
    olu = people.ops()
    with pytest.raises(Conflict):
        mission(batch, olu, top_up=False)
    with pytest.raises(funding.InsufficientFunds):
        mission(batch, client[0], budget=people.usd("50"))
    assert not Mission.objects.exists()
    left = pools.of(batch_id=batch.pk, name="bonus").left
    mission(batch, olu, top_up=False, amount=people.Money(100, "USD"), budget=people.Money(left, "USD"))
    assert pools.of(batch_id=batch.pk, name="bonus").left == 0


def test_missions_by_the_api() -> None:
    client = pay.payer()
    batch = launched(client, texts=2, quality_bonus_units=0)
    mira = callers.Caller(client[0], callers.CLIENT, client[1])
    body = {
        "kind": "count", "name": "Two", "count": 2, "amount": {"amount": "1.00", "currency": "USD"},
        "budget": {"amount": "5.00", "currency": "USD"},
        "ends_at": (dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).isoformat(),
    }  # fmt: skip
    status, made = mira.post(f"batches/{batch.pk}/missions/", body)
    assert (status, made["rewards_left"], made["ended_at"]) == (201, 4, None)
    assert callers.client("Eve")[0].get(f"batches/{batch.pk}/missions/")[0] == 404
    ana = callers.worker()
    market.take(ana.user)
    status, pay_seen = ana.get(f"work/projects/{batch.project_id}/pay/")
    assert status == 200
    assert [(one["name"], one["done"], one["count"]) for one in pay_seen["offers"][0]["missions"]] == [("Two", 0, 2)]
    assert mira.post(f"missions/{made['id']}/end/")[0] == 200
    assert mira.post(f"missions/{made['id']}/end/")[0] == 409
    assert Task.objects.count() == 2
