"""Which model is how much stronger than which: Bradley-Terry over a project's comparisons, over all and subject by subject."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit.errors import NotFound
from marketplace import results
from marketplace.intake import sheets
from marketplace.models import Batch, Project, Submission
from marketplace.quality import pairwise
from task_types import registry

NEWEST = 20_000
"""Answers that a ranking looks at."""
SUBJECTS_MOST = 24
COMPARED_FROM = 5
"""A subject with fewer comparisons has no ranking of its own."""
HEADER = ("subject", "rank", "name", "strength", "low", "high", "comparisons", "confidence")


@dataclass(frozen=True, slots=True)
class Ranked:
    """The compared things by strength: over all (no subject), or of one subject."""

    subject: str
    rows: list[pairwise.Strength]


def has_names(project: Project) -> bool:
    """Whether this kind of work compares things, so that a client may name them."""
    return registry.drawer(project.task_type).aggregation == "pairwise"


def of(*, project: Project, batch_ids: Sequence[uuid.UUID]) -> list[Ranked]:
    """Over all first, then the subjects with most comparisons. Nothing where no task says who wrote its responses.

    A client names them in columns of the file that workers never see: `model_a`, `model_b` and so on for the responses a, b
    ..., and `subject` for what the task is about. One statement.
    """
    if not batch_ids or not has_names(project):
        return []
    rows = Submission.objects.filter(batch__in=batch_ids, kind="answer", gold=False, task__extra__has_key="model_a")
    by_subject: dict[str, list[pairwise.Comparison]] = {}
    given = rows.exclude(state__in=results.NOT_COUNTED).order_by("-submitted_at")
    for worker_id, answer, payload, extra in given.values_list("worker_id", "answer", "task__payload", "task__extra")[:NEWEST]:
        beside = extra or {}
        subject = str(beside.get("subject") or "").strip()[:80]
        by_subject.setdefault(subject, []).extend(_compared(project, str(worker_id), answer, payload, beside))
    everything = [one for several in by_subject.values() for one in several]
    if not everything:
        return []
    enough = (name for name in by_subject if name and len(by_subject[name]) >= COMPARED_FROM)
    often = sorted(enough, key=lambda name: -len(by_subject[name]))
    found = pairwise.rank_subjects({"": everything} | {name: by_subject[name] for name in often[:SUBJECTS_MOST]})
    return [Ranked(subject, ranking.table) for subject, ranking in found.items()]


def _compared(
    project: Project, worker: str, answer: dict[str, Any], payload: dict[str, Any], extra: Mapping[str, Any]
) -> Iterator[pairwise.Comparison]:
    """The pairs of named responses that one answer decides. Two of the same model say nothing."""
    drawer = registry.drawer(project.task_type)
    votes = drawer.votes(answer, payload=payload, settings=project.settings)
    for question, classes in drawer.questions(payload=payload, settings=project.settings).items():
        letters = [letter for letter in classes if letter != "tie"]
        for left, right in combinations(letters, 2):
            verdict = _verdict(votes.get(question), left, right)
            names = [str(extra.get(f"model_{letter}") or "").strip()[:120] for letter in (left, right)]
            if verdict is not None and all(names) and names[0] != names[1]:
                yield worker, names[0], names[1], verdict


def _verdict(vote: str | None, left: str, right: str) -> pairwise.Verdict | None:
    """What a vote says of a pair; nothing of two of whom neither was preferred."""
    if vote == left:
        return "left"
    if vote == right:
        return "right"
    return "tie" if vote == "tie" else None


def as_csv(batch: Batch, *, bom: bool = False) -> Iterator[bytes]:
    """The rankings of one batch as CSV, over all with an empty subject. Raises NotFound for work that compares nothing."""
    if not has_names(batch.project):
        raise NotFound(_("This kind of work compares nothing."), field="format")
    found = of(project=batch.project, batch_ids=[batch.pk])
    return _pieces(found, bom)


def _pieces(found: Sequence[Ranked], bom: bool) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADER)
    for one in found:
        for row in one.rows:
            # Figures may begin with a minus; only what a client wrote can be taken for a formula.
            figures = (f"{value:.1f}" for value in (row.points, row.low, row.high))
            writer.writerow([sheets.safe(one.subject), row.rank, sheets.safe(row.name), *figures, row.comparisons, f"{row.confidence:.4f}"])
    yield (sheets.BOM if bom else b"") + buffer.getvalue().encode()
