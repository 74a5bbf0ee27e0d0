"""Budgets of projects: what would go beyond is refused, the client hears on the way, work stops by itself and goes on."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from marketplace import batches, bonuses, budget_watch, budgets, jobs, projects, raises
from marketplace.models import Batch, Budget, Lease, Project
from payments import chargebacks, funding
from tests import market, people
from tests.marketplace import pay
from tests.marketplace.api import callers
from workers import notices
from workers.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)
NOW = pay.NOW
"""A task pays 0.10 with a fee of 0.015 on it; its slot holds 0.1266, for whoever is in the best band."""


def put(made: Project, mira: people.User, amount: str, period: str = "whole", *, now: dt.datetime = NOW) -> None:
    with transaction.atomic():
        budget_watch.put(project=made, amount=people.usd(amount), period=period, actor_id=mira.id, now=now)


def look(made: Project, *, now: dt.datetime = NOW) -> None:
    with transaction.atomic():
        budget_watch.look(project_id=made.pk, now=now)


def state(batch: Batch) -> tuple[str, str]:
    batch.refresh_from_db()
    return batch.state, batch.paused_why


def told() -> list[str]:
    return [notice.kind for notice in Notice.objects.filter(kind__startswith="project.").order_by("created_at")]


def test_a_launch_beyond_the_whole_budget_is_refused_and_promises_nothing() -> None:
    client = pay.payer()
    made = market.project(*client)
    put(made, client[0], "1.00")
    market.launch(market.batch(made, client[0], texts=5), client[0])
    draft, before = market.batch(made, client[0], texts=5), funding.prepaid(organisation_id=client[1].pk, currency="USD")
    with pytest.raises(budgets.OverBudget) as refused, transaction.atomic():
        batches.launch(batch=draft, actor_id=client[0].id, now=NOW)
    assert refused.value.missing == people.usd("0.266")
    assert state(draft) == ("draft", "") and funding.prepaid(organisation_id=client[1].pk, currency="USD") == before
    put(made, client[0], "1.266")
    market.launch(draft, client[0])
    found = budgets.of(made, now=NOW)
    assert found is not None and (found.left.units, found.reserved) == (0, people.usd("1.266"))


def test_what_comes_back_from_a_closed_batch_makes_room_again() -> None:
    client = pay.payer()
    made = market.project(*client)
    put(made, client[0], "0.64")
    batch = market.launch(market.batch(made, client[0], texts=5), client[0])
    market.work(people.worker())
    with transaction.atomic():
        batches.close(batch=batch, actor_id=client[0].id, now=NOW)
    assert jobs.advance_batch(batch_id=batch.pk, now=NOW) == "settled"
    found = budgets.of(made, now=NOW)
    assert found is not None and found.charged == people.usd("0.115") and found.reserved.units == 0
    market.launch(market.batch(made, client[0], texts=4), client[0])
    pay.books_hold()


def test_dearer_prices_and_missions_stay_within_the_budget_too() -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=5), client[0])
    put(batch.project, client[0], "0.64")
    with pytest.raises(budgets.OverBudget):
        pay.reprice(batch.project, client[0], "0.20")
    with pytest.raises(budgets.OverBudget), transaction.atomic():
        bonuses.open_mission(
            batch=batch, kind="count", name="Two", count=2, amount=people.usd("0.10"), budget=people.usd("1"),
            ends_at=NOW + dt.timedelta(days=1), actor_id=client[0].id, now=NOW,
        )  # fmt: skip
    assert funding.reserved(batch_id=batch.pk, currency="USD") == people.usd("0.6330")
    pay.books_hold()


def test_a_dearer_price_that_was_planned_leaves_new_leases_at_the_old_one() -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=5), client[0])
    put(batch.project, client[0], "0.64")
    soon = NOW + dt.timedelta(hours=1)
    with transaction.atomic():
        projects.set_rate(project=batch.project, amount=people.usd("0.20"), valid_from=soon, actor_id=client[0].id, now=NOW)
    for _each_minute in range(3):
        assert raises.begin_due(now=soon) == 1
    (notice,) = Notice.objects.filter(kind="price.not_covered")
    assert notice.user_id == client[0].id and "USD" in notices.show(notice).sentence
    assert market.work(people.worker(), now=soon) is not None
    assert Lease.objects.get().terms["price_units"] == 1_000


def test_a_month_stops_at_its_budget_honours_what_is_in_hand_and_goes_on_with_the_next() -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=9), client[0])
    made, ana, wen = batch.project, people.worker("Ana"), people.worker("Wen")
    put(made, client[0], "0.20", "month")
    market.work(ana)
    look(made)
    assert state(batch)[0] == "active" and told() == ["project.budget"]
    in_hand = market.take(wen)
    market.work(ana)
    look(made)
    assert state(batch) == ("paused", "budget") and told() == ["project.budget", "project.budget_used"]
    assert market.take(ana) is None
    assert in_hand is not None
    market.answer(wen, in_hand)
    look(made)
    found = budgets.of(made, now=NOW)
    assert found is not None and found.left == -people.usd("0.145") and len(told()) == 2, "told once"
    with pytest.raises(budgets.OverBudget), transaction.atomic():
        batches.go_on(batch=batch, actor_id=client[0].id, now=NOW)
    june = found.ends_at
    assert june is not None
    look(made, now=june - dt.timedelta(seconds=1))
    assert state(batch) == ("paused", "budget")
    look(made, now=june)
    again = budgets.of(made, now=june)
    assert state(batch) == ("active", "") and again is not None and again.charged.units == 0
    assert market.work(ana, now=june) is not None
    pay.books_hold()


def test_a_budget_that_is_exactly_used_up_says_so_and_names_no_lack() -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=9), client[0])
    market.work(people.worker())
    put(batch.project, client[0], "0.115")
    assert state(batch) == ("paused", "budget")
    with pytest.raises(budgets.BudgetUsed) as refused, transaction.atomic():
        batches.go_on(batch=batch, actor_id=client[0].id, now=NOW)
    assert "is used up" in str(refused.value) and "0.00" not in str(refused.value) and refused.value.missing == people.usd("0")


def test_amounts_in_refusals_and_notices_follow_the_readers_language() -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=9), client[0])
    market.work(people.worker())
    put(batch.project, client[0], "0.20")
    (notice,) = Notice.objects.filter(kind="project.budget")
    with translation.override("de"):
        assert "0,1150 USD" in notices.show(notice).sentence and "0,20 USD" in notices.show(notice).sentence
        assert "1,50 USD" in str(budgets.OverBudget(people.usd("1.50")))
    assert "0.1150 USD of 0.20 USD" in notices.show(notice).sentence


def test_only_projects_with_work_in_motion_are_watched() -> None:
    client = pay.payer()
    made = market.project(*client)
    put(made, client[0], "5.00")
    assert budget_watch.moving() == []
    batch = market.launch(market.batch(made, client[0]), client[0])
    for moving in ("launching", "active", "paused"):
        Batch.objects.filter(pk=batch.pk).update(state=moving)
        assert budget_watch.moving() == [made.pk]
    Batch.objects.filter(pk=batch.pk).update(state="closing")
    assert budget_watch.moving() == []


def test_a_new_month_costs_three_statements() -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=9), client[0])
    put(batch.project, client[0], "5.00", "month")
    budget = Budget.objects.get()
    with CaptureQueriesContext(connection) as asked:
        budgets.seen(budget, batch.project, NOW + dt.timedelta(days=40))
    assert len(asked) == 3


def test_a_budget_that_is_raised_or_dropped_lets_work_go_on() -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=9), client[0])
    market.work(people.worker())
    put(batch.project, client[0], "0.10")
    assert state(batch) == ("paused", "budget")
    put(batch.project, client[0], "5.00")
    assert state(batch) == ("active", "")
    put(batch.project, client[0], "0.10", "month")
    assert state(batch) == ("paused", "budget"), "what was charged this month before the budget counts"
    with transaction.atomic():
        budget_watch.drop(project=batch.project, actor_id=client[0].id, now=NOW)
    assert state(batch) == ("active", "") and not Budget.objects.exists()


def test_what_was_paused_by_hand_or_for_a_chargeback_stays_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    client = pay.payer()
    batch = market.launch(market.batch(market.project(*client), client[0], texts=9), client[0])
    with transaction.atomic():
        batches.pause(batch=batch, actor_id=client[0].id, now=NOW)
    put(batch.project, client[0], "5.00")
    assert state(batch) == ("paused", "")
    Batch.objects.filter(pk=batch.pk).update(paused_why="budget")
    monkeypatch.setattr(chargebacks, "stops", lambda **_: True)
    look(batch.project)
    assert state(batch) == ("paused", "budget")


def test_launches_at_once_share_one_budget() -> None:
    client = pay.payer()
    made = market.project(*client)
    put(made, client[0], "0.50")
    drafts, refused = [market.batch(made, client[0], texts=1) for _ in range(8)], []

    def launch(draft: Batch) -> None:
        try:
            with transaction.atomic():
                batches.launch(batch=draft, actor_id=client[0].id, now=NOW)
        except budgets.OverBudget:
            refused.append(draft.pk)
        finally:
            connection.close()

    racers = [threading.Thread(target=launch, args=(draft,)) for draft in drafts]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(refused) == 5 and Batch.objects.filter(state="launching").count() == 3


def test_a_program_states_reads_and_drops_a_budget_and_bad_ones_are_named() -> None:
    mira, shop = callers.client()
    made = market.project(mira.user, shop)
    path = f"projects/{made.pk}/budget/"
    assert mira.get(path)[0] == 404
    for body, field in (
        ({"amount": "-1.0000", "period": "whole"}, "amount"), ({"amount": {"amount": "1", "currency": "EUR"}}, "amount"),
        ({"amount": {"amount": "5", "currency": "USD"}, "period": "day"}, "period"), ({}, "amount"),
    ):  # fmt: skip
        status, problem = mira.put(path, body)
        assert status == 422 and field in str(problem), body
    assert not Budget.objects.exists()
    status, shown = mira.put(path, {"amount": {"amount": "5", "currency": "USD"}, "period": "month"})
    assert status == 200 and shown["left"]["amount"] == "5.0000" and shown["ends_at"]
    assert mira.delete(path)[0] == 204 and mira.get(path)[0] == 404
    eve, _shop = callers.client("Eve")
    assert eve.put(path, {"amount": {"amount": "5", "currency": "USD"}})[0] == 404 and not Budget.objects.exists()
