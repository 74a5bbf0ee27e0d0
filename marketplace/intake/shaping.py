"""A row of a file becomes the line of a COPY, or a fault that names column and reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.translation import gettext as _

from kit.errors import Invalid
from marketplace.intake.plan import EXTERNAL_ID, PRELABEL, SPECIAL, Plan
from marketplace.intake.tables import COLUMNS_MOST, Cells, Fault
from marketplace.models import Batch
from task_types import registry
from task_types.contract import FILES

CELL_MOST = 100_000
"""Bytes of one cell as UTF-8."""
ID_MOST = 200
DEPTH_MOST = 64
NUMBER_BEYOND = 2**63
"""Numbers from here on come back from the database as whole numbers that JSON writers refuse."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NULL = b"\\N"


Shaped = tuple[bytes, str | None, bool]
"""A good row: its line for COPY, the client's own id, and whether its images have to be brought in. A bare tuple: millions
of them are made."""


class Shaper:
    """Compiled once for an upload, called for every row; the common row must cost a few microseconds."""

    def __init__(self, *, batch: Batch, plan: Plan, from_zip: bool) -> None:
        project = batch.project
        drawer = registry.drawer(project.task_type)
        self._drawer, self._settings = drawer, project.settings
        self._check = drawer.compile_payload_check(project.settings)
        by_target = {target: column for column, target in plan.targets.items()}
        self.id_column, self._prelabel_column = by_target.get(EXTERNAL_ID, ""), by_target.get(PRELABEL)
        self._columns = {target: column for target, column in by_target.items() if target not in SPECIAL}
        self._fields = tuple(self._columns.items())
        kinds = {field.name: field.kind for field in drawer.fields}
        self._images = tuple(pair for pair in self._fields if kinds[pair[0]] in FILES)
        self._from_zip = from_zip
        self._first_line = plan.first_line
        self._prefix = f"{project.pk}\t{batch.pk}\t".encode()

    def __call__(self, line: int, cells: Cells, raw: bytes) -> Shaped | Fault:
        """Shape one row; takes the cells apart."""
        suspicious = len(raw) > CELL_MOST or len(cells) > COLUMNS_MOST or b"\x00" in raw or b"\\u0000" in raw
        if suspicious and (fault := _fault_of_cells(cells)):
            return fault
        payload, problems = self._check({field: cells.pop(column, None) for field, column in self._fields})
        if payload is None:
            return self._problem(problems[0].field, problems[0].reason)
        external_id = None
        if self.id_column:
            external_id, reason = _external_id(cells.pop(self.id_column, None))
            if reason:
                return Fault(self.id_column, reason)
        prelabel = None
        if self._prelabel_column is not None:
            prelabel, reason = self._prelabel(cells.pop(self._prelabel_column, None), payload)
            if reason:
                return Fault(self._prelabel_column, reason)
        waits = False
        for field, column in self._images:
            if source := payload.get(field):
                if reason := self._image_fault(source):
                    return Fault(column, reason)
                # The client gets back the name that they gave; the payload will hold the stored image.
                cells[column], waits = source, True
        return self._written(line, external_id, payload, prelabel, cells, waits, suspicious)

    def _written(
        self, line: int, external_id: str | None, payload: Cells, prelabel: Cells | None, extra: Cells, waits: bool,
        suspicious: bool,
    ) -> Shaped | Fault:  # fmt: skip
        for part in (payload, extra, prelabel):
            if part and (found := _unkeepable_value(part, suspicious)):
                column, reason = found
                if part is prelabel:
                    return Fault(self._prelabel_column or "", reason)
                return self._problem(column, reason) if part is payload else Fault(column[:80], reason)
        try:
            written = b"".join((
                self._prefix,
                b"%d\t" % (self._first_line + line),
                _NULL if external_id is None else external_id.encode().replace(b"\\", b"\\\\"),
                b"\t",
                orjson.dumps(payload).replace(b"\\", b"\\\\"),
                b"\t",
                orjson.dumps(prelabel).replace(b"\\", b"\\\\") if prelabel else _NULL,
                b"\t",
                orjson.dumps(extra).replace(b"\\", b"\\\\") if extra else _NULL,
                b"\n",
            ))
        except (TypeError, UnicodeEncodeError):
            return Fault("", _("The row holds half a character (a lone surrogate), which cannot be stored."))
        return written, external_id, waits

    def _problem(self, field: str, reason: str) -> Fault:
        """Faults are told by the client's own column where one is mapped."""
        root = re.split(r"[.\[]", field, maxsplit=1)[0]
        return Fault(self._columns.get(root, field)[:80], reason[:300])

    def _prelabel(self, cell: Any, payload: Cells) -> tuple[Cells | None, str]:
        if cell is None or cell == "":
            return None, ""
        try:
            return self._drawer.read_answer(cell, payload=payload, settings=self._settings), ""
        except Invalid as fault:
            where = f"{fault.field}: " if fault.field and fault.field != "answer" else ""
            return None, f"{where}{fault}"[:300]

    def _image_fault(self, source: str) -> str:
        if source.startswith("asset:"):
            return _("Expected an https address or the name of a file in the ZIP.")
        if not self._from_zip and not source.startswith("https://"):
            return _("This names a file, but the upload is not a ZIP that could hold it.")
        return ""


