"""A worker who objects has two clocks on their side; money only moves upward, and what rested on a wrong word is looked at again."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from config.reactions import REACTIONS
from kit import audit, outbox
from kit.errors import Conflict, NotFound
from kit.models import AuditRecord, OutboxEvent
from marketplace import disputes, gold, results, review, settlement
from marketplace.models import Batch, Dispute, GoldAnswer, QualityModel, Result, Submission, Verdict, WorkerRecord
from payments import funding, invariants, queries, receivables
from payments.models import Hold, LedgerTx
from tests import market, people
from tests.people import NOW, usd
from workers import appeals
from workers.models import Appeal, Membership, Notice, Organisation, User
from workers.people import NotIndependent, link

pytestmark = pytest.mark.django_db

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
LATER = NOW + 2 * HOUR
REJECT = review.Judgement("reject", reason="wrong", clause="1", comment="No sun there.")


def deliver(now: dt.datetime = LATER) -> None:
    """What a runner does with everything that was told."""
    for _round in range(4):
        OutboxEvent.objects.filter(delivered_at__isnull=True).update(due_at=now)
        outbox.deliver_due(reactions=REACTIONS, now=now)
    stuck = list(OutboxEvent.objects.filter(delivered_at__isnull=True).values_list("name", "last_error"))
    assert not stuck, stuck


def judged(
    judgement: review.Judgement = REJECT, *, texts: int = 1, workers: int = 1, **options: Any
) -> tuple[User, Organisation, User, Submission]:
    """Mira's project, where Mira judges; Ana's answer with Mira's verdict on it. Further workers answer unjudged."""
    mira, shop = people.client()
    market.launched(mira, shop, texts=texts, review_rule="client", **options)
    ana = people.worker()
    made = market.work(ana)
    assert made is not None
    with transaction.atomic():
        submission = review.find(submission_id=made.submission_id, organisation_id=shop.id)
        review.judge(submission=submission, judgement=judgement, judge_id=mira.id, now=NOW + HOUR)
    deliver()
    return mira, shop, ana, Submission.objects.get(pk=made.submission_id)


def dispute(worker: User, submission: Submission, *, now: dt.datetime = LATER) -> Dispute:
    with transaction.atomic():
        return disputes.open_dispute(worker_id=worker.id, submission_id=submission.pk, text="The text says so.", now=now)


def answered(worker: User, submission: Submission, by: User, *, now: dt.datetime = LATER) -> Dispute:
    found = dispute(worker, submission, now=now)
    disputes.answer(dispute=found, by_id=by.id, text="Look at clause 1.", now=now + HOUR)
    return found


def decide(found: Dispute, by: User, *, overturn: bool = True, now: dt.datetime = LATER + 2 * HOUR) -> None:
    found = disputes.find(disputes.listed(), found.pk)
    disputes.decide(dispute=found, by_id=by.id, overturn=overturn, grounds="The text does say so.", now=now)
    deliver(now)


def books_hold() -> None:
    """Every invariant of the ledger, inside the test's own transaction."""
    with connection.cursor() as cursor:
        for name, statement in invariants.INVARIANTS:
            cursor.execute(statement)
            assert not (broken := cursor.fetchall()) or name == CLEARING, (name, broken)


CLEARING = "clearing holds what is not yet seen at Stripe"
"""Tests pay in without a funding."""


def moved() -> tuple[int, ...]:
    """How much there is of everything that a dispute would add to."""
    return (
        Dispute.objects.count(), Appeal.objects.count(), LedgerTx.objects.count(), AuditRecord.objects.count(),
        OutboxEvent.objects.count(), Notice.objects.count(),
    )


def state_of(submission: Submission) -> str:
    return str(Submission.objects.values_list("state", flat=True).get(pk=submission.pk))


# --- a verdict that was wrong -------------------------------------------------------------------------------------------


