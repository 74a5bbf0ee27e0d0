"""Banks as files: CSV and JSON out and in again without loss, MTurk's XML in, and a record of what could not be read."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from qualification import items, mturk
from qualification.items import Read
from qualification.models import BankFile, Exam, ExamItem
from qualification.states import VOID

COMPLEX = ("accepted", "rubric", "settings", "row", "truth")
"""Fields whose cell is JSON."""


def read(*, name: str, content: bytes, key: bytes | None = None) -> Read:
    """Questions of a file by the ending of its name: .csv, .json, or MTurk's QuestionForm as .xml with its AnswerKey as `key`.
    Raises Invalid when the file as a whole is unusable."""
    ending = name.rpartition(".")[2].lower()
    if ending == "xml":
        return mturk.read(content, key)
    if ending == "json":
        return read_json(content)
    if ending == "csv":
        return items.read_csv(content)
    raise Invalid(_("Expected a file that ends in .csv, .json or .xml."), field="file", expected=["csv", "json", "xml"])


def read_json(content: bytes) -> Read:
    """Questions from {"items": [...]} or a bare list, each as the API takes it; the place in the list counts as line."""
    if len(content) > items.LARGEST_FILE:
        raise Invalid(_("The file is larger than 5 MB."), field="file")
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        raise Invalid(_("The file is not JSON."), field="file") from None
    rows = given.get("items") if isinstance(given, dict) else given
    if not isinstance(rows, list) or not rows:
        raise Invalid(_("Expected a list of questions, or an object with such a list as items."), field="file")
    found = Read()
    for line, row in enumerate(rows, start=1):
        items.take(found, lambda row=row: items.check(row, place="row"), line=line, row=row)  # type: ignore[misc]
    return found


def bring_in(
    *, exam: Exam, name: str, content: bytes, by_id: uuid.UUID, now: datetime, key: bytes | None = None
) -> BankFile:
    """Put the good rows of a file into a draft and keep the bad ones with line and reason. Raises Invalid."""
    found = read(name=name, content=content, key=key)
    added = items.add(exam=exam, items=found.items) if found.items else 0
    bad = [{"line": one.line, "field": one.field, "message": one.message, "row": _storable(one.row)} for one in found.errors]
    return BankFile.objects.create(exam=exam, name=name[-120:], added=added, bad=bad, made_by_id=by_id, made_at=now)


def as_json(exam: Exam) -> bytes:
    """All questions that are not void, as the API takes them."""
    rows = [as_row(item) for item in _kept(exam)]
    return json.dumps({"exam": exam.title, "version": exam.version, "items": rows}, ensure_ascii=False, indent=1).encode()


def as_csv(exam: Exam) -> bytes:
    """The same as CSV; a cell that a spreadsheet would run as a formula gets an apostrophe, which reading takes off again."""
    kept = [as_row(item) for item in _kept(exam)]
    most = max((len(row.get("options", [])) for row in kept), default=0)
    names = [*items.COLUMNS, *(f"option_{at}" for at in range(1, most + 1))]
    return _csv(names, (_cells(row) for row in kept))


def bad_as_csv(found: BankFile) -> bytes:
    """What could not be read, to be put right: line, field, reason, and the row itself."""
    rows = ({**{name: one[name] for name in ("line", "field", "message")}, "row": _text(one["row"])} for one in found.bad)
    return _csv(["line", "field", "message", "row"], rows)


def as_row(item: ExamItem) -> dict[str, Any]:
    """A question as `items.check` takes it."""
    row: dict[str, Any] = {"kind": item.kind, "topic": item.topic}
    if item.section:
        row["section"] = item.section
    if item.a is not None:
        row |= {"a": item.a, "b": item.b}
    if item.kind != ExamItem.GOLD:
        row["text"] = item.body["text"]
    if item.kind == ExamItem.CHOICE:
        keys = [option["key"] for option in item.body["options"]]
        row["options"] = [option["text"] for option in item.body["options"]]
        row["right"] = [keys.index(key) + 1 for key in item.key["right"]]
    elif item.kind == ExamItem.NUMBER:
        row |= {"value": item.key["value"], "tolerance": item.key["tolerance"], "unit": item.body["unit"]}
    elif item.kind == ExamItem.TEXT:
        row["accepted"] = item.key["accepted"]
    elif item.kind == ExamItem.PROSE:
        row |= {"rubric": item.body["rubric"], "model": item.key["model"]}
    else:
        row |= {"task_type": item.task_type, "settings": item.body["settings"], "row": item.body.get("row", item.body["payload"])}
        row |= {"truth": item.key["truth"], "guideline": item.body.get("guideline", "")}
    return row


def _kept(exam: Exam) -> Iterable[ExamItem]:
    return exam.items.exclude(state=VOID).order_by("n")


def _cells(row: dict[str, Any]) -> dict[str, str]:
    cells = {name: _text(value) for name, value in row.items() if name not in ("text", "options", "right")}
    cells |= {name: json.dumps(row[name], ensure_ascii=False) for name in COMPLEX if name in row}
    cells["question"] = row.get("text", "")
    cells["right"] = ";".join(str(number) for number in row.get("right", []))
    return cells | {f"option_{at}": text for at, text in enumerate(row.get("options", []), start=1)}


def _csv(names: list[str], rows: Iterable[dict[str, Any]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_safe(str(row.get(name, ""))) for name in names] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _safe(cell: str) -> str:
    """Also what begins with an apostrophe gets one, so that taking it off brings back exactly what was there. Numbers stay bare."""
    return f"'{cell}" if cell.startswith((*items.FORMULA_STARTS, "'")) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _storable(row: Any) -> Any:
    """The row as the database can keep it: JSON without NUL."""
    return json.loads(json.dumps(row, default=str).replace("\\u0000", "\\ufffd"))
