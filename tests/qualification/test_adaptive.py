"""Adaptive exams: the policy as mathematics, and attempts that follow it question by question."""

from __future__ import annotations

import datetime as dt
import json
import random
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from kit.errors import Invalid
from qualification import adaptive, attempts, exams, items, papers, sequence, simulation
from qualification.adaptive import Bank, Policy
from qualification.models import Attempt, AttemptItem, Exam, Grant
from tests import people
from tests.people import NOW
from tests.qualification import cast
from workers.models import User

CUTS = (-0.5, 0.5, 1.5)
POLICY = Policy(cuts=CUTS, most=20, confidence=0.8)
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


def bank_of(n: int = 60) -> Bank:
    luck = np.random.default_rng(3)
    return Bank(a=luck.lognormal(0.3, 0.2, n), b=luck.normal(0, 1, n), cuts=CUTS)


class TestThePolicy:
    def test_right_answers_raise_the_belief_and_wrong_ones_lower_it(self) -> None:
        bank = bank_of()
        before, up, down = (float(adaptive.posterior(bank, told) @ adaptive.GRID) for told in ([], [(0, 1.0)], [(0, 0.0)]))
        assert down < before < up
        assert abs(before) < 1e-9

    def test_half_a_credit_says_less_than_a_whole_one(self) -> None:
        bank = bank_of()
        half, whole = (float(adaptive.posterior(bank, [(0, credit)]) @ adaptive.GRID) for credit in (0.5, 1.0))
        assert half < whole

    def test_the_tier_is_where_most_of_the_belief_lies(self) -> None:
        for ability, tier in ((-2.0, 0), (0.0, 1), (1.0, 2), (2.5, 3)):
            belief = np.exp(-((adaptive.GRID - ability) ** 2) / 0.02)
            found = adaptive.verdict(belief / belief.sum(), POLICY, asked=1)
            assert (found.tier, found.decided) == (tier, True)

    def test_before_any_answer_nothing_is_sure_though_one_tier_is_likeliest(self) -> None:
        belief = adaptive.posterior(bank_of(), [])
        assert adaptive.verdict(belief, POLICY, asked=0).tier == 1
        assert adaptive.sure(belief, POLICY).tier == 0

    def test_the_longer_it_takes_the_less_is_asked_for(self) -> None:
        needed = [POLICY.needed(asked) for asked in range(60)]
        assert needed[0] == needed[5] == 0.8 and needed[59] == 0.5
        assert needed == sorted(needed, reverse=True)

    def test_questions_are_chosen_that_tell_most_at_the_open_cut(self) -> None:
        bank = bank_of()
        belief = np.exp(-((adaptive.GRID - 1.5) ** 2) / 0.2)
        best = set(np.argsort(-bank.worth[2])[: adaptive.CHOICE])
        luck = random.Random(1)
        picked = {adaptive.pick(bank, belief / belief.sum(), left_out=(), chance=luck) for _try in range(60)}
        assert picked == best

    def test_what_too_many_have_met_rests_and_is_used_when_nothing_else_is_left(self) -> None:
        assert adaptive.resting([34, 33, 3], 100) == {0}
        assert adaptive.resting([9, 9, 9], 10) == frozenset()
        bank, luck = bank_of(3), random.Random(1)
        assert adaptive.step(bank, POLICY, [], rests={0, 1}, chance=luck).next == 2
        assert adaptive.step(bank, POLICY, [(2, 1.0)], rests={0, 1}, chance=luck).next in {0, 1}
        assert adaptive.step(bank, POLICY, [(0, 1.0), (1, 0.0), (2, 1.0)], rests={0, 1}, chance=luck).next is None

    def test_the_score_is_the_share_of_the_bank_with_its_interval(self) -> None:
        bank = bank_of()
        weak, strong = (adaptive.as_score(bank, adaptive.posterior(bank, [(at, credit) for at in range(20)])) for credit in (0.0, 1.0))
        assert weak.low <= weak.mean <= weak.high < strong.low <= strong.mean <= strong.high


@pytest.mark.parametrize("seed", [1, 2])
def test_the_adaptive_form_asks_at_most_two_fifths_and_errs_no_more(seed: int) -> None:
    played = simulation.play(simulation.Setting(people=1_000), seed=seed)
    assert played.items_fixed == 30
    assert played.share <= 0.40
    assert played.error_adaptive <= played.error_fixed
    assert played.exposure <= adaptive.MOST_EXPOSED + 0.02


def test_the_command_prints_one_line_that_the_seed_decides() -> None:
    def run(**options: Any) -> str:
        out = StringIO()
        call_command("simulate_exams", people=60, json=True, stdout=out, **options)
        return out.getvalue()

    first = json.loads(run(seed=5))
    assert {"items_fixed", "items_adaptive", "share", "error_fixed", "error_adaptive"} <= set(first)
    assert first == json.loads(run(seed=5)) != json.loads(run(seed=6))
    for fault in ({"seed": -1}, {"seed": 1, "confidence": 1.0}):
        with pytest.raises(CommandError):
            run(**fault)


