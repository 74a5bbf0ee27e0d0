"""Who speaks in a recording: names that a task brings with it, or else the project's."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Json

MOST = 20
LIMIT = 60
"""Characters of a name."""


def check(names: Any, *, field: str) -> list[str]:
    """Names, each once, without blanks around them. Raises Invalid."""
    listed = reading.entries(names, field=field, least=0, most=MOST)
    checked = [reading.text(name, field=f"{field}[{index}]", limit=LIMIT) for index, name in enumerate(listed)]
    if len(set(checked)) < len(checked):
        raise Invalid(_("Two speakers have the same name."), field=field, expected={"unique": "name"})
    return checked


def split(written: str) -> list[str]:
    """Names that were written with | between."""
    return [name.strip() for name in written.split("|") if name.strip()]


def of(payload: Json, settings: Json) -> list[str]:
    """The speakers of a task; none when nobody asks who speaks."""
    return list(payload["speakers"]) if "speakers" in payload else split(settings["speakers"])
