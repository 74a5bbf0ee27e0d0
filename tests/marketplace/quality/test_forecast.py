"""How many answers a batch will take."""

from __future__ import annotations

import random

from marketplace.quality.forecast import expected_answers
from marketplace.quality.policy import Policy


def test_the_past_gives_a_narrow_interval_and_no_guess() -> None:
    rng = random.Random(0)
    past = [rng.choice([2, 2, 2, 3, 3, 5, 9]) for _ in range(500)]
    forecast = expected_answers(items=1000, policy=Policy(), past=past)
    mean = sum(past) / len(past)
    assert not forecast.guess
    assert abs(forecast.answers - 1000 * mean) < 1
    assert 0.85 * forecast.answers < forecast.low < forecast.answers < forecast.high < 1.15 * forecast.answers


def test_the_interval_of_the_past_holds() -> None:
    rng = random.Random(1)
    kinds = [2, 2, 2, 3, 3, 5, 9]
    inside = 0
    for _ in range(200):
        forecast = expected_answers(items=60, policy=Policy(), past=[rng.choice(kinds) for _ in range(80)])
        inside += forecast.low <= sum(rng.choice(kinds) for _ in range(60)) <= forecast.high
    assert inside >= 180


def test_without_a_past_it_is_a_guess_as_wide_as_the_crowd_is_unknown() -> None:
    known = expected_answers(items=100, policy=Policy(), accuracy=(0.8, 0.8))
    unknown = expected_answers(items=100, policy=Policy(), accuracy=(0.6, 0.95))
    assert known.guess
    assert unknown.guess
    assert unknown.high - unknown.low > known.high - known.low
    assert expected_answers(items=100, policy=Policy(), past=[3] * 19).guess


def test_better_crowds_and_lower_targets_take_fewer_answers() -> None:
    good, weak = (expected_answers(items=100, policy=Policy(), accuracy=(a, a)).answers for a in (0.92, 0.65))
    modest = expected_answers(items=100, policy=Policy(target=0.9), accuracy=(0.65, 0.65)).answers
    assert good < modest < weak


def test_it_never_leaves_the_bounds_of_the_policy_and_repeats_itself() -> None:
    policy = Policy(minimum=3, maximum=4)
    forecast = expected_answers(items=50, policy=policy, classes=6)
    assert 150 <= forecast.low <= forecast.answers <= forecast.high <= 200
    assert forecast == expected_answers(items=50, policy=policy, classes=6)
    assert expected_answers(items=50, policy=policy, past=[1] * 20).interval == (150, 150)