def adaptive_exam(*, questions: int = 60, most: int = 10, tier: int = 3, **options: Any) -> Exam:
    """An adaptive exam whose questions differ in difficulty; the first option is right."""
    luck = random.Random(7)
    bank = [
        items.check({
            "text": f"Q{at}", "options": ["A", "B", "C", "D"], "right": [1], "topic": "rain" if at % 2 else "sun",
            "a": round(luck.uniform(1, 2), 2), "b": round(luck.uniform(-2, 2.5), 2),
        })
        for at in range(questions)
    ]  # fmt: skip
    return cast.exam(
        bank=bank, form="adaptive", cuts=list(CUTS[:tier]), tier=tier, **({"draws": most, "confidence_bp": 8_000} | options)
    )


def answer(attempt: Attempt, *, right: bool, now: dt.datetime = NOW, final: bool = True) -> AttemptItem:
    row = attempt.items.select_related("item").get(final_at__isnull=True)
    given = cast.right_answer(row) if right else cast.wrong_answer(row)
    with transaction.atomic():
        return attempts.save_answer(attempt_id=attempt.pk, worker_id=attempt.worker_id, n=row.n, answer=given, now=now, final=final)


def sit(ana: User, made: Exam, *, right: bool, now: dt.datetime = NOW) -> Attempt:
    attempt = attempts.start(exam=made, worker_id=ana.pk, now=now)
    while Attempt.objects.get(pk=attempt.pk).state == "live":
        answer(attempt, right=right, now=now)
    return Attempt.objects.get(pk=attempt.pk)


