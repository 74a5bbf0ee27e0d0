"""The files of an export: CSV by task or by answer, JSONL, and what the task type offers besides (COCO)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import orjson
from django.utils.translation import gettext_lazy as _

from kit.errors import NotFound
from marketplace.exports.records import Record, rows, with_sources
from marketplace.exports.sources import Source, Sources
from marketplace.intake import sheets
from marketplace.models import Batch
from task_types import registry
from task_types.contract import ExportTask

Per = Literal["task", "answer"]

OF_RESULT = ("status", "confidence", "ambiguous", "distribution", "interval", "decided_by", "answer_count")
OF_COST = ("pay", "fee", "total", "currency")
OF_ANSWER = ("worker", "kind", "state", "seconds", "round", "submitted_at", "pay", "fee", "currency")


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
        self._drawer = registry.drawer(batch.project.task_type)
        self._settings = batch.project.settings
        self._columns = self._drawer.export_columns(self._settings)
        sources = Sources(batch)
        self._named = list(dict.fromkeys(name for source in sources.all for name in source.others))
        self._shown = list(dict.fromkeys(name for source in sources.all for name in source.fields.values()))
        first = batch.tasks.order_by("line").first()
        # Some kinds of work arrange the cells anew; then the whole payload stands in one cell.
        self._whole = first is not None and not set(first.payload) <= set(sources.of(first).fields)

    def lines(self) -> Iterator[list[str]]:
        yield self._header()
        for record, source in with_sources(self._batch, include_gold=self._gold):
            before = self._before(record, source)
            if self._per == "task":
                yield [*before, *self._of_task(record)]
            else:
                yield from ([*before, *self._of_answer(answer)] for answer in record["answers"])

    def _header(self) -> list[str]:
        ours = ["id", "file", "line", *(["gold"] if self._gold else [])]
        if self._per == "task":
            after = [*(f"result_{name}" for name in self._columns), *OF_RESULT, *OF_COST, "answers"]
        else:
            after = [*(f"answer_{name}" for name in self._columns), *OF_ANSWER]
        beside = ["payload"] if self._whole else []
        taken = {*ours, *after, *beside, "more"}
        given = [f"your {name}" if name in taken else name for name in self._given()]
        return [*ours, *given, *beside, "more", *after]

    def _given(self) -> list[str]:
        return [*([] if self._whole else self._shown), *self._named]

    def _before(self, record: Record, source: Source) -> list[str]:
        """What the client gave: the cells that workers saw, the other columns, and those that no column is named after."""
        extra, cells = dict(record["extra"]), {}
        for name in self._named:
            cells[name] = extra.pop(name, None)
        cells |= {column: record["payload"].get(field) for field, column in source.fields.items()}
        ours = [record["id"], record["file"], record["line"], *([record["gold"]] if self._gold else [])]
        payload = [record["payload"]] if self._whole else []
        return [_cell(value) for value in (*ours, *map(cells.get, self._given()), *payload, extra or None)]

    def _of_task(self, record: Record) -> list[str]:
        result = record["result"] or {}
        values = (
            result.get("state"), result.get("confidence"), result.get("ambiguous"), result.get("distribution") or None,
            result.get("interval"), result.get("by"), result.get("answers"), *(record["cost"][name] for name in OF_COST), record["answers"],
        )  # fmt: skip
        return [*self._answer_cells(result.get("answer")), *map(_cell, values)]

    def _of_answer(self, answer: Record) -> list[str]:
        values = answer | {"currency": self._batch.currency}
        return [*self._answer_cells(answer["answer"]), *(_cell(values[name]) for name in OF_ANSWER)]

    def _answer_cells(self, answer: dict[str, Any] | None) -> list[str]:
        cells = self._drawer.export_row(answer, settings=self._settings) if answer else {}
        return [cells.get(name, "") for name in self._columns]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
