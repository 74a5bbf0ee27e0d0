"""What a file is: its kind by content and name, its encoding, delimiter and columns, all from the head."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.translation import gettext as _

from marketplace.intake import tables
from marketplace.intake.files import Spooled
from marketplace.intake.plan import Form, Layout, Unreadable

HEAD = 256 * 1024
SAMPLE_ROWS = 200
NAME_MOST = 120
SAMPLES = 3
SAMPLE_MOST = 80

DELIMITERS = (",", ";", "\t", "|")
BOM = b"\xef\xbb\xbf"

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x1f\x8b", "gzip"), (b"%PDF", "PDF"), (b"\xd0\xcf\x11\xe0", "Excel"),
    (b"\x89PNG", "image"), (b"\xff\xd8\xff", "image"), (b"GIF8", "image"), (b"7z\xbc\xaf", "7z"), (b"Rar!", "RAR"),
)  # fmt: skip
_NOT_TEXT = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x0b\x0c\x1b")
_NUMBER = re.compile(r"\s*-?[0-9]+([.,][0-9]+)?\s*")


@dataclass(frozen=True, slots=True)
class Found:
    """What the head says: kind (csv, tsv, jsonl), layout, and columns as [{name, samples}]."""

    kind: str
    layout: Layout
    columns: list[dict[str, Any]]


def is_zip(spool: Spooled) -> bool:
    """By content: a local file header, or the end record of an empty archive."""
    return _head(spool, 4) in (b"PK\x03\x04", b"PK\x05\x06")


def look(spool: Spooled, name: str) -> Found:
    """Understand a table. Raises Unreadable with a sentence that says what to do."""
    head = _head(spool, HEAD)
    whole = len(head) == spool.size
    _refuse_foreign(head)
    _refuse_encoding(head)
    if _is_jsonl(head, name):
        return _look_at_jsonl(spool, head, whole)
    return _look_at_csv(spool, head, whole, name)


def _head(spool: Spooled, size: int) -> bytes:
    spool.file.seek(0)
    head = spool.file.read(size)
    spool.file.seek(0)
    return head


def _refuse_foreign(head: bytes) -> None:
    """Other kinds of files by their first bytes, and anything that is no text."""
    if not head.removeprefix(BOM).strip():
        raise Unreadable(_("The file is empty."))
    known = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None) or _binary(head)
    if known is not None:
        raise Unreadable(_advice(known))


def _binary(head: bytes) -> str | None:
    """A third of control characters is no text in any case; a few per cent are none where it is no UTF-8 either."""
    odd = len(head) - len(head.translate(None, delete=_NOT_TEXT))
    if odd > 8 and odd * 3 > len(head):
        return "UTF-16" if head.count(0) * 3 > len(head) else "binary"
    if odd > 8 and odd * 50 > len(head) and len(head.decode(errors="ignore").encode()) + 3 < len(head):
        return "binary"
    return None


def _advice(kind: str) -> str:
    """What to do with a file that is no table."""
    return {
        "UTF-16": _("This file is in UTF-16 (Excel calls it “Unicode text”). Save it as “CSV UTF-8” and upload it again."),
        "gzip": _("This is a gzip archive. Unpack it, or pack the file as ZIP."),
        "7z": _("This is a 7z archive. Pack the files as ZIP."),
        "RAR": _("This is a RAR archive. Pack the files as ZIP."),
        "PDF": _("This is a PDF. Expected a CSV, TSV or JSONL file, or a ZIP of images or recordings."),
        "Excel": _("This is an Excel workbook. Save it as “CSV UTF-8” and upload that."),
        "image": _("This is a single image. Put images into a ZIP, or upload a table with their https addresses."),
        "binary": _("This is a binary file. Expected a CSV, TSV or JSONL file, or a ZIP of images or recordings."),
    }[kind]


def _refuse_encoding(head: bytes) -> None:
    """A file in an older encoding is refused as a whole; a stray byte in a file that is UTF-8 elsewhere spoils its row only."""
    try:
        head.decode()
    except UnicodeDecodeError as fault:
        cut_off = fault.reason == "unexpected end of data" and fault.end >= len(head)
        if cut_off or not head.decode(errors="ignore").removeprefix("\ufeff").isascii():
            return
        byte = head[fault.start : fault.start + 1]
        raise Unreadable(
            _(
                "The file is not UTF-8: line %(line)d holds the byte 0x%(byte)s at position %(place)d, “%(shown)s” in "
                "Windows-1252. Save it as “CSV UTF-8” and upload it again."
            )
            % {
                "line": head.count(b"\n", 0, fault.start) + 1, "byte": byte.hex().upper(), "place": fault.start + 1,
                "shown": byte.decode("cp1252", "replace"),
            }
        ) from None  # fmt: skip


def _is_jsonl(head: bytes, name: str) -> bool:
    """A first line that is a JSON object decides; else the name does."""
    first = next((line for line in head.removeprefix(BOM).split(b"\n") if line.strip()), b"").strip()
    ending = name.lower().rpartition(".")[2]
    if first.startswith(b"["):
        by_name = ending in {"json", "jsonl", "ndjson"}
        if by_name or _parsed(head.removeprefix(BOM)) is not None:
            raise Unreadable(_("This is one JSON list. Expected JSONL: one JSON object in each line, without brackets around."))
    if first == b"{" and ending in {"json", "jsonl", "ndjson"}:
        raise Unreadable(_("This JSON is spread over several lines. Expected JSONL: one whole JSON object in each line."))
    return ending in {"json", "jsonl", "ndjson"} or isinstance(_parsed(first), dict)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


# JSONL


def _look_at_jsonl(spool: Spooled, head: bytes, whole: bool) -> Found:
    start = len(BOM) if head.startswith(BOM) else 0
    lines = head[start:].split(b"\n")
    if not whole and len(lines) > 1:
        lines.pop()
    rows = [row for row in map(_parsed, lines[:SAMPLE_ROWS]) if isinstance(row, dict)]
    if not rows:
        raise Unreadable(_("No line at the beginning of the file is a JSON object. Expected JSONL: one object in each line."))
    if min(map(len, rows)) > tables.COLUMNS_MOST:
        raise Unreadable(_too_many(len(rows[0])))
    rows = [row for row in rows if len(row) <= tables.COLUMNS_MOST]
    names = list(dict.fromkeys(key for row in rows for key in row if _nameable(key)))[: tables.COLUMNS_MOST]
    columns = [{"name": name, "samples": _samples(row.get(name) for row in rows)} for name in names]
    return Found("jsonl", _layout(spool, "jsonl", start, 0), columns)


def _nameable(key: str) -> bool:
    return 0 < len(key) <= NAME_MOST and "\x00" not in key


# CSV and TSV


def _look_at_csv(spool: Spooled, head: bytes, whole: bool, name: str) -> Found:
    if b"\n" not in head:
        _refuse_one_line(head, whole)
    delimiter = _delimiter(head, name, whole)
    start = len(BOM) if head.startswith(BOM) else 0
    lines = tables.Lines(spool.file, offset=start, line=0)
    rows = tables.csv_rows(lines, names=None, delimiter=delimiter)
    cells, fault = next(((cells, fault) for _line, cells, fault, _raw in rows if cells or fault), (None, None))
    if cells is None:
        why = fault.reason if fault else _("it is empty.")
        raise Unreadable(_("The line with the names of the columns cannot be read: %(why)s") % {"why": why})
    names = _names(list(cells.values()))
    layout = _layout(spool, "csv", lines.offset, lines.line, delimiter)
    samples = _first_rows(lines, names, delimiter)
    if whole and not samples:
        raise Unreadable(_("The file names its columns but has no rows."))
    columns = [{"name": name, "samples": _samples(row[name] for row in samples)} for name in names]
    return Found("tsv" if delimiter == "\t" else "csv", layout, columns)


def _refuse_one_line(head: bytes, whole: bool) -> None:
    if b"\r" in head.rstrip(b"\r"):
        raise Unreadable(_("The lines of this file end in an old way (CR alone). Save it with Windows or Unix line ends."))
    if whole:
        raise Unreadable(_("The file has a single line. Expected a first line with the names of the columns, then rows."))
    raise Unreadable(_("The first line is longer than 256 kB. Expected the names of the columns there."))


def _delimiter(head: bytes, name: str, whole: bool) -> str:
    """The sign that cuts the first lines into the same number of cells most often; a comma when none does."""
    text = head.removeprefix(BOM).decode(errors="replace")
    if name.lower().endswith(".tsv"):
        return "\t"
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        rows = _sample(text, delimiter, whole)
        if rows and len(rows[0]) > 1:
            alike = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
            best, best_score = max((best, best_score), (delimiter, (alike, len(rows[0]))), key=lambda pair: pair[1])
    return best


def _sample(text: str, delimiter: str, whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                return rows
    except csv.Error:
        return rows
    return rows if whole else rows[:-1]


def _names(cells: Sequence[Any]) -> list[str]:
    """The names of the columns. Raises Unreadable where they are missing, doubled, too many, or look like data."""
    names = [str(cell).strip() for cell in cells]
    if len(names) > tables.COLUMNS_MOST:
        raise Unreadable(_too_many(len(names)))
    if any(re.match(r"https?://", name) or len(name) > NAME_MOST for name in names) or all(
        _NUMBER.fullmatch(name) for name in names
    ):
        raise Unreadable(_("The first line looks like data. Expected the names of the columns there."))
    for place, name in enumerate(names, start=1):
        if not name or "\x00" in name:
            raise Unreadable(_("Column %(place)d has no name in the first line.") % {"place": place})
        if name in names[: place - 1]:
            raise Unreadable(_("Two columns are called “%(name)s”. Give each its own name.") % {"name": name})
    return names


def _too_many(count: int) -> str:
    return _("The file has %(count)d columns; at most %(most)d are possible.") % {"count": count, "most": tables.COLUMNS_MOST}


def _first_rows(lines: tables.Lines, names: list[str], delimiter: str) -> list[dict[str, Any]]:
    """The first rows that hold anything, good or bad; a bad one counts as an empty dictionary of its columns."""
    found: list[dict[str, Any]] = []
    for _line, cells, fault, _raw in tables.csv_rows(lines, names=names, delimiter=delimiter):
        if cells or fault:
            found.append(cells or dict.fromkeys(names, ""))
        if len(found) == SAMPLES or lines.line > SAMPLE_ROWS:
            break
    return found


def _samples(values: Iterable[Any]) -> list[str]:
    """A few values for the mapping page, cut short."""
    shown: list[str] = []
    for value in values:
        if value not in (None, "") and len(shown) < SAMPLES:
            text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
            shown.append(text.replace("\x00", "\ufffd")[:SAMPLE_MOST])
    return shown


def _layout(spool: Spooled, form: Form, start: int, start_line: int, delimiter: str = ",") -> Layout:
    return Layout(
        form=form, start=start, start_line=start_line, size=spool.size, lines=spool.lines, delimiter=delimiter
    )
