"""How long work of each tier waits: a market of crowd and experts played on one draw, under two orders of service."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .answers import Floats

ORDINARY, EXPERT = 0, 1
QUANTILE = 0.9


@dataclass(frozen=True, slots=True)
class Market:
    """People at work at the same time, tasks that arrive per hour, and what they take: median seconds and the standard
    deviation of its logarithm."""

    crowd: int = 20
    experts: int = 5
    ordinary_per_hour: float = 1_350.0
    expert_per_hour: float = 60.0
    ordinary_seconds: float = 45.0
    expert_seconds: float = 150.0
    spread: float = 0.6
    hours: float = 24.0

    @property
    def load(self) -> float:
        """Work that arrives over the work that everybody together can do."""
        busy = self.ordinary_per_hour * self.ordinary_seconds + self.expert_per_hour * self.expert_seconds
        return busy * float(np.exp(self.spread**2 / 2)) / (3_600 * (self.crowd + self.experts))


@dataclass(frozen=True, slots=True)
class Draw:
    """Tasks in the order in which they arrive: when (seconds), of which tier, and how long they will take."""

    at: Floats
    tier: Sequence[int]
    seconds: Floats


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds that tasks of one tier waited until somebody took them."""

    mean: float
    p90: float


def draw(market: Market, *, seed: int) -> Draw:
    """Poisson arrivals and log-normal times; the same seed gives the same tasks, whatever is done with them."""
    rng = np.random.default_rng(seed)
    arrivals, tiers, lengths = [], [], []
    for tier, rate, median in (
        (ORDINARY, market.ordinary_per_hour, market.ordinary_seconds), (EXPERT, market.expert_per_hour, market.expert_seconds),
    ):  # fmt: skip
        number = int(rng.poisson(rate * market.hours))
        arrivals.append(rng.uniform(0, market.hours * 3_600, number))
        tiers.append(np.full(number, tier))
        lengths.append(median * np.exp(market.spread * rng.standard_normal(number)))
    order = np.argsort(np.concatenate(arrivals), kind="stable")
    return Draw(
        np.concatenate(arrivals)[order], np.concatenate(tiers)[order].tolist(), np.concatenate(lengths)[order]
    )


def first_come(market: Market, tasks: Draw, *, seed: int) -> tuple[Waits, Waits]:
    """Everybody takes the oldest task that they may do: the crowd ordinary ones, experts whatever is oldest."""
    return _Floor(market, tasks, seed).play(kept_free=None)


def by_tier(market: Market, tasks: Draw, *, kept_free: int, seed: int) -> tuple[Waits, Waits]:
    """Experts take experts' work first and ordinary work only while more than `kept_free` of them have nothing to do."""
    return _Floor(market, tasks, seed).play(kept_free=kept_free)


def best_kept_free(market: Market, tasks: Draw, *, seed: int, within: float) -> int:
    """The fewest experts kept free for whom nine of ten experts' tasks are taken `within` so many seconds; all where none do."""
    for kept in range(market.experts):
        if by_tier(market, tasks, kept_free=kept, seed=seed)[EXPERT].p90 <= within:
            return kept
    return market.experts


class _Floor:
    """Who is idle, who is busy until when, and what waits."""

    def __init__(self, market: Market, tasks: Draw, seed: int) -> None:
        self.tasks, self.chance = tasks, np.random.default_rng(seed + 1)
        self.idle = [market.crowd, market.experts]
        self.busy: list[tuple[float, int]] = []
        self.waiting: tuple[deque[int], deque[int]] = (deque(), deque())
        self.waits: tuple[list[float], list[float]] = ([], [])

    def play(self, *, kept_free: int | None) -> tuple[Waits, Waits]:
        for number, at in enumerate(self.tasks.at.tolist()):
            self._until(at, kept_free)
            self.waiting[self.tasks.tier[number]].append(number)
            self._hand_out(at, kept_free)
        self._until(float("inf"), kept_free)
        return _waits(self.waits[ORDINARY]), _waits(self.waits[EXPERT])

    def _until(self, moment: float, kept_free: int | None) -> None:
        while self.busy and self.busy[0][0] <= moment:
            at, who = heapq.heappop(self.busy)
            self.idle[who] += 1
            self._hand_out(at, kept_free)

    def _hand_out(self, now: float, kept_free: int | None) -> None:
        while (choice := self._next(kept_free)) is not None:
            tier, who = choice
            number = self.waiting[tier].popleft()
            self.waits[tier].append(now - float(self.tasks.at[number]))
            self.idle[who] -= 1
            heapq.heappush(self.busy, (now + float(self.tasks.seconds[number]), who))

    def _next(self, kept_free: int | None) -> tuple[int, int] | None:
        """The next task's tier and who takes it; None while nobody idle may take what waits."""
        ordinary, special = self.waiting
        spare = self.idle[EXPERT] > (kept_free or 0)
        oldest_first = kept_free is None and ordinary and special and ordinary[0] < special[0]
        if special and self.idle[EXPERT] and not (oldest_first and not self.idle[ORDINARY]):
            return EXPERT, EXPERT
        if ordinary and (self.idle[ORDINARY] or spare):
            return ORDINARY, self._who(spare)
        return (EXPERT, EXPERT) if special and self.idle[EXPERT] else None

    def _who(self, spare: bool) -> int:
        """Whoever asks first: any idle person, experts only while they are to spare."""
        if not spare or not self.idle[EXPERT]:
            return ORDINARY
        if not self.idle[ORDINARY]:
            return EXPERT
        return int(self.chance.random() * sum(self.idle) >= self.idle[ORDINARY])


def _waits(seconds: Sequence[float]) -> Waits:
    return Waits(float(np.mean(seconds)), float(np.quantile(seconds, QUANTILE))) if seconds else Waits(0.0, 0.0)
