"""A file comes in piece by piece; what cannot be understood is refused in words, and nothing of it stays behind."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from pytest_django.fixtures import Settings

from marketplace import intake
from marketplace.intake import files
from marketplace.intake.plan import NotADraft
from marketplace.models import Batch, Upload
from tests import market, people
from tests.marketplace.intake import incoming
from tests.marketplace.intake.incoming import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def spool(settings: Settings, tmp_path: Path) -> Path:
    """Where temporary files lie, seen by this test alone."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    return tmp_path


def test_a_file_is_stored_as_it_came_and_known_by_its_content(spool: Path) -> None:
    batch = incoming.draft()
    content = "id,text\n1,Sunny in Århus\n2,\n3,c\n".encode()
    received = incoming.upload(batch, content, "C:\\Users\\Mira\\may\x00.csv")
    assert (received.name, received.kind, received.status) == ("may.csv", "csv", "received")
    assert (received.size, received.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert received.columns == [
        {"name": "id", "samples": ["1", "2", "3"]}, {"name": "text", "samples": ["Sunny in Århus", "c"]},
    ]
    with default_storage.open(received.stored_as) as stored:
        assert stored.read() == content
    assert list(spool.iterdir()) == []
    assert batch.tasks.count() == 0


def test_a_large_file_passes_through_without_being_held(spool: Path) -> None:
    batch = incoming.draft()
    row = b"a text of about a hundred bytes, so that many rows make a file of a size that would be noticed if kept\n"

    def arriving() -> Iterator[bytes]:
        yield b"text\n"
        for _piece in range(600):
            yield row * 1000

    tracemalloc.start()
    received = intake.receive(batch=batch, name="a.csv", chunks=arriving(), actor_id=batch.created_by_id, now=NOW)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert received.size > 60_000_000
    assert peak < 8_000_000
    files.forget(received.stored_as)


def test_the_same_content_again_is_warned_about_within_the_organisation_alone() -> None:
    batch = incoming.draft()
    first = incoming.upload(batch, "text\na\n", "monday.csv")
    again = incoming.upload(incoming.draft(batch.project, "Second"), "text\na\n", "tuesday.csv")
    elsewhere = incoming.upload(incoming.draft(), "text\na\n")
    other = incoming.upload(batch, "text\nb\n")
    assert intake.duplicates_of(again) == [first]
    assert intake.duplicates_of(first) == []
    assert intake.duplicates_of(elsewhere) == []
    assert intake.duplicates_of(other) == []


def test_too_much_is_refused_while_it_arrives(monkeypatch: pytest.MonkeyPatch, spool: Path) -> None:
    monkeypatch.setattr(files, "SIZE_MOST", 5_000)
    batch = incoming.draft()
    with pytest.raises(files.FileTooLarge):
        incoming.upload(batch, "text\n" + "a\n" * 3_000)
    assert not Upload.objects.filter(batch=batch).exists()
    assert list(spool.iterdir()) == []


def test_a_line_that_breaks_leaves_nothing(spool: Path) -> None:
    batch = incoming.draft()

    def breaking() -> Iterator[bytes]:
        yield b"text\na\n"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        intake.receive(batch=batch, name="a.csv", chunks=breaking(), actor_id=batch.created_by_id, now=NOW)
    assert not Upload.objects.filter(batch=batch).exists()
    assert list(spool.iterdir()) == []


def test_a_launched_batch_takes_no_file() -> None:
    mira, organisation = people.client()
    batch = market.launched(mira, organisation)
    with pytest.raises(NotADraft):
        incoming.upload(batch, "text\na\n")
    assert not Upload.objects.filter(batch=batch).exists()


def test_a_storage_without_a_local_path_works_as_well(settings: Settings, spool: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES, "default": {"BACKEND": "tests.marketplace.intake.incoming.Remote"},
    }
    batch = incoming.draft()
    received = incoming.read(batch, "text\na\nb\n", {"text": "text"})
    assert incoming.shown(batch) == ["a", "b"]
    with pytest.raises(NotImplementedError):
        default_storage.path(received.stored_as)
    assert list(spool.iterdir()) == [], "the local copy is gone after the last chunk"


READABLE = [
    ("semicolons", "text;n\nwell, yes;1\nno;2\n", "rows.csv", "csv", ";"),
    ("tabs", "text\tn\na, b\t1\n", "rows.txt", "tsv", "\t"),
    ("bars", "text|n\na, b|1\nc|2\n", "rows.csv", "csv", "|"),
    ("a byte order mark", "\ufefftext,n\na,1\n", "rows.csv", "csv", ","),
    ("quoted names", '"text","n, or not"\na,1\n', "rows.csv", "csv", ","),
    ("no ending", "text,n\na,1\n", "upload", "csv", ","),
    ("a column called like data", "2019,text\n1,a\n", "rows.csv", "csv", ","),
    ("empty lines before the names", "\n\ntext,n\na,1\n", "rows.csv", "csv", ","),
]


@pytest.mark.parametrize(("content", "name", "kind", "delimiter"), [c[1:] for c in READABLE], ids=[c[0] for c in READABLE])
def test_tables_of_many_habits_are_understood(content: str, name: str, kind: str, delimiter: str) -> None:
    batch = incoming.draft()
    received = incoming.read(batch, content, {"text": "text"}, name)
    assert (received.kind, received.mapping["layout"]["delimiter"]) == (kind, delimiter)
    assert incoming.shown(batch)[0] in {"a", "a, b", "well, yes"}


def test_one_column_is_enough() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, 'text\nplain\n"with, a comma"\nwith, none\n', {"text": "text"})
    assert incoming.shown(batch) == ["plain", "with, a comma"]
    ((line, _field, reason),) = incoming.faults(received)
    assert line == 4
    assert "a separator inside a cell needs quotes" in reason


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.txt", "rows.csv", "rows"])
def test_json_lines_are_known_by_content_whatever_their_name(name: str) -> None:
    batch = incoming.draft()
    content = b'\xef\xbb\xbf\n{"text": "a", "n": 1}\r\n{"text": "b", "m": {"x": 1}}\r\n'
    received = incoming.read(batch, content, {"text": "text"}, name)
    assert received.kind == "jsonl"
    assert [column["name"] for column in received.columns] == ["text", "n", "m"]
    assert received.columns[2]["samples"] == ['{"x":1}']
    assert [(task.line, task.payload["text"]) for task in incoming.tasks(batch)] == [(2, "a"), (3, "b")]


