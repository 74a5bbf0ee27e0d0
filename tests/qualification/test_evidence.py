"""Evidence at exams: signals that ring for what they are named after and hardly ever otherwise; a person looks, nothing acts."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import pytest
from django.utils import timezone

from kit.errors import Conflict, Invalid, NotFound
from qualification import accommodations, attempts, evidence, looks
from qualification.evidence import Answered
from qualification.models import Attempt, AttemptItem, Exam, Grant, Look
from tests import people
from tests.people import NOW
from tests.qualification import cast
from tests.workers.doors import browser, program
from workers import my_data
from workers.models import User

SECOND = dt.timedelta(seconds=1)
SEEN = {"away": 1, "away_ms": 9_000}


def one(at: int, *, right: bool = True, answer: str = "a", seconds: float = 20, **counted: int) -> Answered:
    return Answered(question=at, right=right, answer=answer, seconds=seconds, counted=counted)


class TestSignals:
    @pytest.mark.parametrize(
        ("answers", "rung"),
        [
            ([one(at) for at in range(8)], []),
            ([one(at, **SEEN) for at in range(4)] + [one(at) for at in range(4, 8)], ["away"]),
            ([one(at, **SEEN) for at in range(3)] + [one(at) for at in range(3, 8)], []),
            ([one(0, away=9, away_ms=4_999), one(1, away=9, away_ms=4_999), one(2, away=9, away_ms=4_999)], []),
            ([one(0, pasted=40)], ["pasted"]), ([one(0, pasted=39)], []),
            ([one(at, seconds=2) for at in range(4)], ["fast"]), ([one(at, seconds=2) for at in range(3)], []),
            ([one(at, seconds=2, right=False) for at in range(8)], []),
        ],
    )  # fmt: skip
    def test_each_rings_from_its_threshold_on(self, answers: list[Answered], rung: list[str]) -> None:
        assert [signal.name for signal in evidence.of_attempt(answers)] == rung

    def people_who_err_alone(self, seed: int, n: int = 60) -> dict[Any, list[Answered]]:
        luck = random.Random(seed)
        return {
            who: [one(at, right=luck.random() < 0.6, answer=luck.choice("bbcd")) for at in range(20)] for who in range(n)
        }

    def test_copies_are_found_among_people_who_err_alone(self) -> None:
        crowd = self.people_who_err_alone(1)
        luck = random.Random(2)
        source = [one(at, right=at >= 18, answer=luck.choice("bcd")) for at in range(20)]
        crowd |= {"source": source, "copy": list(source)}
        found = evidence.alike(crowd)
        assert set(found) == {"source", "copy"}
        assert list(crowd)[int(found["copy"].figures["other"])] == "source"
        assert found["copy"].figures["shared"] == 18

    def test_people_who_err_alone_are_left_in_peace(self) -> None:
        """The measured rate of false alarms of likeness: none among 600 honest people in ten exams."""
        assert sum(len(evidence.alike(self.people_who_err_alone(seed))) for seed in range(10)) == 0
        assert evidence.alike({}) == {}

    def test_what_a_page_sends_is_taken_as_far_as_it_makes_sense(self) -> None:
        assert evidence.clean({"away": 2, "away_ms": -1, "pastes": "3", "pasted": True, "more": 1}) == {"away": 2}
        assert evidence.clean({"away_ms": 10**12}) == {"away_ms": evidence.MOST_COUNT}
        for spoiled in (None, [], "x", 3):
            assert evidence.clean(spoiled) == {}
        assert evidence.add({"away": 1}, {"away": 2, "pasted": 5}) == {"away": 3, "pasted": 5}

    def test_the_rate_counts_what_nobody_found_wrong(self) -> None:
        found = evidence.rate(rang=6, wrong=1, attempts=100)
        assert found is not None and found.share == 500 and found.low < 500 < found.high
        assert evidence.rate(rang=0, wrong=0, attempts=0) is None


def hurried(name: str, made: Exam) -> Attempt:
    """Somebody who answers eight questions rightly within a second each."""
    ana = people.worker(name)
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
    for row in attempt.items.select_related("item").order_by("n"):
        attempts.save_answer(
            attempt_id=attempt.pk, worker_id=ana.pk, n=row.n, answer=cast.right_answer(row), now=NOW + row.n * SECOND, signals={"pasted": 50}
        )
    return attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=NOW + 20 * SECOND)


@pytest.mark.django_db
class TestLooks:
    @pytest.fixture
    def made(self) -> Exam:
        return cast.exam(questions=8)

    @pytest.fixture
    def olu(self) -> User:
        return people.ops("Olu", "quality_lead")

    def test_what_rings_waits_for_a_person_and_nothing_happens_by_itself(self, made: Exam, olu: User) -> None:
        attempt = hurried("Ana", made)
        [rung], measured = looks.look_through(made)
        assert [signal.name for signal in rung.signals] == ["pasted", "fast"]
        assert {one.name: (one.rang, one.wrong) for one in measured}["fast"] == (1, 0)
        looks.decide(attempt=attempt, wrong=True, note="All in eight seconds.", by_id=olu.pk, now=NOW)
        assert Attempt.objects.get().state == "passed"
        assert Grant.objects.get().state == "live"
        [rung], measured = looks.look_through(made)
        assert rung.look is not None and rung.look.wrong
        fast = {one.name: one for one in measured}["fast"]
        assert fast.wrong == 1 and fast.rate is not None and fast.rate.share == 0

    def test_a_look_is_one_and_says_what_was_seen(self, made: Exam, olu: User) -> None:
        attempt = hurried("Ana", made)
        with pytest.raises(Invalid):
            looks.decide(attempt=attempt, wrong=False, note=" ", by_id=olu.pk, now=NOW)
        with pytest.raises(NotFound):
            looks.decide(attempt=attempt, wrong=False, note="It is me.", by_id=attempt.worker_id, now=NOW)
        looks.decide(attempt=attempt, wrong=False, note="Knows it by heart.", by_id=olu.pk, now=NOW)
        with pytest.raises(Conflict):
            looks.decide(attempt=attempt, wrong=True, note="No.", by_id=olu.pk, now=NOW)
        assert Look.objects.get().wrong is False

    def test_page_and_api_show_it_to_quality_leads_alone(self, made: Exam, olu: User) -> None:
        attempt = hurried("Ana", made)
        tab, base = browser(olu), f"/ops/exams/{made.pk}/evidence/"
        page = tab.get(base).content.decode()
        assert "8 of 8 right answers came within 4 seconds each" in page and "Pasted 400 characters" in page
        tab.post(f"{base}{attempt.pk}/", {"outcome": "fine", "note": ""})
        assert not Look.objects.exists()
        desk = program(olu, "ops")
        shown = desk.get(f"/api/v1{base}").json()
        assert (shown["attempts"][0]["attempt"], shown["attempts"][0]["look"]) == (str(attempt.pk), None)
        assert len(shown["signals"]) == 4
        body = json.dumps({"wrong": False, "note": "Knows it by heart."})
        assert desk.post(f"/api/v1{base}{attempt.pk}/", body, content_type="application/json").status_code == 201
        assert desk.post(f"/api/v1{base}{attempt.pk}/", body, content_type="application/json").status_code == 409
        assert "Knows it by heart." in tab.get(base).content.decode()
        manager = browser(people.ops("Mag", "pool_manager"))
        assert manager.get(base).status_code == 403
        assert manager.post(f"{base}{attempt.pk}/", {"outcome": "wrong", "note": "x y z"}).status_code == 403

    def test_a_page_counts_along_with_each_answer_and_nonsense_never_costs_one(self, made: Exam) -> None:
        ana = people.worker()
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=timezone.now())
        tab, address = browser(ana), f"/work/attempts/{attempt.pk}/1/"
        for sent in (json.dumps({"away": 1, "away_ms": 7_000}), json.dumps({"pasted": 5}), "{", "[" * 5_000, "null"):
            tab.post(address, {"picked": ["b"], "signals": sent})
        row = AttemptItem.objects.get(attempt=attempt, n=1)
        assert (row.answer, row.signals) == (["b"], {"away": 1, "away_ms": 7_000, "pasted": 5})

    def test_a_person_gets_all_of_it_with_their_data(self, made: Exam, olu: User) -> None:
        attempt = hurried("Ana", made)
        accommodations.give(worker_id=attempt.worker_id, time_bp=15_000, reason="As agreed.", by_id=olu.pk, now=NOW)
        looks.decide(attempt=attempt, wrong=False, note="Knows it by heart.", by_id=olu.pk, now=NOW)
        kept = my_data.collect(attempt.worker_id)
        assert (kept["exam_signals"][0]["signals"], kept["exam_signals"][0]["attempt__look__note"]) == ({"pasted": 50}, "Knows it by heart.")
        assert kept["exam_time"][0]["reason"] == "As agreed."
