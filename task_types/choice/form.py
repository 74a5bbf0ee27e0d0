"""How a choice looks: the content large, the labels beside or below it, each with its key."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from task_types.choice.settings import COMMENT_LIMIT
from task_types.contract import Json


def form(settings: Json) -> Json:
    """The SurveyJS form: the content, one question for the labels, perhaps a comment."""
    content = {
        "type": "task_content",
        "name": "_content",
        "titleLocation": "hidden",
        "strings": {
            "zoom": _("Enlarge the image"),
            "failed": _("The picture could not be loaded."),
            "retry": _("Try again"),
        },
    }
    elements = [content, _labels(settings)]
    if settings["comment"] != "none":
        elements.append(_comment(required=settings["comment"] == "required"))
    return {"elements": elements}


def form_data(payload: Json, *, answer: Json | None, image_url: Callable[[str], str]) -> Json:
    """The text as it is and the image by its address."""
    shown = dict(payload)
    if "image" in payload:
        shown["image"] = image_url(payload["image"])
    return {"payload": shown, "data": dict(answer or {})}


def _labels(settings: Json) -> Json:
    several = settings["several"]
    choices = [
        {"value": label["value"], "shown": label["label"], "description": label["description"], "key": label["key"]}
        for label in settings["labels"]
    ]
    return {
        "type": "checkbox" if several else "radiogroup",
        "name": "labels" if several else "label",
        "title": settings["question"] or (_("Choose all labels that fit") if several else _("Choose one label")),
        "isRequired": not settings["allow_none"],
        "requiredErrorText": _("Choose at least one label.") if several else _("Choose one of the labels."),
        "choices": choices,
    }


def _comment(*, required: bool) -> Json:
    return {
        "type": "comment",
        "name": "comment",
        "title": _("Comment") if required else _("Comment (optional)"),
        "isRequired": required,
        "requiredErrorText": _("A comment is needed here."),
        "maxLength": COMMENT_LIMIT,
        "rows": 2,
        "autoGrow": True,
    }
