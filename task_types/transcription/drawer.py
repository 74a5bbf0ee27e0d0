"""The drawer of transcripts: joins payload, answer, form and grading to what the product expects."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from task_types import words
from task_types.contract import Combined, Json, PayloadCheck, Sample, SettingField, TaskType, Unit
from task_types.transcription import answer as _answer
from task_types.transcription import form as _form
from task_types.transcription import grading as _grading
from task_types.transcription import payload as _payload
from task_types.transcription import sample as _sample
from task_types.transcription import settings as _settings
from task_types.transcription import webvtt as _webvtt


class Transcription(TaskType):
    """What is said in a recording, with times."""

    slug = "transcription"
    name = gettext_lazy("Transcription")
    description = gettext_lazy("Listen to a recording and write down what is said, when, and perhaps by whom.")
    fields = _payload.FIELDS
    unit_kinds = (
        Unit("task", gettext_lazy("task")),
        Unit("segments", gettext_lazy("segment")),
        Unit("words", gettext_lazy("word")),
        Unit("audio_seconds", gettext_lazy("second of speech")),
    )
    default_seconds = 120
    aggregation = "text"

    def settings_fields(self) -> tuple[SettingField, ...]:
        return _settings.FIELDS

    def check_settings(self, settings: Any) -> Json:
        return _settings.check(settings)

    def compile_payload_check(self, settings: Json) -> PayloadCheck:
        return _payload.check

    def form(self, settings: Json) -> Json:
        return _form.form(settings)

    def form_data(
        self,
        payload: Json,
        *,
        settings: Json,
        answer: Json | None = None,
        seed: str = "",
        image_url: Callable[[str], str] = str,
    ) -> Json:
        return _form.form_data(payload, settings=settings, answer=answer, image_url=image_url)

    def check_answer(self, answer: Any, *, payload: Json, settings: Json, partial: bool = False) -> Json:
        return _answer.check(answer, payload=payload, settings=settings, partial=partial)

    def read_answer(self, cell: Any, *, payload: Json, settings: Json) -> Json:
        return _answer.read(cell, payload=payload, settings=settings)

    def units(self, answer: Json) -> dict[str, int]:
        spoken = sum(len(words.split(segment["text"])[0]) for segment in answer["segments"])
        seconds = math.ceil(round(sum(segment["end"] - segment["start"] for segment in answer["segments"]), 3))
        return {"task": 1, "segments": len(answer["segments"]), "words": spoken, "audio_seconds": seconds}

    def summarise(self, answer: Json, *, settings: Json) -> str:
        return Truncator(_grading.text(answer)).chars(80) or _("Nothing said")

    def grade(self, answer: Json, truth: Json, *, settings: Json) -> float:
        return _grading.grade(answer, truth, settings)

    def agreement(self, a: Json, b: Json, *, settings: Json) -> float:
        return _grading.agreement(a, b)

    def measured(self, answer: Json) -> str:
        return _grading.text(answer)

    def combine(
        self, answers: Sequence[tuple[Json, float]], *, settings: Json, decided: Mapping[str, str] | None = None
    ) -> Combined:
        return _grading.combine(answers)

    def export_columns(self, settings: Json) -> tuple[str, ...]:
        return ("text", "segments", "webvtt")

    def export_row(self, answer: Json, *, settings: Json) -> dict[str, str]:
        segments = json.dumps(answer["segments"], ensure_ascii=False)
        return {"text": _grading.text(answer), "segments": segments, "webvtt": _webvtt.write(answer)}

    def sample(self) -> Sample:
        return _sample.sample()


DRAWER = Transcription()
