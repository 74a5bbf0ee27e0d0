"""The drawer of boxes: joins payload, answer, form and grading to what the product expects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from task_types.contract import Combined, Json, PayloadCheck, Sample, SettingField, TaskType, Unit
from task_types.image_boxes import answer as _answer
from task_types.image_boxes import coco as _coco
from task_types.image_boxes import form as _form
from task_types.image_boxes import grading as _grading
from task_types.image_boxes import payload as _payload
from task_types.image_boxes import sample as _sample
from task_types.image_boxes import settings as _settings
from task_types.measures import Box


class ImageBoxes(TaskType):
    """Rectangles with labels on an image."""

    slug = "image_boxes"
    name = gettext_lazy("Image boxes")
    description = gettext_lazy("Mark every object of some kinds in a picture with a tight box.")
    fields = _payload.FIELDS
    unit_kinds = (Unit("task", gettext_lazy("task")), Unit("boxes", gettext_lazy("box")))
    default_seconds = 45
    aggregation = "boxes"
    extra_exports = {"coco": _coco.write}

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
        return _form.form_data(payload, answer=answer, image_url=image_url)

    def check_answer(self, answer: Any, *, payload: Json, settings: Json, partial: bool = False) -> Json:
        return _answer.check(answer, payload=payload, settings=settings, partial=partial)

    def read_answer(self, cell: Any, *, payload: Json, settings: Json) -> Json:
        return _answer.read(cell, payload=payload, settings=settings)

    def units(self, answer: Json) -> dict[str, int]:
        return {"task": 1, "boxes": len(answer["boxes"])}

    def summarise(self, answer: Json, *, settings: Json) -> str:
        counted = Counter(box["label"] for box in answer["boxes"])
        shown = {label["value"]: label["label"] for label in settings["labels"]}
        return ", ".join(f"{counted[value]} × {shown[value]}" for value in shown if counted[value]) or _("Nothing marked")

    def grade(self, answer: Json, truth: Json, *, settings: Json) -> float:
        return _grading.agreement(answer, truth)

    def agreement(self, a: Json, b: Json, *, settings: Json) -> float:
        return _grading.agreement(a, b)

    def measured(self, answer: Json) -> list[tuple[str, Box]]:
        return _grading.labelled(answer)

    def combine(
        self, answers: Sequence[tuple[Json, float]], *, settings: Json, decided: Mapping[str, str] | None = None
    ) -> Combined:
        return _grading.combine(answers, settings=settings)

    def export_columns(self, settings: Json) -> tuple[str, ...]:
        return ("boxes", "width", "height")

    def export_row(self, answer: Json, *, settings: Json) -> dict[str, str]:
        boxes = json.dumps(answer["boxes"], ensure_ascii=False)
        return {"boxes": boxes, "width": str(answer["width"]), "height": str(answer["height"])}

    def sample(self) -> Sample:
        return _sample.sample()


DRAWER = ImageBoxes()
