"""How work is going for the client who pays: on time, on budget, good enough, each with the interval it honestly has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import sqrt
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from kit.counts import rested
from kit.money import Money, half_even
from marketplace.models import Batch, Project, Result, Submission
from marketplace.quality import scores
from payments import queries as money
from task_types import registry
from task_types.contract import VOTED

SAMPLE = 200
"""Tasks that agreement is measured on: the newest ones with more than one answer."""
ANSWERS_LOOKED_AT = 6
"""Of one task."""
PACE_OVER = timedelta(hours=24)
PACE_FROM = 5
"""Fewer results than this in the window say nothing about the next ones."""
BASIS = 10_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A share in percent with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def interval(*, right: float, answers: float, doubt: float = 0.0) -> Interval | None:
    """The share of right ones among `answers`; `doubt` is how much of `right` is itself a guess (see quality.scores)."""
    if answers <= 0:
        return None
    record = scores.Record(right=right, answers=answers, doubt=doubt)
    found = scores.score([record], crowd=scores.crowd_mean([record]))[0]
    return Interval(100 * found.mean, 100 * found.low, 100 * found.high)


@dataclass(frozen=True, slots=True)
class Results:
    """Counts over settled results: how many, how sure, how many in the last day."""

    settled: int = 0
    ambiguous: int = 0
    right: float = 0.0
    doubt: float = 0.0
    lately: int = 0


RESULTS = """
SELECT count(*), count(*) FILTER (WHERE ambiguous), coalesce(sum(confidence_bp), 0) / 10000.0,
       coalesce(sum(confidence_bp::float8 / 10000 * (1 - confidence_bp::float8 / 10000)), 0),
       count(*) FILTER (WHERE settled_at > %(since)s)
  FROM marketplace_result WHERE batch_id = ANY(%(batches)s) AND state = 'settled'
"""


def results_of(batch_ids: Sequence[uuid.UUID], *, now: datetime) -> Results:
    """One statement, or none while an earlier count may be believed."""
    if not batch_ids:
        return Results()

    def count() -> tuple[Any, ...]:
        with connection.cursor() as cursor:
            cursor.execute(RESULTS, {"batches": list(batch_ids), "since": now - PACE_OVER})
            row: tuple[Any, ...] = cursor.fetchone()
        return row

    settled, ambiguous, right, doubt, lately = rested("results", batch_ids, count)
    return Results(settled, ambiguous, float(right), float(doubt), lately)


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by what became of them; gold and reviews are not among them."""

    accepted: int = 0
    rejected: int = 0
    waiting: int = 0
    sent_back: int = 0

    @property
    def all(self) -> int:
        return self.accepted + self.rejected + self.waiting + self.sent_back


def answers_of(batch_ids: Sequence[uuid.UUID]) -> Answers:
    if not batch_ids:
        return Answers()
    rows = Submission.objects.filter(batch__in=batch_ids, kind="answer", gold=False).order_by()
    counted: Mapping[str, int] = rested(
        "answers", batch_ids, lambda: dict(rows.values_list("state").annotate(n=Count("pk")))
    )
    return Answers(
        accepted=counted.get("accepted", 0) + counted.get("accepted_share", 0), rejected=counted.get("rejected", 0),
        waiting=counted.get("waiting", 0), sent_back=counted.get("sent_back", 0),
    )  # fmt: skip


def model_accuracy(project: Project, results: Results) -> Interval | None:
    """How many settled results are right, by the model's own probabilities; None where these are no probabilities."""
    if registry.drawer(project.task_type).aggregation not in VOTED:
        return None
    return interval(right=results.right, answers=results.settled, doubt=results.doubt)


@dataclass(frozen=True, slots=True)
class Gold:
    """How single answers fare against known ones."""

    tasks: int
    seen: int
    right: int

    @property
    def share(self) -> Interval | None:
        return interval(right=self.right, answers=self.seen)


