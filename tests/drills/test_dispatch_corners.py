"""Corners of dispatch that the machine found or that need two people at one moment: each told as one short story."""

from __future__ import annotations

import datetime as dt
import random
import threading

import pytest
from django.db import connections, transaction

from marketplace import dispatch, doors, review, submissions
from marketplace.models import Batch, Lease, Slot, Submission
from tests import market, people
from tests.drills.dispatch import checks
from tests.flows.test_row_to_bank import deliver

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW


def minutes(count: float) -> dt.datetime:
    return NOW + dt.timedelta(minutes=count)


def expire(now: dt.datetime) -> None:
    with transaction.atomic():
        assert dispatch.expire_due(now=now) == 1


def test_a_late_answer_is_refused_while_its_author_holds_the_same_task_again() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, overlap=2, max_overlap=2)
    ana, ben, cleo = people.worker("Ana"), people.worker("Ben"), people.worker("Cleo")
    first, later = market.take(ana), minutes(60 * 24)
    assert first is not None
    expire(later)
    held = {worker: market.take(worker, now=later) for worker in (ben, cleo)}
    again = None
    for worker, lease in held.items():
        assert lease is not None
        with transaction.atomic():
            dispatch.give_back(worker_id=worker.id, lease_id=lease.lease_id, now=later)
        again = again or market.take(ana, now=later)
    assert again is not None and again.task_id == first.task_id
    assert Slot.objects.get(open=True).pk == Lease.objects.get(pk=first.lease_id).slot_id, "her first slot lies open too"
    with pytest.raises(submissions.LeaseExpired):
        market.answer(ana, first, now=minutes(60 * 24))
    assert not Submission.objects.exists()
    market.answer(ana, again, now=minutes(60 * 24))
    with pytest.raises(submissions.LeaseExpired):
        market.answer(ana, first, now=minutes(60 * 24))
    assert Submission.objects.count() == 1 and not checks.broken([batch.pk])


def test_a_second_round_that_runs_out_lets_nobody_answer_the_task_twice() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, overlap=2, max_overlap=2, review_rule="client")
    ana = people.worker("Ana")
    made = market.work(ana)
    assert made is not None
    with transaction.atomic():
        review.judge(
            submission=review.find(submission_id=made.submission_id, organisation_id=shop.id),
            judgement=review.Judgement("send_back", reason="incomplete", clause="1"), judge_id=mira.id, now=minutes(1),
        )
    with transaction.atomic():
        dispatch.take_up_sent_back(worker_id=ana.id, submission_id=made.submission_id, now=minutes(2))
    expire(minutes(60 * 24))
    assert market.take(ana, now=minutes(60 * 24)) is None, "her one answer is still hers to improve, and no second one"
    with transaction.atomic():
        assert dispatch.take_up_sent_back(worker_id=ana.id, submission_id=made.submission_id, now=minutes(60 * 25)).round == 2
    assert not checks.broken([batch.pk])


def test_a_second_round_that_runs_out_while_the_batch_closes_leaves_its_slot_filled() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, review_rule="client")
    ana = people.worker("Ana")
    made = market.work(ana)
    assert made is not None
    with transaction.atomic():
        review.judge(
            submission=review.find(submission_id=made.submission_id, organisation_id=shop.id),
            judgement=review.Judgement("send_back", reason="incomplete", clause="1"), judge_id=mira.id, now=minutes(1),
        )
    with transaction.atomic():
        dispatch.take_up_sent_back(worker_id=ana.id, submission_id=made.submission_id, now=minutes(2))
        Batch.objects.filter(pk=batch.pk).update(state="closing")
    expire(minutes(60 * 24))
    assert Slot.objects.get().state == "filled" and not checks.broken([batch.pk])


def test_who_judged_a_task_never_answers_it_also_when_a_second_judgement_ran_out() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, overlap=3, max_overlap=3, review_rule="all")
    wen = people.worker("Wen")
    for name in ("Ana", "Ben"):
        assert market.work(people.worker(name)) is not None
    deliver()
    verdict = {"decision": "accept"}
    first = market.take(wen, kind="review")
    assert first is not None
    doors.hand_in(worker_id=wen.id, lease_id=first.lease_id, answer=verdict, now=NOW)
    assert market.take(wen, kind="review") is not None
    expire(minutes(60 * 24))
    assert market.take(wen, now=minutes(60 * 24)) is None
    assert market.take(wen, kind="review", now=minutes(60 * 24)) is not None, "but the judgement is still open to her"
    assert not checks.broken([batch.pk])


def test_a_review_that_was_skipped_is_not_offered_again() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, review_rule="all")
    wen = people.worker("Wen")
    assert market.work(people.worker("Ana")) is not None
    deliver()
    lease = market.take(wen, kind="review")
    assert lease is not None
    with transaction.atomic():
        dispatch.give_back(worker_id=wen.id, lease_id=lease.lease_id, now=minutes(1))
    assert market.take(wen, kind="review", now=minutes(2)) is None
    assert market.take(people.worker("Cleo"), kind="review", now=minutes(2)) is not None


def test_a_worker_who_did_their_part_of_nine_batches_still_gets_the_tenth() -> None:
    mira, shop = people.client()
    made = market.project(mira, shop, overlap=2, max_overlap=2)
    people.pay_in(shop, people.usd("100"))
    ana = people.worker("Ana")
    for _at in range(9):
        market.launch(market.batch(made, mira, texts=1), mira)
        assert market.work(ana) is not None
    last = market.launch(market.batch(made, mira, texts=1), mira)
    lease = market.take(ana)
    assert lease is not None and lease.task_id == last.tasks.get().pk


def test_a_claim_that_meets_its_workers_own_late_answer_takes_no_slot() -> None:
    """The claim has seen the assignment lapsed, and waits for the late answer that ends it: no slot may be left behind."""
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, overlap=2, max_overlap=2)
    ana = people.worker("Ana")
    first = market.take(ana)
    assert first is not None
    expire(minutes(60 * 24))
    got: list[object] = []

    def ask() -> None:
        try:
            got.append(doors.ask(worker_id=ana.id, kind="answer", project_id=None, now=minutes(60 * 24)))
        except BaseException as error:  # handed to the test
            got.append(error)
        finally:
            connections.close_all()

    asking = threading.Thread(target=ask)
    with transaction.atomic():
        submissions.submit(worker_id=ana.id, lease_id=first.lease_id, answer={"label": "sunny"}, now=minutes(60 * 24))
        asking.start()
        asking.join(timeout=1.5)
        assert asking.is_alive(), "the ask has to wait for the answer"
    asking.join(timeout=20)
    assert got == [None]
    assert not Lease.objects.filter(live=True).exists()
    assert sorted(Slot.objects.values_list("state", flat=True)) == ["filled", "open"]
    assert not checks.broken([batch.pk])


def test_a_lapsed_task_is_resumed_under_the_same_assignment_and_answered_once() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, overlap=2, max_overlap=2)
    ana = people.worker("Ana")
    first = market.take(ana)
    assert first is not None
    expire(minutes(60 * 24))
    with transaction.atomic():
        again = dispatch.resume_lapsed(
            worker_id=ana.id, assignment_id=first.assignment_id, now=minutes(60 * 24), rng=random.Random(1)
        )
    assert again.assignment_id == first.assignment_id
    market.answer(ana, again, now=minutes(60 * 24))
    assert market.take(ana, now=minutes(60 * 25)) is None and not checks.broken([batch.pk])
