"""How fast people usually are, told robustly: what is too quick to be work, and from where on slowness counts no more."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 20
"""Fewer times than this say too little; then the expected time is all there is to go by."""
FAR = 3.5
"""How far from the median is too far, in robust standard deviations."""
NORMAL = 0.6745
"""MAD of a normal distribution, in standard deviations."""
SPREAD_LEAST = 0.25
"""Least standard deviation of log times that is believed: people who take all the same time are not outliers of each other."""
UNKNOWN_MOST = 3
"""Until enough is measured, this many times the expected time counts at most."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Active milliseconds below which a piece is no work, and beyond which time counts no more."""

    low_ms: int
    high_ms: int


def usual(active_ms: Sequence[int], *, expected_ms: int) -> Pace:
    """The bounds that these times show; (0, 3 x expected) where they are too few.

    Modified z-score on log times, |0.6745 (x - median) / MAD| <= 3.5 (Iglewicz and Hoaglin, How to Detect and Handle Outliers,
    ASQC 1993): up to half of the times may be made up and do not move it far. Log, since times of work are skewed to the right.
    """
    logs = [math.log(ms) for ms in active_ms if ms > 0]
    if len(logs) < ENOUGH:
        return Pace(0, UNKNOWN_MOST * expected_ms)
    middle = statistics.median(logs)
    spread = max(statistics.median(abs(log - middle) for log in logs) / NORMAL, SPREAD_LEAST)
    return Pace(math.floor(math.exp(middle - FAR * spread)), math.ceil(math.exp(middle + FAR * spread)))
