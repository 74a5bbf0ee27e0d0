"""The client changes their mind, or downloads what was wrong."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from marketplace import intake
from marketplace.intake import bad_rows, reading
from marketplace.intake.plan import NotADraft
from marketplace.models import BadRow, Batch, Upload
from tests.marketplace.intake import incoming

pytestmark = pytest.mark.django_db


def table(received: Upload) -> list[list[str]]:
    content = b"".join(intake.bad_rows_csv(received))
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_discarded_file_leaves_no_trace_and_its_neighbours_stay(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    batch = incoming.draft()
    kept = incoming.read(batch, "id,text\na,1\n", {"id": "external_id", "text": "text"})
    gone = incoming.read(batch, "id,text\nb,2\nc,\nd,4\n", {"id": "external_id", "text": "text"})
    after = incoming.read(batch, "id,text\ne,5\n", {"id": "external_id", "text": "text"})
    assert batch.task_count == 4
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        assert intake.discard(upload=gone) == 2
    batch.refresh_from_db()
    assert [task.external_id for task in incoming.tasks(batch)] == ["a", "e"]
    assert batch.task_count == 2
    assert set(batch.uploads.all()) == {kept, after}
    assert not BadRow.objects.filter(upload_id=gone.pk).exists()
    assert not default_storage.exists(gone.stored_as)
    again = incoming.read(batch, "id,text\nb,2\n", {"id": "external_id", "text": "text"})
    assert (again.rows_good, [task.external_id for task in incoming.tasks(batch)]) == (1, ["a", "e", "b"])


def test_a_file_that_is_being_read_can_be_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINES", 2)
    batch = incoming.draft()
    received = incoming.upload(batch, "text\na\nb\nc\nd\ne\n")
    incoming.start(received, {"text": "text"})
    assert intake.read(upload_id=received.pk, now=incoming.NOW)
    with transaction.atomic():
        assert intake.discard(upload=received) == 2
    assert not intake.read(upload_id=received.pk, now=incoming.NOW)
    assert Batch.objects.get(pk=batch.pk).task_count == batch.tasks.count() == 0


@pytest.mark.parametrize("content", ["text\na\n", ""])
def test_a_file_that_was_never_read_can_be_discarded_twice(content: str) -> None:
    received = incoming.upload(incoming.draft(), content)
    for _turn in range(2):
        with transaction.atomic():
            assert intake.discard(upload=received) == 0
    assert not Upload.objects.filter(pk=received.pk).exists()


def test_rows_of_a_launched_batch_stay() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text\na\n", {"text": "text"})
    Batch.objects.filter(pk=batch.pk).update(state="active")
    with pytest.raises(NotADraft), transaction.atomic():
        intake.discard(upload=received)
    assert batch.tasks.count() == 1


def test_bad_rows_are_downloaded_in_the_order_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_rows, "CHUNK", 2)
    batch = incoming.draft()
    received = incoming.read(batch, "text,n\n" + "".join(f"=bad {at}\n" for at in range(7)) + "good,1\n", {"text": "text"})
    head, *rows = table(received)
    assert head == ["line", "column", "reason", "row"]
    assert [(row[0], row[3]) for row in rows] == [(str(at + 2), f"'=bad {at}") for at in range(7)]
    assert "some are missing" in rows[0][2]


def test_bad_rows_that_are_not_listed_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BAD_MOST", 2)
    received = incoming.read(incoming.draft(), "text,n\n" + "bad\n" * 5, {"text": "text"})
    rows = table(received)
    assert len(rows) == 4
    assert rows[-1] == ["", "", "3 more rows are bad and not listed here.", ""]
