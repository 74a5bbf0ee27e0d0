"""Reviewers are measured too: by known answers, by second looks; and a bad reviewer's verdicts are looked at again."""

from __future__ import annotations

import datetime as dt
import html
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse

from marketplace import disputes, gold, jobs, reviewers, routing, submissions
from marketplace.models import Batch, ReviewerRecord, Slot, Submission, Verdict
from payments import queries as money
from tests import market, people
from tests.marketplace.experts import deliver
from workers import appeals
from workers.models import User

pytestmark = pytest.mark.django_db(transaction=True)

NOW = market.NOW
REJECT = {"decision": "reject", "reason": "wrong", "clause": "1"}
ACCEPT = {"decision": "accept"}


@pytest.fixture
def batch() -> Batch:
    return market.launched(*people.client(), texts=30, review_rule="all")


def review(reviewer: User, verdict: dict[str, Any]) -> uuid.UUID | None:
    """The next review is done; returns whose answer it was."""
    lease = market.take(reviewer, kind="review")
    if lease is None:
        return None
    with transaction.atomic():
        submissions.submit(worker_id=reviewer.id, lease_id=lease.lease_id, answer=verdict, now=NOW + dt.timedelta(minutes=1))
    deliver()
    return lease.subject_id


def page_of(user: User) -> Callable[[str], str]:
    """What this person's browser shows at an address, as plain words."""
    browser = Browser()
    browser.force_login(user)
    return lambda url: html.unescape(browser.get(url).content.decode())


def judged(submission_id: uuid.UUID) -> None:
    """The runner hears of a verdict, perhaps again."""
    with transaction.atomic():
        reviewers.on_verdict(submission_id=submission_id, now=NOW)


def answers(worker: User, number: int) -> None:
    for _ in range(number):
        assert market.work(worker) is not None
    deliver()


def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "second_look_share_bp", lambda **_: 10_000)


@pytest.mark.parametrize(("based_on", "low", "high", "share"), [
    (0, 0.0, 100.0, 2_000), (40, 85.0, 97.0, 200), (40, 70.0, 90.0, 1_000), (40, 30.0, 60.0, 10_000), (5, 30.0, 75.0, 10_000),
])  # fmt: skip
def test_the_share_of_second_looks_follows_the_risk(based_on: int, low: float, high: float, share: int) -> None:
    assert routing.second_look_share_bp(based_on=based_on, low=low, high=high) == share


def test_a_verdict_on_a_known_answer_is_held_against_grading() -> None:
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    made = market.project(mira, shop, review_rule="all", gold_least_bp=5_000, gold_most_bp=5_000)
    with transaction.atomic():
        gold.add(
            project=made, rows=[({"text": "known"}, {"label": "sunny"})], actor_id=mira.id, now=NOW, rng=random.Random(0)
        )
    market.launch(market.batch(made, mira, texts=3), mira)
    ana, wen, eve = people.worker("Ana"), people.worker("Wen"), people.worker("Eve")
    for worker, label in ((ana, "sunny"), (eve, "rainy")):
        lease = market.take(worker, seed=1)
        assert lease is not None and lease.payload == {"text": "known"}
        market.answer(worker, lease, label)
    deliver()
    while review(wen, ACCEPT):
        continue
    record = ReviewerRecord.objects.get(worker=wen)
    assert (record.known, record.known_right) == (2, 1), "the right answer was accepted, and so was the wrong one"
    found = reviewers.measured(record)
    assert found is not None and found.low < found.value < found.high and found.based_on == 2


