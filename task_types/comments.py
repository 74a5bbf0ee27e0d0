"""A sentence of the worker's own beside an answer: not asked, optional or required, as the client decides."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from task_types import reading
from task_types.contract import Json, SettingField

LIMIT = 2_000
"""Characters."""

ASKED = ("none", "optional", "required")

SETTING = SettingField(
    name="comment",
    kind="select",
    label=gettext_lazy("Comment"),
    help=gettext_lazy("Whether the worker may or must add a sentence."),
    default="none",
    options=(
        ("none", gettext_lazy("Not asked")),
        ("optional", gettext_lazy("Optional")),
        ("required", gettext_lazy("Required")),
    ),
)


def check_setting(given: Json) -> str:
    """Whether a comment is asked for. Raises Invalid."""
    return reading.one_of(given.get("comment", "none"), field="comment", allowed=ASKED)


def parts(settings: Json) -> tuple[str, ...]:
    """The part of an answer, and the column of an export, that holds the comment; none where none is asked for."""
    return () if settings["comment"] == "none" else ("comment",)


def check(given: Json, *, settings: Json, partial: bool) -> Json:
    """{comment} for an answer, or nothing where it is empty. Raises Invalid where a person at work had to write one."""
    needed = settings["comment"] == "required" and not partial
    comment = reading.text(given.get("comment"), field="comment", limit=LIMIT, required=needed)
    return {"comment": comment} if comment else {}


def elements(settings: Json) -> list[Json]:
    """The element of a form that asks for it, if it is asked for."""
    if settings["comment"] == "none":
        return []
    required = settings["comment"] == "required"
    comment: dict[str, Any] = {
        "type": "comment",
        "name": "comment",
        "title": _("Comment") if required else _("Comment (optional)"),
        "isRequired": required,
        "requiredErrorText": _("A comment is needed here."),
        "maxLength": LIMIT,
        "rows": 2,
        "autoGrow": True,
    }
    return [comment]
