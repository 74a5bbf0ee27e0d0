"""Whether answers to known tasks have become worse lately: one test on two counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

ENOUGH = 20
"""Known answers on either side below which nothing is said."""
ALARM = 3.0
"""Standard deviations: where nothing changed, one look in 740 sounds the alarm."""


@dataclass(frozen=True, slots=True)
class Count:
    """Answers to known tasks, and how many were right."""

    seen: int = 0
    right: int = 0

    @property
    def share(self) -> float:
        return self.right / self.seen if self.seen else 0.0

    def __add__(self, other: Count) -> Count:
        return Count(self.seen + other.seen, self.right + other.right)


def fall(*, before: Count, lately: Count) -> float | None:
    """By how many standard deviations the share of right ones fell; None where either side is too small.

    Two proportions with pooled variance: (p1 - p2) / root of p (1 - p) (1 / n1 + 1 / n2), with half an answer of each kind
    added so that a spotless record has a variance too.
    """
    if before.seen < ENOUGH or lately.seen < ENOUGH:
        return None
    pooled = (before.right + lately.right + 0.5) / (before.seen + lately.seen + 1)
    spread = sqrt(pooled * (1 - pooled) * (1 / before.seen + 1 / lately.seen))
    return (before.share - lately.share) / spread


def alarms(*, before: Count, lately: Count) -> bool:
    found = fall(before=before, lately=lately)
    return found is not None and found >= ALARM
