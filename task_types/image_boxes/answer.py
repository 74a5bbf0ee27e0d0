"""The answer of an image: {boxes: [{label, x, y, w, h}], width, height}, in pixels of the original from top left."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types import labels, reading
from task_types.contract import Json
from task_types.image_boxes.payload import SIDE_MOST
from task_types.image_boxes.settings import BOXES_MOST
from task_types.measures import Box

SLACK = 1.0
"""Pixels by which a box may stick out of the image before it is refused instead of cut: browsers round."""


def shapes(answer: Json) -> list[Box]:
    """The boxes without their labels."""
    return [Box(box["x"], box["y"], box["w"], box["h"]) for box in answer["boxes"]]


def check(answer: Any, *, payload: Json, settings: Json, partial: bool) -> Json:
    """The boxes cut to the image, to a tenth of a pixel. `none: true` may stand beside an empty list. Raises Invalid.

    A partial answer (known answer, pre-label) need not say how large the image is.
    """
    given = reading.mapping(answer, field="answer", known=("boxes", "width", "height", "none"))
    size = {
        side: _side(given, side, payload) for side in ("width", "height") if not partial or given.get(side) or payload.get(side)
    }
    entries = reading.entries(given.get("boxes"), field="boxes", least=0, most=BOXES_MOST)
    if reading.flag(given.get("none", False), field="none") and entries:
        raise Invalid(_("Either there is nothing to mark or there are boxes."), field="none")
    if not entries and not settings["allow_none"]:
        raise Invalid(_("Mark at least one object."), field="boxes", expected={"least": 1})
    return {"boxes": [_box(entry, f"boxes[{index}]", size, settings) for index, entry in enumerate(entries)], **size}


def read(cell: Any, *, payload: Json, settings: Json) -> Json:
    """A partial answer from a cell: a JSON list of boxes, or the whole answer as JSON. An empty cell is no box."""
    cell = reading.json_cell(cell, field="answer")
    if cell is None or cell == "":
        cell = []
    return check({"boxes": cell} if isinstance(cell, list) else cell, payload=payload, settings=settings, partial=True)


def _side(given: Json, side: str, payload: Json) -> int:
    expected = payload.get(side)
    value = reading.whole(given.get(side, expected), field=side, low=1, high=SIDE_MOST)
    if expected is not None and value != expected:
        message = _("The picture is %(expected)d pixels here, not %(value)d: was it scaled?") % {
            "expected": expected,
            "value": value,
        }
        raise Invalid(message, field=side, expected=expected)
    return value


def _box(entry: Any, field: str, size: Json, settings: Json) -> Json:
    entry = reading.mapping(entry, field=field, known=("label", "x", "y", "w", "h"))
    message = _("Give each box one of the labels.")
    label = reading.one_of(entry.get("label"), field=f"{field}.label", allowed=labels.values(settings), message=message)
    x, w = _span(entry, "x", "w", field, size.get("width", SIDE_MOST))
    y, h = _span(entry, "y", "h", field, size.get("height", SIDE_MOST))
    least = settings["least_pixels"]
    if min(w, h) < least:
        raise Invalid(
            _("A box must be at least %(least)d pixels wide and high.") % {"least": least},
            field=field,
            expected={"least": least},
        )
    return {"label": label, "x": x, "y": y, "w": w, "h": h}


def _span(entry: Json, start: str, length: str, field: str, most: int) -> tuple[float, float]:
    """Start and length along one side, cut to the image; in whole tenths, so that doing it twice changes nothing."""
    low = round(reading.number(entry.get(start), field=f"{field}.{start}") * 10)
    high = low + round(reading.number(entry.get(length), field=f"{field}.{length}") * 10)
    if low < -SLACK * 10 or high > (most + SLACK) * 10:
        raise Invalid(_("The box leaves the picture."), field=f"{field}.{start}", expected={"low": 0, "high": most})
    low, high = max(low, 0), min(high, most * 10)
    return low / 10, (high - low) / 10
