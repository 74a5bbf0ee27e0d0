"""What a client decides about a rating: the scale, what its points mean, how near is right, whether a comment is asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from task_types import comments, reading
from task_types.contract import Json, SettingField
from task_types.rating import scale

POINTS_MOST = 1_001
"""Values of a scale."""
NAMED_MOST = 21
LABEL_LIMIT = 60

FIELDS = (
    SettingField(
        name="question",
        kind="text",
        label=gettext_lazy("Question"),
        help=gettext_lazy("Stands above the scale, for example: How easy is this text to read?"),
        default="",
    ),
    SettingField(
        name="lowest",
        kind="text",
        label=gettext_lazy("Lowest value"),
        help=gettext_lazy("A whole or decimal number."),
        default=1,
    ),
    SettingField(
        name="highest",
        kind="text",
        label=gettext_lazy("Highest value"),
        help=gettext_lazy("Up to eleven values are shown as buttons, more as a slider."),
        default=5,
    ),
    SettingField(
        name="step",
        kind="text",
        label=gettext_lazy("Step"),
        help=gettext_lazy("The distance of two neighbouring values, for example 1 or 0.5."),
        default=1,
    ),
    SettingField(
        name="low_label",
        kind="text",
        label=gettext_lazy("What the lowest value means"),
        help=gettext_lazy("A few words, for example: Cannot be understood."),
        default="",
    ),
    SettingField(
        name="high_label",
        kind="text",
        label=gettext_lazy("What the highest value means"),
        help=gettext_lazy("A few words, for example: Clear at first reading."),
        default="",
    ),
    SettingField(
        name="points",
        kind="labels",
        label=gettext_lazy("What the values between mean"),
        help=gettext_lazy("Optional: a value of the scale, a word for it, and perhaps when to give it. It helps people to agree."),
        default=[],
    ),
    SettingField(
        name="tolerance",
        kind="text",
        label=gettext_lazy("Right within"),
        help=gettext_lazy("How far from a known answer a rating may be and still count as right. 0: exactly."),
        default=0,
    ),
    comments.SETTING,
)


def check(settings: Any) -> Json:
    """{question, lowest, highest, step, low_label, high_label, points, tolerance, comment}. Raises Invalid.

    `points` are [{value, label, description}] in the order of the scale, each value as text; an end of the scale is named there or by
    its own label, never by both.
    """
    given = reading.mapping(settings, field="settings", known={field.name for field in FIELDS})
    lowest, highest, step = (_number(given, name, default) for name, default in (("lowest", 1), ("highest", 5), ("step", 1)))
    _refuse_crooked(lowest, highest, step)
    checked: Json = {
        "question": reading.text(given.get("question"), field="question", limit=300, required=False),
        "lowest": lowest,
        "highest": highest,
        "step": step,
        **{name: reading.text(given.get(name), field=name, limit=LABEL_LIMIT, required=False) for _end, name in scale.ENDS},
    }
    tolerance = _number(given, "tolerance", 0)
    if not 0 <= tolerance < highest - lowest:
        message = _("Expected 0 or more, and less than from one end of the scale to the other.")
        raise Invalid(message, field="tolerance", expected={"low": 0, "below": highest - lowest})
    checked["points"] = _points(given.get("points"), checked)
    return checked | {"tolerance": tolerance, "comment": comments.check_setting(given)}


def _number(given: Json, name: str, default: scale.Number) -> scale.Number:
    value = given.get(name)
    return default if value is None or value == "" else scale.number(value, field=name)


def _refuse_crooked(lowest: scale.Number, highest: scale.Number, step: scale.Number) -> None:
    """A scale goes up from its lowest value in equal steps and meets its highest one."""
    if lowest >= highest:
        raise Invalid(_("The highest value must be above the lowest."), field="highest", expected={"above": lowest})
    if step <= 0:
        raise Invalid(_("The step must be above 0."), field="step", expected={"above": 0})
    steps = (highest - lowest) / step
    if steps > POINTS_MOST - 1:
        message = _("The scale would have more than %(most)d values: take a larger step.") % {"most": POINTS_MOST}
        raise Invalid(message, field="step", expected={"most": POINTS_MOST})
    if abs(steps - round(steps)) > 1e-6:
        raise Invalid(_("Steps of this size do not lead from the lowest value to the highest."), field="step")


def _points(entries: Any, settings: Json) -> list[Json]:
    listed = reading.entries([] if entries is None else entries, field="points", least=0, most=NAMED_MOST)
    checked = [_point(entry, settings, field=f"points[{index}]") for index, entry in enumerate(listed)]
    values = [point["value"] for point in checked]
    if len(set(values)) < len(values):
        raise Invalid(_("Two points have the same value."), field="points", expected={"unique": "value"})
    for end, name in scale.ENDS:
        if settings[name] and str(settings[end]) in values:
            raise Invalid(_("The meaning of this end of the scale is given twice."), field=name)
    return sorted(checked, key=lambda point: float(point["value"]))


def _point(entry: Any, settings: Json, *, field: str) -> Json:
    entry = reading.mapping(entry, field=field, known=("value", "label", "description", "key"))
    value = scale.number(entry.get("value"), field=f"{field}.value")
    if value != scale.nearest(value, settings):
        raise Invalid(_("This value is not on the scale."), field=f"{field}.value")
    if entry.get("key"):
        raise Invalid(_("Values are chosen by their own digit: leave the key empty."), field=f"{field}.key")
    return {
        "value": str(value),
        "label": reading.text(entry.get("label"), field=f"{field}.label", limit=LABEL_LIMIT),
        "description": reading.text(entry.get("description"), field=f"{field}.description", limit=300, required=False),
    }
