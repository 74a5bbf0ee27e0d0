"""What is marked: one image, perhaps with the size that the client says it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Field, Json, Problem

SIDE_MOST = 100_000
"""Pixels."""

FIELDS = (
    Field("image", "image", True, gettext_lazy("An https address, or the name of a file in the ZIP.")),
    Field(
        "width",
        "number",
        False,
        gettext_lazy("Width of the image in pixels; answers must then be made on an image of this size."),
    ),
    Field("height", "number", False, gettext_lazy("Height of the image in pixels.")),
)


def check(row: Mapping[str, Any]) -> tuple[Json | None, list[Problem]]:
    """The payload {image, width?, height?} of a row, or what is wrong with it."""
    payload: Json = {"image": row.get("image")}
    problems: list[Problem] = []
    if fault := reading.image_fault(payload["image"]):
        problems.append(Problem("image", _("The image %(fault)s.") % {"fault": fault}))
    for side in ("width", "height"):
        if row.get(side) not in (None, ""):
            try:
                payload[side] = reading.whole(row[side], field=side, low=1, high=SIDE_MOST)
            except Invalid as fault_of_side:
                problems.append(Problem(side, str(fault_of_side)))
    if not problems and ("width" in payload) != ("height" in payload):
        problems.append(Problem("width", _("Width and height come together or not at all.")))
    return (None, problems) if problems else (payload, [])
