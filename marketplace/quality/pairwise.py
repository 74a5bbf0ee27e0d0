"""Strengths from comparisons: Bradley-Terry with ties and intervals, over all and per subject."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from .answers import Floats, Ints
from .scores import Record, Score, score

SCALE = 400.0 / np.log(10.0)
"""Points per natural-log unit of strength: 400 points are odds of ten to one (Elo's scale)."""
ANCHOR = 0.1
"""Won and lost comparisons that everything is given against an average opponent: keeps the undefeated finite."""
DRAWS = 4000

Verdict: TypeAlias = Literal["left", "right", "tie"]
Comparison: TypeAlias = tuple[str, str, str, Verdict]
"""(worker, left, right, verdict)."""


@dataclass(frozen=True, slots=True)
class Strength:
    """One compared thing: rank (1 is best), points with a 95 % interval (mean over things 0), number of comparisons,
    and the probability that the rank is the true one."""

    name: str
    rank: int
    points: float
    low: float
    high: float
    comparisons: int
    confidence: float


@dataclass(frozen=True)
class Ranking:
    """Strengths of the compared things, in natural-log units, with their covariance; mean 0."""

    names: tuple[str, ...]
    strength: Floats
    covariance: Floats
    comparisons: Ints

    @cached_property
    def table(self) -> list[Strength]:
        """All things, best first."""
        spread = 1.96 * np.sqrt(np.diag(self.covariance))
        order = sorted(range(len(self.names)), key=lambda n: (-self.strength[n], self.names[n]))
        sure = self._rank_confidence(order)
        return [
            Strength(
                self.names[n],
                rank,
                float(SCALE * self.strength[n]),
                float(SCALE * (self.strength[n] - spread[n])),
                float(SCALE * (self.strength[n] + spread[n])),
                int(self.comparisons[n]),
                float(sure[rank - 1]),
            )
            for rank, n in enumerate(order, start=1)
        ]

    def better(self, left: str, right: str) -> float:
        """Probability that `left` is truly stronger than `right`; .5 for a thing that was never compared."""
        if left not in self.places or right not in self.places:
            return 0.5
        a, b = self.places[left], self.places[right]
        variance = self.covariance[a, a] + self.covariance[b, b] - 2 * self.covariance[a, b]
        return float(_normal_share((self.strength[a] - self.strength[b]) / np.sqrt(max(variance, 1e-12))))

    @cached_property
    def places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def _rank_confidence(self, order: list[int]) -> Floats:
        """How often each thing keeps its place when strengths are drawn from their uncertainty."""
        size = len(order)
        if size < 2:
            return np.ones(size)
        root = np.linalg.cholesky(self.covariance + 1e-9 * np.eye(size))
        drawn = self.strength + np.random.default_rng(0).standard_normal((DRAWS, size)) @ root.T
        drawn = drawn[:, order]
        above = np.minimum.accumulate(np.hstack([np.full((DRAWS, 1), np.inf), drawn[:, :-1]]), axis=1)
        below = np.maximum.accumulate(np.hstack([drawn[:, 1:], np.full((DRAWS, 1), -np.inf)])[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(((drawn < above) & (drawn > below)).mean(axis=0))


def rank(comparisons: Iterable[Comparison], *, names: Iterable[str] = ()) -> Ranking:
    """Bradley-Terry strengths by Newton's method; a tie is half a win for either side.

    Bradley and Terry (1952); Hunter (2004) for the half ties. The covariance is the inverse information, which with half
    ties errs on the wide side. Things that beat or meet nobody get finite strengths with wide intervals.
    """
    rows = list(comparisons)
    found = tuple(sorted({name for _w, left, right, _v in rows for name in (left, right)} | set(names)))
    places = {name: place for place, name in enumerate(found)}
    wins = np.zeros((len(found), len(found)))
    share = {"left": 1.0, "right": 0.0, "tie": 0.5}
    for _worker, left, right, verdict in rows:
        wins[places[left], places[right]] += share[verdict]
        wins[places[right], places[left]] += 1 - share[verdict]
    strength, covariance = _newton(wins)
    return Ranking(found, strength, covariance, np.round((wins + wins.T).sum(axis=1)).astype(int))


def rank_subjects(rows: Mapping[str, Iterable[Comparison]]) -> dict[str, Ranking]:
    """A ranking per subject, each from its own comparisons alone."""
    return {subject: rank(comparisons) for subject, comparisons in rows.items()}


def judge(comparisons: Iterable[Comparison], ranking: Ranking, *, known: Iterable[Verdict | None] | None = None) -> dict[str, Score]:
    """Every worker's probability of preferring the truly stronger thing, with a 95 % interval.

    A tie says that neither is: it counts as half right. `known` holds the true verdict of each comparison where it is
    known, by which it is then judged instead.
    """
    seen: dict[str, list[float]] = {}
    rows = list(comparisons)
    for (worker, left, right, verdict), truth in zip(rows, known or [None] * len(rows), strict=True):
        better = ranking.better(left, right)
        chance = {"left": better, "right": 1 - better, "tie": 0.5}[verdict]
        seen.setdefault(worker, []).append(chance if truth is None else float(verdict == truth))
    records = [Record(sum(p), len(p), sum(x * (1 - x) for x in p)) for p in seen.values()]
    return dict(zip(seen, score(records, crowd=0.75), strict=True))


def _newton(wins: Floats) -> tuple[Floats, Floats]:
    """Penalised likelihood's maximum and inverse information, both with mean strength 0."""
    size = len(wins)
    if size == 0:
        return np.zeros(0), np.zeros((0, 0))
    games = wins + wins.T
    strength = np.zeros(size)
    for _ in range(100):
        chance = 1 / (1 + np.exp(np.clip(strength[None, :] - strength[:, None], -50, 50)))
        own = 1 / (1 + np.exp(-np.clip(strength, -50, 50)))
        slope = (wins - games * chance).sum(axis=1) + ANCHOR * (1 - 2 * own)
        weight = games * chance * (1 - chance)
        information = np.diag(weight.sum(axis=1) + 2 * ANCHOR * own * (1 - own)) - weight
        step = np.clip(np.linalg.solve(information, slope), -2, 2)
        strength += step
        if np.abs(step).max() < 1e-9:
            break
    centre = np.eye(size) - 1 / size
    return centre @ strength, centre @ np.linalg.inv(information) @ centre


def _normal_share(z: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
