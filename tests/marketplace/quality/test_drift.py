"""An alarm when known answers are met worse than before, and none where chance explains it."""

from __future__ import annotations

import numpy as np
import pytest

from marketplace.quality import scores
from marketplace.quality.drift import ALARM, Count, alarms, fall


@pytest.mark.parametrize(("before", "lately", "sounds"), [
    ((200, 190), (40, 28), True), ((200, 190), (40, 37), False), ((200, 190), (19, 5), False), ((10, 10), (40, 5), False),
    ((200, 120), (40, 40), False), ((50, 50), (50, 50), False), ((50, 50), (50, 40), True),
])  # fmt: skip
def test_a_fall_beyond_chance_sounds_and_nothing_else(before: tuple[int, int], lately: tuple[int, int], sounds: bool) -> None:
    assert alarms(before=Count(*before), lately=Count(*lately)) is sounds


def test_where_nothing_changed_it_hardly_ever_sounds_and_a_fall_of_fifteen_points_mostly() -> None:
    rng = np.random.default_rng(1)
    same = [alarms(before=Count(300, int(rng.binomial(300, 0.9))), lately=Count(60, int(rng.binomial(60, 0.9)))) for _ in range(3_000)]
    worse = [alarms(before=Count(300, int(rng.binomial(300, 0.9))), lately=Count(60, int(rng.binomial(60, 0.75)))) for _ in range(500)]
    assert sum(same) / len(same) < 0.008 and sum(worse) / len(worse) > 0.5
    assert fall(before=Count(300, 270), lately=Count(60, 45)) == pytest.approx(3.25, abs=0.1) and ALARM == 3


def test_how_many_more_answers_lift_the_lower_end() -> None:
    narrow = scores.score([scores.Record(90.0, 100.0)], crowd=0.9)[0]
    more = scores.answers_until(mean=narrow.mean, low=narrow.low, high=narrow.high, target=0.85)
    assert more is not None and 20 < more < 80
    then = scores.score([scores.Record(90.0 + 0.9 * more, 100.0 + more)], crowd=0.9)[0]
    assert then.low == pytest.approx(0.85, abs=0.012), "and with so many it is there"


@pytest.mark.parametrize(("mean", "low", "high", "target", "more"), [(0.8, 0.7, 0.9, 0.85, None), (0.95, 0.9, 0.98, 0.9, 0)])
def test_who_is_not_right_often_enough_is_told_no_number(mean: float, low: float, high: float, target: float, more: int | None) -> None:
    assert scores.answers_until(mean=mean, low=low, high=high, target=target) == more
