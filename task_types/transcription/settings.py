"""What a client decides about transcripts: how to write, who may speak, whether silence is an answer, how near is right."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from task_types import reading
from task_types.contract import Json, SettingField
from task_types.transcription import speakers

SEGMENTS_MOST = 500

FIELDS = (
    SettingField(
        name="question",
        kind="text",
        label=gettext_lazy("Instruction"),
        help=gettext_lazy("Stands above the recording, for example: Write down every word, also the half ones."),
        default="",
    ),
    SettingField(
        name="speakers",
        kind="text",
        label=gettext_lazy("Speakers"),
        help=gettext_lazy("Names with | between, for example: Caller | Agent. Empty: nobody asks who speaks. A task may bring its own."),
        default="",
    ),
    SettingField(
        name="allow_none",
        kind="yes_no",
        label=gettext_lazy("“Nothing is said” is an answer"),
        help=gettext_lazy("Leave it on unless somebody speaks in every recording."),
        default=True,
    ),
    SettingField(
        name="tolerance",
        kind="number",
        label=gettext_lazy("Right within, per cent of the words"),
        help=gettext_lazy("The word error rate up to which a transcript still counts as right against a known one."),
        default=10,
        low=0,
        high=90,
    ),
)


def check(settings: Any) -> Json:
    """{question, speakers, allow_none, tolerance}, the speakers as text. Raises Invalid."""
    given = reading.mapping(settings, field="settings", known={field.name for field in FIELDS})
    named = reading.text(given.get("speakers"), field="speakers", limit=speakers.MOST * (speakers.LIMIT + 3), required=False)
    return {
        "question": reading.text(given.get("question"), field="question", limit=300, required=False),
        "speakers": " | ".join(speakers.check(speakers.split(named), field="speakers")),
        "allow_none": reading.flag(given.get("allow_none", True), field="allow_none"),
        "tolerance": reading.whole(given.get("tolerance", 10), field="tolerance", low=0, high=90),
    }
