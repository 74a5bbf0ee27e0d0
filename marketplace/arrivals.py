"""Pure arithmetic of when more work is to be expected, and when one's turn, from when it came before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from marketplace.quality import scores

LOOK_BACK = timedelta(days=28)
ENOUGH = 4
"""Fewer openings than this in four weeks say too little about the next."""
ONE_EVENT = timedelta(hours=1)
"""Batches that open within an hour of each other are one opening to whoever waits."""
INSIDE = 0.8
"""Share of cases in which the next opening falls between the ends of the interval."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Openings in the last 28 days, and how long the next one takes: in half of the cases less than `median`, in eight of ten
    between `low` and `high`. None where there is too little data."""

    openings: int
    median: timedelta | None = None
    low: timedelta | None = None
    high: timedelta | None = None


def expected(opened: Sequence[datetime], *, now: datetime) -> Expected:
    """When the next opening is due, as seen at `now`.

    Openings are taken to come at random at an unknown constant rate: with n of them in a time T and Jeffreys' prior the
    wait is Lomax with shape n + 1/2 and scale T, so that the p-quantile is T ((1 - p)^(-1 / (n + 1/2)) - 1).
    """
    count = len(_events(moment for moment in sorted(opened) if now - LOOK_BACK <= moment <= now))
    if count < ENOUGH:
        return Expected(count)
    tail = (1 - INSIDE) / 2
    return Expected(count, _quantile(0.5, count), _quantile(tail, count), _quantile(1 - tail, count))


def _events(ordered: Iterable[datetime]) -> list[datetime]:
    found: list[datetime] = []
    last: datetime | None = None
    for moment in ordered:
        if last is None or moment - last > ONE_EVENT:
            found.append(moment)
        last = moment
    return found


def _quantile(share: float, count: int) -> timedelta:
    return LOOK_BACK * float((1 - share) ** (-1 / (count + 0.5)) - 1)


@dataclass(frozen=True, slots=True)
class Turn:
    """How long until a place on a list is let in: `let_in` people in `times` openings so far; half of the cases before `median`,
    eight of ten between `low` and `high`. None where there is too little data."""

    let_in: int
    times: int
    median: timedelta | None = None
    low: timedelta | None = None
    high: timedelta | None = None


def turn(moments: Sequence[datetime], *, place: int, over: timedelta, now: datetime) -> Turn:
    """When the turn of the person at `place` comes, from when others of the list were let in within the time `over`.

    People come in groups, as many at once as their mean so far, m; so k = ceil(place / m) groups have to be let in. Groups come at
    random at an unknown constant rate: with n of them in a time T and Jeffreys' prior, the wait for the k-th is T B / (1 - B) with B
    of Beta(k, n + 1/2).
    """
    inside = sorted(moment for moment in moments if now - over <= moment <= now)
    times = len(_events(inside))
    if times < ENOUGH:
        return Turn(len(inside), times)
    groups = math.ceil(place * times / len(inside))
    low, high = _wait(groups, times, over, INSIDE)
    median, _same = _wait(groups, times, over, 0.0)
    return Turn(len(inside), times, median, low, high)


def _wait(groups: int, times: int, over: timedelta, level: float) -> tuple[timedelta, timedelta]:
    counts = groups + times + 0.5
    low, high = scores.beta_interval(np.array([groups / counts]), np.array([counts]), level=level)
    return over * float(low[0] / (1 - low[0])), over * float(high[0] / (1 - high[0]))
