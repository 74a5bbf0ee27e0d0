"""How far readers of free texts agree, as mathematics: Krippendorff's alpha with an interval, and the median that counts. No Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 400
"""Resamples behind an interval."""
LEAST_UNITS = 5
"""Texts read by two people before an agreement is stated."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alpha with its 95 % interval, and on how many texts it rests: 1 is agreement, 0 what chance would give."""

    alpha: float
    low: float
    high: float
    units: int


def median(credits: Sequence[int]) -> int:
    """What several readers' credits come to: the middle one, of an even number the mean of the two middle ones, rounded down."""
    ordered = sorted(credits)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


def alpha(units: Sequence[Sequence[float]], *, seed: int = 0) -> Agreement | None:
    """Krippendorff's alpha for interval data; None below five texts with two readings, or where all readings are the same.

    alpha = 1 - D_o / D_e with the metric (c - k)^2: D_o the mean, over all n readings, of the squared differences within a text of
    m readings weighted by 1 / (m - 1); D_e that of all pairs of readings whatever their text, over n (n - 1) (K. Krippendorff,
    "Computing Krippendorff's Alpha-Reliability", 2011, section E). The interval takes the 2.5 % and 97.5 % points of the alphas of
    resampled texts (Efron's percentile bootstrap), since texts, not readings, are independent.
    """
    rows = [np.asarray(unit, dtype=np.float64) for unit in units if len(unit) > 1]
    if len(rows) < LEAST_UNITS:
        return None
    m = np.array([len(row) for row in rows], dtype=np.float64)
    total = np.array([row.sum() for row in rows])
    square = np.array([(row * row).sum() for row in rows])
    found = _alpha(m, total, square)
    if found is None:
        return None
    luck = np.random.default_rng(seed)
    draws = (luck.integers(len(rows), size=len(rows)) for _ in range(DRAWS))
    resampled = [one for at in draws if (one := _alpha(m[at], total[at], square[at])) is not None]
    low, high = np.quantile(resampled, [0.025, 0.975]) if resampled else (found, found)
    return Agreement(found, float(min(low, found)), float(max(high, found)), len(rows))


def _alpha(m: NDArray[np.float64], total: NDArray[np.float64], square: NDArray[np.float64]) -> float | None:
    """The sum of squared differences of all ordered pairs of k numbers is 2 (k sum x^2 - (sum x)^2)."""
    n = m.sum()
    within = (2 * (m * square - total**2) / (m - 1)).sum() / n
    among = 2 * (n * square.sum() - total.sum() ** 2) / (n * (n - 1))
    return None if among <= 0 else float(1 - within / among)
