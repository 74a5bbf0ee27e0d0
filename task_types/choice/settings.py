"""What a client decides about a choice: the labels, how many may be chosen, whether a comment is asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from task_types import comments, labels, reading
from task_types.contract import Json, SettingField

LABELS_MOST = 200

FIELDS = (
    SettingField(
        name="question",
        kind="text",
        label=gettext_lazy("Question"),
        help=gettext_lazy("Stands above the labels, for example: What does this message ask for?"),
        default="",
    ),
    SettingField(
        name="labels",
        kind="labels",
        label=gettext_lazy("Labels"),
        help=gettext_lazy("In any language. A label may carry a short description and a key that chooses it."),
        default=[],
    ),
    SettingField(
        name="several",
        kind="yes_no",
        label=gettext_lazy("Several labels may be chosen"),
        help=gettext_lazy("Each label then becomes a yes or no of its own."),
        default=False,
    ),
    SettingField(
        name="allow_none",
        kind="yes_no",
        label=gettext_lazy("Choosing none is an answer"),
        help=gettext_lazy("Only with several labels."),
        default=False,
    ),
    comments.SETTING,
)


def check(settings: Any) -> Json:
    """{question, labels: [{value, label, description, key}], several, allow_none, comment}. Raises Invalid."""
    given = reading.mapping(settings, field="settings", known={field.name for field in FIELDS})
    several = reading.flag(given.get("several", False), field="several")
    allow_none = reading.flag(given.get("allow_none", False), field="allow_none")
    if allow_none and not several:
        raise Invalid(_("None is an answer only where several labels may be chosen."), field="allow_none")
    return {
        "question": reading.text(given.get("question"), field="question", limit=300, required=False),
        "labels": labels.check(given.get("labels"), least=2, most=LABELS_MOST),
        "several": several,
        "allow_none": allow_none,
        "comment": comments.check_setting(given),
    }
