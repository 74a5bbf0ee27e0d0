"""How good the work of a project is, for who pays it: by batch, by what is mistaken for what, and by who did it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from kit.counts import rested
from kit.money import Money, half_even
from marketplace import health, strengths
from marketplace.models import Batch, Project, Submission, WorkerRecord
from payments import queries as money
from task_types import registry
from task_types.contract import VOTED
from workers import pseudonyms

BATCHES = 12
NEWEST = 2_000
"""Answers that a table of mistakes looks at."""
KNOWN_ENOUGH = 20
"""Answers to known tasks from which on these alone make the table; below, settled results stand in for the truth."""
CLASSES_MOST = 12
QUESTIONS_MOST = 4
PEOPLE = 50


@dataclass(frozen=True, slots=True)
class OfBatch:
    """One batch: settled results, how many are right by the model, how much answers agree (percent), what it cost."""

    batch: Batch
    settled: int
    ambiguous: int
    accuracy: health.Interval | None
    agreement: health.Agreement | None
    spent: Money
    right: float

    @property
    def per_right(self) -> Money | None:
        """What one right result costs: everything that was spent over the results expected to be right."""
        return Money(half_even(self.spent.units * 1_000, max(round(self.right * 1_000), 1)), self.spent.currency) if self.right else None


RESULTS = """
SELECT batch_id, count(*), count(*) FILTER (WHERE ambiguous), coalesce(sum(confidence_bp), 0) / 10000.0,
       coalesce(sum(confidence_bp::float8 / 10000 * (1 - confidence_bp::float8 / 10000)), 0)
  FROM marketplace_result WHERE batch_id = ANY(%(batches)s) AND state = 'settled' GROUP BY 1
"""


def by_batch(*, project: Project, batches: Sequence[Batch]) -> list[OfBatch]:
    """The newest launched batches; four statements, most of them believed for a while."""
    shown = list(batches[:BATCHES])
    ids = [batch.pk for batch in shown]
    found = rested("by-batch", ids, lambda: _results(ids)) if ids else {}
    agreements = health.agreements_of(project, ids)
    spent, voted = money.batches_spend(ids), registry.drawer(project.task_type).aggregation in VOTED
    rows = []
    for batch in shown:
        settled, ambiguous, right, doubt = found.get(batch.pk, (0, 0, 0.0, 0.0))
        rows.append(OfBatch(
            batch=batch, settled=settled, ambiguous=ambiguous, agreement=agreements.get(batch.pk),
            accuracy=health.interval(right=right, answers=settled, doubt=doubt) if voted else None,
            spent=spent[batch.pk].paid + spent[batch.pk].fees, right=right if voted else 0.0,
        ))  # fmt: skip
    return rows


def _results(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int, float, float]]:
    with connection.cursor() as cursor:
        cursor.execute(RESULTS, {"batches": list(ids)})
        return {row[0]: (row[1], row[2], float(row[3]), float(row[4])) for row in cursor.fetchall()}


# --- what is mistaken for what ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Confusion:
    """One question: how often each right category was answered as each category. `known`: against known answers, else
    against settled results, which the answers themselves made."""

    question: str
    classes: list[str]
    counts: dict[tuple[str, str], int]
    known: bool

    @property
    def answers(self) -> int:
        return sum(self.counts.values())

    def row(self, truth: str) -> list[tuple[int, float]]:
        """Of the answers to tasks of this category: how many were given as each, and that share in percent."""
        total = sum(self.counts.get((truth, said), 0) for said in self.classes)
        return [(n := self.counts.get((truth, said), 0), 100 * n / total if total else 0.0) for said in self.classes]


def confusions(*, project: Project, batch_ids: Sequence[uuid.UUID]) -> list[Confusion]:
    """The questions with most answers; none where nothing is asked in categories. Two statements."""
    drawer = registry.drawer(project.task_type)
    if drawer.aggregation not in VOTED or not batch_ids:
        return []
    mine = Submission.objects.filter(batch__in=batch_ids, kind="answer")
    gold = mine.filter(gold=True, task__gold__voided_at__isnull=True)
    pairs = list(gold.order_by("-submitted_at").values_list("answer", "task__gold__answer", "task__payload")[:NEWEST])
    known = len(pairs) >= KNOWN_ENOUGH
    if not known:
        settled = mine.filter(gold=False, task__result__state="settled", task__result__ambiguous=False).exclude(state="rejected")
        pairs = list(settled.order_by("-submitted_at").values_list("answer", "task__result__answer", "task__payload")[:NEWEST])
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for answer, truth, payload in pairs:
        right = drawer.votes(truth, payload=payload, settings=project.settings)
        for question, said in drawer.votes(answer, payload=payload, settings=project.settings).items():
            if question in right:
                counts.setdefault(question, Counter())[right[question], said] += 1
    most = sorted(counts, key=lambda question: -counts[question].total())[:QUESTIONS_MOST]
    return [_confusion(question, counts[question], known) for question in most]


def _confusion(question: str, counts: Mapping[tuple[str, str], int], known: bool) -> Confusion:
    """The categories that occur most, in the alphabet's order."""
    often: Counter[str] = Counter()
    for (truth, said), n in counts.items():
        often[truth] += n
        often[said] += n
    return Confusion(question, sorted(name for name, _n in often.most_common(CLASSES_MOST)), dict(counts), known)


# --- who did it ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one worker did in these batches, under the pseudonym that exports show too; the score is this project's."""

    worker: str
    answers: int
    share: float
    accepted: int
    rejected: int
    hours: float
    score: tuple[float, float, float] | None


def contributions(*, project: Project, batch_ids: Sequence[uuid.UUID]) -> list[Contribution]:
    """Those who did most first, PEOPLE at most; three statements, the counts believed for a while."""
    if not batch_ids:
        return []
    rows = Submission.objects.filter(batch__in=batch_ids, kind="answer", gold=False).values("worker_id")
    done = {"accepted": Count("pk", filter=Q(state__startswith="accepted")), "rejected": Count("pk", filter=Q(state="rejected"))}
    counted: list[Any] = rested(
        "contributions", batch_ids, lambda: list(rows.annotate(n=Count("pk"), ms=Sum("active_ms"), **done).order_by("-n", "worker_id"))
    )
    total, top = sum(row["n"] for row in counted), counted[:PEOPLE]
    ids = [row["worker_id"] for row in top]
    names = pseudonyms.many(worker_ids=ids, organisation_id=project.organisation_id) if ids else {}
    scores = {record.worker_id: record.percent for record in WorkerRecord.objects.filter(project=project, worker__in=ids)}
    return [
        Contribution(
            names[row["worker_id"]], row["n"], 100 * row["n"] / total, row["accepted"], row["rejected"],
            (row["ms"] or 0) / 3_600_000, scores.get(row["worker_id"]),
        )
        for row in top
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Insight:
    """All of it."""

    batches: list[OfBatch]
    confusions: list[Confusion]
    people: list[Contribution]
    strengths: list[strengths.Ranked]


def of(*, project: Project, batches: Sequence[Batch]) -> Insight:
    """The figures of these launched batches."""
    ids = [batch.pk for batch in batches]
    return Insight(
        by_batch(project=project, batches=batches), confusions(project=project, batch_ids=ids),
        contributions(project=project, batch_ids=ids), strengths.of(project=project, batch_ids=ids),
    )  # fmt: skip
