"""How a recording is transcribed: its wave large with play and pause, below it the segments, each a line to write."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from task_types.contract import Json
from task_types.transcription import speakers
from task_types.transcription.answer import TEXT_LIMIT
from task_types.transcription.settings import SEGMENTS_MOST


def form(settings: Json) -> Json:
    """The SurveyJS form: one element of our own."""
    transcript = {
        "type": "transcription",
        "name": "_transcript",
        "titleLocation": "hidden",
        "options": {
            "question": settings["question"] or _("Write down what is said"),
            "most": SEGMENTS_MOST,
            "longest": TEXT_LIMIT,
            "allowNone": settings["allow_none"],
        },
        "strings": _strings(),
    }
    return {"elements": [transcript]}


def form_data(payload: Json, *, settings: Json, answer: Json | None, image_url: Callable[[str], str]) -> Json:
    """The recording by its address, and who may speak in it."""
    shown = {**payload, "audio": image_url(payload["audio"]), "speakers": speakers.of(payload, settings)}
    return {"payload": shown, "data": dict(answer or {})}


def _strings() -> Json:
    """What the widget says by itself."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "back": _("Back 3 seconds"),
        "on": _("On 3 seconds"),
        "speed": _("Speed"),
        "position": _("Position in the recording"),
        "failed": _("The recording could not be loaded."),
        "retry": _("Try again"),
        "new": _("New segment"),
        "empty": _("Play the recording and write. Enter ends a segment where the recording stands and begins the next."),
        "none": _("Nothing is said"),
        "segment": _("Segment {number}"),
        "hear": _("Play segment {number}"),
        "start": _("Start of segment {number}, in seconds"),
        "end": _("End of segment {number}, in seconds"),
        "speaker": _("Speaker of segment {number}"),
        "who": _("Who?"),
        "text": _("Text of segment {number}"),
        "delete": _("Delete segment {number}"),
        "missing": _("Write down what is said, or say that nothing is."),
        "missing_strict": _("Write down what is said."),
        "no_text": _("Segment {number} has no text."),
        "no_speaker": _("Say who speaks in segment {number}."),
        "no_length": _("Segment {number} must end after it begins."),
        "overlap": _("Segment {number} begins before the one before it ends."),
    }
