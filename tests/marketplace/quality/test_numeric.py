"""Numbers on a scale."""

from __future__ import annotations

import numpy as np
import pytest

from marketplace.quality import numeric


def ratings(
    *, seed: int, items: int = 120, workers: int = 15, per_item: int = 5, wild: float = 0.02
) -> tuple[list[tuple[str, str, float]], np.ndarray, np.ndarray]:
    """(rows, true values, each worker's scatter); some people are lenient, some careless, some slips are wild."""
    rng = np.random.default_rng(seed)
    truth, leniency = rng.normal(50, 15, items), rng.normal(0, 5, workers)
    scatter = np.exp(rng.normal(1.2, 0.6, workers))
    rows = []
    for item in range(items):
        for worker in rng.choice(workers, size=per_item, replace=False):
            said = truth[item] + leniency[worker] + scatter[worker] * rng.standard_normal() + 100 * (rng.random() < wild)
            rows.append((f"i{item}", f"w{worker}", float(said)))
    return rows, truth, scatter


def test_it_beats_mean_and_median_and_its_intervals_hold() -> None:
    inside = []
    for seed in range(4):
        rows, truth, _scatter = ratings(seed=seed)
        fit = numeric.fit(rows)
        given: dict[str, list[float]] = {}
        for item, _worker, value in rows:
            given.setdefault(item, []).append(value)
        names = [f"i{n}" for n in range(len(truth))]

        def error(values: dict[str, float], names: list[str] = names, truth: np.ndarray = truth) -> float:
            return float(np.sqrt(np.mean((np.array([values[name] for name in names]) - truth) ** 2)))

        assert error(fit.values) < 0.8 * error({name: float(np.median(values)) for name, values in given.items()})
        inside += [fit.intervals[name][0] <= value <= fit.intervals[name][1] for name, value in zip(names, truth, strict=True)]
    assert np.mean(inside) >= 0.88


def test_lenient_workers_are_found_and_careless_ones_score_low() -> None:
    rows, _truth, scatter = ratings(seed=9, items=300, wild=0)
    rows += [(f"i{n}", "kind", value + 30) for n, (_i, _w, value) in enumerate(rows[::5][:60])]
    fit = numeric.fit(rows)
    assert fit.leniency["kind"] > 15
    assert np.corrcoef([fit.workers[f"w{n}"].mean for n in range(15)], scatter)[0, 1] < -0.7


def test_one_slip_of_the_finger_moves_nothing() -> None:
    rows = [(f"i{n}", f"w{m}", 10.0 + n) for n in range(10) for m in range(5)]
    rows[3] = ("i0", "w3", 9000.0)
    assert numeric.fit(rows).values["i0"] == pytest.approx(10, abs=0.5)


def test_of_two_that_differ_neither_is_called_wild() -> None:
    assert numeric.fit([("i", "a", 0.0), ("i", "b", 10.0), ("j", "a", 3.0), ("j", "b", 3.0)]).values["i"] == pytest.approx(5, abs=1)


def test_known_values_stand_and_tell_who_is_lenient() -> None:
    rows = [(f"i{n}", who, n + extra) for n in range(30) for who, extra in (("fair", 0.0), ("kind", 5.0))]
    fit = numeric.fit(rows, gold={f"i{n}": float(n) for n in range(15)})
    assert fit.values["i3"] == 3.0
    assert fit.intervals["i3"] == (3.0, 3.0)
    assert fit.values["i25"] == pytest.approx(25, abs=1)
    assert fit.leniency["kind"] > 3


def test_answers_that_nothing_stands_against_leave_wide_intervals() -> None:
    fit = numeric.fit([(f"i{n}", "only", float(n)) for n in range(20)])
    low, high = fit.intervals["i5"]
    assert fit.values["i5"] == pytest.approx(5)
    assert high - low > 5
    assert fit.workers["only"].high - fit.workers["only"].low > 0.3


def test_all_the_same_and_nothing_at_all() -> None:
    fit = numeric.fit([("i", "a", 4.0), ("i", "b", 4.0)])
    assert fit.values == {"i": pytest.approx(4.0)}
    assert numeric.fit([]).values == {}
