"""The answer of a choice: {"label": value} or {"labels": [values]}, and perhaps a comment."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types import comments, reading
from task_types.contract import Json
from task_types.labels import values


def chosen(answer: Json) -> set[str]:
    """The values that the answer says yes to."""
    return {answer["label"]} if "label" in answer else set(answer["labels"])


def check(answer: Any, *, settings: Json, partial: bool) -> Json:
    """The answer in the order of the labels, without an empty comment. Raises Invalid."""
    question = "labels" if settings["several"] else "label"
    given = reading.mapping(answer, field="answer", known=(question, *comments.parts(settings)))
    picked = _several(given, settings) if settings["several"] else _single(given, settings)
    return {question: picked} | comments.check(given, settings=settings, partial=partial)


def read(cell: Any, *, settings: Json) -> Json:
    """A partial answer from a cell: a label, several of them with `|` between or as JSON list, or an answer as JSON."""
    allowed = values(settings)
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) < 10**12:
        cell = str(cell)  # a JSON file writes the label 3 without quotes
    if isinstance(cell, str) and cell.strip() in allowed:
        cell = cell.strip()
    else:
        cell = reading.json_cell(cell, field="answer")
    if isinstance(cell, dict):
        return check(cell, settings=settings, partial=True)
    if not settings["several"]:
        return check({"label": cell}, settings=settings, partial=True)
    if isinstance(cell, str):
        cell = [cell] if cell in allowed else [part for part in cell.split("|") if part.strip()]
    return check({"labels": cell}, settings=settings, partial=True)


def _single(given: Json, settings: Json) -> str:
    return reading.one_of(given.get("label"), field="label", allowed=values(settings), message=_("Choose one of the labels."))


def _several(given: Json, settings: Json) -> list[str]:
    allowed = values(settings)
    entries = reading.entries(given.get("labels"), field="labels", least=0, most=len(allowed))
    message = _("Choose among the labels.")
    picked = {reading.one_of(entry, field="labels", allowed=allowed, message=message) for entry in entries}
    if not picked and not settings["allow_none"]:
        raise Invalid(_("Choose at least one label."), field="labels", expected={"least": 1})
    return [value for value in allowed if value in picked]
