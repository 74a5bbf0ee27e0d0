"""How boxes are drawn: the picture large with zoom, the labels as a row of keys, a list of the boxes made."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from task_types.contract import Json
from task_types.image_boxes.settings import BOXES_MOST


def form(settings: Json) -> Json:
    """The SurveyJS form: one element of our own."""
    boxes = {
        "type": "image_boxes",
        "name": "_boxes",
        "titleLocation": "hidden",
        "options": {
            "question": settings["question"] or _("Mark every object with a box that fits tightly"),
            "labels": settings["labels"],
            "least": settings["least_pixels"],
            "most": BOXES_MOST,
            "allowNone": settings["allow_none"],
        },
        "strings": _strings(settings["least_pixels"]),
    }
    return {"elements": [boxes]}


def form_data(payload: Json, *, answer: Json | None, image_url: Callable[[str], str]) -> Json:
    """The image by its address."""
    return {"payload": {**payload, "image": image_url(payload["image"])}, "data": dict(answer or {})}


def _strings(least: int) -> Json:
    """What the widget says by itself."""
    return {
        "zoom_in": _("Zoom in"),
        "zoom_out": _("Zoom out"),
        "fit": _("Fit"),
        "undo": _("Undo"),
        "new": _("New box"),
        "delete_named": _("Delete box {name}"),
        "none": _("Nothing to mark"),
        "labels": _("Label of the next box"),
        "box": _("Box {number}: {label}"),
        "empty": _("Choose a label and drag over an object, or press N for a box in the middle. Click a box to change it."),
        "pan": _("Move view"),
        "image_failed": _("The picture could not be loaded."),
        "retry": _("Try again"),
        "missing": _("Mark at least one object, or say that there is nothing to mark."),
        "missing_strict": _("Mark at least one object."),
        "too_small": _("A box must be at least %(least)d pixels wide and high.") % {"least": least},
        "too_many": _("More boxes than one picture may have."),
    }
