"""Labels that a client makes up, in any alphabet: what they must be like, and the keys that choose them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Json

TEXT_LIMIT = 100
"""Characters of a label's value and of what is shown for it."""

_TAKEN_KEYS = frozenset("?")
"""`?` shows the keys on every page of work."""


def check(labels: Any, *, least: int, most: int) -> list[Json]:
    """[{value, label, description, key}] from words or objects; of the first nine those without a key get their number.

    Raises Invalid, also when two labels share a value or a key.
    """
    entries = reading.entries(labels, field="labels", least=least, most=most)
    checked = [_label(entry, field=f"labels[{index}]") for index, entry in enumerate(entries)]
    _refuse_twins(checked, "value", _("Two labels have the same value."))
    _refuse_twins([label for label in checked if label["key"]], "key", _("Two labels have the same key."))
    taken = {label["key"] for label in checked}
    for digit, label in zip("123456789", checked, strict=False):
        if not label["key"] and digit not in taken:
            label["key"] = digit
    return checked


def values(settings: Json) -> list[str]:
    """The values of a project's labels, in the client's order."""
    return [label["value"] for label in settings["labels"]]


def _label(entry: Any, *, field: str) -> Json:
    if isinstance(entry, str):
        entry = {"value": entry}
    entry = reading.mapping(entry, field=field, known=("value", "label", "description", "key"))

    def optional(part: str, limit: int) -> str:
        return reading.text(entry.get(part), field=f"{field}.{part}", limit=limit, required=False)

    value = reading.text(entry.get("value"), field=f"{field}.value", limit=TEXT_LIMIT)
    key = optional("key", 10).lower()
    if key and (len(key) != 1 or key in _TAKEN_KEYS):
        raise Invalid(_("A key is one letter, digit or sign other than “?”."), field=f"{field}.key")
    return {
        "value": value,
        "label": optional("label", TEXT_LIMIT) or value,
        "description": optional("description", 300),
        "key": key,
    }


def _refuse_twins(labels: list[Json], part: str, message: str) -> None:
    seen: set[str] = set()
    for label in labels:
        if label[part] in seen:
            raise Invalid(message, field="labels", expected={"unique": part}, twin=label[part])
        seen.add(label[part])
