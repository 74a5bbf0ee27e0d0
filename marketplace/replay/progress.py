"""A bar on stderr that says what is going on and how far it is."""

from __future__ import annotations

import sys
import threading
import time

WIDTH = 30
EVERY = 0.2
"""Seconds between two drawings."""


class Bar:
    """Shows one step at a time; silent where nobody is looking."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._lock = threading.Lock()
        self._step, self._done, self._total, self._drawn = "", 0, 0, 0.0

    def step(self, name: str, total: int = 0) -> None:
        """Begin a step; without a total there is nothing to count."""
        with self._lock:
            self._end_line()
            self._step, self._done, self._total = name, 0, total
            self._draw()

    def count(self, done: int | None = None) -> None:
        """One more, or so many in all."""
        with self._lock:
            self._done = self._done + 1 if done is None else done
            if time.monotonic() - self._drawn >= EVERY or self._done == self._total:
                self._draw()

    def close(self) -> None:
        with self._lock:
            self._end_line()

    def _draw(self) -> None:
        if not self._shown:
            return
        self._drawn = time.monotonic()
        text = self._step
        if self._total:
            full = min(WIDTH, WIDTH * self._done // self._total)
            text = f"{self._step:<22} [{'#' * full}{'.' * (WIDTH - full)}] {self._done}/{self._total}"
        sys.stderr.write(f"\r{text}\x1b[K")
        sys.stderr.flush()

    def _end_line(self) -> None:
        if self._shown and self._step:
            self._draw()
            sys.stderr.write("\n")
            self._step = ""
