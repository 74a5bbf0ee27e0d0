"""Rows become tasks or bad rows, each with the line that a text editor shows; one bad row never takes others with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction

from kit import outbox
from kit.models import OutboxEvent
from marketplace import batches, intake
from marketplace.intake import reading, shaping, tables
from marketplace.models import BadRow, Batch, Upload
from tests.marketplace.intake import incoming
from tests.marketplace.intake.incoming import NOW

pytestmark = pytest.mark.django_db

MAPPING = {"id": "external_id", "text": "text"}


def test_rows_of_a_csv_become_tasks_with_what_the_client_gave() -> None:
    batch = incoming.draft()
    content = "id,text,city,guess\r\na-1,“Sunny” in Århus 🌞,Århus,sunny\r\na-2,شمس اليوم,,rainy\r\n"
    received = incoming.read(batch, content, {**MAPPING, "guess": "prelabel"})
    first, second = incoming.tasks(batch)
    assert (first.line, first.external_id, first.payload) == (2, "a-1", {"text": "“Sunny” in Århus 🌞"})
    assert (first.prelabel, first.extra) == ({"label": "sunny"}, {"city": "Århus"})
    assert (second.payload, second.prelabel, second.extra) == ({"text": "شمس اليوم"}, {"label": "rainy"}, {"city": ""})
    assert (received.status, received.rows_good, received.rows_bad, batch.task_count) == ("done", 2, 0, 2)
    assert received.finished_at == NOW
    assert intake.progress(received).share == 1.0


def test_rows_of_jsonl_keep_the_kinds_of_their_values() -> None:
    batch = incoming.draft()
    rows = [{"id": 7, "text": "tab\there \\ and \\u0041", "n": 1.5, "deep": {"a": [1, None, True]}}, {"id": "8", "text": "b"}]
    incoming.read(batch, incoming.jsonl(rows), MAPPING, "rows.jsonl")
    first, second = incoming.tasks(batch)
    assert (first.external_id, first.payload["text"]) == ("7", "tab\there \\ and \\u0041")
    assert first.extra == {"n": 1.5, "deep": {"a": [1, None, True]}}
    assert (second.external_id, second.extra) == ("8", None)


def test_line_numbers_are_those_of_an_editor_also_across_chunks_and_quoted_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINES", 3)
    batch = incoming.draft()
    content = 'text,n\n"two\nlines",1\n\n"three\r\n""quoted""\n lines",2\nbad\nlast,3'
    received = incoming.upload(batch, content)
    incoming.start(received, {"text": "text"})
    turns = 1
    while intake.read(upload_id=received.pk, now=NOW):
        turns += 1
    assert turns > 1
    assert [(task.line, task.payload["text"]) for task in incoming.tasks(batch)] == [
        (2, "two\nlines"), (5, 'three\r\n"quoted"\n lines'), (9, "last"),
    ]
    received.refresh_from_db()
    assert [line for line, _field, _reason in incoming.faults(received)] == [8]
    assert intake.progress(received).empty == 1


def test_rows_are_read_in_chunks_each_with_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINES", 10)
    batch = incoming.draft()
    received = incoming.upload(batch, "text\n" + "".join(f"t{at}\n" for at in range(25)))
    incoming.start(received, {"text": "text"})
    seen = []
    while True:
        more = intake.read(upload_id=received.pk, now=NOW)
        received.refresh_from_db()
        batch.refresh_from_db()
        assert received.rows_good == batch.task_count == batch.tasks.count()
        seen.append((more, received.rows_good, round(intake.progress(received).share, 2)))
        if not more:
            break
    assert [(more, good) for more, good, _share in seen] == [(True, 10), (True, 20), (False, 25)]
    assert 0 < seen[0][2] < seen[1][2] < 1 and seen[2][2] == 1
    assert intake.waiting_to_be_read() == []


def test_reading_on_after_the_end_does_nothing() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text\na\n", {"text": "text"})
    assert intake.read(upload_id=received.pk, now=NOW) is False
    assert batch.tasks.count() == 1
    assert OutboxEvent.objects.filter(name="upload.read", payload__upload_id=str(received.pk)).count() == 1


CSV_FAULTS: list[tuple[str, bytes, str, str]] = [
    ("too few cells", b"a", "", "2 columns: some are missing"),
    ("too many cells", b"a,b,c", "", "3 cells, the first line names 2 columns"),
    ("a quote in the middle", b'"a"b,c', "", "Quotes inside a quoted cell must be doubled"),
    ("a lone CR", b"a,b\rc,d", "", "CR alone"),
    ("NUL", b"a,b\x00c", "text", "U+0000"),
    ("NUL beside", b"a\x00,b", "n", "U+0000"),
    ("Windows-1252", b"1,caf\xe9", "", "Byte 6 of the line is 0xE9, which is not UTF-8 (“é” in Windows-1252)"),
    ("half a character at the end of a line", b"1,caf\xc3", "", "0xC3"),
    ("an encoded surrogate", b"1,\xed\xa0\x80", "", "0xED"),
    ("nothing to show", b"1,", "text", "one of them is needed"),
    ("only spaces to show", b"1,   ", "text", "is empty"),
    ("too long for the field", b"1," + b"x" * 20_001, "text", "at most 20000"),
    ("a cell of more than 100 kB", b"x" * 100_001 + b",b", "n", "longer than 100 kB"),
    ("a cell of more than the reader takes", b"x" * 140_000 + b",b", "", "longer than 100 kB"),
]


@pytest.mark.parametrize(("row", "field", "reason"), [case[1:] for case in CSV_FAULTS], ids=[case[0] for case in CSV_FAULTS])
def test_a_bad_csv_row_is_reported_and_its_neighbours_are_good(row: bytes, field: str, reason: str) -> None:
    batch = incoming.draft()
    content = "n,text\n1,before é\n".encode() + row + b"\n2,after\n"
    received = incoming.read(batch, content, {"text": "text"})
    assert incoming.shown(batch) == ["before é", "after"]
    ((line, where, why),) = incoming.faults(received)
    assert (line, where) == (3, field)
    assert reason in why
    assert (received.status, received.rows_good, received.rows_bad, batch.task_count) == ("done", 2, 1, 2)


JSON_FAULTS: list[tuple[str, bytes, str, str]] = [
    ("no JSON", b'{"text": "a"', "", "not valid JSON at character"),
    ("not an object", b'["a"]', "", "not an object"),
    ("a bare word", b'"a"', "", "not an object"),
    ("NaN", b'{"text": "a", "n": NaN}', "", "not valid JSON"),
    ("escaped NUL in the text", b'{"text": "a\\u0000b"}', "text", "U+0000"),
    ("escaped NUL deep inside", b'{"text": "a", "n": {"x": ["\\u0000"]}}', "n", "U+0000"),
    ("escaped NUL in a name", b'{"text": "a", "n\\u0000": 1}', "n\ufffd", "U+0000"),
    ("escaped NUL in a name deep inside", b'{"text": "a", "n": {"\\u0000": 1}}', "n", "U+0000"),
    ("a lone surrogate", b'{"text": "a\\ud800"}', "", "not valid JSON"),
    ("half a character", b'{"text": "caf\xc3"}', "", "0xC3"),
    ("Windows-1252", b'{"text": "caf\xe9"}', "", "Byte 14 of the line is 0xE9"),
    ("nested too deep", b'{"text": "a", "n": ' + b"[" * 80 + b"]" * 80 + b"}", "n", "more than 64 levels"),
    ("nested beyond any parser", b'{"text": "a", "n": ' + b"[" * 5000 + b"]" * 5000 + b"}", "", "not valid JSON"),
    ("a number beyond 64 bits", b'{"text": "a", "n": 123456789012345678901234567890}', "n", "write it as text"),
    ("a number that becomes one", b'{"text": "a", "n": [1e30]}', "n", "write it as text"),
    ("a number without end", b'{"text": "a", "n": 1e999}', "", "not valid JSON"),
    ("text that is none", b'{"text": 5}', "text", "must be text"),
    ("no text", b"{}", "text", "one of them is needed"),
    ("201 columns", json.dumps({"text": "a"} | {f"c{at}": at for at in range(200)}).encode(), "", "201 columns"),
    ("a long cell", json.dumps({"text": "a", "n": ["x" * 100_001]}).encode(), "n", "longer than 100 kB"),
]


@pytest.mark.parametrize(("row", "field", "reason"), [case[1:] for case in JSON_FAULTS], ids=[case[0] for case in JSON_FAULTS])
def test_a_bad_json_row_is_reported_and_its_neighbours_are_good(row: bytes, field: str, reason: str) -> None:
    batch = incoming.draft()
    content = '{"text": "before é"}\n'.encode() + row + b"\n\n" + b'{"text": "after"}'
    received = incoming.read(batch, content, {"text": "text"}, "rows.jsonl")
    assert incoming.shown(batch) == ["before é", "after"]
    ((line, where, why),) = incoming.faults(received)
    assert (line, where) == (2, field)
    assert reason in why
    assert (received.rows_good, received.rows_bad, intake.progress(received).empty) == (2, 1, 1)


ID_FAULTS: list[tuple[Any, str]] = [
    ("", "is missing"), (None, "is missing"), ("x" * 201, "longer than 200"), ("a\nb", "control character"),
    (1.5, "Expected text or a whole number"), (True, "Expected text"), (["a"], "Expected text"),
]


@pytest.mark.parametrize(("own", "reason"), ID_FAULTS)
def test_an_id_has_to_be_usable(own: Any, reason: str) -> None:
    batch = incoming.draft()
    rows = [{"id": "a\\b", "text": "x"}, {"id": own, "text": "y"}]
    received = incoming.read(batch, incoming.jsonl(rows), MAPPING, "rows.jsonl")
    assert [task.external_id for task in incoming.tasks(batch)] == ["a\\b"]
    ((line, field, why),) = incoming.faults(received)
    assert (line, field) == (2, "id")
    assert reason in why


def test_a_doubled_id_names_the_other_line_in_the_chunk_in_the_file_and_in_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINES", 4)
    batch = incoming.draft()
    first = incoming.read(batch, "id,text\na,1\nb,2\na,3\nc,4\nb,5\nd,6\n", MAPPING, "monday.csv")
    assert incoming.faults(first) == [
        (4, "id", "The id “a” stands in line 2 already."), (6, "id", "The id “b” stands in line 3 already."),
    ]
    second = incoming.read(batch, "id,text\ne,7\nd,8\n", MAPPING, "tuesday.csv")
    assert incoming.faults(second) == [(3, "id", "The id “d” stands in line 7 of “monday.csv” already.")]
    assert [task.external_id for task in incoming.tasks(batch)] == ["a", "b", "c", "d", "e"]
    assert batch.task_count == 5


def test_the_lines_of_several_files_follow_each_other() -> None:
    batch = incoming.draft()
    incoming.read(batch, "text\na\nb", {"text": "text"})
    other = incoming.read(batch, "text\nc\n", {"text": "text"})
    assert [(task.line, task.payload["text"]) for task in incoming.tasks(batch)] == [(2, "a"), (3, "b"), (5, "c")]
    assert other.mapping["first_line"] == 3


def test_a_quote_that_is_never_closed_spoils_its_own_line_alone() -> None:
    batch = incoming.draft()
    rows = "".join(f"{at},text {at}\n" for at in range(5, 500))
    received = incoming.read(batch, 'n,text\n1,a\n2,"open\n3,b\n4,c\n' + rows, {"text": "text"})
    assert incoming.faults(received) == [
        (3, "", "A quote opens in this line and is never closed, or a cell is longer than 100 kB."),
    ]
    assert len(incoming.tasks(batch)) == 498
    assert incoming.tasks(batch)[1].line == 4


def test_a_huge_line_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LINE_MOST", 1000)
    for name, content in {
        "rows.csv": b"text,n\na,1\n" + b"x" * 5000 + b",2\nb,3\n" + b"y" * 1000,
        "rows.jsonl": b'\n{"text": "a"}\n{"text": "' + b"x" * 5000 + b'"}\n{"text": "b"}\n' + b"y" * 1001,
    }.items():
        batch = incoming.draft()
        received = incoming.read(batch, content, {"text": "text"}, name)
        assert incoming.shown(batch) == ["a", "b"]
        assert [(line, reason) for line, _field, reason in incoming.faults(received)] == [
            (3, "The line is longer than 8 MB."), (5, "The line is longer than 8 MB."),
        ]


def test_a_file_cut_off_in_the_middle_of_a_character_loses_its_last_row_alone() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text\nfirst\nsecond é".encode()[:-1], {"text": "text"})
    assert incoming.shown(batch) == ["first"]
    ((line, _field, reason),) = incoming.faults(received)
    assert line == 3
    assert "the file was cut off" in reason


def test_formulas_are_kept_as_they_are() -> None:
    batch = incoming.draft()
    incoming.read(batch, 'text,n\n=1+1,@SUM(A1)\n"=HYPERLINK(""x"")",-2\n', {"text": "text"})
    assert incoming.shown(batch) == ["=1+1", '=HYPERLINK("x")']
    assert [task.extra for task in incoming.tasks(batch)] == [{"n": "@SUM(A1)"}, {"n": "-2"}]


def test_rows_without_content_are_counted_and_nothing_else() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text,n\n\n,\na,1\n\r\n \n", {"text": "text"})
    assert intake.progress(received).empty == 3
    assert [line for line, _field, _reason in incoming.faults(received)] == [6], "a space is one cell, and not two"
    assert incoming.shown(batch) == ["a"]


def test_a_prelabel_that_cannot_be_read_is_a_fault_of_its_row() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text,guess\na,sunny\nb,snow\nc,\n", {"text": "text", "guess": "prelabel"})
    assert [task.prelabel for task in incoming.tasks(batch)] == [{"label": "sunny"}, None]
    assert incoming.faults(received) == [(3, "guess", "label: Choose one of the labels.")]


def test_a_file_of_bad_rows_alone_is_done_and_leaves_nothing_to_launch() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text,n\n,1\n,2\n", {"text": "text"})
    assert (received.status, received.rows_good, received.rows_bad) == ("done", 0, 2)
    with pytest.raises(batches.NothingToLaunch), transaction.atomic():
        batches.launch(batch=batch, actor_id=batch.created_by_id, now=NOW)


def test_a_file_of_empty_rows_alone_fails() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text,n\n" + ",\n" * 300 + "\n" * 300_000, {"text": "text"})
    assert (received.status, received.failure) == ("failed", "The file has no rows.")


def test_bad_rows_beyond_the_most_are_counted_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BAD_MOST", 3)
    monkeypatch.setattr(reading, "LINES", 4)
    batch = incoming.draft()
    received = incoming.read(batch, "text,n\n" + "ragged\n" * 9 + "good,1\n", {"text": "text"})
    assert (received.rows_bad, BadRow.objects.filter(upload=received).count(), batch.task_count) == (9, 3, 1)


def test_what_is_kept_of_a_bad_row_is_readable_and_short() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, "text,n\nök,1\n".encode() + b"\xff\x00" + b"y" * 5000 + b"\n", {"text": "text"})
    raw = BadRow.objects.get(upload=received).raw
    assert raw.startswith("\ufffd\ufffdyyy")
    assert len(raw) == reading.RAW_MOST


def test_a_mistake_of_a_drawer_with_one_row_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    honest = shaping.Shaper.__call__

    def broken(self: shaping.Shaper, line: int, cells: dict[str, Any], raw: bytes) -> Any:
        if cells["text"] == "poison":
            raise ZeroDivisionError
        return honest(self, line, cells, raw)

    monkeypatch.setattr(shaping.Shaper, "__call__", broken)
    batch = incoming.draft()
    received = incoming.read(batch, "text\na\npoison\nb\n", {"text": "text"})
    assert incoming.shown(batch) == ["a", "b"]
    assert "the fault is ours" in incoming.faults(received)[0][2]
    assert "row could not be checked" in caplog.text


def test_a_stored_file_that_is_gone_fails_the_upload_and_keeps_what_was_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LINES", 2)
    batch = incoming.draft()
    received = incoming.upload(batch, "text\na\nb\nc\nd\n")
    incoming.start(received, {"text": "text"})
    assert intake.read(upload_id=received.pk, now=NOW)
    reading.files.forget(received.stored_as)
    assert not intake.read(upload_id=received.pk, now=NOW)
    received.refresh_from_db()
    assert (received.status, received.failure) == ("failed", "The stored file is gone. Upload it again.")
    assert incoming.shown(batch) == ["a", "b"]


def test_a_launched_batch_takes_no_more_rows() -> None:
    batch = incoming.draft()
    received = incoming.upload(batch, "text\na\n")
    incoming.start(received, {"text": "text"})
    Batch.objects.filter(pk=batch.pk).update(state="active")
    assert not intake.read(upload_id=received.pk, now=NOW)
    assert batch.tasks.count() == 0
    assert Upload.objects.get(pk=received.pk).status == "reading"


def test_the_end_of_reading_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(outbox, "emit", lambda name, **payload: told.append(name))
    incoming.read(incoming.draft(), "text\na\n", {"text": "text"})
    assert told[-2:] == ["upload.mapped", "upload.read"]


def test_a_fault_beside_the_fields_is_told_by_its_own_column() -> None:
    batch = incoming.draft()
    received = incoming.read(batch, incoming.jsonl([{"text": "a"}, {"text": "b", "text.n": 1e30}]), {"text": "text"}, "r.jsonl")
    assert [field for _line, field, _reason in incoming.faults(received)] == ["text.n"]