UNREADABLE: list[tuple[str, bytes, str, str]] = [
    ("nothing", b"", "a.csv", "The file is empty."),
    ("spaces alone", b" \r\n\t\n", "a.csv", "The file is empty."),
    ("a mark alone", b"\xef\xbb\xbf", "a.csv", "The file is empty."),
    ("one line", b"text,n", "a.csv", "a single line"),
    ("names alone", b"text,n\n\n\n", "a.csv", "names its columns but has no rows"),
    ("UTF-16", "text,n\na,1\n".encode("utf-16"), "a.csv", "UTF-16"),
    ("UTF-16 without a mark", "text,n\na,1\n".encode("utf-16-le"), "a.csv", "UTF-16"),
    ("Windows-1252", "text,n\na,1\ncafé,2\n".encode("cp1252"), "a.csv", "line 3 holds the byte 0xE9 at position 15, “é”"),
    ("gzip", gzip.compress(b"text\na\n"), "a.csv.gz", "gzip"),
    ("PDF", b"%PDF-1.7\n...", "a.pdf", "This is a PDF"),
    ("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls", "Excel workbook"),
    ("a new workbook", incoming.packed({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}), "a.xlsx", "Excel"),
    ("a picture", incoming.picture(), "a.png", "single image"),
    ("a binary file", bytes(range(256)) * 40, "a.csv", "binary file"),
    ("old line ends", b"text,n\ra,1\rb,2\r", "a.csv", "CR alone"),
    ("a JSON list", b'[{"text": "a"},\n{"text": "b"}]', "a.json", "one JSON list"),
    ("a JSON list by another name", b'[{"text": "a"}]\n', "a.txt", "one JSON list"),
    ("JSON over several lines", b'{\n"text": "a"\n}\n', "a.json", "spread over several lines"),
    ("no object in sight", b"text\na\nb\n", "a.jsonl", "No line at the beginning of the file is a JSON object"),
    ("a column without a name", b"text,,n\na,b,c\n", "a.csv", "Column 2 has no name"),
    ("a column twice", b"text,n,text\na,b,c\n", "a.csv", "Two columns are called “text”"),
    ("numbers for names", b"1,2.5\n3,4\n", "a.csv", "looks like data"),
    ("an address for a name", b"https://example.org/1.png,cat\nx,y\n", "a.csv", "looks like data"),
    ("prose for a name", b"x" * 121 + b",n\na,b\n", "a.csv", "looks like data"),
    ("201 columns", ",".join(f"c{at}" for at in range(201)).encode() + b"\n1\n", "a.csv", "201 columns; at most 200"),
    ("201 columns in JSON", json.dumps({f"c{at}": 1 for at in range(201)}).encode() + b"\n", "a.jsonl", "201 columns"),
    ("a name with text after the quote", b'"text"x,n\na,b\n', "a.csv", "cannot be read"),
    ("a first line without end", b"x" * 300_000 + b"\n", "a.csv", "longer than 256 kB"),
    ("a damaged ZIP", incoming.packed({"a.csv": b"text\na\n"})[:-30], "a.zip", "damaged or was cut off"),
]


@pytest.mark.parametrize(("content", "name", "reason"), [c[1:] for c in UNREADABLE], ids=[c[0] for c in UNREADABLE])
def test_what_cannot_be_understood_fails_with_a_sentence_and_is_not_kept(
    content: bytes, name: str, reason: str, spool: Path
) -> None:
    batch = incoming.draft()
    received = incoming.upload(batch, content, name)
    assert received.status == "failed"
    assert reason in received.failure
    assert received.stored_as == ""
    assert Upload.objects.filter(pk=received.pk, status="failed").exists()
    assert list(spool.iterdir()) == []
    assert Batch.objects.get(pk=batch.pk).task_count == 0


def test_temporary_files_lie_where_the_settings_say() -> None:
    with files.spooled([b"a"]) as spooled:
        assert Path(spooled.path).parent == Path(tempfile.gettempdir())
