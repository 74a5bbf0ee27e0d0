"""What a client decides about a comparison: prefer, rank or only rate; criteria; ties; how much has to be said."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Json, SettingField

CRITERIA_MOST = 12
JUSTIFICATION_LIMIT = 5_000

MODES = ("prefer", "rank", "rate")
FORMATS = ("markdown", "plain")

FIELDS = (
    SettingField(
        name="question",
        kind="text",
        label=gettext_lazy("Question"),
        help=gettext_lazy("Stands above the choice, for example: Which answer would you rather have got?"),
        default="",
    ),
    SettingField(
        name="mode",
        kind="select",
        label=gettext_lazy("Choice"),
        help=gettext_lazy("What the worker decides between the responses."),
        default="prefer",
        options=(
            ("prefer", gettext_lazy("Prefer one")),
            ("rank", gettext_lazy("Rank all")),
            ("rate", gettext_lazy("Only rate each")),
        ),
    ),
    SettingField(
        name="ties",
        kind="yes_no",
        label=gettext_lazy("Ties are possible"),
        help=gettext_lazy("“About the same” is an answer; in a ranking responses may share a place."),
        default=True,
    ),
    SettingField(
        name="criteria",
        kind="criteria",
        label=gettext_lazy("Criteria"),
        help=gettext_lazy("Each response is rated by each of them, from 1 to the top of the scale."),
        default=[],
    ),
    SettingField(
        name="justification_least",
        kind="number",
        label=gettext_lazy("Justification, characters at least"),
        help=gettext_lazy("0: a justification is optional."),
        default=0,
        low=0,
        high=1_000,
    ),
    SettingField(
        name="format",
        kind="select",
        label=gettext_lazy("Text of prompt and responses"),
        help=gettext_lazy("Markdown is shown formatted, without images; plain text exactly as it is."),
        default="markdown",
        options=(("markdown", gettext_lazy("Markdown")), ("plain", gettext_lazy("Plain text"))),
    ),
)


def check(settings: Any) -> Json:
    """{question, mode, ties, criteria, justification_least, format}, as FIELDS asks for it. Raises Invalid.

    A criterion is {name, label, description, scale, low, high}: rated 1..scale, `low` and `high` are words for its
    ends.
    """
    given = reading.mapping(settings, field="settings", known={field.name for field in FIELDS})
    checked = {
        "question": reading.text(given.get("question"), field="question", limit=300, required=False),
        "mode": reading.one_of(given.get("mode", "prefer"), field="mode", allowed=MODES),
        "ties": reading.flag(given.get("ties", True), field="ties"),
        "criteria": _criteria(given.get("criteria", [])),
        "justification_least": reading.whole(given.get("justification_least", 0), field="justification_least", low=0, high=1_000),
        "format": reading.one_of(given.get("format", "markdown"), field="format", allowed=FORMATS),
    }
    if checked["mode"] == "rate" and not checked["criteria"]:
        raise Invalid(_("With nothing to choose there must be a criterion to rate by."), field="criteria", expected={"least": 1})
    return checked


def _criteria(criteria: Any) -> list[Json]:
    entries = reading.entries(criteria, field="criteria", least=0, most=CRITERIA_MOST)
    checked = [_criterion(entry, field=f"criteria[{index}]") for index, entry in enumerate(entries)]
    if len({criterion["name"] for criterion in checked}) < len(checked):
        raise Invalid(_("Two criteria have the same name."), field="criteria", expected={"unique": "name"})
    return checked


def _criterion(entry: Any, *, field: str) -> Json:
    if isinstance(entry, str):
        entry = {"name": entry}
    entry = reading.mapping(entry, field=field, known=("name", "label", "description", "scale", "low", "high"))
    name = reading.text(entry.get("name"), field=f"{field}.name", limit=60)

    def optional(part: str, limit: int) -> str:
        return reading.text(entry.get(part), field=f"{field}.{part}", limit=limit, required=False)

    return {
        "name": name,
        "label": optional("label", 60) or name,
        "description": optional("description", 300),
        "scale": reading.whole(entry.get("scale", 5), field=f"{field}.scale", low=2, high=9),
        "low": optional("low", 40),
        "high": optional("high", 40),
    }