def test_a_rejection_that_a_second_person_overturns_is_accepted_and_paid_from_the_reserve_kept_for_it() -> None:
    mira, shop, ana, submission = judged()
    assert people.of_worker("available", ana) == usd("0")
    decide(answered(ana, submission, mira), people.ops("Olu", "quality_lead"))
    assert state_of(submission) == "accepted"
    assert people.of_worker("available", ana) == usd("0.10")
    paid = queries.earnings_of(source_kind="submission", source_ids=[submission.pk])[submission.pk]
    assert paid.amount == usd("0.10") and [line.kind for line in paid.lines] == ["base", "released", "dispute"]
    assert paid.fee.units > 0 and receivables.owed(organisation_id=shop.id, currency="USD") == usd("0")
    trail = [(row.verb, row.reason) for row in audit.history(submission)]
    assert trail == [
        ("submission.rejected", "wrong"), ("dispute.opened", "verdict"), ("dispute.closed", "overturned"),
        ("submission.accepted", "overturned"),
    ]  # fmt: skip
    record = WorkerRecord.objects.get(worker=ana)
    assert (record.accepted, record.rejected) == (1, 0)
    books_hold()


def test_a_share_is_paid_at_once_and_the_dispute_touches_the_cut_part_alone() -> None:
    mira, shop, ana, submission = judged(review.Judgement("accept_share", reason="incomplete", clause="1", share_bp=4_000))
    assert people.of_worker("available", ana) == usd("0.04")
    found = answered(ana, submission, mira)
    assert people.of_worker("available", ana) == usd("0.04") and not Hold.objects.exists()
    decide(found, people.ops("Olu", "quality_lead"))
    assert people.of_worker("available", ana) == usd("0.10") and state_of(submission) == "accepted"
    books_hold()


def test_a_verdict_that_stands_moves_nothing() -> None:
    mira, shop, ana, submission = judged()
    decide(answered(ana, submission, mira), people.ops("Olu", "quality_lead"), overturn=False)
    assert state_of(submission) == "rejected" and people.of_worker("available", ana) == usd("0")
    assert list(Notice.objects.filter(user=ana).order_by("id").values_list("kind", flat=True)) == [
        "dispute.answered", "dispute.upheld",
    ]
    assert set(Notice.objects.filter(user=mira).values_list("kind", flat=True)) >= {"client.dispute_opened", "client.dispute_upheld"}


@pytest.mark.parametrize("hears", [False, True])
def test_a_client_that_agrees_ends_a_dispute_before_or_after_its_answer_and_pays_as_if_it_were_decided(hears: bool) -> None:
    mira, shop, ana, submission = judged()
    found = answered(ana, submission, mira) if hears else dispute(ana, submission)
    assert disputes.at_stake(found)[0] == usd("0.10") and disputes.at_stake(found)[1].units > 0
    disputes.concede(dispute=found, by_id=mira.id, text=" You are right. ", now=LATER + 2 * HOUR)
    deliver(LATER + 2 * HOUR)
    assert state_of(submission) == "accepted" and people.of_worker("available", ana) == usd("0.10")
    assert [row.reason for row in audit.history(submission)][-2:] == ["conceded", "conceded"]
    assert "dispute.conceded" in Notice.objects.filter(user=ana).values_list("kind", flat=True)
    assert "client.dispute_conceded" in Notice.objects.filter(user=mira).values_list("kind", flat=True)
    assert Appeal.objects.get(pk=found.pk).grounds == "You are right."
    before = moved()
    with pytest.raises(Conflict):
        disputes.concede(dispute=disputes.find(disputes.listed(), found.pk), by_id=mira.id, text="", now=LATER + 3 * HOUR)
    assert moved() == before
    books_hold()


def test_nobody_concedes_for_a_client_but_its_own_people_nor_for_themselves_nor_too_late() -> None:
    mira, shop, ana, submission = judged()
    found = dispute(ana, submission)
    mate = people.person("Mate")
    Membership.objects.create(user=mate, organisation=shop, role="manager", since=NOW)
    link(a=ana.id, b=mate.id, reason="device", by_id=None, now=NOW)
    before = moved()
    for somebody in (people.ops("Olu", "quality_lead"), people.client("Eve")[0]):
        with pytest.raises(NotFound):
            disputes.concede(dispute=found, by_id=somebody.id, text="", now=LATER)
    with pytest.raises(NotIndependent):
        disputes.concede(dispute=found, by_id=mate.id, text="", now=LATER)
    with pytest.raises(appeals.ClockIsOver):
        disputes.concede(dispute=found, by_id=mira.id, text="", now=LATER + 48 * HOUR)
    assert moved() == before and state_of(submission) == "rejected"


