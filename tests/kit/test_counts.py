"""A figure that took long to count is believed for a while; a cheap one never is."""

from __future__ import annotations

import time
import uuid

import pytest
from django.core.cache import cache

from kit import counts


class Clock:
    """Each count takes `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds, self.counted = 0.0, seconds, 0

    def count(self) -> int:
        self.now += self.seconds
        self.counted += 1
        return self.counted


@pytest.mark.parametrize(("seconds", "counted"), [(0.001, 2), (0.5, 1)])
def test_only_what_took_long_is_believed(seconds: float, counted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(seconds)
    monkeypatch.setattr(counts, "REST", 50)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    name, ids = f"test-{uuid.uuid4()}", [uuid.uuid4(), uuid.uuid4()]
    assert counts.rested(name, ids, clock.count) == 1
    assert counts.rested(name, ids[::-1], clock.count) == counted
    assert counts.rested(f"{name}-other", ids, clock.count) == counted + 1, "another figure is not taken for it"


def test_a_belief_ends_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[float] = []
    clock = Clock(600)
    monkeypatch.setattr(counts, "REST", 50)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr(cache, "set", lambda key, value, seconds: kept.append(seconds))
    counts.rested(f"test-{uuid.uuid4()}", [], clock.count)
    assert kept == [counts.REST_MOST]
