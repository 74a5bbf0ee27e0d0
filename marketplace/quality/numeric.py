"""Numbers on a scale: a robust weighted mean, each worker's leniency and scatter taken into account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .answers import Floats, Ints, summed
from .scores import NEWCOMER_ANSWERS, Ages, Score, from_losses, kept_of

SWEEPS = 20
FREEDOM = 4.0
"""Degrees of freedom of Student's t, by which single wild answers lose their weight."""


@dataclass(frozen=True)
class NumericFit:
    """Values per item with 95 % intervals, workers' leniencies (added to every answer) and scores.

    A worker's score is 1 - their mean error as a share of the error of a guesser who draws from all answers. `scatter` is
    each worker's standard deviation around the values, `usual` that of a worker of whom nothing is known.
    """

    values: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    leniency: dict[str, float]
    workers: dict[str, Score]
    scatter: dict[str, float]
    usual: float


@dataclass(frozen=True)
class _Table:
    """Rows (item, worker, value) as arrays; `truth` is NaN where it is not known. Both are in `unit`s."""

    items: tuple[str, ...]
    workers: tuple[str, ...]
    item: Ints
    worker: Ints
    value: Floats
    truth: Floats
    unit: float
    kept: Floats
    """Per answer: what its age has left of its weight in a score."""

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Per answer: whether the item's value follows from its answers, since its truth is not known."""
        return np.isnan(self.truth)[self.item]

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Per answer: whether there is a truth or another answer to hold it against."""
        return ~self.free | (np.bincount(self.item, minlength=len(self.items))[self.item] > 1)

    @cached_property
    def outvoted(self) -> NDArray[np.bool_]:
        """Per answer: whether it can be told to be the wild one; of two that differ nobody knows which is."""
        return np.bincount(self.item, minlength=len(self.items))[self.item] > 2

    def by_item(self, amounts: Floats) -> Floats:
        return summed(self.item, amounts, len(self.items))

    def by_worker(self, amounts: Floats) -> Floats:
        return summed(self.worker, amounts, len(self.workers))


def fit(
    rows: Iterable[tuple[str, str, float]], *, gold: Mapping[str, float] | None = None, ages: Ages | None = None
) -> NumericFit:
    """Iteratively reweighted mean: value = item + worker's leniency + noise of the worker's own scatter.

    Leniency and scatter are shrunk to the crowd's by four answers; noise is Student's t, so that one slip of the
    finger does not move an item (Lange, Little and Taylor 1989). Of a doubled (item, worker) the last counts. Old answers
    weigh less in scores, and the same in values.
    """
    table = _encode(rows, gold or {}, ages)
    if not table.items:
        return NumericFit({}, {}, {}, {}, {}, 0.0)
    centre, leniency = _settle(table, _medians(table)), np.zeros(len(table.workers))
    weight, robust = np.ones(len(table.value)), np.ones(len(table.value))
    for _ in range(SWEEPS):
        gap = table.value - centre[table.item]
        leniency = table.by_worker(robust * gap) / (table.by_worker(robust) + NEWCOMER_ANSWERS)
        error = gap - leniency[table.worker]
        own, usual = _scatter(table, error, robust, weight)
        scatter = own[table.worker]
        robust = (FREEDOM + 1) / (FREEDOM + (error / scatter) ** 2)
        weight = np.where(table.outvoted, robust, 1.0) / scatter**2
        corrected = weight * (table.value - leniency[table.worker])
        centre = _settle(table, table.by_item(corrected) / table.by_item(weight))
    spread = 1.96 * np.sqrt(_variance(table, weight, scatter, leniency))
    low, high = (table.unit * (centre - spread)).tolist(), (table.unit * (centre + spread)).tolist()
    return NumericFit(
        dict(zip(table.items, (table.unit * centre).tolist(), strict=True)),
        dict(zip(table.items, zip(low, high, strict=True), strict=True)),
        dict(zip(table.workers, (table.unit * leniency).tolist(), strict=True)),
        _scores(table, centre),
        dict(zip(table.workers, (table.unit * own).tolist(), strict=True)),
        table.unit * usual,
    )


def _encode(rows: Iterable[tuple[str, str, float]], gold: Mapping[str, float], ages: Ages | None) -> _Table:
    last = {(item, worker): value for item, worker, value in rows}
    items = {name: place for place, name in enumerate(dict.fromkeys(item for item, _w in last))}
    workers = {name: place for place, name in enumerate(dict.fromkeys(worker for _i, worker in last))}
    item = np.array([items[i] for i, _w in last], np.int64)
    worker = np.array([workers[w] for _i, w in last], np.int64)
    truth = np.array([gold.get(name, np.nan) for name in items], float)
    value = np.array(list(last.values()), float)
    unit = float(np.nanmax(np.abs([*value, *truth]), initial=0.0)) or 1.0
    return _Table(tuple(items), tuple(workers), item, worker, value / unit, truth / unit, unit, kept_of(last, ages))


def _medians(table: _Table) -> Floats:
    """Median answer of each item."""
    order = np.lexsort((table.value, table.item))
    first = np.searchsorted(table.item[order], np.arange(len(table.items)))
    size = np.bincount(table.item, minlength=len(table.items))
    ordered = table.value[order]
    return np.asarray((ordered[first + (size - 1) // 2] + ordered[first + size // 2]) / 2)


def _settle(table: _Table, centre: Floats) -> Floats:
    return np.where(np.isnan(table.truth), centre, table.truth)


def _scatter(table: _Table, error: Floats, robust: Floats, weight: Floats) -> tuple[Floats, float]:
    """Each worker's standard deviation, shrunk by four answers to the crowd's, and the crowd's; never quite zero.

    Only answers that something else can be held against are counted, each made up for the pull that it has on its
    own item. Where there are none, half the spread of all values stands in.
    """
    pull = np.where(table.judged & table.free, weight / table.by_item(weight)[table.item], 0.0)
    square = robust * error**2 * table.judged / np.maximum(1 - pull, 0.05)
    number = table.by_worker(table.judged.astype(float))
    variance = float(table.value.var())
    pooled = (float(square.sum()) + variance / 4) / (float(number.sum()) + 1)
    own = (table.by_worker(square) + NEWCOMER_ANSWERS * pooled) / (number + NEWCOMER_ANSWERS)
    least = 1e-6 * variance + 1e-12
    return np.sqrt(np.maximum(own, least)), float(np.sqrt(max(pooled, least)))


def _variance(table: _Table, weight: Floats, scatter: Floats, leniency: Floats) -> Floats:
    """How uncertain each item is: noise of its answers, of its workers' leniencies, and of the crowd's as a whole.

    That a whole crowd is lenient nobody can see without gold, but a crowd of many lenient and strict people is less
    likely to be than a crowd of few.
    """
    total = table.by_item(weight)
    size = table.by_worker(np.ones(len(weight))) + NEWCOMER_ANSWERS
    own = table.by_item(weight**2 * scatter**2 / size[table.worker]) / total**2
    crowd = float(leniency.var()) / len(leniency) if np.isnan(table.truth).all() else 0.0
    return np.where(np.isnan(table.truth), 1 / total + own + crowd, 0.0)


def _scores(table: _Table, centre: Floats) -> dict[str, Score]:
    """1 - mean error / error of a guesser, with a normal interval; an only answer says nothing about its worker."""
    guess = _mean_gap(table.value)
    loss = np.clip(np.abs(table.value - centre[table.item]) / max(guess, 1e-12), 0, 1)
    return from_losses(table.workers, table.worker, loss, table.judged, weight=table.kept)


def _mean_gap(values: Floats) -> float:
    """Mean absolute difference of two random values."""
    ordered = np.sort(values)
    size = len(ordered)
    weights = 2 * np.arange(1, size + 1) - size - 1
    return float(2 * (weights * ordered).sum() / max(size * (size - 1), 1))
