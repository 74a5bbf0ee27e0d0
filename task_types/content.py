"""What a person looks at before they judge it: a text, an image, or both; the same for every drawer that shows one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from task_types import reading
from task_types.contract import Field, Json, Problem

TEXT_LIMIT = 20_000
"""Characters."""

FIELDS = (
    Field(
        "text",
        "text",
        False,
        gettext_lazy("The text to judge, at most 20,000 characters. A task needs a text, an image or both."),
    ),
    Field("image", "image", False, gettext_lazy("An https address, or the name of a file in the ZIP.")),
)


def check(row: Mapping[str, Any]) -> tuple[Json | None, list[Problem]]:
    """The payload {text?, image?} of a row, or what is wrong with it."""
    text, image = row.get("text"), row.get("image")
    if not image:
        # The common row comes first: millions of texts pass through here.
        if type(text) is str and 0 < len(text) <= TEXT_LIMIT and "\x00" not in text and text.isascii() and not text.isspace():
            return {"text": text}, []
        if text is None or text == "":
            return None, [Problem("text", _("Text or image: one of them is needed."))]
    payload, problems = {}, []
    if text is not None and text != "":
        if fault := reading.text_fault(text, limit=TEXT_LIMIT):
            problems.append(Problem("text", _("The text %(fault)s.") % {"fault": fault}))
        payload["text"] = text
    if image is not None and image != "":
        if fault := reading.image_fault(image):
            problems.append(Problem("image", _("The image %(fault)s.") % {"fault": fault}))
        payload["image"] = image
    return (None, problems) if problems else (payload, [])


def element() -> Json:
    """The element of a form that shows it, large (frontend/workspace/content.mjs)."""
    return {
        "type": "task_content",
        "name": "_content",
        "titleLocation": "hidden",
        "strings": {
            "zoom": _("Enlarge the image"),
            "failed": _("The picture could not be loaded."),
            "retry": _("Try again"),
        },
    }


def form_data(payload: Json, *, answer: Json | None, image_url: Callable[[str], str]) -> Json:
    """The text as it is and the image by its address."""
    shown = dict(payload)
    if "image" in payload:
        shown["image"] = image_url(payload["image"])
    return {"payload": shown, "data": dict(answer or {})}
