"""How a project's crowd stands - healthy, idle, short or falling - as one pure function of figures and published bounds."""

from __future__ import annotations

from dataclasses import dataclass

HEALTHY, IDLE, SHORT, FALLING = "healthy", "idle", "short", "falling"
BANDS = (FALLING, SHORT, IDLE, HEALTHY)
"""The gravest first: where several hold, the gravest is said."""
JUDGED_LEAST = 20
"""Fewer verdicts than this in a week say nothing about acceptance."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a band is made of. `hours` of open work in all, `active` people this week, `eligible` people whom the rule lets in;
    `done_in` the hours until all is done at the recent pace and `due_in` those until the deadline, where there are such."""

    open_tasks: int
    hours: float
    eligible: int
    active: int
    done_in: float | None = None
    due_in: float | None = None
    judged: int = 0
    accepted: int = 0
    drifting: bool = False

    @property
    def hours_each(self) -> float:
        """Hours of open work for each active person."""
        return self.hours / max(self.active, 1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where one band ends and the next begins; ops publish them by dated rows."""

    most_hours_each: float = 20.0
    """More hours of open work for each active person than this: short."""
    least_hours_each: float = 0.25
    """Fewer hours of open work for each active person than this: idle."""
    most_days: float = 7.0
    """Longer than this until all is done at the recent pace: short, where no deadline says otherwise."""
    least_accepted: float = 90.0
    """Percent of a week's verdicts; fewer accepted: falling."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A band, the code of the reason, and the figure with the bound that it crossed (percent, hours, days or people)."""

    band: str
    why: str
    figure: float = 0.0
    bound: float = 0.0


def read(figures: Figures, bounds: Bounds) -> Reading:
    """The band: quality first, then whether the work gets done, then whether there is work for those who are here."""
    if figures.drifting:
        return Reading(FALLING, "drift")
    if figures.judged >= JUDGED_LEAST and (share := 100 * figures.accepted / figures.judged) < bounds.least_accepted:
        return Reading(FALLING, "acceptance", share, bounds.least_accepted)
    return (_short(figures, bounds) if figures.open_tasks else None) or _idle(figures, bounds) or Reading(HEALTHY, "enough")


def _short(figures: Figures, bounds: Bounds) -> Reading | None:
    if not figures.eligible:
        return Reading(SHORT, "nobody_may", 0, 1)
    if not figures.active:
        return Reading(SHORT, "nobody_works", 0, 1)
    if figures.due_in is not None and figures.done_in is None:
        return Reading(SHORT, "no_pace", 0, max(figures.due_in, 0.0))
    if figures.due_in is not None and figures.done_in is not None and figures.done_in > figures.due_in:
        return Reading(SHORT, "deadline", figures.done_in, max(figures.due_in, 0.0))
    if figures.due_in is None and figures.done_in is not None and figures.done_in > 24 * bounds.most_days:
        return Reading(SHORT, "slow", figures.done_in / 24, bounds.most_days)
    if figures.hours_each > bounds.most_hours_each:
        return Reading(SHORT, "hours_each", figures.hours_each, bounds.most_hours_each)
    return None


def _idle(figures: Figures, bounds: Bounds) -> Reading | None:
    if figures.active and figures.hours_each < bounds.least_hours_each:
        return Reading(IDLE, "little_work", figures.hours_each, bounds.least_hours_each)
    return None
