"""The drawer of comparisons: joins payload, answer, form and grading to what the product expects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from task_types.contract import Combined, Json, PayloadCheck, Sample, SettingField, TaskType, Unit
from task_types.response_comparison import answer as _answer
from task_types.response_comparison import form as _form
from task_types.response_comparison import grading as _grading
from task_types.response_comparison import payload as _payload
from task_types.response_comparison import sample as _sample
from task_types.response_comparison import settings as _settings


class ResponseComparison(TaskType):
    """Two or more responses of models to one prompt."""

    slug = "response_comparison"
    name = gettext_lazy("Response comparison")
    description = gettext_lazy(
        "Read a prompt and the responses of several models; rate them, prefer one or rank them, and say why."
    )
    fields = _payload.FIELDS
    unit_kinds = (Unit("task", gettext_lazy("task")), Unit("ratings", gettext_lazy("rating")))
    default_seconds = 150
    aggregation = "pairwise"

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
        return _form.form_data(payload, settings=settings, answer=answer, seed=seed)

    def check_answer(self, answer: Any, *, payload: Json, settings: Json, partial: bool = False) -> Json:
        return _answer.check(answer, payload=payload, settings=settings, partial=partial)

    def read_answer(self, cell: Any, *, payload: Json, settings: Json) -> Json:
        return _answer.read(cell, payload=payload, settings=settings)

    def units(self, answer: Json) -> dict[str, int]:
        return {"task": 1, "ratings": sum(len(rated) for rated in answer.get("ratings", {}).values())}

    def summarise(self, answer: Json, *, settings: Json) -> str:
        if "preference" in answer:
            tie = answer["preference"] == _answer.TIE
            return _("About the same") if tie else _("%(response)s is better") % {"response": answer["preference"].upper()}
        if "ranking" in answer:
            return " > ".join(" = ".join(group).upper() for group in answer["ranking"])
        means = [f"{letter.upper()} {sum(rated.values()) / len(rated):.1f}" for letter, rated in answer["ratings"].items()]
        return ", ".join(means)

    def grade(self, answer: Json, truth: Json, *, settings: Json) -> float:
        return _grading.agreement(answer, truth, settings)

    def agreement(self, a: Json, b: Json, *, settings: Json) -> float:
        return _grading.agreement(a, b, settings)

    def questions(self, *, payload: Json, settings: Json) -> dict[str, tuple[str, ...]]:
        return _grading.questions(payload, settings)

    def votes(self, answer: Json, *, payload: Json, settings: Json) -> dict[str, str]:
        return _grading.votes(answer, settings)

    def combine(
        self, answers: Sequence[tuple[Json, float]], *, settings: Json, decided: Mapping[str, str] | None = None
    ) -> Combined:
        return _grading.combine(answers, settings=settings, decided=decided)

    def export_columns(self, settings: Json) -> tuple[str, ...]:
        choice = {"prefer": ("preference",), "rank": ("ranking",), "rate": ()}[settings["mode"]]
        return (*choice, *(("ratings",) if settings["criteria"] else ()), "justification", "order")

    def export_row(self, answer: Json, *, settings: Json) -> dict[str, str]:
        return {column: _cell(answer.get(column, "")) for column in self.export_columns(settings)}

    def sample(self) -> Sample:
        return _sample.sample()


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


DRAWER = ResponseComparison()
