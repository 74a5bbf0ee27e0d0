"""CSV that a spreadsheet opens without running anything: cells that begin like a formula are defused, never changed otherwise."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

PIECE = 64 * 1024
"""Characters of one piece of a download."""
BOM = b"\xef\xbb\xbf"
"""Tells Excel that the file is UTF-8."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First signs that make a spreadsheet calculate (OWASP, "CSV Injection"), the full-width forms of East Asian input included."""


def safe(cell: str) -> str:
    """The cell, with an apostrophe before what would be taken for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def csv_pieces(rows: Iterable[Sequence[str]], *, bom: bool = False) -> Iterator[bytes]:
    """Rows as UTF-8 CSV (RFC 4180), in pieces, without ever holding more than one of them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    if bom:
        yield BOM
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
        if buffer.tell() >= PIECE:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue().encode()
