"""Pools as CSV: people named by address or id, each bad line told with its number; and out again, safe for spreadsheets."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from marketplace import pools
from marketplace.intake import sheets
from marketplace.models import Pool
from workers import search
from workers.models import WorkerProfile

LARGEST = 2 * 1024 * 1024
BAD_SHOWN = 50
HEADS = {"email", "e-mail", "mail", "address", "id", "worker", "worker_id", "user", "user_id"}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that names nobody: its number, what it says, and why it was left out."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Named:
    """Who a file or a text names, and the lines that name nobody."""

    people: list[uuid.UUID]
    bad: list[BadLine]


def decode(content: bytes) -> str:
    """The text of an uploaded file. Raises Invalid when it is too large or no UTF-8."""
    if len(content) > LARGEST:
        raise Invalid(gettext_lazy("The file is larger than 2 MB."), field="file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(gettext_lazy("Expected a text file in UTF-8."), field="file") from None


def read(text: str) -> Named:
    """Addresses or ids, one a line or in the column of a CSV that is called so. Raises Invalid when there is nothing."""
    rows = [(number, cells) for number, cells in _lines(text) if any(cell.strip() for cell in cells)]
    if not rows:
        raise Invalid(gettext_lazy("Name at least one person, by address or id."), field="people")
    head = [cell.strip().lower() for cell in rows[0][1]]
    column = next((at for at, cell in enumerate(head) if cell in HEADS), None)
    body = rows[1:] if column is not None else rows
    if len(body) > pools.MOST_AT_ONCE:
        raise Invalid(gettext_lazy("At most 5,000 people at once."), field="people")
    wanted = [(number, _cell(cells, column or 0)) for number, cells in body]
    return _look_up(wanted)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text.replace("\x00", "")))
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error:
        raise Invalid(gettext_lazy("Line %(line)s is no CSV.") % {"line": reader.line_num}, field="people") from None


def _cell(cells: list[str], column: int) -> str:
    """The cell, without the apostrophe that our own export puts before what looks like a formula."""
    return cells[column].strip().removeprefix("'")[:254] if column < len(cells) else ""


def _look_up(wanted: list[tuple[int, str]]) -> Named:
    """Two statements for any number of lines."""
    ids = {own for _line, text in wanted if (own := search.read_id(text)) is not None}
    mails = {text.lower() for _line, text in wanted if search.read_id(text) is None}
    by_id = set(WorkerProfile.objects.filter(pk__in=ids).values_list("pk", flat=True))
    by_mail = dict(WorkerProfile.objects.filter(user__email__in=mails).values_list("user__email", "pk"))
    found: dict[uuid.UUID, None] = {}
    bad = []
    for line, text in wanted:
        own = search.read_id(text)
        worker_id = (own if own in by_id else None) if own is not None else by_mail.get(text.lower())
        if worker_id is None:
            bad.append(BadLine(line, text, _("empty") if not text else _("no worker has this address or id")))
        elif worker_id in found:
            bad.append(BadLine(line, text, _("named twice")))
        else:
            found[worker_id] = None
    return Named(list(found), bad)


def write(pool: Pool) -> Iterator[bytes]:
    """The people of a pool as CSV."""

    def rows() -> Iterator[list[str]]:
        yield ["email", "name", "id", "country", "standing"]
        for worker in pools.people(pool).order_by("pk").iterator(chunk_size=1_000):
            yield [worker.user.email, worker.user.name, str(worker.pk), worker.country, worker.standing]

    return sheets.csv_pieces(rows(), bom=True)
