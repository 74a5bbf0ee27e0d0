"""Kinds of questions: what is kept of an answer, what it is worth, and free texts that a person reads."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from kit.errors import Invalid, NotFound
from qualification import accommodations, attempts, exams, items, kinds, outcomes, papers, readings
from qualification.models import Accommodation, Attempt, Exam, Grant, Reading
from tests import people
from tests.people import NOW
from tests.qualification import cast
from workers import preferences
from workers.models import Notice, User

pytestmark = pytest.mark.django_db

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
NUMBER = {"kind": "number", "text": "How far?", "value": "12.5", "tolerance": "4 %", "unit": "km"}
TEXT = {"kind": "text", "text": "The capital of France?", "accepted": ["Paris", "Paris, France"]}
PROSE = {
    "kind": "prose", "text": "Why does it rain?", "model": "Water vapour condenses.",
    "rubric": [{"name": "Names the cause", "points": 3, "about": "condensation"}, {"name": "Clear words", "points": 1}],
}  # fmt: skip


def item(row: dict[str, Any]) -> Any:
    made = cast.exam(bank=[items.check(row)])
    return made.items.get()


@pytest.mark.parametrize(
    ("answer", "credit"),
    [("12.5", 10_000), ("12", 10_000), ("13.0", 10_000), (13, 10_000), ("11.99", 0), ("-12.5", 0), ("1.25e1", 10_000), ("１２．５", 10_000)],
)
def test_a_number_is_right_within_its_tolerance(answer: Any, credit: int) -> None:
    asked = item(NUMBER)
    assert kinds.credit(asked, kinds.check_answer(asked, answer)) == credit


@pytest.mark.parametrize("answer", ["1,250", "twelve", "", "nan", "inf", "1e999", True, [12], {"x": 1}, "9" * 40])
def test_what_is_no_plain_number_is_refused(answer: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        kinds.check_answer(item(NUMBER), answer)
    assert refusal.value.field == "answer"


@pytest.mark.parametrize(
    ("answer", "credit"), [("paris", 10_000), ("  PARIS. ", 10_000), ("Paris,  france", 10_000), ("“Paris”", 10_000), ("London", 0)]
)
def test_short_texts_are_compared_in_their_normal_form(answer: str, credit: int) -> None:
    asked = item(TEXT)
    assert kinds.credit(asked, kinds.check_answer(asked, answer)) == credit


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (NUMBER | {"value": "x"}, "item.value"), (NUMBER | {"tolerance": "-1"}, "item.tolerance"), (NUMBER | {"tolerance": [1]}, "item.tolerance"),
        (TEXT | {"accepted": []}, "item.accepted"), (TEXT | {"accepted": ["..."]}, "item.accepted[0]"), (TEXT | {"accepted": "Paris"}, "item.accepted"),
        (PROSE | {"rubric": []}, "item.rubric"), (PROSE | {"rubric": [{"name": "x", "points": 0}]}, "item.rubric[0].points"),
        (PROSE | {"rubric": [{"points": 1}]}, "item.rubric[0].name"), (TEXT | {"a": 1}, "item.b"), (TEXT | {"a": 0, "b": 0}, "item.a"),
        (TEXT | {"a": 1, "b": 99}, "item.b"), (TEXT | {"text": ""}, "item.text"), (TEXT | {"kind": ["text"]}, "item.kind"),
    ],
)  # fmt: skip
def test_a_question_of_the_wrong_shape_is_refused_with_its_field(row: Any, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        items.check(row)
    assert refusal.value.field == field


def handed_in(*, pass_bp: int = 7_000) -> tuple[User, Exam, Attempt]:
    """Ana has answered one short text rightly and one free text, and has handed in."""
    ana, made = people.worker(), cast.exam(bank=[items.check(TEXT), items.check(PROSE)], pass_bp=pass_bp)
    with transaction.atomic():
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
        for row in attempt.items.select_related("item"):
            given = "Paris" if row.item.kind == "text" else "Warm air rises and its water condenses."
            attempts.save_answer(attempt_id=attempt.pk, worker_id=ana.pk, n=row.n, answer=given, now=NOW)
        attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=NOW)
    return ana, made, Attempt.objects.get(pk=attempt.pk)


def read(reading: Reading, points: Any, *, note: str = "Say how.", who: User | None = None, now: dt.datetime = NOW) -> None:
    reader = who or cast.reader()
    with transaction.atomic():
        readings.claim(reading=reading, by_id=reader.pk, now=now)
        outcomes.read(reading=readings.find(reading.pk), points=points, note=note, by_id=reader.pk, now=now)


class TestFreeTexts:
    def test_the_outcome_waits_for_a_person_and_then_follows(self) -> None:
        ana, made, attempt = handed_in()
        assert (attempt.state, attempt.score_bp) == ("reading", None)
        assert papers.topics(attempt) == []
        with pytest.raises(attempts.BeingRead):
            attempts.start(exam=made, worker_id=ana.pk, now=NOW + 30 * 24 * HOUR)
        read(Reading.objects.get(), [2, 0])
        after = Attempt.objects.get()
        assert (after.state, after.score_bp) == ("passed", 7_500)
        assert Grant.objects.get(worker_id=ana.pk).source_id == attempt.pk
        [remark] = papers.remarks(after)
        [said] = remark.readers
        assert (said.lines, said.note, remark.credit_bp) == ([("Names the cause", 2, 3), ("Clear words", 0, 1)], "Say how.", 5_000)

    def test_failing_is_told(self) -> None:
        ana, _made, _attempt = handed_in(pass_bp=9_000)
        read(Reading.objects.get(), [0, 0])
        assert Attempt.objects.get().state == "failed"
        assert Notice.objects.filter(user=ana, kind="exam.failed").count() == 1

    def test_an_empty_text_needs_no_reader(self) -> None:
        ana, made = people.worker(), cast.exam(bank=[items.check(PROSE)])
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
        assert attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=NOW).state == "failed"
        assert not Reading.objects.exists()

    @pytest.mark.parametrize("points", [None, [], [1], [4, 0], [-1, 0], [1.5, 0], ["1", 0], [True, 0], "10"])
    def test_points_that_do_not_fit_the_rubric_are_refused(self, points: Any) -> None:
        handed_in()
        with pytest.raises(Invalid):
            read(Reading.objects.get(), points)
        assert Attempt.objects.get().state == "reading"
        assert Reading.objects.get().graded_at is None

    def test_missing_points_need_a_word(self) -> None:
        handed_in()
        with pytest.raises(Invalid, match="missing"):
            read(Reading.objects.get(), [2, 1], note="")
        read(Reading.objects.get(), [3, 1], note="")
        assert Attempt.objects.get().state == "passed"

    def test_one_reads_at_a_time_and_a_claim_runs_out(self) -> None:
        handed_in()
        olu, wen, reading = cast.reader(), cast.reader("Wen"), Reading.objects.get()
        readings.claim(reading=reading, by_id=olu.pk, now=NOW)
        with pytest.raises(readings.Taken):
            readings.claim(reading=reading, by_id=wen.pk, now=NOW + MINUTE)
        readings.claim(reading=reading, by_id=wen.pk, now=NOW + readings.CLAIM)
        with pytest.raises(readings.Taken):
            outcomes.read(reading=reading, points=[3, 1], note="", by_id=olu.pk, now=NOW + readings.CLAIM)
        readings.give_back(reading=reading, by_id=wen.pk)
        read(reading, [3, 1], who=olu, now=NOW + HOUR)
        with pytest.raises(readings.Taken):
            readings.claim(reading=reading, by_id=wen.pk, now=NOW + 2 * HOUR)

    def test_nobody_reads_their_own(self) -> None:
        ana, _made, _attempt = handed_in()
        with pytest.raises(NotFound):
            readings.claim(reading=Reading.objects.get(), by_id=ana.pk, now=NOW)

    def test_a_free_text_that_turns_out_wrong_is_waited_for_no_more(self) -> None:
        _ana, made, attempt = handed_in()
        asked = made.items.get(kind="prose")
        attempts.void_item(item=asked, reason="Two questions in one.", by_id=made.created_by_id, now=NOW)
        assert Attempt.objects.get().state == "passed"
        assert not Reading.objects.exists()


class TestMoreTime:
    def test_it_holds_from_the_next_attempt_on_and_readers_do_not_see_it(self) -> None:
        ana, olu = people.worker(), people.ops("Olu")
        made = cast.exam(time_limit_seconds=600, bank=[items.check(PROSE)])
        accommodations.give(worker_id=ana.pk, time_bp=15_000, reason="As agreed.", by_id=olu.pk, now=NOW)
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
        assert attempt.deadline_at == NOW + 15 * MINUTE
        accommodations.end(worker_id=ana.pk, by_id=olu.pk, now=NOW)
        assert Attempt.objects.get().deadline_at == NOW + 15 * MINUTE
        assert accommodations.time_of(ana.pk) == accommodations.USUAL
        assert Notice.objects.filter(user=ana, kind="exam.more_time").count() == 1

    def test_a_new_one_takes_the_place_of_the_old(self) -> None:
        ana, olu = people.worker(), people.ops("Olu")
        for factor in (12_500, 20_000):
            accommodations.give(worker_id=ana.pk, time_bp=factor, reason="As agreed.", by_id=olu.pk, now=NOW)
        assert accommodations.time_of(ana.pk) == 20_000
        assert Accommodation.objects.count() == 2

    @pytest.mark.parametrize(("factor", "reason", "field"), [(10_000, "Why", "time_bp"), (50_000, "Why", "time_bp"), (15_000, " ", "reason")])
    def test_less_too_much_or_no_reason_is_refused(self, factor: int, reason: str, field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            accommodations.give(worker_id=people.worker().pk, time_bp=factor, reason=reason, by_id=people.ops().pk, now=NOW)
        assert refusal.value.field == field
        assert not Accommodation.objects.exists()


def test_whoever_asks_in_their_set_up_has_half_as_long_again_without_proof() -> None:
    ana = people.worker()
    with transaction.atomic():
        preferences.save_comfort(worker_id=ana.pk, accessibility=["more_time"], note="", avoids=[], now=NOW)
    assert accommodations.time_of(ana.pk) == accommodations.ON_REQUEST
    with transaction.atomic():
        preferences.save_comfort(worker_id=ana.pk, accessibility=[], note="", avoids=[], now=NOW)
    assert accommodations.time_of(ana.pk) == accommodations.USUAL


class TestChances:
    def test_after_the_last_attempt_a_second_chance_opens_after_the_stated_days(self) -> None:
        ana, made = people.worker(), cast.exam(max_attempts=1, second_chance_days=60)
        cast.sit(ana, made, right=0)
        with pytest.raises(attempts.NoAttemptsLeft) as refusal:
            attempts.start(exam=made, worker_id=ana.pk, now=NOW + 59 * cast.DAY)
        assert refusal.value.extra["open_at"] == (NOW + 60 * cast.DAY).isoformat()
        assert cast.sit(ana, made, right=0, now=NOW + 60 * cast.DAY).state == "failed"
        with pytest.raises(attempts.NoAttemptsLeft):
            attempts.start(exam=made, worker_id=ana.pk, now=NOW + 100 * cast.DAY)
        assert attempts.start(exam=made, worker_id=ana.pk, now=NOW + 120 * cast.DAY).state == "live"

    def test_zero_days_means_never(self) -> None:
        ana, made = people.worker(), cast.exam(max_attempts=1, second_chance_days=0)
        cast.sit(ana, made, right=0)
        with pytest.raises(attempts.NoAttemptsLeft):
            attempts.start(exam=made, worker_id=ana.pk, now=NOW + 3_000 * cast.DAY)

    def test_an_attempt_that_failed_with_a_wrong_question_is_not_counted(self) -> None:
        ana, made = people.worker(), cast.exam(max_attempts=1, cooldown_hours=24)
        attempt = cast.sit(ana, made, right=0)
        attempts.void_item(item=attempt.items.get(n=1).item, reason="Wrong key.", by_id=made.created_by_id, now=NOW)
        assert attempts.start(exam=made, worker_id=ana.pk, now=NOW).state == "live"

    def test_a_wrong_key_is_wrong_in_every_version(self) -> None:
        ana, made = people.worker(), cast.exam(questions=5, pass_bp=10_000)
        attempt = cast.sit(ana, made, right=4)
        draft = exams.revise(exam=made, by_id=made.created_by_id, now=NOW)
        exams.publish(exam=draft, by_id=made.created_by_id, now=NOW)
        root = attempt.items.get(n=5).item.root
        attempts.void_item(item=draft.items.get(root=root), reason="Wrong key.", by_id=made.created_by_id, now=NOW)
        assert Attempt.objects.get().state == "passed"
        assert set(made.items.filter(root=root).values_list("state", flat=True)) == {"void"}
