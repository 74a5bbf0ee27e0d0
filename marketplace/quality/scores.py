"""A worker's score: the probability of a right answer with an interval, from a record that ages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .answers import Answers, Floats, Ints, summed

HALF_LIFE_DAYS = 90.0
"""An answer counts half as much after a quarter of a year."""
NEWCOMER_ANSWERS = 4.0
"""How many answers' worth a newcomer is thought to be like the crowd."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a worker in one project or skill, in (aged) answers.

    `right` is the expected number of right answers, `answers` their number, `doubt` the sum of p (1 - p) over
    them: how much of `right` is itself a guess, because the truth of the item is one.
    """

    right: float = 0.0
    answers: float = 0.0
    doubt: float = 0.0

    def aged(self, *, days: float, half_life: float = HALF_LIFE_DAYS) -> Record:
        """The same record seen `days` later: its weight halves every half-life, so its interval widens."""
        kept = 0.5 ** (max(days, 0.0) / half_life)
        return Record(self.right * kept, self.answers * kept, self.doubt * kept)

    def mean(self, *, crowd: float) -> float:
        """Probability of a right answer, with four answers' worth of belief that it is the crowd's."""
        return (self.right + NEWCOMER_ANSWERS * crowd) / (self.answers + NEWCOMER_ANSWERS)

    def __add__(self, other: Record) -> Record:
        return Record(self.right + other.right, self.answers + other.answers, self.doubt + other.doubt)


@dataclass(frozen=True, slots=True)
class Score:
    """Probability of a right answer, its 95 % interval, and the number of answers behind it."""

    mean: float
    low: float
    high: float
    answers: int


Records: TypeAlias = dict[str, Record]


def records(answers: Answers, right: Floats, *, ages: Sequence[float] | None = None) -> Records:
    """Every worker's record from the probability (n,) that each answer is right; `ages` are days since each answer."""
    weight = np.ones(len(right)) if ages is None else kept(ages)
    size = len(answers.workers)
    columns = [summed(answers.worker, weight * amount, size) for amount in (right, np.ones(len(right)), right * (1 - right))]
    return {name: Record(*map(float, row)) for name, row in zip(answers.workers, zip(*columns, strict=True), strict=True)}


def kept(ages: Sequence[float] | Floats) -> Floats:
    """What share of its weight each answer still has, by its age in days."""
    return np.asarray(0.5 ** (np.maximum(ages, 0.0) / HALF_LIFE_DAYS))


Ages: TypeAlias = Mapping[tuple[str, str], float]
"""Days since the answer of an (item, worker)."""


def kept_of(pairs: Iterable[tuple[str, str]], ages: Ages | None) -> Floats:
    """The same for (item, worker) pairs; all of it for one whose age nobody names."""
    return kept([0.0 if ages is None else ages.get(pair, 0.0) for pair in pairs])


def crowd_mean(known: Sequence[Record]) -> float:
    """Share of right answers over all records, with one answer's worth of doubt that it is .7."""
    return (sum(record.right for record in known) + 0.7) / (sum(record.answers for record in known) + 1.0)


def score(known: Sequence[Record], *, crowd: float, counted: Sequence[int] | None = None) -> list[Score]:
    """Scores of several records of one project; `crowd` (0..1) is what a newcomer is thought to get right.

    The posterior is a Beta distribution whose mean and variance are those of: a worker's Beta counts on top of four
    answers at the crowd's mean, plus the variance that comes from not knowing the truth of each item.
    """
    if not known:
        return []
    size, doubt = np.array([(record.answers, record.doubt) for record in known], float).T
    total = size + NEWCOMER_ANSWERS
    mean = np.clip([record.mean(crowd=crowd) for record in known], 1e-3, 1 - 1e-3)
    spread = mean * (1 - mean)
    variance = spread / (total + 1) + doubt / total**2
    low, high = beta_interval(mean, np.maximum(spread / variance - 1, 0.5))
    number = np.round(size).astype(int) if counted is None else counted
    return [Score(float(m), float(a), float(b), int(n)) for m, a, b, n in zip(mean, low, high, number, strict=True)]


def answers_until(*, mean: float, low: float, high: float, target: float) -> int | None:
    """How many more answers, as often right as so far, lift the lower end to `target`; None where `mean` does not lie above it.

    An interval of width w says as much as n answers with (w / 3.92)^2 = mean (1 - mean) / (n + 1); the lower end is at
    mean - 1.96 roots of that.
    """
    if low >= target:
        return 0
    spread = mean * (1 - mean)
    if mean <= target or spread <= 0 or high <= low:
        return None
    now = spread * (3.92 / (high - low)) ** 2 - 1
    wanted = spread * (1.96 / (mean - target)) ** 2 - 1
    return max(int(np.ceil(wanted - now)), 1)


def from_losses(
    names: Sequence[str], worker: Ints, loss: Floats, judged: NDArray[np.bool_], *, weight: Floats | None = None
) -> dict[str, Score]:
    """Scores 1 - mean loss where answers are more or less wrong: losses 0..1 of those answers that could be judged.

    Shrunk by four answers to the crowd's mean, with a normal 95 % interval. `weight` (0..1) is what age has left of each answer:
    a score without new work goes back towards the crowd's, and its interval widens.
    """
    size, counted = len(names), np.asarray(judged if weight is None else judged * weight, float)
    pooled = float((loss * counted).sum() / counted.sum()) if counted.any() else 0.3
    number = summed(worker, counted, size) + NEWCOMER_ANSWERS
    mean = (summed(worker, loss * counted, size) + NEWCOMER_ANSWERS * pooled) / number
    common = float((counted * (loss - pooled) ** 2).sum() / max(counted.sum(), 1)) + 0.05
    own = summed(worker, counted * (loss - mean[worker]) ** 2, size)
    spread = 1.96 * np.sqrt((own + NEWCOMER_ANSWERS * common) / number / number)
    low, high = np.clip(1 - mean - spread, 0, 1), np.clip(1 - mean + spread, 0, 1)
    every = np.bincount(worker, minlength=size)
    return {name: Score(float(1 - mean[n]), float(low[n]), float(high[n]), int(every[n])) for n, name in enumerate(names)}


def beta_interval(mean: Floats, counts: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Central interval of Beta(mean x counts, (1 - mean) x counts), by summing the density on a fine grid."""
    a, b = mean * counts, (1 - mean) * counts
    centre, width = np.log(a / b), np.sqrt(1 / a + 1 / b + 1 / a**2 + 1 / b**2)
    grid = centre[:, None] + width[:, None] * np.linspace(-8, 8, 1601)[None, :]
    shown = np.clip(grid, -700, 700)
    density = a[:, None] * shown - (a + b)[:, None] * np.logaddexp(0, shown)
    mass = np.exp(density - density.max(axis=1, keepdims=True))
    mass = (np.cumsum(mass, axis=1) - mass / 2) / mass.sum(axis=1, keepdims=True)
    tail = (1 - level) / 2
    low = np.array([np.interp(tail, row, x) for row, x in zip(mass, grid, strict=True)])
    high = np.array([np.interp(1 - tail, row, x) for row, x in zip(mass, grid, strict=True)])
    return _unlogit(low), _unlogit(high)


def _unlogit(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -700, 700))))
