"""Reviewers dispute how their verdict counted: by the same page, clocks and second person as workers, and never at an author's cost."""

from __future__ import annotations

import datetime as dt
import random
import uuid

import pytest
from django.db import transaction

from kit.errors import NotFound
from marketplace import disputes, gold, reviewers, routing
from marketplace.models import Batch, Dispute, GoldAnswer, ReviewerRecord, Slot, Submission, WorkerRecord
from payments.models import LedgerTx
from tests import market, people
from tests.marketplace.experts import deliver
from tests.marketplace.test_reviewers import ACCEPT, REJECT, answers, judged, review
from tests.workers.doors import browser
from workers import appeals
from workers.models import Notice, Organisation, User
from workers.people import NotIndependent

pytestmark = pytest.mark.django_db(transaction=True)

NOW = market.NOW
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def on_gold() -> tuple[User, Organisation, User, User, Submission]:
    """A known answer says sunny; Eve said rainy, and Wen accepted that: a miss. Returns Mira, her shop, Eve, Wen, Wen's review."""
    mira, shop = people.client()
    people.pay_in(shop, people.usd("100"))
    made = market.project(mira, shop, review_rule="all", gold_least_bp=5_000, gold_most_bp=5_000)
    with transaction.atomic():
        gold.add(project=made, rows=[({"text": "known"}, {"label": "sunny"})], actor_id=mira.id, now=NOW, rng=random.Random(0))
    market.launch(market.batch(made, mira, texts=3), mira)
    eve, wen = people.worker("Eve"), people.worker("Wen")
    lease = market.take(eve, seed=1)
    assert lease is not None and lease.payload == {"text": "known"}
    market.answer(eve, lease, "rainy")
    deliver()
    assert review(wen, ACCEPT)
    return mira, shop, eve, wen, Submission.objects.get(worker=wen, kind="review")


def on_second_look(monkeypatch: pytest.MonkeyPatch) -> tuple[User, User, User, Submission]:
    """Wen rejected Ana's answer, Ida would have accepted it. Returns Ana, Wen, Ida, Wen's review."""
    monkeypatch.setattr(routing, "second_look_share_bp", lambda **_: 10_000)
    market.launched(*people.client(), texts=30, review_rule="all")
    ana, wen, ida = people.worker("Ana"), people.worker("Wen"), people.worker("Ida")
    answers(ana, 15)
    rejected = review(wen, REJECT)
    assert rejected is not None
    Slot.objects.filter(queue__kind="review", open=True).delete()
    judged(rejected)
    assert review(ida, ACCEPT) == rejected
    return ana, wen, ida, Submission.objects.get(worker=wen, kind="review")


def record(wen: User) -> tuple[int, int, int, int]:
    found = ReviewerRecord.objects.get(worker=wen)
    return found.known, found.known_right, found.looked_at, found.overturned


def dispute(wen: User, made: Submission, *, now: dt.datetime = NOW + HOUR) -> Dispute:
    with transaction.atomic():
        return disputes.open_dispute(worker_id=wen.pk, submission_id=made.pk, text="The clause allows it.", now=now)


def heard(found: Dispute, by: User, now: dt.datetime) -> None:
    with transaction.atomic():
        disputes.answer(dispute=found, by_id=by.pk, text="Look at clause 1.", now=now)


def decided(wen: User, made: Submission, by: User, *, overturn: bool = True) -> Dispute:
    found = dispute(wen, made)
    heard(found, people.ops("Oda", "quality_lead"), NOW + 2 * HOUR)
    with transaction.atomic():
        disputes.decide(dispute=found, by_id=by.pk, overturn=overturn, grounds="The clause does.", now=NOW + 3 * HOUR)
    deliver()
    return Dispute.objects.get(pk=found.pk)


def silence(found: Dispute) -> None:
    with transaction.atomic():
        assert appeals.decide_overdue(now=NOW + 3 * DAY) == 1
    deliver()
    assert Dispute.objects.get(pk=found.pk).outcome == "by_silence"


def test_a_miss_on_a_known_answer_that_a_person_finds_right_voids_it_for_all_and_takes_nothing_from_anybody() -> None:
    _mira, _shop, eve, wen, made = on_gold()
    assert record(wen) == (1, 0, 0, 0)
    assert WorkerRecord.objects.get(worker=eve).gold_seen == 1
    money = LedgerTx.objects.count()
    assert decided(wen, made, people.ops("Olu", "quality_lead")).outcome == "overturned"
    assert GoldAnswer.objects.get().voided_at is not None
    assert record(wen) == (0, 0, 0, 0) and WorkerRecord.objects.get(worker=eve).gold_seen == 0
    assert LedgerTx.objects.count() == money


def test_silence_takes_only_this_verdict_out_and_the_known_answer_stays() -> None:
    _mira, _shop, eve, wen, made = on_gold()
    silence(dispute(wen, made))
    assert record(wen) == (0, 0, 0, 0)
    assert GoldAnswer.objects.get().voided_at is None and WorkerRecord.objects.get(worker=eve).gold_seen == 1


