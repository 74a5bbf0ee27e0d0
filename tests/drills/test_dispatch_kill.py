"""The kill drill in its small form, and its twins that have to fail; `DRILL=full` plays 200 workers on 1,000 tasks."""

from __future__ import annotations

import os

import pytest

from tests.drills.dispatch import kill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.drill, pytest.mark.timeout(900)]
SIZE = kill.SIZES["full" if os.environ.get("DRILL") == "full" else "small"]
TINY = kill.Size(workers=20, tasks=(60, 20, 10), seconds=15, crash=False, webs=1)


def test_everything_happens_once_while_web_processes_and_connections_die() -> None:
    found, journal = kill.play(SIZE)
    assert not found, (found, journal.seen)
    for what in ("web killed", "backends ended", "cut off", "expired", "asked again", "submit in time 201"):
        assert journal.seen[what] > 0, f"the drill has to include: {what} ({journal.seen})"
    assert journal.seen["steered"] == 7


def test_the_drill_sees_requests_that_happen_twice() -> None:
    found, journal = kill.play(TINY, sabotage="idempotency")
    assert any("repeated request" in fault or "nobody was told" in fault for fault in found), (found, journal.seen)


def test_the_drill_sees_late_answers_that_take_any_slot() -> None:
    found, journal = kill.play(TINY, sabotage="late")
    assert any("more submissions" in fault or "does not say" in fault for fault in found), (found, journal.seen)
