"""The answer of a transcription: {segments: [{start, end, speaker?, text}]}, in seconds, by start."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kit.errors import Invalid
from task_types import reading
from task_types.contract import Json
from task_types.transcription import speakers
from task_types.transcription.payload import SECONDS_MOST
from task_types.transcription.settings import SEGMENTS_MOST

TEXT_LIMIT = 2_000
"""Characters of a segment."""
TOTAL_LIMIT = 60_000
"""Characters of all segments: the cost of comparing two transcripts grows with the product of their words."""
SLACK = 0.5
"""Seconds by which a segment may end after a known duration before it is refused instead of cut: decoders pad."""


def check(answer: Any, *, payload: Json, settings: Json, partial: bool) -> Json:
    """The segments in order, to a thousandth of a second. `none: true` may stand beside an empty list. Raises Invalid.

    In a partial answer (known answer, pre-label) it may be open who speaks.
    """
    given = reading.mapping(answer, field="answer", known=("segments", "none"))
    entries = reading.entries(given.get("segments"), field="segments", least=0, most=SEGMENTS_MOST)
    if reading.flag(given.get("none", False), field="none") and entries:
        raise Invalid(_("Either nothing is said or there are segments."), field="none")
    if not entries and not settings["allow_none"]:
        raise Invalid(_("Write down what is said."), field="segments", expected={"least": 1})
    names, most = speakers.of(payload, settings), payload.get("duration", SECONDS_MOST)
    checked = [_segment(entry, f"segments[{index}]", names, most, partial=partial) for index, entry in enumerate(entries)]
    if sum(len(segment["text"]) for segment in checked) > TOTAL_LIMIT:
        raise Invalid(_("All segments together have more than %(most)d characters.") % {"most": TOTAL_LIMIT}, field="segments")
    _refuse_overlaps(checked)
    return {"segments": sorted(checked, key=lambda one: (one["start"], one["end"], one.get("speaker", ""), one["text"]))}


def read(cell: Any, *, payload: Json, settings: Json) -> Json:
    """A partial answer from a cell: the whole text, a JSON list of segments, or the answer as JSON. An empty cell is silence.

    A text without times is one segment as long as the recording is known to be, else a second.
    """
    cell = reading.json_cell(cell, field="answer")
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        cell = []
    if isinstance(cell, str):
        cell = [{"start": 0, "end": payload.get("duration", 1), "text": cell}]
    return check({"segments": cell} if isinstance(cell, list) else cell, payload=payload, settings=settings, partial=True)


def _segment(entry: Any, field: str, names: list[str], most: float, *, partial: bool) -> Json:
    entry = reading.mapping(entry, field=field, known=("start", "end", "speaker", "text"))
    start, end = (_seconds(entry.get(side), f"{field}.{side}", most) for side in ("start", "end"))
    if end <= start:
        raise Invalid(_("A segment ends after it begins."), field=f"{field}.end", expected={"above": start})
    checked: Json = {"start": start, "end": end}
    if entry.get("speaker") not in (None, "") or (names and not partial):
        message = _("Choose who speaks.") if names else _("Nobody asks who speaks here.")
        checked["speaker"] = reading.one_of(entry.get("speaker"), field=f"{field}.speaker", allowed=names, message=message)
    return checked | {"text": " ".join(reading.text(entry.get("text"), field=f"{field}.text", limit=TEXT_LIMIT).split())}


def _seconds(value: Any, field: str, most: float) -> float:
    seconds = round(reading.number(value, field=field), 3)
    if not 0 <= seconds <= most + SLACK:
        message = _("Expected seconds from 0 to %(most)s, the end of the recording.") % {"most": most}
        raise Invalid(message, field=field, expected={"low": 0, "high": most})
    return min(seconds, most)


def _refuse_overlaps(segments: list[Json]) -> None:
    """People may speak at once, but nobody speaks over themselves."""
    last: dict[str, float] = {}
    for index in sorted(range(len(segments)), key=lambda index: (segments[index]["start"], segments[index]["end"])):
        segment = segments[index]
        who = segment.get("speaker", "")
        if segment["start"] < last.get(who, 0.0):
            raise Invalid(
                _("The segment begins before the one before it ends."),
                field=f"segments[{index}].start",
                expected={"low": last[who]},
            )
        last[who] = segment["end"]