def test_a_second_look_is_paid_work_that_changes_no_verdict_but_the_reviewers_score(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    always(monkeypatch)
    ana, wen, ida = people.worker("Ana"), people.worker("Wen"), people.worker("Ida")
    answers(ana, 15)
    rejected = review(wen, REJECT)
    assert rejected is not None
    assert Slot.objects.filter(n__gte=reviewers.SECOND_LOOK).count() == 0, "every part of the reserve is spoken for"
    Slot.objects.filter(queue__kind="review", open=True).delete()  # as if the other answers had been accepted at submit
    judged(rejected)
    look = Slot.objects.get(n__gte=reviewers.SECOND_LOOK)
    judged(rejected)
    assert Slot.objects.filter(n__gte=reviewers.SECOND_LOOK).count() == 1, "asking twice opens one"
    assert review(wen, ACCEPT) is None, "nobody looks at their own verdict again"
    assert review(ana, ACCEPT) is None, "nor at their own answer"
    assert review(ida, ACCEPT) == look.subject_id
    assert Submission.objects.get(pk=rejected).state == "rejected" and Verdict.objects.filter(submission=rejected).count() == 1
    record = ReviewerRecord.objects.get(worker=wen)
    assert (record.verdicts, record.looked_at, record.overturned) == (1, 1, 1)
    (doubt,) = reviewers.doubtful()
    assert (doubt.verdict.decision, doubt.decision, doubt.second.worker) == ("reject", "accept", ida)
    olu = page_of(people.ops("Olu", "quality_lead"))
    assert "Wen said “Reject”, Ida “Accept”" in olu(reverse("market:ops_today_section", args=["verdicts"]))
    assert "1 of 1 second looks said otherwise" in olu(reverse("market:ops_person_part", args=[wen.id, "quality"]))
    own = page_of(wen)(reverse("market:quality"))
    assert "As a reviewer" in own and "second looks said" not in own, "which of their verdicts were checked is not told"
    paid = money.earnings_of(source_kind="submission", source_ids=[doubt.second.pk])
    assert paid[doubt.second.pk].amount == people.usd("0.10")


def test_who_shares_the_first_verdict_confirms_it(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    always(monkeypatch)
    ana, wen, ida = people.worker("Ana"), people.worker("Wen"), people.worker("Ida")
    answers(ana, 21)
    for _ in range(21):
        review(wen, ACCEPT)
    assert review(ida, ACCEPT) is not None
    record = ReviewerRecord.objects.get(worker=wen)
    assert (record.looked_at, record.overturned, reviewers.doubtful()) == (1, 0, [])


def test_what_goes_back_to_its_author_is_not_looked_at_again(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    always(monkeypatch)
    ana, wen = people.worker("Ana"), people.worker("Wen")
    answers(ana, 21)
    for _ in range(21):
        review(wen, {"decision": "send_back", "reason": "incomplete", "clause": "1"})
    assert not Slot.objects.filter(n__gte=reviewers.SECOND_LOOK).exists()


def test_reviews_and_second_looks_never_exceed_what_is_reserved(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    always(monkeypatch)
    ana, wen = people.worker("Ana"), people.worker("Wen")
    answers(ana, 30)
    while review(wen, ACCEPT):
        continue
    looks = Slot.objects.filter(queue__batch=batch, n__gte=reviewers.SECOND_LOOK)
    assert looks.count() == 1, "30 answers hold 31 reviews"
    jobs.advance_batch(batch_id=batch.pk, now=NOW + dt.timedelta(minutes=2))
    batch.refresh_from_db()
    assert batch.state in {"closed", "settled"}, "a second look that nobody takes delays nothing"
    assert [slot.state for slot in looks] == ["cancelled"]


@pytest.mark.parametrize(("overturn", "overturned"), [(True, 1), (False, 0)])
def test_a_verdict_that_a_person_overturned_in_a_dispute_counts_against_its_reviewer(
    batch: Batch, overturn: bool, overturned: int
) -> None:
    ana, wen, olu, pat = people.worker("Ana"), people.worker("Wen"), people.ops("Olu", "quality_lead"), people.ops("Pat", "quality_lead")
    answers(ana, 1)
    rejected = review(wen, REJECT)
    assert rejected is not None
    before = ReviewerRecord.objects.get(worker=wen)
    at = NOW + dt.timedelta(hours=1)
    with transaction.atomic():
        found = disputes.open_dispute(worker_id=ana.id, submission_id=rejected, text="It says so.", now=at)
    with transaction.atomic():
        disputes.answer(dispute=found, by_id=olu.id, text="Clause 1.", now=at)
    with transaction.atomic():
        disputes.decide(dispute=disputes.find(disputes.listed(), found.pk), by_id=pat.id, overturn=overturn, grounds="Read it.", now=at)
    for _time in range(2):
        with transaction.atomic():
            disputes.carry_out(appeal_id=found.pk, now=at)
    after = ReviewerRecord.objects.get(worker=wen)
    assert (after.looked_at - before.looked_at, after.overturned - before.overturned) == (1, overturned)


def test_a_dispute_that_silence_won_says_nothing_of_the_reviewer(batch: Batch) -> None:
    ana, wen = people.worker("Ana"), people.worker("Wen")
    answers(ana, 1)
    rejected = review(wen, REJECT)
    assert rejected is not None
    late = NOW + dt.timedelta(days=6)
    with transaction.atomic():
        found = disputes.open_dispute(worker_id=ana.id, submission_id=rejected, text="It says so.", now=NOW + dt.timedelta(hours=1))
    with transaction.atomic():
        appeals.decide_overdue(now=late)
        disputes.carry_out(appeal_id=found.pk, now=late)
    record = ReviewerRecord.objects.get(worker=wen)
    assert (record.looked_at, record.overturned) == (0, 0)
