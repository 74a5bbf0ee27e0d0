"""A second look has two clocks and a second person, and silence decides for whoever asked."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kit import states
from kit.errors import Invalid
from kit.ids import uuid7
from kit.models import OutboxEvent
from tests import people
from tests.people import NOW
from workers import appeals
from workers.models import Appeal, Notice, User
from workers.people import NotIndependent, link

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


def opened(ana: User, against: User | None = None) -> Appeal:
    return appeals.open_appeal(
        subject_kind="submission",
        subject_id=uuid7(),
        person_id=ana.pk,
        against_id=against.pk if against else None,
        text="The guideline says otherwise.",
        now=NOW,
    )


def reload(appeal: Appeal) -> Appeal:
    return Appeal.objects.get(pk=appeal.pk)


def test_an_appeal_is_answered_and_then_decided_by_a_second_person() -> None:
    ana, olu, sam = people.worker(), people.ops("Olu"), people.ops("Sam")
    appeal = opened(ana, against=olu)
    assert appeals.due_at(appeal) == NOW + 48 * HOUR
    appeals.answer(appeal=appeal, by_id=olu.pk, text="Because of clause 3.", now=NOW + HOUR)
    assert appeals.due_at(appeal) == NOW + 120 * HOUR
    appeals.decide(appeal=appeal, by_id=sam.pk, overturn=True, grounds="Clause 3 says the opposite.", now=NOW + 2 * HOUR)
    after = reload(appeal)
    assert (after.state, after.outcome, after.decided_by_id) == ("decided", "overturned", sam.pk)
    assert appeals.due_at(after) is None
    event = OutboxEvent.objects.get(name="appeal.decided")
    assert event.payload == {
        "appeal_id": str(appeal.pk),
        "subject_kind": "submission",
        "subject_id": str(appeal.subject_id),
        "person_id": str(ana.pk),
        "outcome": "overturned",
    }
    assert [notice.kind for notice in Notice.objects.filter(user=ana).order_by("id")] == [
        "appeal.answered",
        "appeal.overturned",
    ]


def test_the_first_person_or_their_other_account_or_the_appellant_may_not_decide() -> None:
    ana, olu, twin = people.worker(), people.ops("Olu"), people.ops("Twin")
    link(a=olu.pk, b=twin.pk, reason="same_device", by_id=None, now=NOW)
    appeal = opened(ana, against=olu)
    appeals.answer(appeal=appeal, by_id=olu.pk, text="No.", now=NOW)
    for somebody in (olu, twin, ana):
        with pytest.raises(NotIndependent):
            appeals.decide(appeal=appeal, by_id=somebody.pk, overturn=False, grounds="No.", now=NOW)
    assert reload(appeal).state == "answered"


def test_where_no_human_was_first_the_answerer_is_and_may_not_decide() -> None:
    ana, olu = people.worker(), people.ops("Olu")
    appeal = opened(ana)
    appeals.answer(appeal=appeal, by_id=olu.pk, text="No.", now=NOW)
    with pytest.raises(NotIndependent):
        appeals.decide(appeal=appeal, by_id=olu.pk, overturn=False, grounds="No.", now=NOW)
    assert reload(appeal).state == "answered"


def test_nobody_decides_before_the_answer() -> None:
    appeal = opened(people.worker(), against=people.ops("Olu"))
    with pytest.raises(states.NoSuchMove):
        appeals.decide(appeal=appeal, by_id=people.ops("Sam").pk, overturn=False, grounds="No.", now=NOW)
    assert reload(appeal).state == "open"


def test_one_appeal_for_one_subject() -> None:
    ana = people.worker()
    first = opened(ana)
    with pytest.raises(appeals.AlreadyAppealed):
        appeals.open_appeal(
            subject_kind="submission", subject_id=first.subject_id, person_id=ana.pk, against_id=None, text="Again", now=NOW
        )
    assert Appeal.objects.count() == 1
    assert OutboxEvent.objects.filter(name="appeal.opened").count() == 1


@pytest.mark.parametrize("text", ["", "  ", "x" * 5001])
def test_an_appeal_says_something_and_not_endlessly(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        appeals.open_appeal(
            subject_kind="submission", subject_id=uuid7(), person_id=people.worker().pk, against_id=None, text=text, now=NOW
        )
    assert refusal.value.field == "text"
    assert not Appeal.objects.exists()


def test_an_answer_after_the_clock_comes_too_late() -> None:
    appeal, olu = opened(people.worker()), people.ops("Olu")
    with pytest.raises(appeals.ClockIsOver):
        appeals.answer(appeal=appeal, by_id=olu.pk, text="Sorry.", now=NOW + 48 * HOUR)
    assert reload(appeal).state == "open"


def test_an_answered_appeal_that_nobody_decides_is_won_after_five_days() -> None:
    ana, olu = people.worker(), people.ops("Olu")
    appeal = opened(ana, against=olu)
    appeals.answer(appeal=appeal, by_id=olu.pk, text="No.", now=NOW + HOUR)
    assert appeals.decide_overdue(now=NOW + 120 * HOUR - dt.timedelta(seconds=1)) == 0
    assert appeals.decide_overdue(now=NOW + 120 * HOUR) == 1
    assert appeals.decide_overdue(now=NOW + 120 * HOUR) == 0
    after = reload(appeal)
    assert (after.outcome, after.decided_by_id) == ("by_silence", None)
    assert Notice.objects.filter(user=ana, kind="appeal.by_silence").count() == 1


def test_the_database_refuses_a_decision_by_the_first_person_and_one_by_nobody() -> None:
    ana, olu = people.worker(), people.ops("Olu")
    appeal = opened(ana, against=olu)
    rows = Appeal.objects.filter(pk=appeal.pk)
    decided = {"state": "decided", "decided_at": NOW}
    for change in (
        decided | {"outcome": "upheld", "decided_by": olu},
        decided | {"outcome": "upheld", "decided_by": ana},
        decided | {"outcome": "upheld", "decided_by": None},
        decided | {"outcome": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    assert reload(appeal).state == "open"


class TestWhateverHappens(TestCase):
    """Any order of answers, decisions and beats ends with a decision, and never against a person in silence."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(["answer", "uphold", "overturn", "beat"]), st.integers(0, 150)), max_size=8))
    def test_every_appeal_ends_and_silence_never_ends_it_against_the_person(self, moves: list[tuple[str, int]]) -> None:
        ana, olu, sam = people.worker(), people.ops("Olu"), people.ops("Sam")
        appeal = opened(ana, against=olu)
        for move, hours in sorted(moves, key=lambda each: each[1]):
            now, current = NOW + hours * HOUR, reload(appeal)
            try:
                with transaction.atomic():
                    if move == "answer":
                        appeals.answer(appeal=current, by_id=olu.pk, text="x", now=now)
                    elif move == "beat":
                        appeals.decide_overdue(now=now)
                    else:
                        appeals.decide(appeal=current, by_id=sam.pk, overturn=move == "overturn", grounds="x", now=now)
            except (appeals.ClockIsOver, states.NoSuchMove):
                pass
        appeals.decide_overdue(now=NOW + 200 * HOUR)
        after = reload(appeal)
        assert after.state == "decided"
        if after.outcome == "upheld":
            assert after.answered_by_id == olu.pk
            assert after.decided_by_id == sam.pk
            assert after.answered_at is not None
            assert after.answered_at < after.answer_due_at
        assert OutboxEvent.objects.filter(name="appeal.decided", payload__appeal_id=str(uuid.UUID(str(appeal.pk)))).count() == 1
