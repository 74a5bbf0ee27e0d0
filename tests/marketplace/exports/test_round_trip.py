"""What goes in as rows comes out in exports, whatever the rows are made of; and no bytes whatever break the reading."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marketplace import exports, intake
from marketplace.intake import reading, sheets
from marketplace.models import Project
from tests.marketplace.intake import incoming

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return incoming.texts()


few = settings(
    max_examples=20, deadline=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Each example goes through the database, so there are few, and shrinking one would take minutes."""

cell = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=40)
shown = cell.filter(lambda text: text.strip() != "")


@few
@given(
    rows=st.lists(st.tuples(shown, cell, cell), min_size=1, max_size=12), delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n"]), mark=st.booleans(), lines=st.integers(2, 9),
)
def test_cells_of_a_csv_come_back_as_they_were(
    project: Project, rows: list[tuple[str, str, str]], delimiter: str, ending: str, mark: bool, lines: int
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "first", "second"), *rows])
    batch = incoming.draft(project)
    received = incoming.upload(batch, (b"\xef\xbb\xbf" if mark else b"") + file.getvalue().encode())
    incoming.start(received, {"text": "text"})
    usual, reading.LINES = reading.LINES, lines
    try:
        while intake.read(upload_id=received.pk, now=incoming.NOW):
            pass
    finally:
        reading.LINES = usual
    assert incoming.faults(received) == []
    content = b"".join(exports.as_csv(batch)).decode()
    back = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [(row["text"], row["first"], row["second"]) for row in back] == [tuple(map(sheets.safe, row)) for row in rows]
    records = [json.loads(line) for line in b"".join(exports.as_jsonl(batch)).splitlines()]
    assert [(one["payload"]["text"], one["extra"]["first"], one["extra"]["second"]) for one in records] == rows


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
    | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12,
)


@few
@given(rows=st.lists(st.dictionaries(st.text(max_size=6), anything, max_size=4), max_size=8), plain=st.booleans())
def test_any_json_comes_back_as_it_was_or_is_a_bad_row(project: Project, rows: list[dict[str, Any]], plain: bool) -> None:
    batch = incoming.draft(project)
    given = [row | {"text": f"row {at}"} for at, row in enumerate(rows)]
    written = [json.dumps(row, ensure_ascii=plain).encode(errors="surrogatepass") + b"\n" for row in given]
    received = incoming.read(batch, '{"text": "é"}\n'.encode() + b"".join(written), {"text": "text"}, "rows.jsonl")
    assert received.rows_good + received.rows_bad == len(given) + 1
    bad = {line for line, _field, _reason in incoming.faults(received)}
    assert len(bad) == received.rows_bad
    for record in exports.rows(batch):
        assert record["line"] not in bad
        if record["line"] > 1:
            assert alike(record["payload"] | record["extra"], given[record["line"] - 2])


def alike(a: Any, b: Any) -> bool:
    """The same JSON: a number is the same one when it reads as the same float, however its digits are written."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return a == b or (isinstance(b, float) and float(a) == b)


def keepable(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and value.encode(errors="replace").decode() == value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return abs(value) < 2**63
    if isinstance(value, dict):
        return all(keepable(part) for pair in value.items() for part in pair)
    return all(map(keepable, value)) if isinstance(value, list) else True


@few
@given(extra=st.dictionaries(st.text(min_size=1, max_size=6).filter(lambda key: key != "text"), anything, max_size=3))
def test_json_that_can_be_kept_is_never_refused(project: Project, extra: dict[str, Any]) -> None:
    batch = incoming.draft(project)
    received = incoming.read(batch, incoming.jsonl([{"text": "a"}, {"text": "b"} | extra]), {"text": "text"}, "rows.jsonl")
    assert (received.rows_bad == 0) == keepable(extra), incoming.faults(received)


@few
@given(body=st.binary(max_size=300), jsonl=st.booleans(), lines=st.integers(1, 4))
def test_no_bytes_whatever_break_the_reading(project: Project, body: bytes, jsonl: bool, lines: int) -> None:
    batch = incoming.draft(project)
    head, name = ('{"text": "é"}\n', "rows.jsonl") if jsonl else ("text,é\na,b\n", "rows.csv")
    received = incoming.upload(batch, head.encode() * 100 + body, name)
    incoming.start(received, {"text": "text"})
    usual, reading.LINES = reading.LINES, 99 + lines
    try:
        while intake.read(upload_id=received.pk, now=incoming.NOW):
            pass
    finally:
        reading.LINES = usual
    received.refresh_from_db()
    batch.refresh_from_db()
    assert received.status == "done"
    assert received.rows_good >= 100
    assert received.rows_good == batch.tasks.count() == batch.task_count
    assert received.rows_bad == received.bad_rows.count()
    for piece in exports.as_csv(batch):
        assert piece
