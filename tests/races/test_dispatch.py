"""Exactly once, with real threads on a real PostgreSQL: no slot twice, no overrun, nothing stranded, one earning each."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
import uuid
from collections import Counter

import pytest
from django.db import connections, transaction
from django.utils import timezone

from kit.errors import ProductError
from kit.money import Money
from marketplace import batches, dispatch, doors, submissions
from marketplace.models import Lease, Slot, Submission, Task
from payments import funding, queries
from tests import market, people
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER = {"label": "sunny"}


def crowd(count: int) -> list[uuid.UUID]:
    return [people.worker(f"Ana{n}").id for n in range(count)]


def test_a_hundred_workers_finish_a_thousand_tasks_once_each_while_leases_expire() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1_000, overlap=1, max_overlap=1, lease_seconds=30, fund="1000")
    workers, done, stop = crowd(100), threading.Event(), time.monotonic() + 200

    def act(worker_id: uuid.UUID) -> int:
        chance, handed_in, idle = random.Random(worker_id.int), 0, 0
        while idle < 3 and time.monotonic() < stop:
            leased = doors.ask(worker_id=worker_id, kind="answer", project_id=None, now=timezone.now())
            if leased is None:
                idle += 1
                done.wait(0.3)
                continue
            idle = 0
            if chance.random() < 0.2:
                # Walks away; the clock of this lease is turned to its end.
                Lease.objects.filter(pk=leased.lease_id).update(expires_at=timezone.now())
                continue
            try:
                doors.hand_in(worker_id=worker_id, lease_id=leased.lease_id, answer=ANSWER, now=timezone.now())
                handed_in += 1
            except (submissions.LeaseExpired, submissions.AlreadySubmitted):
                pass
        return handed_in

    def sweep() -> None:
        while not done.is_set():
            with transaction.atomic():
                dispatch.expire_due(now=timezone.now())
                dispatch.move_marks()
            time.sleep(0.05)
        connections.close_all()

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    try:
        outcomes = at_once(workers, act)
    finally:
        done.set()
        for sweeper in sweepers:
            sweeper.join()

    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert not failures, failures[:3]
    answers = Counter(Submission.objects.filter(batch=batch).values_list("task_id", flat=True))
    assert Lease.objects.filter(state="expired").count() > 50, "the race has to include leases that ran out"
    assert set(answers.values()) == {1}, "nobody answered a task twice"
    assert len(answers) == 1_000, f"{1_000 - len(answers)} tasks were stranded"
    assert Slot.objects.filter(queue__batch=batch).exclude(state="filled").count() == 0
    spend = queries.batch_spend(batch.pk)
    assert spend.paid == Money(1_000 * 1_000, "USD")
    assert spend.paid + spend.fees + spend.reserved == Money(batch.reserved_units, "USD")


def test_twenty_parallel_submits_of_one_lease_make_one_submission_and_one_earning() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1)
    ana = people.worker("Ana")
    leased = doors.ask(worker_id=ana.id, kind="answer", project_id=None, now=timezone.now())
    assert leased is not None
    outcomes = at_once(
        list(range(20)),
        lambda _n: doors.hand_in(worker_id=ana.id, lease_id=leased.lease_id, answer=ANSWER, now=timezone.now()),
    )
    good = [outcome for outcome in outcomes if isinstance(outcome, submissions.Submitted)]
    assert len(good) == 1
    assert all(isinstance(outcome, ProductError) for outcome in outcomes if outcome is not good[0])
    assert Submission.objects.count() == 1
    assert people.of_worker("available", ana) == people.usd("0.10")


def test_twenty_asks_of_one_person_give_one_lease() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=30)
    ana = people.worker("Ana")
    outcomes = at_once(
        list(range(20)), lambda _n: doors.ask(worker_id=ana.id, kind="answer", project_id=None, now=timezone.now())
    )
    held = {outcome.lease_id for outcome in outcomes if isinstance(outcome, dispatch.LeasedTask)}
    assert len(held) == 1 and not [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert Slot.objects.filter(state="leased").count() == 1


def test_fifty_launches_over_one_balance_never_promise_more_than_there_is() -> None:
    mira, shop = people.client()
    made = market.project(mira, shop)
    drafts = [market.batch(made, mira, texts=10).pk for _ in range(50)]
    one = batches.reserve_for(made.batches.get(pk=drafts[0]), now=market.NOW).total
    people.pay_in(shop, Money(one * 7 + one // 2, "USD"))

    def launch(batch_id: uuid.UUID) -> str:
        with transaction.atomic(durable=True):
            batches.launch(batch=made.batches.get(pk=batch_id), actor_id=mira.id, now=market.NOW)
        return "launched"

    outcomes = at_once(drafts, launch)
    assert outcomes.count("launched") == 7
    assert all(isinstance(outcome, funding.InsufficientFunds) for outcome in outcomes if outcome != "launched")
    assert people.prepaid(shop) == Money(one // 2, "USD")
    assert made.batches.filter(state="draft").count() == 43
    assert Task.objects.filter(project=made).count() == 500


def test_a_slot_that_everybody_walked_past_is_found_again_by_the_second_lap() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=3)
    ana = people.worker("Ana")
    first = Slot.objects.filter(queue__batch=batch).order_by("rank").first()
    assert first is not None
    with transaction.atomic():
        # Somebody else's claim holds the first slot while Ana walks past, and then is undone.
        Slot.objects.select_for_update().get(pk=first.pk)
        at_once([ana.id], lambda worker_id: _work(worker_id, 2))
    assert set(Submission.objects.values_list("slot_id", flat=True)) == set(
        Slot.objects.exclude(pk=first.pk).values_list("pk", flat=True)
    )
    assert _work(ana.id, 1) == 1
    assert Submission.objects.filter(slot=first).exists()


def _work(worker_id: uuid.UUID, count: int) -> int:
    handed_in = 0
    for _ in range(count):
        leased = doors.ask(worker_id=worker_id, kind="answer", project_id=None, now=timezone.now() + dt.timedelta(seconds=1))
        if leased is not None:
            doors.hand_in(worker_id=worker_id, lease_id=leased.lease_id, answer=ANSWER, now=timezone.now())
            handed_in += 1
    return handed_in
