"""How a choice looks: the content large, the labels beside or below it, each with its key."""

from __future__ import annotations

from django.utils.translation import gettext as _

from task_types import comments, content
from task_types.contract import Json


def form(settings: Json) -> Json:
    """The SurveyJS form: the content, one question for the labels, perhaps a comment."""
    return {"elements": [content.element(), _labels(settings), *comments.elements(settings)]}


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
