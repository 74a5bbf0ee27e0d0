"""What is transcribed: one recording, perhaps with its length, its language and the people who speak in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Field, Json, Problem
from task_types.transcription import speakers

SECONDS_MOST = 6 * 3600
"""Of a recording."""

FIELDS = (
    Field(
        "audio",
        "audio",
        True,
        gettext_lazy("An https address, or the name of a file in the ZIP: MP3, WAV, Ogg or M4A, at most 20 MB."),
    ),
    Field("duration", "number", False, gettext_lazy("Length in seconds; segments must then end within it.")),
    Field("language", "text", False, gettext_lazy("Language tag such as en or pt-BR: spelling and direction follow it.")),
    Field("speakers", "list", False, gettext_lazy("Who speaks: a JSON list, or names with | between. Instead of the project's.")),
)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def check(row: Mapping[str, Any]) -> tuple[Json | None, list[Problem]]:
    """The payload {audio, duration?, language?, speakers?} of a row, or what is wrong with it."""
    payload: Json = {"audio": row.get("audio")}
    problems: list[Problem] = []
    if fault := reading.image_fault(payload["audio"]):
        problems.append(Problem("audio", _("The recording %(fault)s.") % {"fault": fault}))
    for name, read in (("duration", _duration), ("language", _language), ("speakers", _speakers)):
        if row.get(name) not in (None, ""):
            try:
                payload[name] = read(row[name])
            except Invalid as fault_of_field:
                problems.append(Problem(name, str(fault_of_field)))
    return (None, problems) if problems else (payload, [])


def _duration(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,6}(\.[0-9]{1,9})?\s*", value):
        value = float(value)
    seconds = reading.number(value, field="duration")
    if not 0 < seconds <= SECONDS_MOST:
        raise Invalid(_("Expected seconds, more than 0 and at most %(most)d.") % {"most": SECONDS_MOST}, field="duration")
    return round(seconds, 3)


def _language(value: Any) -> str:
    tag = reading.text(value, field="language", limit=35)
    if not _LANGUAGE.fullmatch(tag):
        raise Invalid(_("Expected a language tag such as en or pt-BR."), field="language")
    return tag


def _speakers(value: Any) -> list[str]:
    listed = reading.json_cell(value, field="speakers")
    return speakers.check(speakers.split(listed) if isinstance(listed, str) else listed, field="speakers")
