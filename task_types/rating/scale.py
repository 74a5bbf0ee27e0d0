"""Numbers of a scale: read from strangers, counted in whole steps, kept without the crumbs of floating point."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types.contract import Json

DECIMALS = 4
"""Places behind the point that a setting may have."""
FINER = 2
"""Further places of a value that no single person gave: a mean, a known answer."""
MOST = 1_000_000

ENDS = (("lowest", "low_label"), ("highest", "high_label"))
"""The ends of a scale in its settings, and where the client says what they mean."""

Number = int | float

_WRITTEN = re.compile(r"\s*[-+]?[0-9]{1,7}(?:[.,][0-9]{1,10})?\s*")


def number(value: Any, *, field: str, decimals: int = DECIMALS) -> Number:
    """A number of at most a million either way; text may write it with a point or a comma. Whole ones come back whole."""
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        value = float(value.replace(",", "."))
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST <= value <= MOST:
        raise Invalid(_("A number is expected."), field=field)
    return tidy(value, decimals)


def tidy(value: Number, decimals: int) -> Number:
    """Rounded, and whole where it is whole."""
    rounded = round(float(value), decimals)
    return int(rounded) if rounded.is_integer() else rounded


def points(settings: Json) -> int:
    """How many values the scale has."""
    return round(span(settings) / float(settings["step"])) + 1


def point(settings: Json, place: int) -> Number:
    """The value at a place counted from 0."""
    return tidy(settings["lowest"] + place * settings["step"], DECIMALS)


def nearest(value: Number, settings: Json) -> Number:
    """The value of the scale that lies nearest, also to one beyond its ends."""
    place = round((value - settings["lowest"]) / settings["step"])
    return point(settings, min(max(place, 0), points(settings) - 1))


def span(settings: Json) -> float:
    """From the lowest to the highest value."""
    return float(settings["highest"] - settings["lowest"])


def described(settings: Json) -> list[Json]:
    """What the client says of the scale, from the lowest value up: [{value, label, description}]."""
    named = [{**point, "value": number(point["value"], field="points")} for point in settings["points"]]
    ends = [{"value": settings[end], "label": settings[name], "description": ""} for end, name in ENDS if settings[name]]
    return sorted([*named, *ends], key=lambda point: float(point["value"]))


def label(value: Number, settings: Json) -> str:
    """The client's word for a value, if there is one."""
    return next((str(named["label"]) for named in described(settings) if named["value"] == value), "")