@pytest.mark.parametrize(("hears", "after"), [(False, 48 * HOUR), (True, 120 * HOUR)])
def test_silence_at_either_clock_means_that_the_worker_wins(hears: bool, after: dt.timedelta) -> None:
    mira, shop, ana, submission = judged()
    found = answered(ana, submission, mira) if hears else dispute(ana, submission)
    appeals.decide_overdue(now=LATER + after - dt.timedelta(seconds=1))
    deliver()
    assert state_of(submission) == "rejected", "the clock runs still"
    appeals.decide_overdue(now=LATER + after)
    deliver(LATER + after)
    assert state_of(submission) == "accepted" and people.of_worker("available", ana) == usd("0.10")
    found.refresh_from_db()
    assert found.outcome == "by_silence"
    deliver(LATER + after)
    disputes.carry_out(appeal_id=found.pk, now=LATER + after)
    assert people.of_worker("available", ana) == usd("0.10"), "twice changes nothing"
    books_hold()


def test_an_answer_that_was_left_out_counts_again_and_its_result_is_settled_anew() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, overlap=3, max_overlap=3, review_rule="client")
    cast = [people.worker(name) for name in ("Ana", "Ben", "Cleo")]
    made = [market.work(worker, label) for worker, label in zip(cast, ("rainy", "sunny", "rainy"), strict=True)]
    deliver()
    for one, judgement in zip(made, (REJECT, review.Judgement("accept"), review.Judgement("accept")), strict=True):
        assert one is not None
        with transaction.atomic():
            submission = review.find(submission_id=one.submission_id, organisation_id=shop.id)
            review.judge(submission=submission, judgement=judgement, judge_id=mira.id, now=NOW + HOUR)
    deliver()
    result = Result.objects.get(batch=batch)
    results.reopen(task_id=result.task_id, actor_id=None, now=LATER, why="test")
    before = results.counted(result.task_id).count()
    assert before == 2
    Batch.objects.filter(pk=batch.pk).update(state="closed")
    assert made[0] is not None
    decide(answered(cast[0], Submission.objects.get(pk=made[0].submission_id), mira), people.ops("Olu", "quality_lead"))
    result.refresh_from_db()
    assert (result.state, result.answer, result.answers) == ("settled", {"label": "rainy"}, 3)
    assert "result.reopened" in [row.verb for row in audit.history(result)]


# --- money after the window ---------------------------------------------------------------------------------------------


def test_an_open_dispute_keeps_its_money_in_the_batch_beyond_the_thirty_days() -> None:
    mira, shop, ana, submission = judged(texts=2)
    batch = submission.batch
    dispute(ana, submission, now=NOW + 29 * DAY)
    kept = settlement.disputable(batch=batch, now=NOW + 40 * DAY)
    assert kept.units >= usd("0.10").units
    with transaction.atomic():
        settlement.return_what_is_free(batch=batch, actor_id=None, now=NOW + 40 * DAY)
    assert funding.reserved(batch_id=batch.pk, currency="USD") == kept


def test_money_that_went_back_is_advanced_by_the_platform_and_settled_by_the_clients_next_money() -> None:
    mira, shop, ana, submission = judged(fund="1")
    found = answered(ana, submission, mira)
    reserved = funding.reserved(batch_id=submission.batch_id, currency="USD")
    with transaction.atomic():
        funding.return_reserve(
            organisation_id=shop.id, batch_id=submission.batch_id, amount=reserved, idem="test", actor_id=None, now=LATER
        )
    with transaction.atomic():
        funding.reserve(
            organisation_id=shop.id, batch_id=uuid.uuid4(), amount=people.prepaid(shop), idem="spent", actor_id=None, now=LATER
        )
    decide(found, people.ops("Olu", "quality_lead"))
    owed = receivables.owed(organisation_id=shop.id, currency="USD")
    assert people.of_worker("available", ana) == usd("0.10"), "the worker is paid at once"
    assert owed.units > usd("0.10").units, "with the fee"
    assert Notice.objects.filter(user=mira, kind="client.owes").count() == 1
    people.pay_in(shop, usd("5"))
    with transaction.atomic():
        receivables.collect(organisation_id=shop.id, currency="USD", source_kind="funding", source_id=uuid.uuid4(), now=LATER)
    assert receivables.owed(organisation_id=shop.id, currency="USD") == usd("0")
    assert people.prepaid(shop) == usd("5") - owed
    books_hold()


