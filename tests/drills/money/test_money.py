"""The drills of money in their small form: each passes, and each is able to fail, as its sabotaged twin shows.

They run as `make drill SIZE=small` does, in a process with servers of its own, as some of them kill those servers.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.drills.money.catalogue import DRILLS
from tests.drills.money.engines import ROOT

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """The line of each drill and each twin."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.drills", "--size", "small"], cwd=ROOT, capture_output=True, text=True, timeout=880, check=False
    )
    lines = {line.split(" ", 1)[0]: line for line in done.stdout.splitlines()}
    assert done.returncode in (0, 1) and lines, done.stderr[-3000:]
    lines["exit"] = str(done.returncode)
    lines["said"] = done.stderr[-3000:]
    return lines


@pytest.mark.parametrize("name", DRILLS)
def test_the_drill_holds(printed: dict[str, str], name: str) -> None:
    assert printed[name].endswith(" pass"), printed["said"]


@pytest.mark.parametrize("name", DRILLS)
def test_its_sabotaged_twin_is_caught(printed: dict[str, str], name: str) -> None:
    line = printed[f"{name}-"]
    assert line.endswith(" fail") and " broke " not in line, printed["said"]


def test_the_runner_says_so_by_its_exit(printed: dict[str, str]) -> None:
    assert printed["exit"] == "0", printed["said"]