def _external_id(value: Any) -> tuple[str | None, str]:
    """The client's own id as text, or what is wrong with it."""
    if type(value) is int:
        value = str(value)
    if type(value) is not str:
        return None, _("The id is missing.") if value is None else _("Expected text or a whole number as id.")
    value = value.strip()
    if not value:
        return None, _("The id is missing.")
    if len(value) > ID_MOST:
        return None, _("The id is longer than %(most)d characters.") % {"most": ID_MOST}
    if not value.isprintable() and _CONTROL.search(value):
        return None, _("The id holds a control character.")
    return value, ""


def _fault_of_cells(cells: Mapping[str, Any]) -> Fault | None:
    """A closer look at a row that is long, wide, or seems to hold NUL."""
    if len(cells) > COLUMNS_MOST:
        values = {"count": len(cells), "most": COLUMNS_MOST}
        return Fault("", _("The row has %(count)d columns; at most %(most)d are possible.") % values)
    for column, value in cells.items():
        if reason := unkeepable(column) or unkeepable(value) or _too_long(value):
            return Fault(column.replace("\x00", "\ufffd")[:80], reason)
    return None


def _too_long(value: Any) -> str:
    size = len(value.encode()) if type(value) is str else len(orjson.dumps(value))
    return _("The cell is longer than 100 kB.") if size > CELL_MOST else ""


def _unkeepable_value(part: Cells, suspicious: bool) -> tuple[str, str] | None:
    """The first value that cannot be kept, and why; text is looked at only where something seems wrong with the row."""
    for column, value in part.items():
        kind = type(value)
        if (kind is str and not suspicious) or (kind is int and -NUMBER_BEYOND < value < NUMBER_BEYOND):
            continue
        if reason := unkeepable(value):
            return column, reason
    return None


def unkeepable(value: Any, depth: int = 1) -> str:
    """Why the database could not keep or give back a value as it is; nothing when it can."""
    kind = type(value)
    if kind is str:
        return _text_fault(value)
    if kind is bool or value is None:
        return ""
    if kind is int or kind is float:
        fits = -NUMBER_BEYOND < value < NUMBER_BEYOND
        return "" if fits else _("The number has too many digits; write it as text, in quotes.")
    if depth > DEPTH_MOST:
        return _("The value is nested more than %(most)d levels deep.") % {"most": DEPTH_MOST}
    if kind is dict:
        for key in value:
            if fault := _text_fault(key):
                return fault
        value = value.values()
    for entry in value:
        if fault := unkeepable(entry, depth + 1):
            return fault
    return ""


def _text_fault(text: str) -> str:
    if "\x00" in text:
        return _("The text holds the character U+0000, which cannot be stored.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _("The text holds half a character (a lone surrogate), which cannot be stored.")
    return ""
