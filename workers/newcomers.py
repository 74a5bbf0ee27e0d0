"""What rooms above do when somebody signs up who came by a personal link: declared there, told here in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

CAME_BY = "came_by"
"""Where a session keeps the word of the link by which somebody came."""

Came = Callable[[uuid.UUID, str, datetime], None]

DECLARED: list[Came] = []


def declare(came: Came) -> None:
    """Done once, when the room is loaded: called with the new worker's id and the word of the link."""
    DECLARED.append(came)


def tell(*, worker_id: uuid.UUID, word: str, now: datetime) -> None:
    """Somebody new signed up to work, by this link."""
    for came in DECLARED:
        came(worker_id, word, now)
