"""How a rating looks: the content large, the scale below it as buttons or as a slider, perhaps a comment."""

from __future__ import annotations

from django.utils.translation import gettext as _

from task_types import comments, content
from task_types.contract import Json
from task_types.rating import scale

BUTTONS_MOST = 11
"""Values of a scale that are shown each as a button; finer scales are a slider."""


def form(settings: Json) -> Json:
    """The SurveyJS form: the content, an element of our own for the scale, perhaps a comment."""
    rating = {
        "type": "rating_scale",
        "name": "_rating",
        "titleLocation": "hidden",
        "options": {
            "question": settings["question"] or _("Rate it"),
            "values": [scale.point(settings, place) for place in range(scale.points(settings))],
            "described": scale.described(settings),
            "buttons": scale.points(settings) <= BUTTONS_MOST,
        },
        "strings": {
            "missing": _("Choose a value of the scale."),
            "unset": _("Not rated yet"),
            "exactly": _("Value"),
            "means": _("{value}: {meaning}"),
        },
    }
    return {"elements": [content.element(), rating, *comments.elements(settings)]}
