"""Adaptive exams between tables and mathematics: which question of the bank comes next, and what the answers amount to."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Count

from qualification import adaptive, grading
from qualification.adaptive import Answer, Bank, Policy
from qualification.models import Attempt, AttemptItem, Exam, ExamItem
from qualification.states import LIVE, VOID


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the answers of an attempt amount to; `tier` 0 is failed."""

    score: grading.Score
    tier: int
    confidence: float


def policy_of(exam: Exam) -> Policy:
    return Policy(cuts=tuple(float(cut) for cut in exam.cuts), most=exam.draws, confidence=exam.confidence_bp / grading.FULL)


def rests(*, exam: Exam, worker_id: uuid.UUID) -> list[int]:
    """Places of questions that a new attempt does without as long as there are others: those that too many attempts have met, and
    those that this person has met before."""
    met = exam.items.filter(state=LIVE).annotate(met=Count("drawn")).order_by("n").values_list("n", "met", "root")
    places = list(met)
    worn = adaptive.resting([count for _n, count, _root in places], exam.attempts.count())
    known = set(
        AttemptItem.objects.filter(attempt__worker_id=worker_id, attempt__series=exam.series).values_list("item__root", flat=True)
    )
    return [n for at, (n, _count, root) in enumerate(places) if at in worn or root in known]


def advance(attempt: Attempt, *, now: datetime) -> AttemptItem | None:
    """Draw the next question of an attempt all of whose answers stand; None when the tier is decided or nothing is left to ask."""
    rows = list(AttemptItem.objects.select_related("item").filter(attempt=attempt).order_by("n"))
    met = {row.item_id for row in rows}
    pool = [item for item in _pool(attempt.exam) if item.pk not in met]
    used = [row for row in rows if row.item.state != VOID]
    bank = _bank(attempt.exam, used, pool)
    resting = {len(used) + at for at, item in enumerate(pool) if item.n in set(attempt.rests)}
    chance = random.Random(f"{attempt.pk}:{len(rows)}")  # noqa: S311 - nothing is kept secret by it
    place = adaptive.step(bank, policy_of(attempt.exam), _answers(used), rests=resting, chance=chance).next
    if place is None:
        return None
    item = pool[place - len(used)]
    return AttemptItem.objects.create(
        attempt=attempt, item_id=item.pk, n=len(rows) + 1, order=shuffled(item, chance), shown_at=now, a=item.a, b=item.b
    )


def judge(attempt: Attempt, rows: Sequence[AttemptItem]) -> Outcome | None:
    """The tier that graded questions show; None when none of them counts.

    An attempt that came to its end gets the most probable tier. One that was handed in early, ran out of time, or lost more than half
    of its questions as void gets what is sure at the stated confidence, so that answering nothing proves nothing.
    """
    used = [row for row in rows if row.item.state != VOID]
    if not used:
        return None
    policy = policy_of(attempt.exam)
    bank = _bank(attempt.exam, used, [item for item in _pool(attempt.exam) if item.pk not in {row.item_id for row in used}])
    belief = adaptive.posterior(bank, _answers(used))
    found = adaptive.verdict(belief, policy, asked=len(rows))
    ended = all(row.final_at is not None for row in used) and (found.decided or len(rows) >= policy.most)
    if not ended or 2 * len(used) < len(rows):
        found = adaptive.sure(belief, policy)
    return Outcome(score=adaptive.as_score(bank, belief), tier=found.tier, confidence=found.confidence)


def shuffled(item: ExamItem, luck: random.Random) -> list[str]:
    """The keys of a question's options in an order of chance."""
    keys = [option["key"] for option in item.body.get("options", [])]
    luck.shuffle(keys)
    return keys


def _pool(exam: Exam) -> list[ExamItem]:
    rows = exam.items.filter(state=LIVE, a__isnull=False).order_by("n")
    return list(rows.only("id", "n", "a", "b", "body"))


def _bank(exam: Exam, used: Sequence[AttemptItem], pool: Sequence[ExamItem]) -> Bank:
    """Questions that were put, with the parameters by which they were drawn, then those that could be."""
    both: list[AttemptItem | ExamItem] = [*used, *pool]
    return Bank(
        a=np.array([one.a for one in both], dtype=np.float64),
        b=np.array([one.b for one in both], dtype=np.float64),
        cuts=tuple(float(cut) for cut in exam.cuts),
    )


def _answers(used: Sequence[AttemptItem]) -> list[Answer]:
    return [(at, (row.credit_bp or 0) / grading.FULL) for at, row in enumerate(used)]
