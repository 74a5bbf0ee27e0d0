"""The double's own clock: real time plus an offset that tests and drills may move."""

import time
from datetime import UTC, datetime


class Clock:
    """Whole seconds since 1970; the offset is kept in the books, so that a restart does not jump back."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset

    def now(self) -> int:
        return int(time.time()) + self.offset

    def advance(self, seconds: int) -> None:
        self.offset += seconds

    def set(self, moment: int) -> None:
        self.offset = moment - int(time.time())

    def reset(self) -> None:
        self.offset = 0


def iso(moment: int) -> str:
    """A moment as the v2 API writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
