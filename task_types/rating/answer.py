"""The answer of a rating: {"value": number}, and perhaps a comment."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types import comments, reading
from task_types.contract import Json
from task_types.rating import scale


def check(answer: Any, *, settings: Json, partial: bool) -> Json:
    """The value as the scale has it. Raises Invalid.

    A partial answer (known answer, pre-label, mean of several) may lie between two values, never beyond the ends.
    """
    given = reading.mapping(answer, field="answer", known=("value", *comments.parts(settings)))
    lowest, highest = settings["lowest"], settings["highest"]
    value = scale.number(given.get("value"), field="value", decimals=scale.DECIMALS + scale.FINER)
    if not lowest <= value <= highest:
        message = _("A number from %(low)s to %(high)s is expected.") % {"low": lowest, "high": highest}
        raise Invalid(message, field="value", expected={"low": lowest, "high": highest})
    if not partial and value != scale.nearest(value, settings):
        message = _("The scale goes in steps of %(step)s.") % {"step": settings["step"]}
        raise Invalid(message, field="value", expected={"step": settings["step"], "nearest": scale.nearest(value, settings)})
    return {"value": value} | comments.check(given, settings=settings, partial=partial)


def read(cell: Any, *, settings: Json) -> Json:
    """A partial answer from a cell: the number, or the whole answer as JSON."""
    cell = reading.json_cell(cell, field="answer")
    return check(cell if isinstance(cell, dict) else {"value": cell}, settings=settings, partial=True)
