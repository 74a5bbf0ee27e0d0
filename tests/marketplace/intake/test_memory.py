"""Neither reading nor exporting holds the file: the memory that they take does not grow with the number of rows."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from marketplace import exports, intake
from marketplace.exports import records
from marketplace.intake import reading
from marketplace.models import Batch
from tests.marketplace.intake import incoming

pytestmark = pytest.mark.django_db

TEXT = "a text of some length, so that a thousand of them would be seen " * 4


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def filled(count: int) -> tuple[Batch, int]:
    """A batch of so many rows, and the most memory that reading them took."""
    batch = incoming.draft()
    received = incoming.upload(batch, incoming.jsonl({"id": at, "text": TEXT, "n": at} for at in range(count)), "rows.jsonl")
    incoming.start(received, {"id": "external_id", "text": "text"})

    def read() -> None:
        while intake.read(upload_id=received.pk, now=incoming.NOW):
            pass

    return batch, peak(read)


def test_four_times_the_rows_take_the_same_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINES", 400)
    monkeypatch.setattr(records, "STEP", 100)
    filled(10)
    small, small_peak = filled(600)
    large, large_peak = filled(2_400)
    assert large.tasks.count() == 2_400
    assert large_peak < 1.5 * small_peak < 3_000_000

    def export(batch: Batch) -> int:
        return peak(lambda: [len(piece) for piece in exports.as_jsonl(batch)])

    export(small)
    assert export(large) < 1.5 * export(small)
