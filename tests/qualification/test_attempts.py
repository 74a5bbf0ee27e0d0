"""Sitting an exam: one at a time, within its time, with a cool-down; and what happens when a key was wrong."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from kit.errors import Conflict, Invalid, NotFound
from kit.models import OutboxEvent
from qualification import attempts, exams, papers
from qualification.models import Attempt, AttemptItem, Grant
from tests import people
from tests.people import NOW
from tests.qualification import cast
from workers import my_data, standing
from workers.models import Notice, User, WorkerProfile

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def save(attempt: Attempt, n: int, answer: object, *, now: dt.datetime = NOW, who: User | None = None) -> AttemptItem:
    worker_id = who.pk if who else attempt.worker_id
    return attempts.save_answer(attempt_id=attempt.pk, worker_id=worker_id, n=n, answer=answer, now=now)


def test_passing_gives_the_grant_with_its_score_and_expiry() -> None:
    ana, made = people.worker(), cast.exam(questions=10, pass_bp=8_000, tier=2, valid_days=100)
    version = WorkerProfile.objects.get(pk=ana.pk).facts_version
    attempt = cast.sit(ana, made, right=8)
    assert (attempt.state, attempt.score_bp) == ("passed", 8_000)
    grant = Grant.objects.get(worker_id=ana.pk)
    assert (grant.skill, grant.tier, grant.source, grant.source_id) == (made.skill, 2, "exam", attempt.pk)
    assert (grant.score_bp, grant.low_bp, grant.high_bp) == (attempt.mean_bp, attempt.low_bp, attempt.high_bp)
    assert grant.expires_at == NOW + 100 * DAY
    assert WorkerProfile.objects.get(pk=ana.pk).facts_version > version
    assert Notice.objects.filter(user=ana, kind="exam.passed").count() == 1


def test_one_question_short_is_failed_and_gives_nothing() -> None:
    ana, made = people.worker(), cast.exam(questions=10, pass_bp=8_000)
    attempt = cast.sit(ana, made, right=7)
    assert (attempt.state, attempt.score_bp, attempt.grant) == ("failed", 7_000, None)
    assert not Grant.objects.exists()
    assert OutboxEvent.objects.get(name="attempt.closed").payload["passed"] is False


def test_a_task_is_graded_by_its_drawer() -> None:
    ana, made = people.worker(), cast.exam(bank=[cast.gold("Clear sky"), cast.gold("Wet street", "rainy")], pass_bp=10_000)
    assert cast.sit(ana, made, right=2).state == "passed"
    assert cast.sit(people.worker("Wen"), made, right=1).score_bp == 5_000


def test_keys_never_leave_with_the_questions() -> None:
    ana, made = people.worker(), cast.exam(bank=[cast.choice("Q1", right=[2]), cast.gold("Wet street", "rainy")])
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    shown = papers.questions(attempt, image_url=lambda n: str)
    assert {question["kind"]: set(question) for question in shown} == {
        "choice": {"n", "kind", "answer", "text", "several", "options"},
        "gold": {"n", "kind", "answer", "task_type", "guideline", "task"},
    }
    for item in made.items.all():
        item.key = {"right": ["d"]} if item.kind == "choice" else {"truth": {"label": "sunny"}}
        item.save(update_fields=["key"])
    assert papers.questions(attempt, image_url=lambda n: str) == shown


def test_a_second_start_goes_on_with_the_first() -> None:
    ana, made = people.worker(), cast.exam()
    first = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    assert attempts.start(exam=made, worker_id=ana.pk, now=NOW + MINUTE) == first
    assert Attempt.objects.count() == 1
    with pytest.raises(IntegrityError, match="one_live_attempt"), transaction.atomic():
        Attempt.objects.create(exam=made, series=made.series, worker_id=ana.pk, started_at=NOW, deadline_at=NOW + HOUR)


def test_failing_means_waiting_and_after_the_last_attempt_it_is_over() -> None:
    ana, made = people.worker(), cast.exam(cooldown_hours=24, max_attempts=2)
    cast.sit(ana, made, right=0)
    with pytest.raises(attempts.CoolingDown) as refusal:
        attempts.start(exam=made, worker_id=ana.pk, now=NOW + 24 * HOUR - MINUTE)
    assert refusal.value.extra["open_at"] == (NOW + DAY).isoformat()
    assert Attempt.objects.count() == 1
    cast.sit(ana, made, right=0, now=NOW + DAY)
    with pytest.raises(attempts.NoAttemptsLeft):
        attempts.start(exam=made, worker_id=ana.pk, now=NOW + 10 * DAY)
    assert Attempt.objects.count() == 2


def test_a_new_version_does_not_reset_attempts_or_cool_down() -> None:
    ana, made = people.worker(), cast.exam(cooldown_hours=24, max_attempts=1)
    cast.sit(ana, made, right=0)
    draft = exams.revise(exam=made, by_id=made.created_by_id, now=NOW)
    exams.publish(exam=draft, by_id=made.created_by_id, now=NOW)
    with pytest.raises(attempts.NoAttemptsLeft):
        attempts.start(exam=draft, worker_id=ana.pk, now=NOW + 2 * DAY)


def test_what_is_proven_is_not_proven_again_until_a_month_before_it_expires() -> None:
    ana, made = people.worker(), cast.exam(valid_days=100, max_attempts=1, pass_bp=5_000)
    cast.sit(ana, made, right=4)
    with pytest.raises(attempts.AlreadyProven):
        attempts.start(exam=made, worker_id=ana.pk, now=NOW + 69 * DAY)
    assert cast.sit(ana, made, right=4, now=NOW + 71 * DAY).state == "passed"
    assert Grant.objects.get(worker_id=ana.pk, state="live").expires_at == NOW + 171 * DAY


def test_answers_may_be_changed_and_taken_back_until_the_end() -> None:
    ana, made = people.worker(), cast.exam(questions=2)
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    save(attempt, 1, ["b"])
    save(attempt, 1, ["c"])
    save(attempt, 2, "a")
    save(attempt, 2, None)
    assert [row.answer for row in attempt.items.order_by("n")] == [["c"], None]
    assert [place.answered for place in papers.places(attempt)] == [True, False]


@pytest.mark.parametrize("answer", [[], ["z"], ["a", "a"], ["a", "b"], 3, {"label": "a"}, [["a"]], [None], ""])
def test_an_answer_of_the_wrong_form_is_refused_and_the_old_one_stays(answer: object) -> None:
    ana, made = people.worker(), cast.exam()
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    save(attempt, 1, ["b"])
    with pytest.raises(Invalid):
        save(attempt, 1, answer)
    assert attempt.items.get(n=1).answer == ["b"]


def test_eve_cannot_answer_or_hand_in_for_ana() -> None:
    ana, eve, made = people.worker(), people.worker("Eve"), cast.exam()
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    with pytest.raises(NotFound):
        save(attempt, 1, ["a"], who=eve)
    with pytest.raises(NotFound):
        attempts.submit(attempt_id=attempt.pk, worker_id=eve.pk, now=NOW)
    with pytest.raises(NotFound):
        papers.find(attempt_id=attempt.pk, worker_id=eve.pk)
    assert Attempt.objects.get().state == "live"
    assert not AttemptItem.objects.filter(answer__isnull=False).exists()


def test_after_the_deadline_nothing_is_taken_and_what_was_saved_counts() -> None:
    ana, made = people.worker(), cast.exam(questions=2, time_limit_seconds=60, pass_bp=5_000)
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    row = attempt.items.select_related("item").get(n=1)
    save(attempt, 1, cast.right_answer(row), now=NOW + dt.timedelta(seconds=59))
    with pytest.raises(attempts.TimeIsOver):
        save(attempt, 2, ["a"], now=NOW + MINUTE)
    assert attempts.close_overdue(now=NOW + dt.timedelta(seconds=59)) == 0
    assert attempts.close_overdue(now=NOW + MINUTE) == 1
    after = Attempt.objects.get()
    assert (after.state, after.score_bp) == ("passed", 5_000)
    assert set(Notice.objects.filter(user=ana).values_list("kind", flat=True)) == {"exam.passed", "exam.closed"}
    assert attempts.close_overdue(now=NOW + HOUR) == 0


def test_handing_in_twice_is_handing_in_once() -> None:
    ana, made = people.worker(), cast.exam()
    attempt = cast.sit(ana, made, right=4)
    again = attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=NOW + HOUR)
    assert again.closed_at == attempt.closed_at
    assert Grant.objects.count() == 1
    with pytest.raises(attempts.TimeIsOver):
        save(attempt, 1, ["a"])


def test_options_are_shuffled_and_the_order_stays() -> None:
    made = cast.exam(questions=8)
    orders = set()
    for name in ("Ana", "Wen", "Ida"):
        attempt = attempts.start(exam=made, worker_id=people.worker(name).pk, now=NOW)
        shown = papers.questions(attempt, image_url=lambda n: str)
        assert shown == papers.questions(attempt, image_url=lambda n: str)
        orders.update(tuple(option["key"] for option in question["options"]) for question in shown)
    assert len(orders) > 3


def test_questions_are_gone_once_the_attempt_is_closed_and_feedback_comes_by_topic() -> None:
    bank = [cast.choice("Q1", topic="rain"), cast.choice("Q2", topic="sun")]
    ana, made = people.worker(), cast.exam(bank=bank)
    attempt = cast.sit(ana, made, right=0)
    assert papers.questions(attempt, image_url=lambda n: str) == []
    assert sorted((topic.topic, topic.questions, topic.share_bp) for topic in papers.topics(attempt)) == [
        ("rain", 1, 0),
        ("sun", 1, 0),
    ]


class TestAWrongKey:
    """Found late, it helps whoever failed by it and takes nothing from whoever passed by it."""

    def test_whoever_failed_by_it_passes(self) -> None:
        ana, made = people.worker(), cast.exam(questions=5, pass_bp=10_000)
        attempt = cast.sit(ana, made, right=4)
        wrong = attempt.items.get(n=5).item
        assert attempts.void_item(item=wrong, reason="Two options are right.", by_id=made.created_by_id, now=NOW + DAY) == 1
        after = Attempt.objects.get(pk=attempt.pk)
        assert (after.state, after.score_bp, after.regraded_at) == ("passed", 10_000, NOW + DAY)
        grant = Grant.objects.get(worker_id=ana.pk)
        assert grant.valid_from == NOW + DAY
        assert Notice.objects.filter(user=ana, kind="exam.regraded").count() == 1

    def test_whoever_passed_by_it_keeps_the_grant_while_the_score_falls(self) -> None:
        ana, made = people.worker(), cast.exam(questions=2, pass_bp=5_000)
        attempt = cast.sit(ana, made, right=1)
        before = Grant.objects.get(worker_id=ana.pk)
        lucky = attempt.items.get(n=1).item
        attempts.void_item(item=lucky, reason="The key was wrong.", by_id=made.created_by_id, now=NOW + DAY)
        after, grant = Attempt.objects.get(pk=attempt.pk), Grant.objects.get(worker_id=ana.pk)
        assert (after.state, after.score_bp) == ("passed", 0)
        assert (grant.state, grant.tier, grant.expires_at) == ("live", before.tier, before.expires_at)
        assert before.score_bp is not None
        assert grant.score_bp is not None
        assert grant.score_bp < before.score_bp

    def test_with_no_question_left_the_old_score_stays(self) -> None:
        ana, made = people.worker(), cast.exam(questions=1)
        attempt = cast.sit(ana, made, right=1)
        attempts.void_item(item=attempt.items.get().item, reason="Nonsense.", by_id=made.created_by_id, now=NOW)
        assert Attempt.objects.get(pk=attempt.pk).score_bp == 10_000

    def test_it_is_not_drawn_again_and_counts_for_nobody_who_is_still_sitting(self) -> None:
        made = cast.exam(questions=3, draws=3, pass_bp=10_000)
        ana, wen = people.worker("Ana"), people.worker("Wen")
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
        wrong = attempt.items.get(n=3).item
        assert attempts.void_item(item=wrong, reason="The key was wrong.", by_id=made.created_by_id, now=NOW) == 0
        for row in attempt.items.select_related("item").filter(n__lt=3):
            save(attempt, row.n, cast.right_answer(row))
        assert attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=NOW).state == "passed"
        later = attempts.start(exam=made, worker_id=wen.pk, now=NOW)
        assert not later.items.filter(item=wrong).exists()
        with pytest.raises(Conflict):
            attempts.void_item(item=wrong, reason="Again.", by_id=made.created_by_id, now=NOW)

    def test_the_reason_is_said(self) -> None:
        made = cast.exam()
        item = made.items.get(n=1)
        with pytest.raises(Invalid):
            attempts.void_item(item=item, reason=" ", by_id=made.created_by_id, now=NOW)
        assert made.items.get(n=1).voided_at is None


def test_whose_work_is_ending_or_has_ended_starts_no_exam() -> None:
    ana, made = people.worker(), cast.exam()
    standing.leave(worker_id=ana.pk, now=NOW)
    with pytest.raises(attempts.NotWorking):
        attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    assert not Attempt.objects.exists()


def test_grants_and_attempts_are_part_of_what_a_person_gets_of_their_data() -> None:
    ana, made = people.worker(), cast.exam(pass_bp=5_000)
    cast.sit(ana, made, right=4)
    shown = my_data.collect(ana.pk)
    assert [(row["skill__name"], row["tier"]) for row in shown["skills"]] == [("Weather", 1)]
    assert [(row["exam__title"], row["state"]) for row in shown["exams"]] == [("Weather words", "passed")]
