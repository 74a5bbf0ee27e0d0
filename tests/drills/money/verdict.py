"""What a drill found beside what it had to find, as one figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.drills.figure import Figure


@dataclass(frozen=True)
class AtMost:
    """A bound that is not an exact figure."""

    most: float

    def __eq__(self, found: object) -> bool:
        return isinstance(found, int | float) and found <= self.most

    def __hash__(self) -> int:
        return hash(self.most)

    def __str__(self) -> str:
        return f"<={self.most:g}"


@dataclass(frozen=True)
class AtLeast:
    """The same from below."""

    least: float

    def __eq__(self, found: object) -> bool:
        return isinstance(found, int | float) and found >= self.least

    def __hash__(self) -> int:
        return hash(self.least)

    def __str__(self) -> str:
        return f">={self.least:g}"


def held(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Figure:
    """Passed when every fact is as wanted; both sides are printed as `name=value,name=value` without blanks."""
    missing = wanted.keys() - found.keys()
    if missing:
        raise KeyError(f"the drill did not look at {sorted(missing)}")
    return Figure(
        value=_line({name: found[name] for name in wanted}), bound=_line(wanted),
        passed=all(bound == found[name] for name, bound in wanted.items()),
    )  # fmt: skip


def _line(facts: Mapping[str, Any]) -> str:
    return ",".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}".replace(" ", "_")
                    for name, value in facts.items())  # fmt: skip
