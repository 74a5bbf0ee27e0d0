"""What rooms above promise to whoever passes an exam: shown before it begins, and taken up in the transaction that begins it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kit.errors import Text
from kit.money import Money
from qualification.models import Exam


@dataclass(frozen=True, slots=True)
class Promise:
    """What passing pays and in whose words; `full`: nobody else can be promised it right now, so one begins without."""

    amount: Money
    text: Text
    full: bool = False


Look = Callable[[Exam, uuid.UUID, datetime], Promise | None]
Take = Callable[[Exam, uuid.UUID, datetime, bool], None]

DECLARED: list[tuple[Look, Take]] = []
"""Who promises something: a look that changes nothing, and what happens as somebody begins (the last argument: without pay)."""


def declare(look: Look, take: Take) -> None:
    """Done once, when the room is loaded."""
    DECLARED.append((look, take))


def of(*, exam: Exam, worker_id: uuid.UUID, now: datetime) -> list[Promise]:
    """All that passing this exam would bring this person besides the grant."""
    return [found for look, _take in DECLARED if (found := look(exam, worker_id, now)) is not None]


def take(*, exam: Exam, worker_id: uuid.UUID, now: datetime, unpaid: bool) -> None:
    """Somebody begins. Raises what the rooms above raise, and then nobody has begun."""
    for _look, taken in DECLARED:
        taken(exam, worker_id, now, unpaid)
