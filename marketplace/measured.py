"""Answers that are numbers, texts or boxes: what a project knows of its workers, and what the answers of a task come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.models import Project, Task
from marketplace.quality import boxes, likeness, numeric, online, raters, text
from marketplace.quality.scores import Ages, Score
from task_types import registry
from task_types.contract import Json, Scale, TaskType

QUESTION = ""
"""Under this name a project's measured model is kept beside the models of its categorical questions."""
FITTED_AT_MOST = {"numeric": 200_000, "text": 4_000, "boxes": 10_000}
"""Newest answers that a fit looks at: transcripts cost most, and the latest work says most of a worker."""

Known = raters.Raters | likeness.Weights


@dataclass(frozen=True, slots=True)
class Said:
    """What the answers of a task come to: the answer, the weight behind it (0..1), its interval where it is a number, and
    what dynamic overlap decides by."""

    answer: Json
    confidence: float
    interval: tuple[float, float] | None
    posterior: online.Posterior


Row = tuple[str, str, Json, Json | None]
"""Task, worker, answer, and the known answer where there is one."""


def fit(project: Project, rows: Sequence[Row], *, ages: Ages) -> tuple[Known, dict[str, Score]] | None:
    """Fit what this kind of work measures; None where votes say it all or nothing was answered. `ages` are days since an answer."""
    drawer = registry.drawer(project.task_type)
    if drawer.aggregation not in FITTED_AT_MOST or not rows:
        return None
    newest = rows[-FITTED_AT_MOST[drawer.aggregation]:]
    given: list[Any] = [(task, worker, drawer.measured(answer)) for task, worker, answer, _truth in newest]
    known: dict[str, Any] = {task: drawer.measured(truth) for task, _w, _a, truth in newest if truth is not None}
    match drawer.aggregation:
        case "numeric":
            numbers = numeric.fit(given, gold=known, ages=ages)
            return raters.Raters.of_fit(numbers), numbers.workers
        case "text":
            texts = text.fit(given, gold=known, ages=ages)
            return likeness.Weights.of_texts(texts), texts.workers
    found = boxes.fit(given, gold=known, ages=ages)
    return likeness.Weights.of_boxes(found), found.workers


def from_json(stored: Mapping[str, Any]) -> Known:
    return raters.Raters.from_json(stored) if stored["kind"] == "numbers" else likeness.Weights.from_json(stored)


def read(
    *, task: Task, given: Sequence[tuple[str, Json]], experts: frozenset[str], known: Known | None, least: int
) -> Said:
    """What the (worker, answer) pairs of a task come to; `least` is how many have to be alike for a text or a picture."""
    drawer, settings = registry.drawer(task.project.task_type), task.project.settings
    if (scale := drawer.scale(settings)) is not None:
        return _number(drawer, scale, given, experts, known if isinstance(known, raters.Raters) else None, settings)
    weights = known if isinstance(known, likeness.Weights) else likeness.Weights()
    weighed = [(answer, weights.of(worker, expert=worker in experts)) for worker, answer in given]
    combined = drawer.combine(weighed, settings=settings)
    belief = likeness.alike(_pairs(drawer, [answer for _w, answer in given], settings), least=least)
    return Said(combined.answer, combined.confidence, None, _posterior(belief, len(given)))


def _number(
    drawer: TaskType, scale: Scale, given: Sequence[tuple[str, Json]], experts: frozenset[str],
    known: raters.Raters | None, settings: Json,
) -> Said:
    crowd = known or raters.Raters.first(span=scale.highest - scale.lowest)
    ratings = [(worker, number) for worker, answer in given if isinstance(number := drawer.measured(answer), float)]
    found = crowd.read(ratings, near=scale.near, experts=experts)
    answer = drawer.of_number(found.value, settings=settings)
    agreed = [drawer.agreement(one, answer, settings=settings) for _worker, one in given]
    interval = max(found.low, scale.lowest), min(found.high, scale.highest)
    return Said(answer, sum(agreed) / len(agreed), interval, _posterior(found.belief, len(given)))


def _posterior(belief: float, answers: int) -> online.Posterior:
    """As the policy of dynamic overlap reads it; there is no label, and belief and confidence are one."""
    return online.Posterior("", belief, belief, {}, answers)


def _pairs(drawer: TaskType, answers: Iterable[Json], settings: Json) -> list[list[float]]:
    every = list(answers)
    table = [[1.0] * len(every) for _ in every]
    for i, one in enumerate(every):
        for j in range(i):
            table[i][j] = table[j][i] = drawer.agreement(one, every[j], settings=settings)
    return table
