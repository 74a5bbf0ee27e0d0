"""Known answers that may be wrong: good workers keep giving another one."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from kit.errors import NotFound
from marketplace.gold import RIGHT_FROM
from marketplace.models import GoldAnswer, Queue, Submission, WorkerRecord
from task_types import registry

SEEN_LEAST = 4
"""Fewer answers than this say nothing about a known answer."""
FAILING_LEAST = 2
"""So many of the better half have to give another answer before anybody is asked to look."""
LOOKED_AT = 30
ANSWERS_LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A known answer; how many of the better half of its workers met it and gave another one; the most common of those."""

    gold: GoldAnswer
    good: int
    failing: int
    known: str
    said: str


def doubtful(*, project_id: Any = None) -> list[Doubtful]:
    """Known answers in use that good workers keep failing, the most doubtful first; four statements."""
    rows = GoldAnswer.objects.filter(taught=False, voided_at__isnull=True, seen__gte=SEEN_LEAST, seen__gt=F("right") * 2)
    if project_id is None:
        rows = rows.filter(project__in=Queue.objects.filter(open=True).values("project_id"))
    else:
        rows = rows.filter(project_id=project_id)
    found = list(rows.select_related("task", "project__organisation").order_by("-seen")[:LOOKED_AT])
    given = _given(found)
    looked = [one for gold in found if (one := _look(gold, given[gold.pk])).failing >= FAILING_LEAST]
    return sorted(looked, key=lambda one: (-one.failing, -one.good))


def find(task_id: int) -> GoldAnswer:
    """A gold task of any project; raises NotFound."""
    rows = GoldAnswer.objects.select_related("task", "project__organisation")
    found = rows.filter(pk=task_id).first() if task_id < 2**63 else None
    if found is None:
        raise NotFound(_("There is no such gold task."))
    return found


@dataclass(frozen=True, slots=True)
class Given:
    """One worker's answer to a gold task; `good` says that the worker is of the better half of those who met it."""

    submission: Submission
    record: WorkerRecord | None
    right: bool
    good: bool


def answers_to(gold: GoldAnswer) -> list[Given]:
    """The latest answers to one gold task, with their workers' scores; two statements."""
    return _given([gold])[gold.pk]


def _given(found: Sequence[GoldAnswer]) -> dict[int, list[Given]]:
    by_task = {gold.pk: gold for gold in found}
    rows = Submission.objects.filter(task__in=list(by_task), gold=True).select_related("worker").order_by("-submitted_at")
    met: dict[int, list[Submission]] = defaultdict(list)
    for one in rows[: ANSWERS_LOOKED_AT * max(len(found), 1)]:
        met[one.task_id].append(one)
    workers = {one.worker_id for several in met.values() for one in several}
    records = {
        (record.worker_id, record.project_id): record
        for record in WorkerRecord.objects.filter(
            worker_id__in=workers, project_id__in={gold.project_id for gold in found}, score_bp__isnull=False
        )
    }
    return {gold.pk: _judged(gold, met[gold.pk], records) for gold in found}


def _judged(
    gold: GoldAnswer, answers: Sequence[Submission], records: Mapping[tuple[uuid.UUID, uuid.UUID], WorkerRecord]
) -> list[Given]:
    drawer, settings = registry.drawer(gold.project.task_type), gold.project.settings
    scores = [score for one in answers if (score := _score(records.get((one.worker_id, gold.project_id)))) is not None]
    middle = median(scores) if scores else 0
    return [
        Given(
            submission=one, record=record, good=(score := _score(record)) is not None and score >= middle,
            right=drawer.grade(one.answer, gold.answer, settings=settings) >= RIGHT_FROM,
        )
        for one in answers for record in [records.get((one.worker_id, gold.project_id))]
    ]


def _score(record: WorkerRecord | None) -> int | None:
    return record.score_bp if record else None


def _look(gold: GoldAnswer, given: Sequence[Given]) -> Doubtful:
    drawer, settings = registry.drawer(gold.project.task_type), gold.project.settings
    good = [one for one in given if one.good]
    failing = [one for one in good if not one.right]
    said = Counter(drawer.summarise(one.submission.answer, settings=settings) for one in failing)
    return Doubtful(
        gold=gold, good=len(good), failing=len(failing), known=drawer.summarise(gold.answer, settings=settings),
        said=said.most_common(1)[0][0] if said else "",
    )
