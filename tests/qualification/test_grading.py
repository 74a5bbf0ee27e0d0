"""Grading as mathematics: credit, the score's interval, feedback by topic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from qualification import grading

KEYS = st.sets(st.sampled_from("abcdefgh"), max_size=8)
CREDITS = st.lists(st.integers(0, grading.FULL), min_size=1, max_size=100)


@pytest.mark.parametrize(
    ("picked", "right", "credit"),
    [
        ("a", "a", 10_000),
        ("b", "a", 0),
        ("", "a", 0),
        ("ab", "ab", 10_000),
        ("a", "ab", 5_000),
        ("abc", "ab", 5_000),
        ("abcd", "ab", 0),
        ("ab", "abc", 6_666),
    ],
)
def test_right_picks_count_and_wrong_picks_cost(picked: str, right: str, credit: int) -> None:
    assert grading.credit_for_choice(list(picked), list(right)) == credit


@given(KEYS, KEYS.filter(bool))
def test_credit_lies_between_nothing_and_full_and_only_the_key_earns_all(picked: set[str], right: set[str]) -> None:
    credit = grading.credit_for_choice(picked, right)
    assert 0 <= credit <= grading.FULL
    assert (credit == grading.FULL) == (picked == right)


@given(KEYS, KEYS.filter(bool), st.sampled_from("abcdefgh"))
def test_one_more_right_pick_never_costs_and_one_more_wrong_pick_never_helps(picked: set[str], right: set[str], key: str) -> None:
    before, after = grading.credit_for_choice(picked - {key}, right), grading.credit_for_choice(picked | {key}, right)
    assert after >= before if key in right else after <= before


@given(st.floats(0.001, 0.999), st.floats(0.5, 120), st.floats(0.5, 120))
def test_the_beta_distribution_agrees_with_scipy(p: float, a: float, b: float) -> None:
    assert grading.beta_below(p, a, b) == pytest.approx(beta.cdf(p, a, b), abs=1e-9)
    assert grading.beta_quantile(p, a, b) == pytest.approx(beta.ppf(p, a, b), abs=1e-6)


@given(CREDITS)
def test_a_score_lies_in_its_interval(credits: list[int]) -> None:
    score = grading.score(credits)
    assert score is not None
    assert 0 <= score.low <= score.mean <= score.high <= grading.FULL
    assert 0 <= score.share <= grading.FULL


@given(CREDITS, st.data())
def test_a_better_answer_never_lowers_any_part_of_the_score(credits: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(credits) - 1))
    better = [*credits[:at], data.draw(st.integers(credits[at], grading.FULL)), *credits[at + 1 :]]
    before, after = grading.score(credits), grading.score(better)
    assert before is not None
    assert after is not None
    assert (after.share, after.mean, after.low, after.high) >= (before.share, before.mean, before.low, before.high)


@given(CREDITS)
def test_more_questions_of_the_same_kind_make_the_interval_narrower(credits: list[int]) -> None:
    few, many = grading.score(credits), grading.score(credits * 4)
    assert few is not None
    assert many is not None
    assert many.high - many.low <= few.high - few.low


def test_ten_of_ten_is_no_certainty() -> None:
    score = grading.score([grading.FULL] * 10)
    assert score == grading.Score(share=10_000, mean=9_167, low=7_150, high=9_978)


def test_no_question_no_score() -> None:
    assert grading.score([]) is None


def test_feedback_counts_each_topic_apart() -> None:
    assert grading.by_topic([("rain", 10_000), ("sun", 0), ("rain", 5_000)]) == [("rain", 2, 7_500), ("sun", 1, 0)]
