"""What a client decides about boxes: the labels, how small a box may be, whether an empty picture is an answer."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from task_types import labels, reading
from task_types.contract import Json, SettingField

LABELS_MOST = 100
BOXES_MOST = 300
"""Boxes of one answer: the cost of matching two answers grows with the third power."""

FIELDS = (
    SettingField(
        name="question",
        kind="text",
        label=gettext_lazy("Instruction"),
        help=gettext_lazy("Stands above the picture, for example: Mark every fruit."),
        default="",
    ),
    SettingField(
        name="labels",
        kind="labels",
        label=gettext_lazy("Labels"),
        help=gettext_lazy("What there is to mark, in any language. A label may carry a key that chooses it."),
        default=[],
    ),
    SettingField(
        name="least_pixels",
        kind="number",
        label=gettext_lazy("Smallest side of a box, in pixels of the picture"),
        help=gettext_lazy("Smaller boxes are refused: they are mostly slips of the hand."),
        default=4,
        low=1,
        high=500,
    ),
    SettingField(
        name="allow_none",
        kind="yes_no",
        label=gettext_lazy("“Nothing to mark” is an answer"),
        help=gettext_lazy("Leave it on unless every picture is known to hold something."),
        default=True,
    ),
)


def check(settings: Any) -> Json:
    """{question, labels: [{value, label, description, key}], least_pixels, allow_none}. Raises Invalid."""
    given = reading.mapping(settings, field="settings", known={field.name for field in FIELDS})
    return {
        "question": reading.text(given.get("question"), field="question", limit=300, required=False),
        "labels": labels.check(given.get("labels"), least=1, most=LABELS_MOST),
        "least_pixels": reading.whole(given.get("least_pixels", 4), field="least_pixels", low=1, high=500),
        "allow_none": reading.flag(given.get("allow_none", True), field="allow_none"),
    }