# --- scores -------------------------------------------------------------------------------------------------------------


def with_gold(known: str) -> tuple[User, User, Submission, GoldAnswer]:
    """Ana and Ben answered a gold task "sunny"; its known answer is `known`."""
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=3)
    with transaction.atomic():
        gold.add(project=batch.project, rows=[({"text": "which"}, {"label": known})], actor_id=mira.id, now=NOW, rng=random.Random(1))
    task = GoldAnswer.objects.select_related("task").get(project=batch.project)
    ana, ben = people.worker("Ana"), people.worker("Ben")
    made = []
    for worker in (ana, ben):
        one = market.work(worker)
        assert one is not None
        Submission.objects.filter(pk=one.submission_id).update(gold=True, task_id=task.pk)
        OutboxEvent.objects.all().delete()
        gold.grade(submission_id=one.submission_id, now=NOW + HOUR)
        made.append(one)
    return ana, ben, Submission.objects.get(pk=made[0].submission_id), task


def counts_of(worker: User) -> tuple[int, int]:
    record = WorkerRecord.objects.get(worker=worker)
    return record.gold_seen, record.gold_right


def test_a_known_answer_that_a_person_finds_wrong_is_voided_for_everybody_who_met_it() -> None:
    ana, ben, submission, known = with_gold("rainy")
    assert counts_of(ana) == counts_of(ben) == (1, 0)
    decide(answered(ana, submission, people.ops("Sam", "quality_lead")), people.ops("Olu", "quality_lead"))
    known.refresh_from_db()
    assert known.voided_at is not None and counts_of(ana) == counts_of(ben) == (0, 0)
    assert WorkerRecord.objects.get(worker=ben).score_bp is None


def test_silence_takes_one_answer_out_of_the_score_and_leaves_the_known_answer_in_use() -> None:
    ana, ben, submission, known = with_gold("rainy")
    dispute(ana, submission)
    appeals.decide_overdue(now=LATER + 48 * HOUR)
    deliver(LATER + 48 * HOUR)
    known.refresh_from_db()
    assert known.voided_at is None and counts_of(ana) == (0, 0) and counts_of(ben) == (1, 0)
    with transaction.atomic():
        gold.void(project=known.project, task_id=known.pk, why="answer_wrong", actor_id=submission.worker_id, now=LATER)
    assert counts_of(ana) == counts_of(ben) == (0, 0), "nobody is counted out twice"


def test_a_client_that_agrees_about_a_score_takes_its_known_answer_out_of_use_and_moves_no_money() -> None:
    ana, ben, submission, known = with_gold("rainy")
    found, mira = dispute(ana, submission), Membership.objects.get(organisation=submission.batch.project.organisation).user
    before = people.of_worker("available", ana), LedgerTx.objects.count()
    assert disputes.at_stake(found) == (usd("0"), usd("0"))
    disputes.concede(dispute=found, by_id=mira.id, text="", now=LATER)
    deliver()
    known.refresh_from_db()
    assert known.voided_at is not None and counts_of(ana) == counts_of(ben) == (0, 0)
    assert (people.of_worker("available", ana), LedgerTx.objects.count()) == before


def test_where_the_result_was_wrong_a_persons_word_becomes_the_result_and_the_truth_of_later_fits() -> None:
    mira, shop = people.client()
    batch = market.launched(mira, shop, texts=1, overlap=3, max_overlap=3)
    cast = [people.worker(name) for name in ("Ana", "Ben", "Cleo")]
    made = [market.work(worker, label) for worker, label in zip(cast, ("windy", "sunny", "sunny"), strict=True)]
    deliver()
    assert Result.objects.get(batch=batch).answer == {"label": "sunny"} and made[0] is not None
    results.refit(project=batch.project, now=NOW + HOUR)
    before = WorkerRecord.objects.get(worker=cast[0]).score_bp
    decide(
        answered(cast[0], Submission.objects.get(pk=made[0].submission_id), people.ops("Sam", "quality_lead")),
        people.ops("Olu", "quality_lead"),
    )
    result = Result.objects.get(batch=batch)
    assert (result.answer, result.by, result.state) == ({"label": "windy"}, "dispute", "settled")
    assert QualityModel.objects.get(project=batch.project).fitted_at > NOW + HOUR, "fitted anew"
    after = WorkerRecord.objects.get(worker=cast[0]).score_bp
    assert before is not None and after is not None and after > before
    results.reopen(task_id=result.task_id, actor_id=None, now=LATER, why="later")
    assert Result.objects.get(batch=batch).answer == {"label": "windy"}