def test_a_verdict_that_stood_against_the_reviewer_goes_on_counting() -> None:
    _mira, _shop, _eve, wen, made = on_gold()
    assert decided(wen, made, people.ops("Olu", "quality_lead"), overturn=False).outcome == "upheld"
    assert record(wen) == (1, 0, 0, 0) and GoldAnswer.objects.get().voided_at is None


def test_a_second_look_that_said_otherwise_counts_for_the_reviewer_when_a_person_agrees_and_not_at_all_by_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ana, wen, ida, made = on_second_look(monkeypatch)
    assert record(wen) == (0, 0, 1, 1)
    found = dispute(wen, made)
    heard(found, people.ops("Oda", "quality_lead"), NOW + 2 * HOUR)
    assert not any(disputes.may_decide(dispute=found, by_id=one.pk) for one in (ana, ida, wen))
    with pytest.raises(NotIndependent):
        disputes.decide(dispute=found, by_id=ida.pk, overturn=True, grounds="Mine.", now=NOW + 3 * HOUR)
    with transaction.atomic():
        by = people.ops("Olu", "quality_lead").pk
        disputes.decide(dispute=found, by_id=by, overturn=True, grounds="Right.", now=NOW + 3 * HOUR)
    deliver()
    assert record(wen) == (0, 0, 1, 0)
    assert Submission.objects.filter(worker=ana, state="rejected").count() == 1, "the author's own dispute is another matter"
    Dispute.objects.filter(pk=found.pk).update(outcome="by_silence")
    reviewers.recount(project_id=ReviewerRecord.objects.get(worker=wen).project_id, now=NOW)
    assert record(wen) == (0, 0, 0, 0)


def test_a_reversal_in_a_workers_dispute_is_told_and_can_be_disputed_for_thirty_days_from_then() -> None:
    batch: Batch = market.launched(*people.client(), texts=3, review_rule="all")
    ana, wen, olu = people.worker("Ana"), people.worker("Wen"), people.ops("Olu", "quality_lead")
    answers(ana, 1)
    rejected = review(wen, REJECT)
    assert rejected is not None
    later = NOW + 20 * DAY
    with transaction.atomic():
        first = disputes.open_dispute(worker_id=ana.pk, submission_id=rejected, text="It is sunny.", now=later)
    heard(first, people.ops("Oda", "quality_lead"), later)
    with transaction.atomic():
        disputes.decide(dispute=first, by_id=olu.pk, overturn=True, grounds="Sunny.", now=later)
    deliver()
    with transaction.atomic():
        disputes.carry_out(appeal_id=first.pk, now=later)
    Dispute.objects.filter(pk=first.pk).update(closed_at=later)
    assert record(wen) == (0, 0, 1, 1)
    assert Notice.objects.filter(user=wen, kind="review.reversed").count() == 1
    paid = people.of_worker("available", ana)
    made = Submission.objects.get(worker=wen, kind="review", batch=batch)
    with pytest.raises(disputes.NotDisputable):
        dispute(wen, made, now=later + 30 * DAY)
    found = dispute(wen, made, now=later + 29 * DAY)
    assert not disputes.may_decide(dispute=found, by_id=olu.pk), "who decided against the verdict does not decide again"
    heard(found, olu, later + 29 * DAY)
    with transaction.atomic():
        disputes.decide(
            dispute=found, by_id=people.ops("Ole", "quality_lead").pk, overturn=True, grounds="Wen is right.", now=later + 30 * DAY
        )
    deliver()
    assert record(wen) == (0, 0, 1, 0)
    assert people.of_worker("available", ana) == paid, "what the author was paid stays theirs"


def test_the_pages_of_reviewer_client_and_ops_show_the_verdict_and_refuse_strangers() -> None:
    mira, shop, _eve, wen, made = on_gold()
    tab, here = browser(wen), f"/work/history/{made.pk}/dispute/"
    assert here in tab.get("/work/history/").content.decode()
    page = tab.get(here).content.decode()
    assert "Dispute how your verdict counted" in page and "Accept" in page
    sent = tab.post(here, {"text": "The clause allows it."})
    found = Dispute.objects.get()
    assert sent.status_code == 302 and (found.about, found.organisation_id) == ("score", shop.pk)
    assert "how a verdict counted" in tab.get(sent.url).content.decode()
    assert "A reviewer disputes" in browser(people.ops("Olu", "quality_lead")).get(f"/ops/disputes/{found.pk}/").content.decode()
    assert "of the reviewer who gave it" in browser(mira).get(f"/client/{shop.slug}/disputes/{found.pk}/").content.decode()
    stranger = browser(people.worker("Ina"))
    assert stranger.get(here).status_code == 404 and stranger.get(sent.url).status_code == 404
    with pytest.raises(NotFound), transaction.atomic():
        disputes.open_dispute(worker_id=people.worker("Ivo").pk, submission_id=made.pk, text="Mine?", now=NOW)
    api = browser(wen)
    assert api.get("/api/v1/work/disputes/").json()["results"][0]["submission"] == str(made.pk)
    assert api.post(f"/api/v1/work/submissions/{uuid.uuid4()}/dispute/", {"text": "x"}, content_type="application/json").status_code == 404
