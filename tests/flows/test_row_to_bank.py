"""The main story up to the bank's door: a row of a client's file becomes work, a result, and money."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from config.reactions import REACTIONS
from kit import outbox
from kit.money import Money
from marketplace import batches, dispatch, doors, jobs, review
from marketplace.models import Batch, Lease, QualityModel, Result, Slot, Submission
from marketplace.submissions import LeaseExpired
from payments import funding
from tests import market, people

pytestmark = pytest.mark.django_db(transaction=True)

NOW = people.NOW


def deliver(now: dt.datetime | None = None) -> None:
    """What the runner does each second, until nothing is due."""
    while outbox.deliver_due(reactions=REACTIONS, now=now or dt.datetime.now(dt.UTC)):
        continue


def settle(batch: Batch, *, now: dt.datetime) -> str:
    return jobs.advance_batch(batch_id=batch.pk, now=now)


def test_a_row_becomes_an_answer_a_result_and_money_that_adds_up() -> None:
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    batch = market.launched(mira, shop, texts=3, price="0.10", fund="10")
    assert batch.state == "active"

    made = [market.work(ana, label) for label in ("sunny", "rainy", "windy")]
    assert all(one is not None and one.state == "accepted" for one in made)
    assert market.work(ana) is None, "the queue is empty"
    assert people.of_worker("available", ana) == people.usd("0.30")

    deliver()
    results = Result.objects.filter(batch=batch).order_by("task__line")
    assert [result.answer["label"] for result in results] == ["sunny", "rainy", "windy"]
    assert all(result.state == "settled" and result.confidence_bp for result in results)

    assert settle(batch, now=NOW) == "settled"
    fee = people.usd("0.045")
    assert people.prepaid(shop) == people.usd("10") - people.usd("0.30") - fee
    assert funding.reserved(batch_id=batch.pk, currency="USD") == Money(0, "USD")


def test_a_silent_client_pays_when_the_clock_runs_out() -> None:
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    batch = market.launched(mira, shop, texts=1, review_rule="client")
    made = market.work(ana)
    assert made is not None and made.state == "waiting"
    assert people.of_worker("pending", ana) == people.usd("0.10")
    assert people.of_worker("available", ana) == people.usd("0")

    with transaction.atomic():
        assert review.accept_overdue(now=NOW + dt.timedelta(hours=71)) == 0
    with transaction.atomic():
        assert review.accept_overdue(now=NOW + dt.timedelta(hours=73)) == 1
    assert Submission.objects.get(pk=made.submission_id).state == "accepted"
    assert people.of_worker("available", ana) == people.usd("0.10")
    assert batch.terms["judge_hours"] == 72


def test_a_rejected_submission_gives_its_money_back_to_the_reserve_and_keeps_it_there_for_a_dispute() -> None:
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    batch = market.launched(mira, shop, texts=1, review_rule="client")
    made = market.work(ana)
    assert made is not None
    with transaction.atomic():
        review.judge(
            submission=review.find(submission_id=made.submission_id, organisation_id=shop.id),
            judgement=review.Judgement("reject", reason="wrong", clause="1"), judge_id=mira.id, now=NOW + dt.timedelta(hours=1),
        )
    assert people.of_worker("pending", ana) == people.usd("0")
    assert people.of_worker("available", ana) == people.usd("0")
    deliver()
    with transaction.atomic():
        batches.close(batch=Batch.objects.get(pk=batch.pk), actor_id=mira.id, now=NOW)
    assert settle(batch, now=NOW + dt.timedelta(hours=2)) == "closed"
    assert funding.reserved(batch_id=batch.pk, currency="USD") == people.usd("0.115"), "pay and fee wait for a dispute"
    assert settle(batch, now=NOW + dt.timedelta(days=31)) == "settled"
    assert people.prepaid(shop) == people.usd("100")


def test_work_that_was_sent_back_is_improved_by_its_author_and_then_accepted() -> None:
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    market.launched(mira, shop, texts=1, review_rule="client")
    made = market.work(ana, "rainy")
    assert made is not None
    with transaction.atomic():
        review.judge(
            submission=review.find(submission_id=made.submission_id, organisation_id=shop.id),
            judgement=review.Judgement("send_back", reason="wrong", clause="2"), judge_id=mira.id,
            now=NOW + dt.timedelta(hours=24),
        )
    later = NOW + dt.timedelta(hours=30)
    with transaction.atomic():
        again = dispatch.take_up_sent_back(worker_id=ana.id, submission_id=made.submission_id, now=later)
    assert again.round == 2 and again.draft == {"label": "rainy"}
    second = market.answer(ana, again, "sunny", now=later)
    assert second.submission_id == made.submission_id
    submission = Submission.objects.get(pk=made.submission_id)
    assert (submission.state, submission.answer) == ("waiting", {"label": "sunny"})
    assert submission.rounds.get().answer == {"label": "rainy"}
    left = dt.timedelta(hours=72) - dt.timedelta(hours=24) + dt.timedelta(seconds=10)
    assert submission.judge_by == later + dt.timedelta(seconds=10) + left, "the clock stood still while the author worked"
    with transaction.atomic():
        review.judge(
            submission=review.find(submission_id=made.submission_id, organisation_id=shop.id),
            judgement=review.Judgement("accept"), judge_id=mira.id, now=later + dt.timedelta(hours=1),
        )
    assert people.of_worker("available", ana) == people.usd("0.10"), "one submission makes one earning"


def test_an_expired_lease_returns_its_slot_to_others_and_a_late_answer_is_paid_for_its_time() -> None:
    ana, wen, (mira, shop) = people.worker("Ana"), people.worker("Wen"), people.client("Mira")
    market.launched(mira, shop, texts=1)
    lease = market.take(ana)
    assert lease is not None
    assert market.take(wen) is None, "the only slot is Ana's"
    with transaction.atomic():
        dispatch.beat(worker_id=ana.id, lease_id=lease.lease_id, now=NOW + dt.timedelta(seconds=20), had_input=True)
    late = NOW + dt.timedelta(hours=2)
    with transaction.atomic():
        assert dispatch.expire_due(now=late) == 1
    assert market.work(wen, now=late) is not None
    with pytest.raises(LeaseExpired):
        doors.hand_in(worker_id=ana.id, lease_id=lease.lease_id, answer={"label": "windy"}, now=late)
    assert Lease.objects.get(pk=lease.lease_id).assignment.draft.answer == {"label": "windy"}
    paid = people.of_worker("available", ana)
    assert people.usd("0.025") <= paid <= people.usd("0.10"), "at least a quarter of the base for the lost time"
    with pytest.raises(LeaseExpired):
        doors.hand_in(worker_id=ana.id, lease_id=lease.lease_id, answer={"label": "windy"}, now=late)
    assert people.of_worker("available", ana) == paid, "and paid once"


def test_a_batch_closed_early_honours_live_leases_and_cancels_the_rest() -> None:
    ana, wen, (mira, shop) = people.worker("Ana"), people.worker("Wen"), people.client("Mira")
    batch = market.launched(mira, shop, texts=3)
    held = market.take(ana)
    assert held is not None
    with transaction.atomic():
        batches.close(batch=Batch.objects.get(pk=batch.pk), actor_id=mira.id, now=NOW)
    assert market.take(wen) is None
    with transaction.atomic():
        assert batches.cancel_open_slots(batch_id=batch.pk) == 2
    assert settle(batch, now=NOW) == "closing", "Ana still holds a task"
    assert market.answer(ana, held).state == "accepted"
    deliver()
    assert settle(batch, now=NOW) == "settled"
    assert sorted(Slot.objects.filter(queue__batch=batch).values_list("state", flat=True)) == ["cancelled", "cancelled", "filled"]
    assert people.of_worker("available", ana) == people.usd("0.10")


def test_a_batch_that_completes_by_itself_is_fitted_once_more_before_it_closes() -> None:
    mira, shop = people.client("Mira")
    batch = market.launched(mira, shop, texts=8, overlap=3, max_overlap=3, fund="10")
    for name, label in (("Ana", "sunny"), ("Ben", "sunny"), ("Cyn", "rainy")):
        person = people.worker(name)
        while market.work(person, label):
            continue
    deliver()
    assert not QualityModel.objects.filter(project=batch.project).exists(), "no fit was due so far"
    assert settle(batch, now=NOW) == "settled"
    model = QualityModel.objects.get(project=batch.project)
    assert model.answers == 24
