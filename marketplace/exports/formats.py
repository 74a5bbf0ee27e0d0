"""The files of an export: CSV by task or by answer, JSONL, and what the task type offers besides (COCO)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import orjson
from django.utils.translation import gettext_lazy as _

from kit.errors import NotFound
from marketplace.exports import sheets
from marketplace.exports.records import Record, rows
from marketplace.exports.sources import Sources
from marketplace.models import Batch
from task_types import registry
from task_types.contract import ExportTask, TaskType

Per = Literal["task", "answer"]

BEFORE = ("id", "file", "line")
OF_RESULT = ("status", "confidence", "ambiguous", "distribution", "decided_by")
OF_COST = ("pay", "fee", "total", "currency")
OF_ANSWER = ("worker", "kind", "state", "seconds", "round", "submitted_at", "pay", "fee")


def as_jsonl(batch: Batch, *, answers: bool = True, include_gold: bool = False) -> Iterator[bytes]:
    """The records of `rows`, one JSON object in each line, in pieces."""
    piece = bytearray()
    for record in rows(batch, answers=answers, include_gold=include_gold):
        piece += orjson.dumps(record) + b"\n"
        if len(piece) >= sheets.PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def as_csv(batch: Batch, *, per: Per = "task", bom: bool = False, include_gold: bool = False) -> Iterator[bytes]:
    """A table with one line for each task (its answers as JSON in the last cell) or for each answer.

    The client's columns keep their names; one that is called like a column of ours gets `your ` in front. Cells that
    begin like a formula get an apostrophe.
    """
    table = _Table(batch, per=per, include_gold=include_gold)
    return sheets.csv_pieces(table.lines(), bom=bom)


def extra(batch: Batch, name: str) -> Iterator[bytes]:
    """Settled tasks in a format of the task type, such as `coco`. Raises NotFound."""
    drawer = registry.drawer(batch.project.task_type)
    if name not in drawer.extra_exports:
        raise NotFound(_("This kind of work has no such format."), field="format", expected=sorted(drawer.extra_exports))
    tasks = (_export_task(record) for record in rows(batch, answers=False) if _is_settled(record))
    pieces = drawer.extra_exports[name](tasks, batch.project.settings)
    return (piece.encode() for piece in pieces)


def _is_settled(record: Record) -> bool:
    return record["result"] is not None and record["result"]["state"] == "settled" and record["result"]["answer"] is not None


def _export_task(record: Record) -> ExportTask:
    image = record["payload"].get("image")
    return ExportTask(
        id=record["id"] or str(record["line"]), payload=record["payload"], answer=record["result"]["answer"],
        confidence=record["result"]["confidence"], image=image,
    )  # fmt: skip


class _Table:
    """The columns of a batch's CSV, known before the first row, and the rows under them."""

    def __init__(self, batch: Batch, *, per: Per, include_gold: bool) -> None:
        self._batch, self._per, self._gold = batch, per, include_gold
        self._drawer: TaskType = registry.drawer(batch.project.task_type)
        self._settings = batch.project.settings
        sources = Sources(batch).all
        self._given = list(dict.fromkeys(
            name for source in sources for name in (*source.fields.values(), *source.others)
        ))
        self._of_answer = self._drawer.export_columns(self._settings)

    def lines(self) -> Iterator[list[str]]:
        yield self._header()
        sources = {(source.file, source.first_line): source for source in Sources(self._batch).all}
        del sources
        for record in rows(self._batch, answers=True, include_gold=self._gold):
            yield from self._of_task(record) if self._per == "task" else self._by_answer(record)

    def _header(self) -> list[str]:
        raise NotImplementedError

    def _of_task(self, record: Record) -> Iterator[list[str]]:
        raise NotImplementedError

    def _by_answer(self, record: Record) -> Iterator[list[str]]:
        raise NotImplementedError


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _cells(given: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [_cell(given.get(name)) for name in names]
