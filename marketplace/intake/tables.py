"""Rows of CSV, TSV and JSONL files from any place on, each with the line that a text editor shows for it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple

import orjson
from django.utils.translation import gettext as _

LINE_MOST = 8 * 1024 * 1024
"""Bytes of one line."""
COLUMNS_MOST = 200

Cells = dict[str, Any]


class Fault(NamedTuple):
    """What is wrong with a row: the column (or nothing) and a sentence."""

    field: str
    reason: str


Row = tuple[int, Cells | None, Fault | None, bytes]
"""A row's first line in the file, its cells by column, what is wrong with it, and its bytes. One with neither cells nor
fault is empty. A bare tuple: millions of them are made."""


class Lines:
    """The physical lines of a file, with the place reached: `offset` in bytes, `line` as an editor counts.

    A line beyond LINE_MOST is cut, its rest is passed over, and `cut` says so until the next line.
    """

    def __init__(self, file: IO[bytes], *, offset: int, line: int) -> None:
        self._file = file
        self._readline = file.readline
        self.offset, self.line, self.cut = offset, line, False
        file.seek(offset)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        raw = self._readline(LINE_MOST)
        if not raw:
            raise StopIteration
        self.offset += len(raw)
        self.line += 1
        self.cut = len(raw) == LINE_MOST and not raw.endswith(b"\n")
        if self.cut:
            self._pass_over()
        return raw

    def _pass_over(self) -> None:
        while rest := self._readline(LINE_MOST):
            self.offset += len(rest)
            if rest.endswith(b"\n"):
                return

    def back_to(self, *, offset: int, line: int) -> None:
        """Go on from an earlier place."""
        self._file.seek(offset)
        self.offset, self.line = offset, line


def rows(lines: Lines, *, form: str, names: Sequence[str], delimiter: str) -> Iterator[Row]:
    """The rows of a table of either form; after each row `lines` stands right behind it."""
    return jsonl_rows(lines) if form == "jsonl" else csv_rows(lines, names=names, delimiter=delimiter)


# JSONL


def jsonl_rows(lines: Lines) -> Iterator[Row]:
    """One JSON object in each line."""
    loads = orjson.loads
    for raw in lines:
        try:
            cells = loads(raw)
        except orjson.JSONDecodeError as error:
            if raw.isspace():
                yield (lines.line, None, None, raw)
            else:
                yield (lines.line, None, _json_fault(raw, error, lines.cut), raw)
            continue
        if type(cells) is dict:
            yield (lines.line, cells, None, raw)
        else:
            yield (lines.line, None, Fault("", _("The line is JSON, but not an object with the names of columns.")), raw)


def _json_fault(raw: bytes, error: orjson.JSONDecodeError, cut: bool) -> Fault:
    if cut:
        return _too_long()
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        return misencoded(fault)
    why = str(error).partition(": line ")[0]
    return Fault("", _("This is not valid JSON at character %(place)d: %(why)s.") % {"place": error.pos + 1, "why": why})


# CSV and TSV


class _Text:
    """Lines as text for the CSV reader; bytes that are no UTF-8 are smuggled through, so that the row keeps its shape."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.begin()

    def begin(self) -> None:
        """A new row begins."""
        self.taken: list[bytes] = []
        self.fault: Fault | None = None
        self.fault_of_first: Fault | None = None
        self.after_first = self.lines.offset

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = next(self.lines)
        self.taken.append(raw)
        if self.lines.cut:
            self.fault = _too_long()
        try:
            text = raw.decode()
        except UnicodeDecodeError as fault:
            self.fault = self.fault or misencoded(fault)
            text = raw.decode(errors="surrogateescape")
        if len(self.taken) == 1:
            self.fault_of_first, self.after_first = self.fault, self.lines.offset
        return text


def csv_rows(lines: Lines, *, names: Sequence[str] | None, delimiter: str) -> Iterator[Row]:
    """Rows of a CSV file by RFC 4180, strictly: what could be read in two ways is a fault, never guessed.

    Without `names` the cells carry their numbers. A quote that is never closed spoils its own line alone: reading goes on
    with the next line.
    """
    text = _Text(lines)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    width = len(names) if names else 0
    while True:
        text.begin()
        first = lines.line + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _unreadable(lines, text, first, error)
            continue
        raw = text.taken[0] if len(text.taken) == 1 else b"".join(text.taken)
        if text.fault:
            yield (first, None, text.fault, raw)
        elif len(cells) == width and names:
            yield (first, dict(zip(names, cells, strict=True)) if any(cells) else None, None, raw)
        elif not any(cells):
            yield (first, None, None, raw)
        elif names:
            yield (first, None, _ragged(len(cells), width), raw)
        else:
            yield (first, {str(place): cell for place, cell in enumerate(cells)}, None, raw)


def _unreadable(lines: Lines, text: _Text, first: int, error: csv.Error) -> Row:
    """A row that the reader gave up on; one that ran away goes back to the line after its first."""
    why = str(error)
    if why.startswith(("unexpected end", "field larger")):
        lines.back_to(offset=text.after_first, line=first)
        fault = text.fault_of_first or Fault(
            "", _("A quote opens in this line and is never closed, or a cell is longer than 100 kB.")
        )
        return first, None, fault, text.taken[0]
    if "expected after" in why:
        reason = _("Text follows right after a closing quote. Quotes inside a quoted cell must be doubled.")
    else:
        reason = _("A line ends inside the row (CR alone) outside quotes.")
    return (first, None, text.fault or Fault("", reason), b"".join(text.taken))


def _ragged(count: int, width: int) -> Fault:
    values = {"count": count, "width": width}
    if count < width:
        return Fault("", _("The row has %(count)d cells, the first line names %(width)d columns: some are missing.") % values)
    reason = _("The row has %(count)d cells, the first line names %(width)d columns: a separator inside a cell needs quotes.")
    return Fault("", reason % values)


def _too_long() -> Fault:
    return Fault("", _("The line is longer than 8 MB."))


def misencoded(fault: UnicodeDecodeError) -> Fault:
    """Where a line stops being UTF-8, and what the byte would be in Windows-1252."""
    byte = fault.object[fault.start : fault.start + 1]
    if fault.reason == "unexpected end of data":
        return Fault("", _("The line ends in the middle of a character: the file was cut off, or it is not UTF-8."))
    return Fault(
        "",
        _("Byte %(place)d of the line is 0x%(byte)s, which is not UTF-8 (“%(shown)s” in Windows-1252).")
        % {"place": fault.start + 1, "byte": byte.hex().upper(), "shown": byte.decode("cp1252", "replace")},
    )