@pytest.mark.django_db
class TestAttempts:
    def test_whoever_gets_everything_right_reaches_the_highest_tier_in_few_questions(self) -> None:
        ana, made = people.worker(), adaptive_exam(most=20)
        attempt = sit(ana, made, right=True)
        assert (attempt.state, attempt.tier) == ("passed", 3)
        assert attempt.items.count() < 20
        assert attempt.confidence_bp is not None and attempt.confidence_bp >= 7_000
        grant = Grant.objects.get(worker_id=ana.pk)
        assert (grant.tier, grant.score_bp, grant.low_bp) == (3, attempt.mean_bp, attempt.low_bp)

    def test_whoever_gets_nothing_right_fails_with_feedback_by_topic(self) -> None:
        attempt = sit(people.worker(), adaptive_exam(), right=False)
        assert (attempt.state, attempt.tier) == ("failed", 0)
        assert not Grant.objects.exists()
        assert {topic.topic for topic in papers.topics(attempt)} <= {"rain", "sun"}

    def test_one_question_at_a_time_and_a_crash_loses_nothing(self) -> None:
        ana, made = people.worker(), adaptive_exam()
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
        assert [row["n"] for row in papers.questions(attempt, image_url=lambda n: str)] == [1]
        answer(attempt, right=True)
        answer(attempt, right=False, final=False)
        again = attempts.start(exam=made, worker_id=ana.pk, now=NOW + MINUTE)
        assert (again, again.deadline_at) == (attempt, attempt.deadline_at)
        [shown] = papers.questions(again, image_url=lambda n: str)
        assert (shown["n"], shown["answer"]) == (2, attempt.items.get(n=2).answer)
        assert papers.next_n(again) == 2

    def test_an_answer_that_chose_the_next_question_stands(self) -> None:
        attempt = attempts.start(exam=adaptive_exam(), worker_id=people.worker().pk, now=NOW)
        answer(attempt, right=True)
        before = attempt.items.get(n=1).answer
        with pytest.raises(attempts.AnswerStands):
            attempts.save_answer(attempt_id=attempt.pk, worker_id=attempt.worker_id, n=1, answer=["b"], now=NOW, final=True)
        assert attempt.items.get(n=1).answer == before
        assert attempt.items.count() == 2

    def test_it_never_asks_more_than_it_said(self) -> None:
        attempt = attempts.start(exam=adaptive_exam(most=6, confidence_bp=9_900), worker_id=people.worker().pk, now=NOW)
        turn = 0
        while Attempt.objects.get(pk=attempt.pk).state == "live":
            answer(attempt, right=turn % 2 == 0)
            turn += 1
        assert turn == 6

    def test_handing_in_early_or_saying_nothing_proves_only_what_is_sure(self) -> None:
        ana, made = people.worker(), adaptive_exam()
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
        assert attempts.submit(attempt_id=attempt.pk, worker_id=ana.pk, now=NOW).state == "failed"
        wen = people.worker("Wen")
        attempts.start(exam=made, worker_id=wen.pk, now=NOW)
        attempts.close_overdue(now=NOW + dt.timedelta(seconds=made.time_limit_seconds))
        assert not Grant.objects.exists()

    def test_a_second_attempt_meets_other_questions(self) -> None:
        ana, made = people.worker(), adaptive_exam(cooldown_hours=0)
        first, second = (sit(ana, made, right=False, now=NOW + at * MINUTE) for at in range(2))
        roots = [set(one.items.values_list("item__root", flat=True)) for one in (first, second)]
        assert not roots[0] & roots[1]

    def test_a_lower_tier_leaves_the_way_to_a_higher_one_open_but_not_without_end(self) -> None:
        ana, made = people.worker(), adaptive_exam(cooldown_hours=0, max_attempts=2, second_chance_days=0)
        first = sit(ana, made, right=True)
        Attempt.objects.filter(pk=first.pk).update(tier=1)
        assert attempts.chance(exam=made, worker_id=ana.pk, now=NOW).left == 1
        Attempt.objects.filter(pk=first.pk).update(tier=3)
        assert attempts.chance(exam=made, worker_id=ana.pk, now=NOW).left == 2

    def test_a_wrong_key_raises_a_tier_and_never_lowers_one(self) -> None:
        ana, made = people.worker(), adaptive_exam(most=8, confidence_bp=9_900, tier=1)
        attempt = attempts.start(exam=made, worker_id=ana.pk, now=NOW)
        missed = 0
        while Attempt.objects.get(pk=attempt.pk).state == "live":
            answer(attempt, right=missed >= 5)
            missed += 1
        before = Attempt.objects.get(pk=attempt.pk)
        assert before.state == "failed"
        for row in attempt.items.select_related("item").filter(n__lte=4):
            attempts.void_item(item=row.item, reason="The key was wrong.", by_id=made.created_by_id, now=NOW)
        after = Attempt.objects.get(pk=attempt.pk)
        assert (after.state, after.tier) == ("passed", 1)
        for row in attempt.items.select_related("item").filter(n__gt=6):
            attempts.void_item(item=row.item, reason="The key was wrong.", by_id=made.created_by_id, now=NOW)
        assert Attempt.objects.get(pk=attempt.pk).state == "passed"
        assert Grant.objects.get(worker_id=ana.pk, state="live").tier == 1

    def test_a_question_that_is_void_while_one_sits_is_made_up_for(self) -> None:
        made = adaptive_exam(most=6, confidence_bp=9_900)
        attempt = attempts.start(exam=made, worker_id=people.worker().pk, now=NOW)
        row = answer(attempt, right=True)
        attempts.void_item(item=row.item, reason="The key was wrong.", by_id=made.created_by_id, now=NOW)
        turn = 1
        while Attempt.objects.get(pk=attempt.pk).state == "live":
            answer(attempt, right=turn % 2 == 0)
            turn += 1
        assert sum(one.item.state != "void" for one in attempt.items.select_related("item")) == 6

    def test_a_resting_question_is_not_drawn(self) -> None:
        made = adaptive_exam(questions=30, most=10)
        for item in made.items.filter(n__gt=12):
            attempts.rest_item(item=item, rest=True, by_id=made.created_by_id, now=NOW)
        attempt = sit(people.worker(), made, right=False)
        assert max(attempt.items.values_list("item__n", flat=True)) <= 12

    def test_worn_questions_rest_for_new_attempts(self) -> None:
        made = adaptive_exam(most=3, cooldown_hours=0)
        for at in range(24):
            sit(people.worker(f"W{at}"), made, right=at % 2 == 0)
        met = {n: made.items.get(n=n).drawn.count() for n in sequence.rests(exam=made, worker_id=people.worker("Ned").pk)}
        assert met and all(count > 24 * adaptive.MOST_EXPOSED for count in met.values())


@pytest.mark.django_db
class TestMaking:
    @pytest.mark.parametrize(
        ("fault", "field"),
        [
            ({"cuts": [0.0]}, "cuts"), ({"cuts": [0.5, 0.0, 1.0]}, "cuts"), ({"cuts": [0.0, 1.0, float("nan")]}, "cuts"),
            ({"cuts": [0.0, 1.0, 9.0]}, "cuts"), ({"tier": 0}, "tier"), ({"form": "other"}, "form"), ({"confidence_bp": 100}, "confidence_bp"),
        ],
    )  # fmt: skip
    def test_rules_that_make_no_sense_are_refused_by_field(self, fault: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            cast.draft(**({"form": "adaptive", "cuts": list(CUTS), "tier": 3} | fault))
        assert refusal.value.field == field
        assert not Exam.objects.exists()

    def test_it_opens_only_with_a_large_bank_whose_difficulty_is_known(self) -> None:
        made = cast.draft(questions=9, draws=4, form="adaptive", cuts=[0.0], tier=1)
        with pytest.raises(exams.NotReady, match="12"):
            exams.publish(exam=made, by_id=made.created_by_id, now=NOW)
        items.add(exam=made, items=[cast.choice(f"More {at}") for at in range(3)])
        with pytest.raises(exams.NotReady, match="12 questions have no difficulty"):
            exams.publish(exam=made, by_id=made.created_by_id, now=NOW)
        made.items.update(a=1.0, b=0.0, calibration="stated")
        exams.publish(exam=made, by_id=made.created_by_id, now=NOW)
        assert made.state == "published"
