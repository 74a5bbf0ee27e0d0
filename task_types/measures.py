"""Pure distances and agreements that drawers and quality share: sets, rankings, sequences, numbers and boxes. No Django."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence, Set
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Box(NamedTuple):
    """A rectangle in pixels: its upper left corner, its width and height."""

    x: float
    y: float
    w: float
    h: float


def jaccard(a: Set[Hashable], b: Set[Hashable]) -> float:
    """Share of common elements, 0..1; two empty sets agree fully."""
    return len(a & b) / len(a | b) if a or b else 1.0


def order_agreement(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """How far two rankings (item -> place, equal places are ties) agree, 0..1, over the items that both place.

    Each pair counts 1 when both say the same, 0.5 when one of them says tie, 0 when they are opposed: (1 + tau) / 2
    of Kendall's tau where there are no ties. With fewer than two common items there is nothing to disagree about:
    1.
    """
    common = sorted(a.keys() & b.keys())
    pairs = [1 - abs(_sign(a[i] - a[j]) - _sign(b[i] - b[j])) / 2 for i, j in combinations(common, 2)]
    return sum(pairs) / len(pairs) if pairs else 1.0


def kendall_tau(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """Kendall's tau-a of two rankings, -1..1; tied pairs count as half agreement."""
    return 2 * order_agreement(a, b) - 1


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """Levenshtein distance: the least insertions, deletions and substitutions that turn one sequence into the other."""
    number: dict[Hashable, int] = {}
    left, right = (np.array([number.setdefault(one, len(number)) for one in side], dtype=np.int64) for side in (a, b))
    place = np.arange(len(right) + 1)
    row = place
    for i, one in enumerate(left, start=1):
        kept = np.concatenate([[i], np.minimum(row[1:] + 1, row[:-1] + (right != one))])
        row = np.minimum.accumulate(kept - place) + place  # what an insertion after an insertion costs
    return int(row[-1])


def word_error_rate(said: str, truth: str) -> float:
    """Edit distance in words over the words of the truth; above 1 when much was invented. An empty truth: 0 or 1."""
    words, expected = said.split(), truth.split()
    return edit_distance(words, expected) / len(expected) if expected else float(bool(words))


SWEEPS = 20
FREEDOM = 4.0
"""Degrees of freedom of Student's t, by which single wild numbers lose their weight."""


def robust_mean(values: Sequence[tuple[float, float]], *, scatter: float) -> float:
    """The mean of (number, weight > 0) in which what lies far from the others counts little, whatever their order.

    Iteratively reweighted, with noise of Student's t (Lange, Little and Taylor 1989) around the median and a scale of 1.4826
    times the median distance from it, but at least `scatter`. Of two numbers that differ nobody knows which is the wild one:
    they are simply averaged. Raises ValueError without numbers.
    """
    if not values:
        raise ValueError("no numbers to take a mean of")
    ordered = sorted(values)
    number, size = np.array(ordered, dtype=np.float64).T
    if len(ordered) < 3:
        return float((size * number).sum() / size.sum())
    centre = _weighted_median(number, size)
    far = np.abs(number - centre)
    order = np.argsort(far, kind="stable")
    usual = max(1.4826 * _weighted_median(far[order], size[order]), scatter)
    for _ in range(SWEEPS):
        weight = size * (FREEDOM + 1) / (FREEDOM + ((number - centre) / usual) ** 2)
        centre = float((weight * number).sum() / weight.sum())
    return min(max(centre, float(number[0])), float(number[-1]))


def _weighted_median(ordered: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """The number at which half of the weight is reached, or the middle of the two between which it is."""
    reached = np.cumsum(weight)
    half = reached[-1] / 2
    first, last = np.searchsorted(reached, half, side="left"), np.searchsorted(reached, half, side="right")
    return float(ordered[first] + ordered[min(last, len(ordered) - 1)]) / 2


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1; exactly 1 for equal ones, whatever the rounding of floats."""
    if a == b:
        return 1.0
    width = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    height = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return min(shared / (a.w * a.h + b.w * b.h - shared), 1.0)


def match_boxes(a: Sequence[Box], b: Sequence[Box], *, threshold: float = 0.5) -> list[tuple[int, int, float]]:
    """Pairs (index in a, index in b, IoU) of greatest total IoU, each box in at most one, none below `threshold`."""
    overlap = np.array([[iou(left, right) for right in b] for left in a], dtype=np.float64).reshape(len(a), len(b))
    overlap[overlap < threshold] = 0.0
    return [(i, j, float(overlap[i, j])) for i, j in best_assignment(overlap) if overlap[i, j] > 0]


def panoptic_quality(matched: Sequence[float], *, left: int, right: int) -> float:
    """Sum of the matched IoU over matches plus half of what stayed alone, 0..1; nothing against nothing is 1.

    PQ of Kirillov et al., Panoptic Segmentation (CVPR 2019), for boxes.
    """
    return 2 * sum(matched) / (left + right) if left + right else 1.0


def best_assignment(gain: NDArray[np.float64]) -> list[tuple[int, int]]:
    """(row, column) pairs of greatest total gain: the Hungarian method (Kuhn 1955) with potentials, cubic in time."""
    if gain.shape[0] > gain.shape[1]:
        return sorted((row, column) for column, row in best_assignment(gain.T))
    rows, columns = gain.shape
    if not rows:
        return []
    cost = -gain
    row_of = np.full(columns + 1, -1)  # the last column is where each new row starts its search
    row_potential, column_potential = np.zeros(rows), np.zeros(columns + 1)
    for row in range(rows):
        row_of[columns] = row
        _augment(cost, row_of, row_potential, column_potential)
    return sorted((int(row_of[column]), column) for column in range(columns) if row_of[column] >= 0)


def _augment(
    cost: NDArray[np.float64],
    row_of: NDArray[np.intp],
    row_potential: NDArray[np.float64],
    column_potential: NDArray[np.float64],
) -> None:
    """Gives the row that waits in the last column a place, along the cheapest path (Dijkstra on reduced costs)."""
    columns = cost.shape[1]
    distance = np.full(columns, np.inf)
    came_from = np.full(columns, columns)
    done = np.zeros(columns + 1, dtype=bool)
    column = columns
    while row_of[column] >= 0:
        done[column] = True
        row = row_of[column]
        reduced = cost[row] - row_potential[row] - column_potential[:columns]
        closer = ~done[:columns] & (reduced < distance)
        distance[closer], came_from[closer] = reduced[closer], column
        following = int(np.where(done[:columns], np.inf, distance).argmin())
        step = distance[following]
        row_potential[row_of[done]] += step
        column_potential[done] -= step
        distance[~done[:columns]] -= step
        column = following
    while column != columns:
        row_of[column] = row_of[came_from[column]]
        column = int(came_from[column])
