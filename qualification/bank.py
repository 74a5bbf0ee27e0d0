"""A bank in use: what the answers of everybody say about its questions, and estimating their parameters anew."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict
from qualification import calibration, grading, health, kinds
from qualification.health import Given, Health
from qualification.models import Attempt, AttemptItem, Exam, ExamItem
from qualification.states import LIVE, READING, RETIRED, VOID
from task_types import registry

MOST_ANSWERS = 100_000
"""The newest answers that are looked at."""
LEAST_ANSWERS = 30
"""Answers to a question before its parameters are estimated from them."""
LEAST_PEOPLE = 50
"""Attempts before a bank is estimated at all: abilities are told apart by many answers of many people."""
WORN, MORE = 0.25, 2
"""A question that a greater share of the attempts has met, and so many times the share of the others, may be known outside."""


class TooFew(Conflict):
    """Not enough answers to estimate anything from."""

    code = "too_few_answers"


@dataclass(frozen=True, slots=True)
class Row:
    """A question with its health; `exposure` is the share of all attempts that met it, `usual` that of all questions on average."""

    item: ExamItem
    health: Health
    met: int
    exposure: float
    usual: float
    other: str

    @property
    def worn(self) -> bool:
        return self.met >= LEAST_ANSWERS and self.exposure > max(WORN, MORE * self.usual)

    @property
    def alarm(self) -> bool:
        return bool(self.health.doubt) and self.item.state != VOID


@dataclass(frozen=True, slots=True)
class _Answers:
    """Graded answers of a series, place by place."""

    attempts: list[uuid.UUID]
    roots: list[uuid.UUID]
    credits: list[float]
    answers: list[Any]
    means: dict[uuid.UUID, float]


def look(exam: Exam) -> list[Row]:
    """The health of each question of an exam, from the answers to all its versions; those in doubt first."""
    found = _answers(exam.series)
    by_root: dict[uuid.UUID, list[Given]] = {}
    for root, given in zip(found.roots, _given(found), strict=True):
        by_root.setdefault(root, []).append(given)
    met = dict(AttemptItem.objects.filter(item__exam__series=exam.series).values_list("item__root").annotate(Count("pk")))
    sat = Attempt.objects.filter(series=exam.series).count()
    bank = list(exam.items.order_by("n"))
    usual = sum(met.get(item.root, 0) for item in bank) / max(sat * len(bank), 1)
    rows = [_row(item, health.examine(by_root.get(item.root, [])), met.get(item.root, 0), sat, usual) for item in bank]
    return sorted(rows, key=lambda row: (not row.alarm, not row.worn, row.item.n))


def calibrate(*, exam: Exam, by_id: uuid.UUID, now: datetime) -> int:
    """Estimate discrimination and difficulty of all questions with enough answers; returns how many. They hold for attempts that
    start from now on; questions already drawn keep the parameters they were drawn by. Raises TooFew."""
    found = _answers(exam.series)
    usable = set(exam.items.exclude(state=VOID).exclude(kind=ExamItem.PROSE).values_list("root", flat=True))
    kept = [at for at, root in enumerate(found.roots) if root in usable]
    people, questions = _numbers([found.attempts[at] for at in kept]), _numbers([found.roots[at] for at in kept])
    if len(people) < LEAST_PEOPLE:
        raise TooFew(_("Parameters are estimated from at least %(least)d attempts.") % {"least": LEAST_PEOPLE}, found=len(people))
    estimates = calibration.estimate(
        people=np.array([people[found.attempts[at]] for at in kept]),
        questions=np.array([questions[found.roots[at]] for at in kept]),
        credits=np.array([found.credits[at] for at in kept]),
        count=len(questions),
    )
    good = {root: estimates[at] for root, at in questions.items() if estimates[at].answers >= LEAST_ANSWERS}
    items = list(ExamItem.objects.filter(exam__series=exam.series, root__in=good).exclude(exam__state=RETIRED))
    for item in items:
        one = good[item.root]
        item.a, item.b = round(min(max(one.a, 0.05), 5), 4), round(min(max(one.b, -5), 5), 4)
        item.calibration, item.calibrated_from, item.calibrated_at = ExamItem.ESTIMATED, one.answers, now
    ExamItem.objects.bulk_update(items, ["a", "b", "calibration", "calibrated_from", "calibrated_at"])
    audit.record(subject=exam, verb="exam.calibrated", actor_id=by_id, now=now)
    return len(good)


def _answers(series: uuid.UUID) -> _Answers:
    rows = AttemptItem.objects.filter(attempt__series=series, credit_bp__isnull=False)
    rows = rows.exclude(attempt__state__in=(LIVE, READING)).exclude(item__state=VOID).order_by("-attempt__started_at", "-id")
    columns = ("attempt_id", "item__root", "credit_bp", "answer", "attempt__exam__form", "attempt__mean_bp")
    found = list(rows.values_list(*columns)[:MOST_ANSWERS])
    return _Answers(
        attempts=[attempt for attempt, *_rest in found],
        roots=[root for _attempt, root, *_rest in found],
        credits=[(credit or 0) / grading.FULL for _attempt, _root, credit, *_rest in found],
        answers=[answer for *_rest, answer, _form, _mean in found],
        means={attempt: (mean or 0) / grading.FULL for attempt, *_rest, form, mean in found if form == Exam.ADAPTIVE},
    )


def _given(found: _Answers) -> list[Given]:
    """Each answer with how its attempt did on the other questions. An adaptive exam gives everybody questions that they get right half
    of the time, so there what it found of the person counts."""
    sums: dict[uuid.UUID, tuple[float, int]] = {}
    for attempt, credit in zip(found.attempts, found.credits, strict=True):
        total, n = sums.get(attempt, (0.0, 0))
        sums[attempt] = (total + credit, n + 1)
    given = []
    for attempt, credit, answer in zip(found.attempts, found.credits, found.answers, strict=True):
        total, n = sums[attempt]
        rest = found.means[attempt] if attempt in found.means else (total - credit) / max(n - 1, 1)
        given.append(Given(credit=credit, rest=rest, answer=_comparable(answer)))
    return given


def _row(item: ExamItem, found: Health, met: int, sat: int, usual: float) -> Row:
    other = _in_words(item, json.loads(str(found.other))) if found.other is not None else ""
    return Row(item=item, health=found, met=met, exposure=met / sat if sat else 0.0, usual=usual, other=other)


def _comparable(answer: Any) -> str | None:
    """Answers that mean the same compare equal: short texts in their normal form, others as JSON."""
    if answer is None:
        return None
    return json.dumps(kinds.normal(answer) if isinstance(answer, str) else answer, sort_keys=True)


def _in_words(item: ExamItem, answer: Any) -> str:
    if item.kind == ExamItem.CHOICE:
        texts = {option["key"]: option["text"] for option in item.body["options"]}
        return ", ".join(texts.get(key, key) for key in answer)
    if item.kind == ExamItem.GOLD:
        return str(registry.drawer(item.task_type).summarise(answer, settings=item.body["settings"]))
    return str(answer)


def _numbers(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """0, 1, ... for each id, in the order in which they appear."""
    return {one: at for at, one in enumerate(dict.fromkeys(ids))}
