"""Grading as mathematics: credit for an answer, the share that decides, what it says about the person. Imports no Django."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

FULL = 10_000
"""Basis points of full credit."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Score:
    """What a set of credits amounts to, in basis points: the share earned, and mean and interval of the posterior of the
    person's true share."""

    share: int
    mean: int
    low: int
    high: int


def credit_for_choice(picked: Collection[str], right: Collection[str]) -> int:
    """Credit for a question with one or several right options: right picks minus wrong picks, over the number that are
    right, never below zero. With one right option that is all or nothing."""
    hits = len(set(picked) & set(right))
    misses = len(set(picked) - set(right))
    return max(0, hits - misses) * FULL // len(right)


def score(credits: Sequence[int]) -> Score | None:
    """The score of an attempt from the credit of each question (0..10,000); None when no question counts.

    The posterior is Beta(1 + s, 1 + n - s) for n questions and s = the sum of credits in whole questions: a uniform prior
    (Laplace's rule of succession) updated by possibly fractional successes. The interval is the equal-tailed 95 %.
    """
    if not credits:
        return None
    total, n = sum(credits), len(credits)
    won = total / FULL
    a, b = 1.0 + won, 1.0 + n - won
    tail = (1 - CONFIDENCE) / 2
    mean = round(FULL * a / (a + b))
    low = min(mean, math.floor(FULL * beta_quantile(tail, a, b)))
    high = max(mean, math.ceil(FULL * beta_quantile(1 - tail, a, b)))
    return Score(share=total // n, mean=mean, low=low, high=min(high, FULL))


def passes(share: int, pass_mark: int) -> bool:
    return share >= pass_mark


def by_topic(credits: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """(topic, questions, share in basis points) in the order in which topics first appear."""
    gathered: dict[str, list[int]] = {}
    for topic, credit in credits:
        gathered.setdefault(topic, []).append(credit)
    return [(topic, len(found), sum(found) // len(found)) for topic, found in gathered.items()]


def beta_quantile(p: float, a: float, b: float) -> float:
    """The point below which a Beta(a, b) variable falls with probability p, by bisection to 1e-9."""
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        if beta_below(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b) (DLMF 8.17.22: continued fraction, evaluated by Lentz's method)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_below(1 - x, b, a)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    return front * _beta_fraction(x, a, b) / a


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of DLMF 8.17.22; its terms fall fast for x < (a + 1) / (a + b + 2)."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(1.0 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d, tiny)
            c = _away_from_zero(1.0 + term / c, tiny)
            value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return value


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