# --- refusals -----------------------------------------------------------------------------------------------------------


def test_eve_and_another_worker_find_nothing_to_dispute() -> None:
    mira, shop, ana, submission = judged()
    before = moved()
    for somebody in (people.worker("Eve"), mira, people.ops("Olu", "quality_lead")):
        with pytest.raises(NotFound), transaction.atomic():
            dispute(somebody, submission)
    assert moved() == before


def test_too_late_and_twice_are_refused_and_nothing_moves() -> None:
    mira, shop, ana, submission = judged()
    before = moved()
    with pytest.raises(disputes.NotDisputable):
        dispute(ana, submission, now=NOW + HOUR + 30 * DAY)
    assert moved() == before
    dispute(ana, submission, now=NOW + HOUR + 30 * DAY - dt.timedelta(seconds=1))
    before = moved()
    with pytest.raises(appeals.AlreadyAppealed):
        dispute(ana, submission)
    assert moved() == before


def test_work_that_waits_or_was_sent_back_cannot_be_disputed() -> None:
    mira, shop, ana, submission = judged(review.Judgement("send_back", reason="incomplete", clause="1"))
    before = moved()
    with pytest.raises(disputes.NotDisputable):
        dispute(ana, submission)
    assert moved() == before


def test_the_judge_who_answered_a_colleague_of_the_client_and_their_other_accounts_may_not_decide() -> None:
    mira, shop, ana, submission = judged()
    sam, twin, inside = people.ops("Sam", "quality_lead"), people.ops("Twin", "quality_lead"), people.ops("Ida", "quality_lead")
    link(a=mira.id, b=twin.id, reason="same_device", by_id=None, now=NOW)
    Membership.objects.create(user=inside, organisation=shop, role="viewer", since=NOW)
    found = answered(ana, submission, sam)
    before = moved()
    for somebody in (mira, sam, twin, inside, ana):
        fresh = disputes.find(disputes.listed(), found.pk)
        assert not disputes.may_decide(dispute=fresh, by_id=somebody.id)
        with pytest.raises(NotIndependent):
            disputes.decide(dispute=fresh, by_id=somebody.id, overturn=False, grounds="No.", now=LATER + 2 * HOUR)
    assert moved() == before and state_of(submission) == "rejected"


def test_after_its_clock_nobody_decides_any_more() -> None:
    mira, shop, ana, submission = judged()
    found = answered(ana, submission, mira)
    before = moved()
    with pytest.raises(appeals.ClockIsOver):
        decide(found, people.ops("Olu", "quality_lead"), overturn=False, now=LATER + 5 * DAY)
    assert moved() == before


def test_nobody_buries_ops_in_disputes_of_scores() -> None:
    mira, shop = people.client()
    market.launched(mira, shop, texts=disputes.SCORES_AT_ONCE + 1)
    ana = people.worker()
    made = [market.work(ana) for _each in range(disputes.SCORES_AT_ONCE + 1)]
    rows = [Submission.objects.get(pk=one.submission_id) for one in made if one]
    for row in rows[:-1]:
        dispute(ana, row)
    before = moved()
    with pytest.raises(Conflict):
        dispute(ana, rows[-1])
    assert moved() == before


def test_only_verdicts_against_a_worker_carry_a_dispute() -> None:
    mira, shop, ana, submission = judged()
    found = dispute(ana, submission)
    assert Verdict.objects.get(submission=submission).dispute == found
    assert appeals.waiting().count() == 0, "the queue of decisions about people knows nothing of it"
