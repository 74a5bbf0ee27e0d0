"""The drawer of ratings: joins content, answer, form and grading to what the product expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from task_types import comments, content
from task_types.contract import Combined, Json, PayloadCheck, Sample, Scale, SettingField, TaskType, Unit
from task_types.rating import answer as _answer
from task_types.rating import form as _form
from task_types.rating import grading as _grading
from task_types.rating import sample as _sample
from task_types.rating import scale as _scale
from task_types.rating import settings as _settings


class Rating(TaskType):
    """A number on a scale whose points are described."""

    slug = "rating"
    name = gettext_lazy("Rating")
    description = gettext_lazy("Read a text or look at a picture and give it a number on a scale that says what each end means.")
    fields = content.FIELDS
    unit_kinds = (Unit("task", gettext_lazy("task")),)
    default_seconds = 15
    aggregation = "numeric"

    def settings_fields(self) -> tuple[SettingField, ...]:
        return _settings.FIELDS

    def check_settings(self, settings: Any) -> Json:
        return _settings.check(settings)

    def compile_payload_check(self, settings: Json) -> PayloadCheck:
        return content.check

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
        return content.form_data(payload, answer=answer, image_url=image_url)

    def check_answer(self, answer: Any, *, payload: Json, settings: Json, partial: bool = False) -> Json:
        return _answer.check(answer, settings=settings, partial=partial)

    def read_answer(self, cell: Any, *, payload: Json, settings: Json) -> Json:
        return _answer.read(cell, settings=settings)

    def units(self, answer: Json) -> dict[str, int]:
        return {"task": 1}

    def summarise(self, answer: Json, *, settings: Json) -> str:
        meaning = _scale.label(answer["value"], settings)
        return f"{answer['value']} · {meaning}" if meaning else str(answer["value"])

    def grade(self, answer: Json, truth: Json, *, settings: Json) -> float:
        return _grading.grade(answer, truth, settings)

    def agreement(self, a: Json, b: Json, *, settings: Json) -> float:
        return _grading.agreement(a, b, settings)

    def measured(self, answer: Json) -> float:
        return float(answer["value"])

    def scale(self, settings: Json) -> Scale:
        return _grading.scale_of(settings)

    def of_number(self, value: float, *, settings: Json) -> Json:
        return _grading.of_number(value, settings)

    def combine(
        self, answers: Sequence[tuple[Json, float]], *, settings: Json, decided: Mapping[str, str] | None = None
    ) -> Combined:
        return _grading.combine(answers, settings=settings)

    def export_columns(self, settings: Json) -> tuple[str, ...]:
        return ("value", *comments.parts(settings))

    def export_row(self, answer: Json, *, settings: Json) -> dict[str, str]:
        return {column: str(answer.get(column, "")) for column in self.export_columns(settings)}

    def sample(self) -> Sample:
        return _sample.sample()


DRAWER = Rating()
