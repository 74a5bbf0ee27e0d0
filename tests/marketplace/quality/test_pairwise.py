"""Strengths from comparisons."""

from __future__ import annotations

import numpy as np
import pytest

from marketplace.quality import pairwise
from marketplace.quality.pairwise import Comparison


def games(strength: dict[str, float], *, count: int, seed: int = 0, ties: float = 0.0, worker: str = "w") -> list[Comparison]:
    rng = np.random.default_rng(seed)
    names = sorted(strength)
    rows: list[Comparison] = []
    for n in range(count):
        left, right = rng.choice(names, size=2, replace=False)
        won = rng.random() < 1 / (1 + 10 ** ((strength[right] - strength[left]) / 400))
        verdict = "tie" if rng.random() < ties else "left" if won else "right"
        rows.append((f"{worker}{n % 5}", str(left), str(right), verdict))
    return rows


TRUE = {"alpha": 180.0, "beta": 60.0, "gamma": -40.0, "delta": -200.0}


def test_strengths_come_back_on_a_scale_with_mean_zero() -> None:
    table = pairwise.rank(games(TRUE, count=4000)).table
    assert [one.name for one in table] == ["alpha", "beta", "gamma", "delta"]
    assert sum(one.points for one in table) == pytest.approx(0, abs=1e-6)
    assert all(abs(one.points - TRUE[one.name]) < 30 for one in table)
    assert all(one.confidence > 0.95 for one in table)


def test_intervals_hold_the_truth_nineteen_times_in_twenty() -> None:
    inside = []
    for seed in range(60):
        for one in pairwise.rank(games(TRUE, count=300, seed=seed)).table:
            inside.append(one.low <= TRUE[one.name] <= one.high)
    assert np.mean(inside) >= 0.93


def test_a_tie_is_half_a_win_for_either_side() -> None:
    ties: list[Comparison] = [("w", "a", "b", "tie")] * 40
    even: list[Comparison] = [("w", "a", "b", "left"), ("w", "a", "b", "right")] * 20
    assert [one.points for one in pairwise.rank(ties).table] == pytest.approx([0, 0], abs=1e-9)
    assert pairwise.rank(ties).covariance == pytest.approx(pairwise.rank(even).covariance)
    close = pairwise.rank(games(TRUE, count=2000, ties=0.4)).table
    assert [one.name for one in close] == ["alpha", "beta", "gamma", "delta"]


def test_the_undefeated_and_the_never_compared_stay_finite_and_uncertain() -> None:
    rows: list[Comparison] = [("w", "best", "a", "left")] * 9 + [("w", "a", "b", "tie"), ("w", "island", "other island", "left")]
    table = {one.name: one for one in pairwise.rank(rows, names=["unseen"]).table}
    assert table["best"].rank == 1
    assert np.isfinite([one.points for one in table.values()]).all()
    assert table["unseen"].comparisons == 0
    assert table["unseen"].high - table["unseen"].low > 1500
    assert all(one.confidence < 0.9 for one in table.values())


def test_swapping_left_and_right_changes_nothing() -> None:
    rows = games(TRUE, count=300, ties=0.2)
    other = {"left": "right", "right": "left", "tie": "tie"}
    swapped = [(worker, right, left, other[verdict]) for worker, left, right, verdict in rows]
    assert pairwise.rank(swapped).strength == pytest.approx(pairwise.rank(rows).strength)


def test_subjects_may_order_differently() -> None:
    turned = {name: -points for name, points in TRUE.items()}
    rankings = pairwise.rank_subjects({"maths": games(TRUE, count=500), "poems": games(turned, count=500)})
    assert rankings["maths"].table[0].name == "alpha"
    assert rankings["poems"].table[0].name == "delta"


def test_judges_are_scored_by_how_often_they_prefer_the_stronger() -> None:
    careful = games(TRUE, count=600, seed=1, worker="careful")
    lot = games(dict.fromkeys(TRUE, 0.0), count=300, seed=2, worker="lot")
    rows = careful + lot
    judges = pairwise.judge(rows, pairwise.rank(rows))
    assert min(judges[f"careful{n}"].mean for n in range(5)) > max(judges[f"lot{n}"].mean for n in range(5))
    assert all(judges[f"lot{n}"].low < 0.5 < judges[f"lot{n}"].high for n in range(5))


def test_known_verdicts_judge_before_the_ranking_does() -> None:
    rows: list[Comparison] = [("ana", "a", "b", "left"), ("eve", "a", "b", "right")] * 10
    judges = pairwise.judge(rows, pairwise.rank(rows), known=["right"] * 20)
    assert judges["eve"].mean > 0.85
    assert judges["ana"].mean < 0.3


def test_no_comparisons_no_table() -> None:
    assert pairwise.rank([]).table == []
    assert pairwise.rank([], names=["alone"]).table[0].rank == 1
    assert pairwise.rank([]).better("a", "b") == 0.5