def gold_of(project: Project) -> Gold:
    """Known answers in use, and how they were met."""
    found = project.gold_answers.filter(voided_at__isnull=True).aggregate(
        tasks=Count("pk", filter=Q(taught=False)), seen=Sum("seen"), right=Sum("right")
    )
    return Gold(found["tasks"], found["seen"] or 0, found["right"] or 0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much two answers to the same task agree on average, in percent, over so many tasks."""

    percent: float
    tasks: int


def agreement_of(project: Project, batch_ids: Sequence[uuid.UUID]) -> Agreement | None:
    """Mean over the newest tasks with more than one answer of the mean over their pairs; chance is not taken out."""
    if not batch_ids:
        return None
    measured: tuple[float, int] = rested("agreement", batch_ids, lambda: _agreement(project, batch_ids))
    return Agreement(*measured) if measured[1] else None


def _agreement(project: Project, batch_ids: Sequence[uuid.UUID]) -> tuple[float, int]:
    drawer = registry.drawer(project.task_type)
    # Not the settled ones alone: where more answers are asked for, those settle first on which people agree.
    tasks = Result.objects.filter(batch__in=batch_ids, answers__gte=2).order_by("-task_id")[:SAMPLE]
    rows = Submission.objects.filter(task__in=list(tasks.values_list("pk", flat=True)), kind="answer", gold=False)
    given: dict[int, list[dict[str, Any]]] = {}
    for task_id, answer in rows.exclude(state="rejected").values_list("task_id", "answer"):
        given.setdefault(task_id, []).append(answer)
    means = [_mean_of_pairs(drawer, project, answers[:ANSWERS_LOOKED_AT]) for answers in given.values() if len(answers) > 1]
    return (100 * sum(means) / len(means), len(means)) if means else (0.0, 0)


def agreements_of(project: Project, batch_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Agreement]:
    """The same for each of several batches, over their newest tasks together: two statements, or none for a while."""
    if not batch_ids:
        return {}
    measured: dict[uuid.UUID, tuple[float, int]] = rested("agreements", batch_ids, lambda: _agreements(project, batch_ids))
    return {batch_id: Agreement(*found) for batch_id, found in measured.items()}


def _agreements(project: Project, batch_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[float, int]]:
    drawer, means = registry.drawer(project.task_type), dict[uuid.UUID, list[float]]()
    newest = Result.objects.filter(batch__in=batch_ids, answers__gte=2).order_by("-task_id").values_list("pk", "batch_id")
    batch_of = dict(newest[: SAMPLE * len(batch_ids)])
    rows = Submission.objects.filter(task__in=list(batch_of), kind="answer", gold=False).exclude(state="rejected")
    given: dict[int, list[dict[str, Any]]] = {}
    for task_id, answer in rows.values_list("task_id", "answer"):
        given.setdefault(task_id, []).append(answer)
    for task_id, answers in given.items():
        if len(answers) > 1:
            means.setdefault(batch_of[task_id], []).append(_mean_of_pairs(drawer, project, answers[:ANSWERS_LOOKED_AT]))
    return {batch_id: (100 * sum(found) / len(found), len(found)) for batch_id, found in means.items()}


def _mean_of_pairs(drawer: Any, project: Project, answers: Sequence[dict[str, Any]]) -> float:
    pairs = [drawer.agreement(one, other, settings=project.settings) for one, other in combinations(answers, 2)]
    return float(sum(pairs) / len(pairs))


@dataclass(frozen=True, slots=True)
class Pace:
    """When what is left will be done at the pace of the last day: the likely moment and the ends of its 95 % interval."""

    lately: int
    likely: datetime
    soonest: datetime
    latest: datetime


def pace(*, left: int, results: Results, since: datetime | None, now: datetime) -> Pace | None:
    """None when nothing is left, or too little came lately. The count of a window is taken as Poisson: sd = root of it."""
    if left <= 0 or results.lately < PACE_FROM:
        return None
    window = min(PACE_OVER, now - since) if since else PACE_OVER
    spread = 1.96 * sqrt(results.lately)
    rates = (results.lately, results.lately + spread, max(results.lately - spread, 0.5))
    likely, soonest, latest = (now + min(window * (left / rate), timedelta(days=3_650)) for rate in rates)
    return Pace(results.lately, likely, soonest, latest)


def each(spent: Money, count: int) -> Money | None:
    """What one of `count` things cost."""
    return Money(half_even(spent.units, count), spent.currency) if count else None


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a project or of one batch, at a glance."""

    tasks: int
    results: Results
    answers: Answers
    accuracy: Interval | None
    gold: Gold
    agreement: Agreement | None
    target: float | None
    spent: Money
    pending: Money
    reserved: Money
    pace: Pace | None
    deadline: datetime | None

    @property
    def percent(self) -> int:
        return 100 * self.results.settled // self.tasks if self.tasks else 0

    @property
    def per_answer(self) -> Money | None:
        return each(self.spent, self.answers.accepted)

    @property
    def per_result(self) -> Money | None:
        return each(self.spent, self.results.settled)

    @property
    def good_enough(self) -> bool | None:
        """Whether the lower end reaches the target; None while there is no target or nothing is known."""
        if self.target is None or self.accuracy is None:
            return None
        return self.accuracy.low >= self.target

    @property
    def on_time(self) -> str:
        """'' without deadline or forecast; else early, maybe or late."""
        if self.deadline is None or self.pace is None:
            return ""
        if self.pace.latest <= self.deadline:
            return "early"
        return "late" if self.pace.soonest > self.deadline else "maybe"


def of(*, project: Project, batches: Sequence[Batch], now: datetime) -> Health:
    """The figures of these launched batches together: six statements at most."""
    ids = [one.pk for one in batches]
    results, tasks = results_of(ids, now=now), sum(one.task_count for one in batches)
    moving = [one for one in batches if one.state in ("launching", "active")]
    since = min((one.launched_at for one in moving if one.launched_at), default=None)
    spends = [spend for spend in money.batches_spend(ids).values() if spend.paid.currency == project.currency]
    zero = Money.zero(project.currency)
    return Health(
        tasks=tasks, results=results, answers=answers_of(ids), accuracy=model_accuracy(project, results),
        gold=gold_of(project), agreement=agreement_of(project, ids),
        target=project.target_accuracy_bp / 100 if project.target_accuracy_bp else None,
        spent=sum((spend.paid + spend.fees for spend in spends), zero),
        pending=sum((spend.pending for spend in spends), zero), reserved=sum((spend.reserved for spend in spends), zero),
        pace=pace(left=tasks - results.settled, results=results, since=since, now=now) if moving else None,
        deadline=min((one.deadline for one in moving if one.deadline), default=None),
    )  # fmt: skip


BY_STEP = """
SELECT date_trunc(%(step)s, settled_at, 'UTC') AS at, count(*) FROM marketplace_result
 WHERE batch_id = ANY(%(batches)s) AND state = 'settled' GROUP BY at ORDER BY at
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """Settled results by hour or day, cumulative, and the plan where there is a deadline."""

    step: timedelta
    moments: list[datetime]
    settled: list[int]
    plan: list[float]


STEPS = (("minute", timedelta(minutes=1)), ("hour", timedelta(hours=1)), ("day", timedelta(days=1)))
POINTS_MOST = 90


def curve(*, batches: Sequence[Batch], now: datetime) -> Curve | None:
    """How the settled results grew since the first launch of these batches; None before the second point."""
    launched = [one for one in batches if one.launched_at]
    start = min((one.launched_at for one in launched if one.launched_at), default=None)
    if start is None:
        return None
    step, length = next((pair for pair in STEPS if (now - start) / pair[1] <= POINTS_MOST), STEPS[-1])
    ids = [one.pk for one in launched]

    def count() -> list[tuple[datetime, int]]:
        with connection.cursor() as cursor:
            cursor.execute(BY_STEP, {"step": step, "batches": ids})
            return [(row[0], row[1]) for row in cursor.fetchall() if row[0] is not None]

    found = rested(f"curve:{step}", ids, count)
    return _curve(found, launched, length, now) if len(found) > 1 else None


def _curve(found: Sequence[tuple[datetime, int]], batches: Sequence[Batch], length: timedelta, now: datetime) -> Curve:
    """Every step from the first to the last, or to now while something moves, so that quiet times show as flat."""
    by_moment = dict(found)
    end = now if any(one.state in ("launching", "active", "paused") for one in batches) else found[-1][0]
    moments = [found[0][0] - length]
    while moments[-1] + length <= end and len(moments) < 1_000:
        moments.append(moments[-1] + length)
    settled, total = [], 0
    for moment in moments:
        total += by_moment.get(moment, 0)
        settled.append(total)
    return Curve(length, moments, settled, [_planned(batches, min(moment + length, now)) for moment in moments])


def _planned(batches: Sequence[Batch], moment: datetime) -> float:
    """What would be done by then if every batch with a deadline went at an even pace from its launch."""
    due = 0.0
    for one in batches:
        if one.deadline is None or one.launched_at is None:
            continue
        whole = (one.deadline - one.launched_at).total_seconds()
        share = (moment - one.launched_at).total_seconds() / whole if whole > 0 else 1.0
        due += one.task_count * min(max(share, 0.0), 1.0)
    return due


