"""Pure rules of who is given what: order of queues, caps, gold share, and the terms that a lease freezes."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

BASIS = 10_000
NEW_WORKER_JUDGED = 20
"""Until so many answers of a worker on a project are judged, each one is."""
LIFE_AT_MOST = 10
REVIEWS_HELD_BP = {"none": 0, "sampled": 10_000, "all": 10_500, "client": 0}
"""Reviews that a launch sets money aside for, as a share of all answers: one for each and, where each is used, one in twenty
more for second looks."""
REVIEWER_KNOWN = 10
"""From so many verdicts that could be held against something on, a reviewer counts as measured."""
REVIEWER_GOOD = 80.0
"""Percent of right verdicts below which a reviewer is too bad to be believed unseen."""
SCARCE_SECONDS = 600
"""A queue with less work than this for each worker who asks is scarce: it is shared out."""
SHARES_AT_MOST = 2
"""How many times the median of the last hour one worker may take from a scarce queue."""

WORKER_SEES = (
    "kind", "currency", "price_units", "multiplier_bp", "expected_seconds", "first_seconds", "time_cap", "guideline",
    "review_rule", "judge_hours", "ai_use", "tier", "skill", "unit", "most_units", "country", "country_bp",
    "floor_per_hour_units", "quality_bonus_units", "quality_bonus_least_bp",
)
"""The keys of the terms that a worker is shown; the rest is how the house works and would tell gold from work."""


@dataclass(frozen=True, slots=True)
class Option:
    """A queue that a worker may take from, with the worker's own record in its project (None before the first answer)."""

    queue_id: int
    project_id: Any
    mark: int
    gold_count: int
    terms: dict[str, Any]
    multiplier_bp: int
    answers: int | None = None
    judged: int | None = None
    day: date | None = None
    day_answers: int | None = None
    score_low_bp: int | None = None


@dataclass(frozen=True, slots=True)
class QueueToRank:
    """What the order of queues depends on."""

    queue_id: int
    priority: int
    opened_at: float
    tier: int
    picked: bool = False
    """The worker's agency put its project first for them."""


def ranked(queues: Sequence[QueueToRank]) -> list[QueueToRank]:
    """Highest tier first (experts where they are needed), then what the worker's agency put first, priority, age, id."""
    return sorted(queues, key=lambda queue: (-queue.tier, not queue.picked, -queue.priority, queue.opened_at, queue.queue_id))


def cap_reached(option: Option, *, today: date) -> bool:
    """Whether this worker did as much today (UTC) as the project allows one person."""
    cap = option.terms.get("daily_cap")
    return cap is not None and option.day == today and (option.day_answers or 0) >= int(cap)


def is_scarce(*, open_slots: int, seconds: float, askers: int) -> bool:
    """Whether a queue holds less than ten minutes of work for each of several workers who ask; `seconds` is one task's."""
    return askers > 1 and open_slots * seconds < SCARCE_SECONDS * askers


def fair_most(taken: Sequence[int]) -> int:
    """How many leases of the last hour one worker may have in a scarce queue, from those of everybody who asks: twice the
    median, and one in any case."""
    return max(int(SHARES_AT_MOST * statistics.median(taken)), 1)


def gold_share_bp(option: Option) -> int:
    """Share of leases that are gold: from the most for the unknown down to the least as the score's lower end rises.

    Linear in the lower end between .5 (a coin's) and 1; nothing where the project has no gold.
    """
    if not option.gold_count:
        return 0
    most, least = option.terms["gold_most_bp"], option.terms["gold_least_bp"]
    if option.score_low_bp is None:
        return int(most)
    trust = min(max(option.score_low_bp - BASIS // 2, 0) * 2, BASIS)
    return int(most - (most - least) * trust // BASIS)


def draws_gold(option: Option, *, rng: random.Random) -> bool:
    return rng.random() * BASIS < gold_share_bp(option)


def draws_review(option: Option, *, rng: random.Random) -> bool:
    """Whether the answer of this lease will be reviewed, decided before anybody has seen it."""
    rule = option.terms["review_rule"]
    if rule != "sampled":
        return bool(rule == "all")
    if (option.judged or 0) < NEW_WORKER_JUDGED:
        return True
    return rng.random() * BASIS < int(option.terms["sampled_share_bp"])


def second_look_share_bp(*, based_on: int, low: float, high: float) -> int:
    """Share of a reviewer's verdicts that somebody else looks at too; `low` and `high` are percent of right verdicts.

    All of them where even the upper end of the interval is bad; a fifth of a newcomer's; of the others one in fifty, and one
    in ten while the lower end leaves a doubt.
    """
    if high < REVIEWER_GOOD:
        return BASIS
    if based_on < REVIEWER_KNOWN:
        return 2_000
    return 200 if low >= REVIEWER_GOOD else 1_000


def freeze(option: Option, *, rng: random.Random, country: str = "") -> dict[str, Any]:
    """The terms of one lease: the queue's present ones, with what depends on this worker."""
    terms = dict(option.terms)
    if (there := terms.pop("countries", {}).get(country, BASIS)) != BASIS:
        terms |= {"country": country, "country_bp": there}
    terms["multiplier_bp"] = option.multiplier_bp
    terms["time_cap"] = terms["first_seconds"] * LIFE_AT_MOST
    terms["review"] = draws_review(option, rng=rng)
    return terms


def shown(terms: dict[str, Any]) -> dict[str, Any]:
    """The part of the terms that the worker sees, before and after."""
    return {key: terms[key] for key in WORKER_SEES if key in terms}
