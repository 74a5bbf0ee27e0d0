"""Writes a transcript as WebVTT, the format in which browsers take subtitles (W3C, WebVTT: The Web Video Text Tracks Format)."""

from __future__ import annotations

from task_types.contract import Json


def write(answer: Json) -> str:
    """The whole file of one recording; who speaks stands in a voice tag."""
    return "\n\n".join(["WEBVTT", *(_cue(segment) for segment in answer["segments"])]) + "\n"


def _cue(segment: Json) -> str:
    voice = f"<v {_plain(segment['speaker'])}>" if "speaker" in segment else ""
    return f"{_time(segment['start'])} --> {_time(segment['end'])}\n{voice}{_plain(segment['text'])}"


def _time(seconds: float) -> str:
    minutes, thousandths = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{thousandths // 1000:02d}.{thousandths % 1000:03d}"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
