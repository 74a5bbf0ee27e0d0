"""The drawer of choices: joins payload, answer, form and grading to what the product expects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from task_types import comments, content, labels
from task_types.choice import answer as _answer
from task_types.choice import form as _form
from task_types.choice import grading as _grading
from task_types.choice import sample as _sample
from task_types.choice import settings as _settings
from task_types.contract import Combined, Json, PayloadCheck, Sample, SettingField, TaskType, Unit


class Choice(TaskType):
    """One label or several for a text or an image."""

    slug = "choice"
    name = gettext_lazy("Choice")
    description = gettext_lazy("Read a text or look at a picture and choose the label that fits, or all labels that fit.")
    fields = content.FIELDS
    unit_kinds = (Unit("task", gettext_lazy("task")),)
    default_seconds = 10
    aggregation = "categorical"

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
        shown = {label["value"]: label["label"] for label in settings["labels"]}
        picked = [shown[value] for value in labels.values(settings) if value in _answer.chosen(answer)]
        return ", ".join(picked) or _("None")

    def grade(self, answer: Json, truth: Json, *, settings: Json) -> float:
        return _grading.agreement(answer, truth)

    def agreement(self, a: Json, b: Json, *, settings: Json) -> float:
        return _grading.agreement(a, b)

    def questions(self, *, payload: Json, settings: Json) -> dict[str, tuple[str, ...]]:
        return _grading.questions(settings)

    def votes(self, answer: Json, *, payload: Json, settings: Json) -> dict[str, str]:
        return _grading.votes(answer, settings)

    def combine(
        self, answers: Sequence[tuple[Json, float]], *, settings: Json, decided: Mapping[str, str] | None = None
    ) -> Combined:
        return _grading.combine(answers, settings=settings, decided=decided)

    def export_columns(self, settings: Json) -> tuple[str, ...]:
        question = "labels" if settings["several"] else "label"
        return (question, *comments.parts(settings))

    def export_row(self, answer: Json, *, settings: Json) -> dict[str, str]:
        picked = json.dumps(answer["labels"], ensure_ascii=False) if settings["several"] else answer["label"]
        cells = (picked, answer.get("comment", ""))
        return dict(zip(self.export_columns(settings), cells, strict=False))

    def sample(self) -> Sample:
        return _sample.sample()


DRAWER = Choice()
