"""Recorded work asked again through the policy of live dispatch."""

from __future__ import annotations

import pytest

from marketplace.quality import replay
from marketplace.quality.policy import Policy

from . import crowds

CROWD = crowds.make(seed=40, items=160, workers=40, per_item=12, prior=(0.4, 0.3, 0.3), accuracy=0.75)


def test_a_third_of_the_answers_is_as_good_as_the_majority_of_all() -> None:
    outcomes = [replay.replay(CROWD.rows, CROWD.truth, seed=seed) for seed in range(3)]
    assert max(outcome.share for outcome in outcomes) <= 0.35
    assert min(outcome.accuracy - outcome.majority_accuracy for outcome in outcomes) >= -0.02
    assert sum(outcome.calibration_error for outcome in outcomes) / 3 < 0.09


def test_the_same_seed_gives_the_same_outcome_whatever_the_order_of_rows() -> None:
    first = replay.replay(CROWD.rows, CROWD.truth, seed=7)
    assert first == replay.replay(CROWD.rows[::-1], CROWD.truth, seed=7)
    assert first != replay.replay(CROWD.rows, CROWD.truth, seed=8)


def test_a_higher_target_asks_more() -> None:
    shares = [replay.replay(CROWD.rows, CROWD.truth, policy=Policy(target=target)).share for target in (0.8, 0.95, 0.995)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_the_minimum_and_the_maximum_hold() -> None:
    graded = len(CROWD.truth) - 20
    fixed = replay.replay(CROWD.rows, CROWD.truth, policy=Policy(minimum=3, maximum=3))
    assert fixed.share == pytest.approx(3 * graded / (12 * graded))


def test_without_gold_everything_is_asked_for() -> None:
    outcome = replay.replay(CROWD.rows, CROWD.truth, gold_share=0)
    assert 0 < outcome.share <= 0.4
    assert replay.gold_size(160, share=0) == 0


@pytest.mark.parametrize(("judged", "share", "size"), [(300, 0.05, 20), (1000, 0.05, 50), (30, 0.05, 15), (1, 0.05, 0)])
def test_gold_is_the_share_at_least_twenty_at_most_half(judged: int, share: float, size: int) -> None:
    assert replay.gold_size(judged, share=share) == size


def test_items_without_a_known_truth_are_asked_for_and_not_graded() -> None:
    half = {item: label for n, (item, label) in enumerate(CROWD.truth.items()) if n % 2}
    outcome = replay.replay(CROWD.rows, half)
    assert 0 < outcome.share < 0.5
    assert outcome.accuracy > 0.8


def test_nothing_to_grade_is_said() -> None:
    with pytest.raises(replay.NothingToGrade):
        replay.replay(CROWD.rows, {"elsewhere": "c0"})
    with pytest.raises(replay.NothingToGrade):
        replay.replay([], {})
