"""Whatever people answer, every model gives finite results within their bounds."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.quality import boxes, categorical, numeric, pairwise, replay, text
from marketplace.quality.online import Model
from marketplace.quality.scores import Score

ITEMS = st.sampled_from([f"i{n}" for n in range(8)])
WORKERS = st.sampled_from([f"w{n}" for n in range(6)])
LABELS = st.sampled_from(["a", "b", "c", "د", "😀"])
ROWS = st.lists(st.tuples(ITEMS, WORKERS, LABELS), max_size=40)
GOLD = st.dictionaries(ITEMS, st.sampled_from(["a", "b", "unseen"]), max_size=8)
few = settings(max_examples=60, deadline=None)


def within_bounds(workers: dict[str, Score]) -> bool:
    return all(0 <= score.low <= score.mean <= score.high <= 1 for score in workers.values())


@few
@given(ROWS, GOLD)
def test_categorical_answers(rows: list[tuple[str, str, str]], gold: dict[str, str]) -> None:
    fit = categorical.fit(rows, gold=gold)
    assert fit.answers.items == tuple(dict.fromkeys(item for item, _w, _a in rows))
    assert np.isfinite(fit.confidence).all()
    assert all(0 < sure <= 1 for sure in fit.confidence)
    assert within_bounds(fit.workers)
    for item, sure in zip(fit.answers.items, fit.confidence, strict=True):
        posterior = fit.posterior(item)
        assert sum(posterior.distribution.values()) <= 1 + 1e-9
        assert item in gold or abs(posterior.confidence - sure) < 1e-9
    stored = Model.from_json(json.loads(json.dumps(fit.model.to_json())))
    assert stored.classes == fit.model.classes


@few
@given(st.lists(st.tuples(ITEMS, WORKERS, st.integers(0, 300).map(str)), max_size=50), st.lists(ITEMS, max_size=3))
def test_open_label_sets(rows: list[tuple[str, str, str]], known: list[str]) -> None:
    padding = [("many", f"w{n}", f"label {n}") for n in range(60)]
    fit = categorical.fit(rows + padding, gold=dict.fromkeys(known, "5"))
    assert np.isfinite(fit.confidence).all()
    assert within_bounds(fit.workers)
    assert all(fit.posterior(item).belief <= 1 for item in fit.answers.items)


@few
@given(
    st.lists(
        st.tuples(WORKERS, st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.sampled_from(["left", "right", "tie"])).filter(
            lambda row: row[1] != row[2]
        ),
        max_size=30,
    )
)
def test_comparisons(rows: list[pairwise.Comparison]) -> None:
    ranking = pairwise.rank(rows)
    assert [one.rank for one in ranking.table] == list(range(1, len(ranking.names) + 1))
    assert all(np.isfinite([one.low, one.points, one.high]).all() and one.low < one.high for one in ranking.table)
    assert within_bounds(pairwise.judge(rows, ranking))


@few
@given(
    st.lists(st.tuples(ITEMS, WORKERS, st.floats(-1e99, 1e99) | st.integers(0, 5).map(float)), max_size=30),
    st.dictionaries(ITEMS, st.floats(-1e99, 1e99), max_size=4),
)
def test_numbers(rows: list[tuple[str, str, float]], gold: dict[str, float]) -> None:
    fit = numeric.fit(rows, gold=gold)
    assert np.isfinite(list(fit.values.values())).all()
    assert within_bounds(fit.workers)


@few
@given(
    st.lists(st.tuples(ITEMS, WORKERS, st.text(alphabet="ab ,.مر好😀'\u200f", max_size=12)), max_size=20),
    st.dictionaries(ITEMS, st.text(max_size=5), max_size=3),
)
def test_texts(rows: list[tuple[str, str, str]], gold: dict[str, str]) -> None:
    fit = text.fit(rows, gold=gold)
    assert fit.texts.keys() == {item for item, _w, _t in rows}
    assert all(0 <= share <= 1 + 1e-9 for share in fit.support.values())
    assert within_bounds(fit.workers)


BOX = st.builds(boxes.Box, *[st.integers(0, 9).map(float)] * 4)


@few
@given(st.lists(st.tuples(ITEMS, WORKERS, st.lists(st.tuples(st.sampled_from("xy"), BOX), max_size=4)), max_size=12))
def test_boxes(rows: list[tuple[str, str, list[boxes.Labelled]]]) -> None:
    fit = boxes.fit(rows)
    assert all(0.5 <= one.support <= 1 + 1e-9 for found in fit.objects.values() for one in found)
    assert within_bounds(fit.workers)


@settings(max_examples=25, deadline=None)
@given(ROWS, GOLD, st.sampled_from([0.0, 0.05, 0.5]))
def test_replays(rows: list[tuple[str, str, str]], truth: dict[str, str], share: float) -> None:
    try:
        outcome = replay.replay(rows, truth, gold_share=share)
    except replay.NothingToGrade:
        assert not {item for item, _w, _a in rows} & truth.keys()
        return
    for value in (outcome.share, outcome.accuracy, outcome.majority_accuracy, outcome.calibration_error):
        assert 0 <= value <= 1
