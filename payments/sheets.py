"""What all papers share: months and years in UTC, and CSV rows that no spreadsheet runs as formulas."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable

from django.utils.translation import gettext as _

from kit.errors import Invalid

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula."""
FIRST_YEAR = 2000


def read_month(text: str | None, *, now: dt.datetime) -> dt.datetime:
    """The first moment of a month such as 2026-11; the present one for nothing. Raises Invalid."""
    if not text:
        return now.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    try:
        found = dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC)
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= now.year + 1:
        raise Invalid(_("Expected a month such as 2026-11."), field="month")
    return found


def read_year(text: str | None, *, now: dt.datetime) -> int:
    """A year such as 2026; the present one for nothing. Raises Invalid."""
    if not text:
        return now.astimezone(dt.UTC).year
    if not (text.isascii() and text.isdigit() and FIRST_YEAR <= int(text[:5]) <= now.year + 1):
        raise Invalid(_("Expected a year such as 2026."), field="year")
    return int(text)


def after(start: dt.datetime) -> dt.datetime:
    """The first moment of the next month."""
    return (start + dt.timedelta(days=32)).replace(day=1)


def before(start: dt.datetime) -> dt.datetime:
    """The first moment of the month before."""
    return (start - dt.timedelta(days=1)).replace(day=1)


def year_of(year: int) -> tuple[dt.datetime, dt.datetime]:
    """The first moment of a UTC year, and of the next."""
    return dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC)


def row(cells: Iterable[str]) -> str:
    """One CSV line; a cell that a spreadsheet would run as a formula is shown as text instead."""
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(DANGEROUS) and not _is_number(cell) else cell for cell in cells])
    return out.getvalue()


def _is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdigit()
