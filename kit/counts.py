"""Figures that are counted afresh while that is cheap, and believed for a while when it took long."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.core.cache import cache

Found = TypeVar("Found")

REST = 50
"""A count is believed for so many times the time that it took, so that counting never takes more than 2 % of anything."""
REST_FROM = 1.0
"""Seconds; a shorter belief is not worth keeping."""
REST_MOST = 60


def rested(name: str, ids: Sequence[uuid.UUID], count: Callable[[], Found]) -> Found:
    """Count, or believe an earlier count of the same `name` and `ids`."""
    digest = hashlib.sha256(b"".join(one.bytes for one in sorted(ids))).hexdigest()[:24]
    key = f"counts:{name}:{digest}"
    kept: Found | None = cache.get(key)
    if kept is not None:
        return kept
    began = time.monotonic()
    counted = count()
    rest = (time.monotonic() - began) * REST
    if rest >= REST_FROM:
        cache.set(key, counted, min(rest, REST_MOST))
    return counted
