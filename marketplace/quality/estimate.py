"""Labels and workers of a file of answers, as rows of two tables: what the command `estimate` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import categorical, numeric, pairwise, text
from .scores import Score
from .tables import Kind, Read

LABELS = ("item_id", "label", "confidence")
STRENGTHS = (*LABELS, "strength", "low", "high")
WORKERS = ("worker_id", "score", "low", "high", "answers")


@dataclass(frozen=True)
class Tables:
    """Header and rows of the labels, rows of the workers (their header is WORKERS)."""

    header: tuple[str, ...]
    labels: list[tuple[str, ...]]
    workers: list[tuple[str, ...]]


def estimate(read: Read, *, kind: Kind, gold: Mapping[str, Any]) -> Tables:
    """The best that can be said about the answers; items and workers in the order of the file."""
    if kind == "pairwise":
        return _compared(read, gold)
    rows = [(item, worker, value) for (item, worker), value in read.rows.items()]
    if kind == "categorical":
        fit = categorical.fit(rows, gold=gold)
        sure = (f"{share:.4f}" for share in fit.confidence)
        labels: list[tuple[str, ...]] = [*zip(fit.answers.items, fit.labels, sure, strict=True)]
        return Tables(LABELS, labels, _scored(fit.workers))
    if kind == "text":
        texts = text.fit(rows, gold=gold)
        return Tables(LABELS, [(item, words, "") for item, words in texts.texts.items()], _scored(texts.workers))
    numbers = numeric.fit(rows, gold=gold)
    return Tables(LABELS, [(item, f"{one:.10g}", "") for item, one in numbers.values.items()], _scored(numbers.workers))


def _compared(read: Read, gold: Mapping[str, Any]) -> Tables:
    """Strengths over all comparisons, then those of each subject."""
    comparisons = [comparison for _subject, comparison in read.rows.values()]
    known = [gold.get(item) for item, _worker in read.rows]
    overall = pairwise.rank(comparisons)
    workers = _scored(pairwise.judge(comparisons, overall, known=known))
    if not read.has_subject:
        return Tables(STRENGTHS, list(_strengths(overall)), workers)
    subjects: dict[str, list[pairwise.Comparison]] = {}
    for subject, comparison in read.rows.values():
        subjects.setdefault(subject, []).append(comparison)
    rows = [(*row, "") for row in _strengths(overall)]
    for subject, ranking in pairwise.rank_subjects(subjects).items():
        rows += [(*row, subject) for row in _strengths(ranking)] if subject else []
    return Tables((*STRENGTHS, "subject"), rows, workers)


def _strengths(ranking: pairwise.Ranking) -> Iterable[tuple[str, ...]]:
    for one in ranking.table:
        points = (f"{value:.1f}" for value in (one.points, one.low, one.high))
        yield one.name, str(one.rank), f"{one.confidence:.4f}", *points


def _scored(workers: Mapping[str, Score]) -> list[tuple[str, ...]]:
    return [(name, f"{score.mean:.4f}", f"{score.low:.4f}", f"{score.high:.4f}", str(score.answers)) for name, score in workers.items()]
