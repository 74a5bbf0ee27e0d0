"""Pure reading of signs that an answer was not written by hand: pasted, not typed, faster than anybody types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEAST = 80
"""Characters of free text below which nothing can be said."""
PASTED_FROM = 0.6
"""Share of the text that was pasted."""
TYPED_BELOW = 0.5
"""Share of the text that keys and pasting account for."""
FASTEST = 15.0
"""Characters a second of active time: twice what a quick typist reaches, who does not think meanwhile."""
WRITTEN = ("comment", "justification", "text")
"""Parts of answers that people write themselves."""

PASTED, NOT_TYPED, TOO_FAST = "pasted", "not_typed", "too_fast"
KINDS = (PASTED, NOT_TYPED, TOO_FAST)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the workspace counted for one answer, and how long its text is."""

    characters: int
    typed: int
    pasted: int
    away_ms: int
    active_ms: int


def written(answer: Any) -> int:
    """Characters of free text in an answer of any kind of work."""
    if isinstance(answer, Mapping):
        own = sum(len(value) for name, value in answer.items() if name in WRITTEN and isinstance(value, str))
        return own + sum(written(value) for value in answer.values() if not isinstance(value, str))
    return sum(map(written, answer)) if isinstance(answer, list) else 0


def of(seen: Seen) -> list[str]:
    """The signs of one answer; none for a short text."""
    if seen.characters < LEAST:
        return []
    found = {
        PASTED: seen.pasted >= PASTED_FROM * seen.characters,
        NOT_TYPED: seen.typed + seen.pasted < TYPED_BELOW * seen.characters,
        TOO_FAST: seen.characters * 1_000 > FASTEST * max(seen.active_ms, 1),
    }
    return [kind for kind in KINDS if found[kind]]
