"""Ratings at work: what a project knows of its raters between two fits, and what the ratings of one item say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .numeric import FREEDOM, SWEEPS, NumericFit
from .scores import NEWCOMER_ANSWERS

FIRST_SHARE = 1 / 6
"""Standard deviation of a rater of a project without a fit, as a share of the scale."""
EXPERT_SHARPNESS = 2.0
"""An expert whom nobody measured scatters half as much as the crowd: one word of theirs weighs like four."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A value with its 95 % interval; `belief` is the probability that the truth lies within `near` of it."""

    value: float
    low: float
    high: float
    belief: float


@dataclass(frozen=True)
class Raters:
    """Each known worker's leniency (added to every rating) and scatter, and the scatter of one whom nobody knows."""

    usual: float
    leniency: Mapping[str, float] = field(default_factory=dict)
    scatter: Mapping[str, float] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)
    """Answers behind each worker's leniency."""

    @classmethod
    def of_fit(cls, fit: NumericFit) -> Raters:
        return cls(fit.usual, fit.leniency, fit.scatter, {name: score.answers for name, score in fit.workers.items()})

    @classmethod
    def first(cls, *, span: float) -> Raters:
        """Nobody has rated anything yet: everybody scatters by a sixth of the scale."""
        return cls(span * FIRST_SHARE)

    def read(self, ratings: Sequence[tuple[str, float]], *, near: float, experts: frozenset[str] = frozenset()) -> Rated:
        """The value that (worker, rating) pairs of one item come to; their order does not matter.

        Robust weighted mean as in `numeric.fit`, with leniencies and scatters given. Where ratings lie further apart
        than these raters usually do, the interval grows by as much (Birge's ratio): then it is the item that is unclear.
        Raises ValueError without ratings.
        """
        if not ratings:
            raise ValueError("no ratings to read")
        ordered = sorted(ratings)
        value = np.array([rating - self.leniency.get(worker, 0.0) for worker, rating in ordered])
        scatter = np.array([self._scatter(worker, worker in experts) for worker, _rating in ordered])
        centre, weight = float(np.median(value)), scatter**-2
        for _ in range(SWEEPS):
            if len(ordered) > 2:
                weight = scatter**-2 * (FREEDOM + 1) / (FREEDOM + ((value - centre) / scatter) ** 2)
            centre = float((weight * value).sum() / weight.sum())
        deviation = math.sqrt(self._variance(ordered, value, scatter, weight, centre))
        belief = math.erf(near / deviation / math.sqrt(2)) if deviation > 0 else 1.0
        return Rated(centre, centre - 1.96 * deviation, centre + 1.96 * deviation, belief)

    def _scatter(self, worker: str, expert: bool) -> float:
        usual = self.usual / EXPERT_SHARPNESS if expert else self.usual
        return max(self.scatter.get(worker, usual), 1e-9)

    def _variance(
        self, ordered: Sequence[tuple[str, float]], value: Any, scatter: Any, weight: Any, centre: float
    ) -> float:
        """Noise of the ratings and of what is known of each leniency, widened where the ratings disagree unusually."""
        total = float(weight.sum())
        size = np.array([self.known.get(worker, 0) for worker, _rating in ordered]) + NEWCOMER_ANSWERS
        apart = float((weight * (value - centre) ** 2).sum()) / max(len(value) - 1, 1)
        return (1 / total + float((weight**2 * scatter**2 / size).sum()) / total**2) * max(apart, 1.0)

    def to_json(self) -> dict[str, Any]:
        names = list(self.scatter)
        return {
            "kind": "numbers", "usual": self.usual, "workers": names, "leniency": [round(self.leniency[n], 6) for n in names],
            "scatter": [round(self.scatter[n], 6) for n in names], "known": [self.known.get(n, 0) for n in names],
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Raters:
        columns = (dict(zip(stored["workers"], stored[name], strict=True)) for name in ("leniency", "scatter", "known"))
        return cls(float(stored["usual"]), *columns)
