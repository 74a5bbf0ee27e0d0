"""A dispute is decided once, whoever comes at once: two people, or a person and the clock."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from config.reactions import REACTIONS
from kit import outbox, states
from marketplace import disputes, review
from marketplace.models import Dispute, Submission
from payments.models import Earning
from tests import market, people
from tests.races.crowd import at_once
from workers import appeals
from workers.models import Appeal, User

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = dt.timedelta(hours=1)


def answered(count: int) -> tuple[User, list[Dispute]]:
    """Disputes of rejections that Mira answered for."""
    mira, shop = people.client()
    market.launched(mira, shop, texts=count, review_rule="client")
    ana, found = people.worker(), []
    for _each in range(count):
        made = market.work(ana)
        assert made
        with transaction.atomic():
            submission = review.find(submission_id=made.submission_id, organisation_id=None)
            judgement = review.Judgement("accept_share", reason="wrong", clause="1", share_bp=100)
            review.judge(submission=submission, judgement=judgement, judge_id=mira.id, now=people.NOW + HOUR)
            dispute = disputes.open_dispute(
                worker_id=ana.id, submission_id=submission.pk, text="No.", now=people.NOW + 2 * HOUR
            )
            disputes.answer(dispute=dispute, by_id=mira.id, text="Yes.", now=people.NOW + 3 * HOUR)
        found.append(dispute)
    return ana, found


def say(dispute: Dispute, judge: User, *, overturn: bool, now: dt.datetime) -> str:
    fresh = disputes.find(disputes.listed(), dispute.pk)
    try:
        with transaction.atomic():
            disputes.decide(dispute=fresh, by_id=judge.id, overturn=overturn, grounds="So.", now=now)
    except (states.LostRace, states.NoSuchMove):
        return "late"
    return "decided"


def carry_out_at_once() -> None:
    """Several runners and a second telling of the same event."""
    at_once([1, 2, 3], lambda _n: [outbox.deliver_due(reactions=REACTIONS, now=dt.datetime.now(dt.UTC)) for _round in range(3)])


def test_of_two_deciders_one_is_heard_and_the_money_follows_that_one() -> None:
    ana, found = answered(8)
    olu, sam = people.ops("Olu", "quality_lead"), people.ops("Sam", "quality_lead")
    now = people.NOW + 4 * HOUR
    for dispute in found:
        outcomes = at_once([olu, sam], lambda judge, dispute=dispute: say(dispute, judge, overturn=judge is olu, now=now))
        assert sorted(map(str, outcomes)) == ["decided", "late"]
    carry_out_at_once()
    won = Appeal.objects.filter(outcome="overturned").count()
    assert Submission.objects.filter(state="accepted").count() == Earning.objects.filter(source_kind="adjustment").count() == won
    assert people.of_worker("available", ana) == people.usd("0.10") * won + people.usd("0.001") * (len(found) - won)


def test_a_decision_and_the_clock_at_the_same_moment_give_one_outcome_paid_once() -> None:
    ana, found = answered(6)
    olu = people.ops("Olu", "quality_lead")
    end = found[0].appeal.decide_due_at

    def act(who: User | None) -> str:
        if who is not None:
            return ",".join(say(dispute, who, overturn=False, now=end - dt.timedelta(microseconds=1)) for dispute in found)
        with transaction.atomic():
            return str(appeals.decide_overdue(now=end))

    outcomes = at_once([olu, None, None], act)
    assert not [one for one in outcomes if isinstance(one, BaseException)], outcomes
    carry_out_at_once()
    upheld = Appeal.objects.filter(outcome="upheld").count()
    silent = Appeal.objects.filter(outcome="by_silence").count()
    assert upheld + silent == len(found) and str(outcomes[0]).count("decided") == upheld
    assert Dispute.objects.filter(closed_at__isnull=False).count() == len(found)
    assert Earning.objects.filter(source_kind="adjustment").count() == silent
