"""What every group of figures stands on: a migrated database, rounds that alternate, and bare twins of tables."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import django


def ready() -> None:
    """Set Django up on the database of this run, with all migrations; may be called again."""
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def now() -> datetime:
    """The clock, read here as a job would."""
    from django.utils import timezone

    return timezone.now()


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of first over second: each pair was measured side by side, so that a busy moment strikes both."""
    return statistics.median(first / second for first, second in pairs)


def alternate(measured: Callable[[], float], reference: Callable[[], float], *, rounds: int) -> float:
    """Measured over reference, in rounds that take turns in who begins; one round of each before is thrown away."""
    measured(), reference()
    pairs = []
    for at in range(rounds):
        if at % 2:
            second = reference()
            pairs.append((measured(), second))
        else:
            pairs.append((measured(), reference()))
    return median_ratio(pairs)


def bare_twin(cursor: Any, table: str) -> str:
    """An empty table with the columns and indexes of another, and nothing else: no checks, no keys to others, no triggers."""
    twin = f"bench_{table}"
    cursor.execute(f"DROP TABLE IF EXISTS {twin}")
    cursor.execute(f"CREATE TABLE {twin} (LIKE {table} INCLUDING INDEXES)")
    return twin
