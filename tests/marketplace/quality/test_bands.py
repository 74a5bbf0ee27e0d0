"""Bands of a crowd's health: a pure function of figures and published bounds; the gravest that holds is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace import pool_health
from marketplace.quality import bands
from marketplace.quality.bands import Bounds, Figures

GOOD = Figures(open_tasks=100, hours=10, eligible=20, active=5, done_in=20, judged=100, accepted=98)


@pytest.mark.parametrize(
    ("changes", "band", "why"),
    [
        ({}, "healthy", "enough"),
        ({"eligible": 0, "active": 0}, "short", "nobody_may"),
        ({"active": 0}, "short", "nobody_works"),
        ({"done_in": 24.0 * 8}, "short", "slow"),
        ({"done_in": 24.0 * 8, "due_in": 24.0 * 9}, "healthy", "enough"),
        ({"done_in": 20.0, "due_in": 19.0}, "short", "deadline"),
        ({"due_in": 100.0, "done_in": None}, "short", "no_pace"),
        ({"hours": 101.0}, "short", "hours_each"),
        ({"hours": 1.0}, "idle", "little_work"),
        ({"hours": 0.0, "open_tasks": 0}, "idle", "little_work"),
        ({"accepted": 89}, "falling", "acceptance"),
        ({"judged": 19, "accepted": 1}, "healthy", "enough"),
        ({"drifting": True, "active": 0}, "falling", "drift"),
    ],
)
def test_the_gravest_band_that_holds_is_said_with_its_reason(changes: dict[str, float], band: str, why: str) -> None:
    read = bands.read(replace(GOOD, **changes), Bounds())  # type: ignore[arg-type]
    assert (read.band, read.why) == (band, why)
    assert pool_health.sentence(read.why, read.figure, read.bound) and pool_health.TO_DO[read.why]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        Figures, open_tasks=st.integers(0, 9), hours=st.floats(0, 1e4), eligible=st.integers(0, 9), active=st.integers(0, 9),
        done_in=st.none() | st.floats(0, 1e4), due_in=st.none() | st.floats(-1e3, 1e4), judged=st.integers(0, 99), accepted=st.integers(0, 99),
        drifting=st.booleans(),
    )
)
def test_every_crowd_has_a_band_and_more_people_never_make_it_shorter(figures: Figures) -> None:
    read = bands.read(figures, Bounds())
    assert read.band in bands.BANDS
    more = bands.read(replace(figures, active=figures.active + 1, eligible=figures.eligible + 1), Bounds())
    assert not (more.band == "short" and read.band != "short")


def test_a_reading_says_minutes_hours_or_days() -> None:
    assert pool_health.sentence("little_work", 0.0122, 0.25) == (
        "44 seconds of open work are left for each active person, less than 15 minutes."
    )
    assert pool_health.sentence("deadline", 100.0, 20.0) == "At the recent pace it is done in 4 days; the deadline is in 20 hours."
    assert pool_health.sentence("acceptance", 88.25, 90.0) == "88.2 % of this week's verdicts accept, less than 90 %."
