"""Leases: pause and resume, skip, lapse and go on, caps, gold that looks like work, review as work."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from django.db import transaction

from kit.errors import Conflict
from marketplace import dispatch, doors, gold, queries, review, routing, sql, submissions
from marketplace.models import Lease, Project, Slot, Submission, WorkerRecord
from tests import market, people
from tests.flows.test_row_to_bank import deliver
from workers import standing

pytestmark = pytest.mark.django_db(transaction=True)
NOW = market.NOW


def minutes(count: float) -> dt.datetime:
    return NOW + dt.timedelta(minutes=count)


def test_a_skipped_task_goes_to_others_and_never_comes_back_to_who_skipped_it() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1)
    ana, wen = people.worker("Ana"), people.worker("Wen")
    lease = market.take(ana)
    assert lease is not None
    with transaction.atomic():
        dispatch.give_back(worker_id=ana.id, lease_id=lease.lease_id, now=NOW, why="unclear")
    assert market.take(ana) is None
    taken = market.take(wen)
    assert taken is not None and taken.task_id == lease.task_id


@pytest.mark.parametrize("broken", [False, True])
def test_what_comes_back_below_the_mark_of_its_queue_is_found_again(monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    """Broken on purpose, it keeps its rank and nobody looks back: then it is stranded, which this has to see."""
    if broken:
        monkeypatch.setattr(sql, "RETURN_SLOT", sql.RETURN_SLOT.replace("nextval('marketplace_slot_rank')", "s.rank"))
        monkeypatch.setattr(sql, "LAP_SLICE", sql.LAP_SLICE.replace("AND open", "AND false"))
    market.launched(*people.client(), texts=3)
    ana = people.worker("Ana")
    first = market.take(ana)
    assert first is not None and market.take(people.worker("Ben"))
    with transaction.atomic():
        dispatch.move_marks()
        dispatch.give_back(worker_id=ana.id, lease_id=first.lease_id, now=NOW, why="unclear")
    assert market.take(people.worker("Cleo"))
    again = market.take(people.worker("Dan"))
    assert (again is None) if broken else (again is not None and again.task_id == first.task_id)


def test_a_pause_stops_the_clock_and_goes_on_with_the_time_that_was_left() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, lease_seconds=600)
    ana = people.worker("Ana")
    lease = market.take(ana)
    assert lease is not None and lease.expires_at == minutes(10)
    with transaction.atomic():
        dispatch.pause(worker_id=ana.id, lease_id=lease.lease_id, now=minutes(4))
    with transaction.atomic():
        assert dispatch.expire_due(now=minutes(60 * 23)) == 0, "a pause may last a day"
    with transaction.atomic():
        assert dispatch.resume(worker_id=ana.id, lease_id=lease.lease_id, now=minutes(100)) == minutes(106)
    with transaction.atomic():
        dispatch.pause(worker_id=ana.id, lease_id=lease.lease_id, now=minutes(101))
        assert dispatch.expire_due(now=minutes(101 + 60 * 24)) == 1, "but all pauses together no more than a day"


def test_beats_count_active_time_and_extend_the_lease_up_to_ten_times_its_length() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, lease_seconds=60)
    ana = people.worker("Ana")
    lease = market.take(ana)
    assert lease is not None
    moment, expires, active = NOW, lease.expires_at, 0
    while moment < expires:
        moment += dt.timedelta(seconds=15)
        with transaction.atomic():
            try:
                expires, active = dispatch.beat(worker_id=ana.id, lease_id=lease.lease_id, now=moment, had_input=True)
            except dispatch.LeaseGone:
                break
    assert expires == NOW + dt.timedelta(seconds=600)
    assert 585_000 <= active <= 600_000


def test_a_gap_of_more_than_thirty_seconds_is_not_active_time() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, lease_seconds=600)
    ana = people.worker("Ana")
    lease = market.take(ana)
    assert lease is not None
    for seconds in (20, 200, 220):
        with transaction.atomic():
            _expires, active = dispatch.beat(
                worker_id=ana.id, lease_id=lease.lease_id, now=NOW + dt.timedelta(seconds=seconds), had_input=True
            )
    assert active == 40_000
    with transaction.atomic():
        assert dispatch.beat(worker_id=ana.id, lease_id=lease.lease_id, now=NOW + dt.timedelta(seconds=230), had_input=False)[1] == 40_000


def test_a_lapsed_task_can_be_taken_up_again_while_its_slot_is_open() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1)
    ana, wen = people.worker("Ana"), people.worker("Wen")
    lease = market.take(ana)
    assert lease is not None
    with transaction.atomic():
        dispatch.save_draft(worker_id=ana.id, lease_id=lease.lease_id, answer={"label": "rainy"}, now=NOW)
    with transaction.atomic():
        dispatch.expire_due(now=minutes(60))
    with transaction.atomic():
        again = dispatch.resume_lapsed(
            worker_id=ana.id, assignment_id=lease.assignment_id, now=minutes(61), rng=random.Random(1)
        )
    assert again.task_id == lease.task_id and again.draft == {"label": "rainy"}
    with transaction.atomic():
        dispatch.expire_due(now=minutes(200))
    assert market.work(wen, now=minutes(200)) is not None
    with pytest.raises((dispatch.LeaseGone, Conflict)), transaction.atomic():
        dispatch.resume_lapsed(worker_id=ana.id, assignment_id=lease.assignment_id, now=minutes(201), rng=random.Random(1))


def test_a_daily_cap_holds_until_midnight_utc() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=5, daily_cap=2)
    ana = people.worker("Ana")
    assert market.work(ana) and market.work(ana)
    assert market.take(ana) is None
    assert market.work(ana, now=NOW + dt.timedelta(days=1)) is not None


def test_a_paused_worker_gets_nothing_and_is_told_so() -> None:
    mira, shop = people.client()
    market.launched(mira, shop)
    ana = people.worker("Ana")
    with transaction.atomic():
        standing.pause(worker_id=ana.id, reason="case_open", until=NOW + dt.timedelta(days=1), by_id=None, now=NOW)
    with pytest.raises(dispatch.NotWorking):
        market.take(ana)
    assert not Lease.objects.exists()


def test_gold_looks_like_any_other_task_and_is_paid_like_one() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=30, gold_most_bp=5_000, gold_least_bp=500)
    project = Project.objects.get(pk=batch.project_id)
    with transaction.atomic():
        gold.add(
            project=project, rows=[({"text": f"known {n}"}, {"label": "sunny"}) for n in range(6)], actor_id=mira.id, now=NOW,
            rng=random.Random(3),
        )
    ana = people.worker("Ana")
    plain: set[tuple[str, ...]] = set()
    paid = people.usd("0")
    for turn in range(25):
        with transaction.atomic():
            lease = dispatch.lease_next(worker_id=ana.id, kind="answer", now=NOW, rng=random.Random(turn))
        assert lease is not None
        plain.add(tuple(sorted(routing.shown(lease.terms))))
        before = people.of_worker("available", ana)
        made = market.answer(ana, lease, "rainy")
        paid = people.of_worker("available", ana) - before
        assert paid == people.usd("0.10") and made.state == "accepted"
    deliver()
    assert len(plain) == 1, "the terms of gold show nothing else than those of work"
    record = WorkerRecord.objects.get(worker=ana)
    assert 0 < record.gold_seen <= 6 and record.gold_right == 0
    assert record.score_low_bp is not None and record.score_low_bp < 7_000
    assert Submission.objects.filter(gold=True).count() == record.gold_seen
    with transaction.atomic():
        first = Submission.objects.filter(gold=True).order_by("submitted_at").first()
        assert first is not None
        gold.void(project=project, task_id=first.task_id, why="wrong_key", actor_id=mira.id, now=NOW)
    assert WorkerRecord.objects.get(worker=ana).gold_seen == record.gold_seen - 1


def test_a_late_answer_to_gold_counts_like_one_to_any_task_that_nobody_took() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=5, gold_most_bp=5_000, gold_least_bp=500)
    with transaction.atomic():
        gold.add(
            project=batch.project, rows=[({"text": "known"}, {"label": "sunny"}, {"label": "rainy"})], actor_id=mira.id, now=NOW,
            rng=random.Random(3),
        )
    ana, always = people.worker("Ana"), random.Random()
    always.random = lambda: 0.0  # type: ignore[method-assign]
    with transaction.atomic():
        lease = dispatch.lease_next(worker_id=ana.id, kind="answer", now=NOW, rng=always)
    assert lease is not None and lease.payload == {"text": "known"} and lease.prelabel == {"label": "rainy"}
    late = NOW + dt.timedelta(days=1)
    with transaction.atomic():
        assert dispatch.expire_due(now=late) == 1
    assert market.answer(ana, lease, now=late).state == "accepted"
    assert Submission.objects.get(gold=True).worker_id == ana.id
    assert people.of_worker("available", ana) == people.usd("0.10")
    with pytest.raises(submissions.AlreadySubmitted):
        market.answer(ana, lease, now=late)
    assert people.of_worker("available", ana) == people.usd("0.10")


def test_an_answer_under_review_is_judged_by_another_worker_who_is_paid_for_it() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, review_rule="all")
    ana, wen = people.worker("Ana"), people.worker("Wen")
    made = market.work(ana)
    assert made is not None and made.state == "waiting"
    deliver()
    assert market.take(ana, kind="review") is None, "nobody reviews their own answer"
    assert [each.kind for each in queries.open_projects(worker_id=ana.id)] == [], "nor are they offered it"
    assert market.take(wen) is None
    assert [(each.kind, each.open_tasks) for each in queries.open_projects(worker_id=wen.id)] == [("review", 1)]
    lease = market.take(wen, kind="review")
    assert lease is not None and lease.subject_id == made.submission_id
    verdict = {"decision": "reject", "reason": "wrong", "clause": "1", "comment": "It rains."}
    doors.hand_in(worker_id=wen.id, lease_id=lease.lease_id, answer=verdict, now=minutes(1))
    assert Submission.objects.get(pk=made.submission_id).state == "rejected"
    assert people.of_worker("pending", ana) == people.usd("0")
    assert people.of_worker("available", wen) == people.usd("0.10")
    assert market.take(wen) is None, "who judged a task does not answer it"


def test_a_review_slot_that_nobody_takes_delays_nothing() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=1, review_rule="all")
    ana = people.worker("Ana")
    made = market.work(ana)
    assert made is not None
    deliver()
    assert Slot.objects.filter(queue__kind="review", open=True).count() == 1
    with transaction.atomic():
        assert review.accept_overdue(now=NOW + dt.timedelta(hours=73)) == 1
    assert people.of_worker("available", ana) == people.usd("0.10")


def test_a_new_worker_of_a_sampled_project_is_always_reviewed_and_a_known_one_sometimes() -> None:
    option = routing.Option(
        1, None, 0, 0, {"review_rule": "sampled", "sampled_share_bp": 1_000, "first_seconds": 60}, 10_000, judged=3
    )
    assert all(routing.draws_review(option, rng=random.Random(n)) for n in range(50))
    known = routing.Option(
        1, None, 0, 0, {"review_rule": "sampled", "sampled_share_bp": 1_000, "first_seconds": 60}, 10_000, judged=20
    )
    share = sum(routing.draws_review(known, rng=random.Random(n)) for n in range(2_000)) / 2_000
    assert 0.07 < share < 0.13


def test_the_limit_of_rejections_freezes_the_next_one() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=10, review_rule="client")
    ana = people.worker("Ana")
    made = [market.work(ana) for _ in range(5)]

    def reject(place: int) -> None:
        one = made[place]
        assert one is not None
        with transaction.atomic():
            review.judge(
                submission=review.find(submission_id=one.submission_id, organisation_id=shop.id),
                judgement=review.Judgement("reject", reason="wrong", clause="1"), judge_id=mira.id, now=minutes(1),
            )

    for place in range(3):
        reject(place)
    with pytest.raises(review.RejectionLimit):
        reject(3)
    fourth = made[3]
    assert fourth is not None
    assert Submission.objects.get(pk=fourth.submission_id).state == "waiting"
    assert people.of_worker("pending", ana) == people.usd("0.20")
