"""The health of questions as mathematics: how hard, how telling, how often met, and whether the key is in doubt. Imports no Django.

A key is in doubt when the people who do best otherwise contradict it: they agree on another answer more than on the keyed one, or the
better somebody is, the less they get it right. A key that is right and a question that is only hard shows neither.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

ENOUGH = 20
"""Answers below which nothing is said about a key."""
BEST = 1 / 3
"""The part of people, the best by their other answers, whose word is weighed against the key."""
SURE = 2.33
"""Standard errors of a doubt: one in a hundred sound questions would look like it by chance."""


@dataclass(frozen=True, slots=True)
class Given:
    """One answer to a question: its credit (0 to 1), how the person did on everything else (0 to 1), and the answer to compare."""

    credit: float
    rest: float
    answer: Hashable


@dataclass(frozen=True, slots=True)
class Health:
    """`right` is the mean credit, `telling` the correlation of credit with the rest, `doubt` a code: "" none, "against" the better the
    wronger, "other" the best agree on another answer, which `other` names with its share `other_share` of them."""

    answers: int
    right: float | None
    telling: float | None
    doubt: str = ""
    other: Hashable = None
    other_share: float = 0.0


def examine(given: Sequence[Given]) -> Health:
    """The health of one question from the graded answers to it."""
    n = len(given)
    if not n:
        return Health(0, None, None)
    right, telling = sum(one.credit for one in given) / n, correlation([(one.credit, one.rest) for one in given])
    if n < ENOUGH:
        return Health(n, right, telling)
    other, share = _rival(given)
    if other is not None:
        return Health(n, right, telling, "other", other, share)
    if telling is not None and telling < 0 and _z(telling, n) < -SURE:
        return Health(n, right, telling, "against")
    return Health(n, right, telling)


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation; None where one side does not vary."""
    n = len(pairs)
    mean_x, mean_y = (sum(pair[side] for pair in pairs) / n for side in (0, 1))
    xx = sum((x - mean_x) ** 2 for x, _y in pairs)
    yy = sum((y - mean_y) ** 2 for _x, y in pairs)
    if xx < 1e-12 or yy < 1e-12:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in pairs) / math.sqrt(xx * yy)


def _z(r: float, n: int) -> float:
    """Fisher's transformation in standard errors from no correlation."""
    return math.atanh(max(-0.999999, min(0.999999, r))) * math.sqrt(max(n - 3, 1))


def _rival(given: Sequence[Given]) -> tuple[Hashable, float]:
    """The wrong answer that the best people give more often than the keyed one, beyond chance; (None, 0) when there is none."""
    best = sorted(given, key=lambda one: -one.rest)[: max(5, round(len(given) * BEST))]
    wrong = Counter(one.answer for one in best if one.credit < 1 and one.answer is not None)
    if not wrong:
        return None, 0.0
    other, votes = wrong.most_common(1)[0]
    keyed = sum(one.credit >= 1 for one in best)
    # McNemar: of those who chose one of the two, as many as this for the wrong one would be chance once in a hundred.
    if votes <= keyed or (votes - keyed) / math.sqrt(votes + keyed) < SURE:
        return None, 0.0
    # Where nobody knows, guesses scatter: what the better choose no more than the others is no answer that they agree on.
    pull = correlation([(float(one.answer == other), one.rest) for one in given])
    if pull is None or _z(pull, len(given)) < SURE:
        return None, 0.0
    return other, votes / len(best)
