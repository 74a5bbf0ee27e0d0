"""Distances and agreements, against known values and against brute force."""

from __future__ import annotations

import time
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_types.measures import (
    Box,
    best_assignment,
    edit_distance,
    iou,
    jaccard,
    kendall_tau,
    match_boxes,
    order_agreement,
    panoptic_quality,
    word_error_rate,
)

SIDES = st.floats(0.1, 50)
BOXES = st.builds(Box, st.floats(0, 50), st.floats(0, 50), SIDES, SIDES)


def test_overlap_of_known_boxes() -> None:
    assert iou(Box(0, 0, 10, 10), Box(0, 0, 10, 10)) == 1.0
    assert iou(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert iou(Box(0, 0, 10, 10), Box(10, 0, 10, 10)) == 0.0


@given(BOXES, BOXES)
def test_overlap_is_symmetric_and_at_most_one(a: Box, b: Box) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0.0 <= iou(a, b) <= 1.0


GAINS = st.builds(
    lambda rows, columns, seed, steps: np.round(np.random.default_rng(seed).random((rows, columns)) * steps) / steps,
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 10**6),
    st.sampled_from([2, 10, 10**9]),
)


@given(GAINS)
def test_the_best_assignment_is_no_worse_than_any_other(gain: np.ndarray) -> None:
    pairs = best_assignment(gain)
    rows, columns = gain.shape
    assert len(pairs) == min(rows, columns)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    short, long = (gain, gain.shape[1]) if rows <= columns else (gain.T, rows)
    best = max(
        (sum(short[row, column] for row, column in enumerate(picked)) for picked in permutations(range(long), len(short))),
        default=0,
    )
    assert sum(gain[row, column] for row, column in pairs) == pytest.approx(best)


def test_matching_takes_the_pairs_that_fit_best_together() -> None:
    left = [Box(0, 0, 10, 10), Box(2, 0, 10, 10)]
    right = [Box(2, 0, 10, 10), Box(4, 0, 10, 10)]
    # Taking the perfect pair first would leave the other two boxes with an overlap of 3/7, below the threshold.
    assert [(i, j) for i, j, _ in match_boxes(left, right, threshold=0.6)] == [(0, 0), (1, 1)]


def test_boxes_that_hardly_touch_are_not_matched() -> None:
    assert match_boxes([Box(0, 0, 10, 10)], [Box(8, 8, 10, 10)]) == []
    assert match_boxes([], [Box(0, 0, 1, 1)]) == []


def test_three_hundred_piled_boxes_are_matched_in_seconds() -> None:
    """The worst that one answer may hold: every box overlaps every other."""
    pile = [Box(0, step / 20, 100 + step / 10, 100) for step in range(300)]
    began = time.process_time()
    assert len(match_boxes(pile, pile)) == 300
    assert time.process_time() - began < 20


def test_panoptic_quality_counts_what_stayed_alone_by_half() -> None:
    assert panoptic_quality([1.0, 0.8], left=2, right=3) == pytest.approx(1.8 / 2.5)
    assert panoptic_quality([], left=0, right=0) == 1.0
    assert panoptic_quality([], left=1, right=0) == 0.0


def test_sets_agree_by_their_common_share() -> None:
    assert jaccard({"a", "b"}, {"b", "c"}) == pytest.approx(1 / 3)
    assert jaccard(set(), set()) == 1.0


def test_rankings_agree_pair_by_pair() -> None:
    assert kendall_tau({"a": 0, "b": 1, "c": 2}, {"a": 2, "b": 1, "c": 0}) == -1.0
    assert kendall_tau({"a": 0, "b": 1, "c": 2}, {"a": 0, "b": 2, "c": 1}) == pytest.approx(1 / 3)
    assert order_agreement({"a": 0, "b": 0}, {"a": 0, "b": 1}) == 0.5
    assert order_agreement({"a": 0}, {"b": 0}) == 1.0


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2), ("same", "same", 0), ("", "", 0)],
)
def test_edits_between_words(a: str, b: str, distance: int) -> None:
    assert edit_distance(a, b) == distance


WORDS = st.text("abc", max_size=8)


@given(WORDS, WORDS, WORDS)
def test_the_edit_distance_is_a_distance(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert (edit_distance(a, b) == 0) == (a == b)


def test_word_errors_are_counted_against_the_truth() -> None:
    assert word_error_rate("the cat sat", "the cat sat down") == 0.25
    assert word_error_rate("a b c", "a") == 2.0
    assert word_error_rate("", "") == 0.0
    assert word_error_rate("noise", "") == 1.0
