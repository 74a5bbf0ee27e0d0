"""A day on which tasks are few, played twice on one draw: first come first served, and shared out by the rule of dispatch."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from marketplace import routing

HOUR, LATELY, IDLE, ROUND = 3_600.0, 600.0, 60.0, 15.0
"""Seconds: what counts as the last hour, as asking, as nobody at work, and between two rounds of the job (see `turns`)."""
Most = Callable[[Sequence[int]], int]


@dataclass(frozen=True, slots=True)
class Market:
    """People who ask for one queue at the same time, and what comes into it.

    `seconds` is the median of a task and `spread` how people differ in it (standard deviation of the logarithm); who finds
    nothing asks again after `poll` seconds in the median, `watchers` of them every two seconds.
    """

    workers: int = 40
    watchers: int = 4
    tasks_per_hour: float = 1_200.0
    seconds: float = 45.0
    spread: float = 0.6
    poll: float = 60.0
    hours: float = 8.0


@dataclass(frozen=True, slots=True)
class Draw:
    """When tasks come (seconds), what one takes each worker, and how often they look."""

    at: list[float]
    seconds: list[float]
    poll: list[float]


@dataclass(frozen=True, slots=True)
class Shared:
    """What came of a day: the share of all tasks that the tenth with the most took, how many were taken, and how long a
    task waited in the mean (seconds)."""

    top_decile: float
    taken: int
    wait: float


def draw(market: Market, *, seed: int) -> Draw:
    """The same seed gives the same day, whatever rule it is played by."""
    rng = np.random.default_rng(seed)
    number = int(rng.poisson(market.tasks_per_hour * market.hours))
    arrivals = np.sort(rng.uniform(0, market.hours * HOUR, number))
    seconds = market.seconds * np.exp(market.spread * rng.standard_normal(market.workers))
    poll = market.poll * np.exp(market.spread * rng.standard_normal(market.workers))
    poll[: market.watchers] = 2.0
    return Draw(arrivals.tolist(), seconds.tolist(), poll.tolist())


def play(market: Market, day: Draw, *, most: Most | None = routing.fair_most) -> Shared:
    """One day by the rule `most`, or by none: whoever asks first."""
    return _Day(market, day, most).play()


class _Day:
    """The queue, who took from it when, and whose turn it is not."""

    def __init__(self, market: Market, day: Draw, most: Most | None) -> None:
        self.market, self.day, self.most = market, day, most
        self.counts = [0] * market.workers
        self.hour: list[deque[float]] = [deque() for _ in range(market.workers)]
        self.asked = [-HOUR] * market.workers
        self.last = -HOUR
        self.taken = 0
        self.waited = 0.0
        self.waiting: set[int] = set()

    def play(self) -> Shared:
        end, round_at, came = self.market.hours * HOUR, 0.0, 0
        asks = [(poll * (at + 1) / self.market.workers, at) for at, poll in enumerate(self.day.poll)]
        heapq.heapify(asks)
        while asks[0][0] < end:
            now, who = heapq.heappop(asks)
            while came < len(self.day.at) and self.day.at[came] <= now:
                came += 1
            while round_at <= now:
                self._share_out(round_at, sum(1 for at in self.day.at[self.taken : came] if at <= round_at))
                round_at += ROUND
            heapq.heappush(asks, (now + self._ask(who, now, came), who))
        top = sorted(self.counts, reverse=True)[: max(self.market.workers // 10, 1)]
        return Shared(sum(top) / max(self.taken, 1), self.taken, self.waited / max(self.taken, 1))

    def _ask(self, who: int, now: float, came: int) -> float:
        """Take the oldest task if there is one; returns the seconds until this worker asks again."""
        if came <= self.taken or who in self.waiting:
            self.asked[who] = now
            return self.day.poll[who]
        self.waited += now - self.day.at[self.taken]
        self.taken += 1
        self.counts[who] += 1
        self.hour[who].append(now)
        self.last = now
        return self.day.seconds[who]

    def _share_out(self, now: float, open_slots: int) -> None:
        """What `turns.share_out` does every quarter of a minute."""
        if self.most is None:
            return
        for times in self.hour:
            while times and times[0] <= now - HOUR:
                times.popleft()
        asking = {
            who: len(times) for who, times in enumerate(self.hour)
            if (times and times[-1] > now - LATELY) or self.asked[who] > now - LATELY
        }  # fmt: skip
        scarce = routing.is_scarce(open_slots=open_slots, seconds=self.market.seconds, askers=len(asking))
        at_work = not open_slots or self.last > now - IDLE
        least = self.most(list(asking.values())) if scarce and at_work else 0
        self.waiting = {who for who, taken in asking.items() if taken >= least} if least else set()
