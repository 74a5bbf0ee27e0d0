"""The one table of who hears of what: event -> handlers, called by runners at least once; every handler is idempotent."""

from __future__ import annotations

REACTIONS: dict[str, tuple[str, ...]] = {}
