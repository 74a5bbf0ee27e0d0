"""Files of answers, read row by row: what can be used, and what is wrong with the rest by line and reason."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .pairwise import Comparison, Verdict

Kind: TypeAlias = Literal["categorical", "pairwise", "text", "numeric"]
Reason: TypeAlias = Literal["missing", "cells", "number", "verdict", "itself", "broken", "contradiction"]

VERDICTS: dict[str, Verdict] = {"left": "left", "right": "right", "tie": "tie"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row was left out: its line in the file, the reason and what it is about (a column, a value, a line)."""

    line: int
    reason: Reason
    about: str = ""


class BadFile(Exception):
    """A file that cannot be used at all. `reason`: unreadable, encoding, empty, columns, doubled_columns, no_rows."""

    def __init__(self, path: Path, reason: str, about: str = "") -> None:
        super().__init__(f"{path}: {reason} {about}".rstrip())
        self.path, self.reason, self.about = path, reason, about


@dataclass
class Read:
    """The usable rows of an answers file by (item, worker), the last of doubled ones, and the faults of the others.

    A value is a label, a text, a number, or for comparisons (subject, comparison).
    """

    rows: dict[tuple[str, str], Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    has_subject: bool = False


def read_answers(path: Path, *, kind: Kind) -> Read:
    """The answers of a file. BadFile if it cannot be read, lacks a column or holds no usable row."""
    columns = ("left", "right", "answer") if kind == "pairwise" else ("answer",)
    read = Read()
    may_be_empty = {"answer"} if kind == "text" else set()
    for line, cells in _rows(path, ("item_id", "worker_id", *columns), read.faults, may_be_empty):
        read.has_subject = read.has_subject or (kind == "pairwise" and "subject" in cells)
        value = _PARSERS[kind](line, cells)
        if isinstance(value, Fault):
            read.faults.append(value)
            continue
        read.rows[cells["item_id"], cells["worker_id"]] = value
    if not read.rows:
        raise BadFile(path, "no_rows", str(len(read.faults)))
    return read


def read_truth(path: Path, *, kind: Kind = "categorical") -> tuple[dict[str, Any], list[Fault]]:
    """item -> truth. Of an item with two different truths neither is believed, both are named."""
    truth: dict[str, Any] = {}
    lines: dict[str, int] = {}
    against: set[str] = set()
    faults: list[Fault] = []
    may_be_empty = {"truth"} if kind == "text" else set()
    for line, cells in _rows(path, ("item_id", "truth"), faults, may_be_empty):
        item, value = cells["item_id"], _truth(line, cells["truth"], kind)
        if isinstance(value, Fault):
            faults.append(value)
        elif truth.get(item, value) != value:
            against.add(item)
            faults.append(Fault(line, "contradiction", str(lines[item])))
        else:
            truth[item], lines[item] = value, line
    return {item: value for item, value in truth.items() if item not in against}, faults


def _rows(path: Path, columns: tuple[str, ...], faults: list[Fault], may_be_empty: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells) of each row that has the columns; everything else becomes a fault or a BadFile."""
    reader = csv.reader(io.StringIO(_text(path), newline=""))
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise BadFile(path, "empty")
    missing = [name for name in columns if name not in header]
    if missing:
        raise BadFile(path, "columns", ", ".join(missing))
    if len(set(header)) < len(header):
        raise BadFile(path, "doubled_columns", ", ".join(sorted({n for n in header if header.count(n) > 1})))
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(Fault(reader.line_num, "broken", str(error)))
            continue
        if not cells:
            continue
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        empty = [name for name in columns if not row.get(name) and not (name in may_be_empty and name in row)]
        if len(cells) > len(header):
            faults.append(Fault(reader.line_num, "cells", f"{len(cells)} > {len(header)}"))
        elif empty:
            faults.append(Fault(reader.line_num, "missing", ", ".join(empty)))
        else:
            yield reader.line_num, row


def _text(path: Path) -> str:
    """The file as text; a byte order mark is no part of it."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(path, "unreadable", error.strerror or "") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(path, "encoding", str(raw.count(b"\n", 0, error.start) + 1)) from error


def _label(_line: int, cells: dict[str, str]) -> str:
    return cells["answer"]


def _number(line: int, cells: dict[str, str]) -> float | Fault:
    return _as_number(line, cells["answer"])


def _comparison(line: int, cells: dict[str, str]) -> tuple[str, Comparison] | Fault:
    if cells["answer"] not in VERDICTS:
        return Fault(line, "verdict", cells["answer"])
    if cells["left"] == cells["right"]:
        return Fault(line, "itself", cells["left"])
    comparison = (cells["worker_id"], cells["left"], cells["right"], VERDICTS[cells["answer"]])
    return cells.get("subject", ""), comparison


def _as_number(line: int, text: str) -> float | Fault:
    try:
        value = float(text)
    except ValueError:
        return Fault(line, "number", text)
    return value if math.isfinite(value) and abs(value) < 1e100 else Fault(line, "number", text)


def _truth(line: int, text: str, kind: Kind) -> Any:
    if kind == "numeric":
        return _as_number(line, text)
    if kind == "pairwise" and text not in VERDICTS:
        return Fault(line, "verdict", text)
    return text


_PARSERS: dict[Kind, Callable[[int, dict[str, str]], Any]] = {
    "categorical": _label,
    "text": _label,
    "numeric": _number,
    "pairwise": _comparison,
}
