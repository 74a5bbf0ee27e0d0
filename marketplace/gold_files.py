"""Known answers from a client's file: one row a task, its fields under their own names, and a column with the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from marketplace.intake import files, sniffing, tables
from marketplace.intake.files import Spooled
from marketplace.models import Project
from task_types import registry
from task_types.contract import FILES, TaskType

ROWS_MOST = 1_000
ANSWER_COLUMNS = ("answer", "truth", "gold", "label", "labels", "known")
"""Names under which the known answer may stand, the first that a file has."""


def read(*, project: Project, name: str, chunks: Iterable[bytes]) -> list[tuple[dict[str, Any], Any]]:
    """Pairs of a row and its known answer, as `gold.add` takes them. Raises Invalid that names the line."""
    drawer = registry.drawer(project.task_type)
    with files.spooled(chunks) as spool:
        if sniffing.is_zip(spool):
            raise Invalid(_("Expected a CSV or JSONL file. For tasks with images, answer some yourself instead."))
        rows = _rows(spool, sniffing.look(spool, name))
    if not 1 <= len(rows) <= ROWS_MOST:
        raise Invalid(_("Expected 1 to 1,000 rows."))
    return [_pair(drawer, project, line, cells) for line, cells in rows]


def _rows(spool: Spooled, found: sniffing.Found) -> list[tuple[int, dict[str, Any]]]:
    """Lines with their cells; a faulty line stops it all, since gold is added as a whole or not at all."""
    layout, kept = found.layout, []
    lines = tables.Lines(spool.file, offset=layout.start, line=layout.start_line)
    names = [column["name"] for column in found.columns]
    for line, cells, fault, _raw in tables.rows(lines, form=layout.form, names=names, delimiter=layout.delimiter):
        if fault is not None:
            raise Invalid(fault.reason, field=f"line {line}")
        if cells is not None:
            kept.append((line, dict(cells)))
        if len(kept) > ROWS_MOST:
            break
    return kept


def _pair(drawer: TaskType, project: Project, line: int, cells: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    fields = {field.name for field in drawer.fields}
    column = next((name for name in ANSWER_COLUMNS if name in cells and name not in fields), None)
    if column is None:
        raise Invalid(_("The file has no column “answer” with the known answers."))
    row = {field.name: cells.get(field.name) for field in drawer.fields}
    payload, problems = drawer.compile_payload_check(project.settings)(row)
    if payload is None:
        raise Invalid(problems[0].reason, field=f"line {line}")
    if any(field.kind in FILES and payload.get(field.name) for field in drawer.fields):
        raise Invalid(_("Known answers to files cannot come from a table. Answer some tasks yourself, or make a result gold."))
    try:
        return row, drawer.read_answer(cells[column], payload=payload, settings=project.settings)
    except Invalid as error:
        raise Invalid(error.message, field=f"line {line}") from None


def said(error: Invalid) -> str:
    """The reason with the line it is about."""
    line = (error.field or "").removeprefix("line ")
    return _("Line %(line)s: %(why)s") % {"line": line, "why": error} if line.isdigit() else str(error)
