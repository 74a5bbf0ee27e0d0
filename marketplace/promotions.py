"""Who is ready for more: workers whose measured work says that they are efficient experts of a skill, offered to ops with the evidence."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Sum
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict
from marketplace import rules
from marketplace.models import Project, WorkerRecord
from qualification import grading, grants
from qualification.models import Grant, Skill
from workers.models import User

ANSWERS_LEAST = 50
"""Answers in projects of the skill below which nothing is offered."""
LOW_LEAST_BP = 9_000
"""Lower end of the score, in each of these projects that count."""
FASTER = 1.1
"""Right answers an hour, by the lower end, against what is usual there."""
HIGHEST = 3
PROJECTS_MOST = 500
VALID_DAYS = 365


@dataclass(frozen=True, slots=True)
class Offer:
    """One worker and the next tier of one skill. Shares in percent; `right_an_hour` is by the lower end, `usual` by the mean of
    all who answered the same projects. Pay is by the answer, so more right ones an hour cost a client no more."""

    worker_id: uuid.UUID
    worker: str
    skill: Skill
    held: int | None
    tier: int
    answers: int
    value: float
    low: float
    high: float
    right_an_hour: float
    usual: float

    @property
    def times(self) -> float:
        return self.right_an_hour / self.usual


def offers(*, now: datetime) -> list[Offer]:
    """Those ready for more, the most efficient first; five statements."""
    asked = _asked()
    records = WorkerRecord.objects.filter(
        project__in=asked, score_low_bp__gte=LOW_LEAST_BP, active_ms__gt=0, worker__worker__standing="active"
    ).select_related("worker")
    usual = _usual(list(asked))
    by_pair: dict[tuple[uuid.UUID, str], list[WorkerRecord]] = defaultdict(list)
    for record in records:
        for slug in asked[record.project_id]:
            by_pair[record.worker_id, slug].append(record)
    skills = {skill.slug: skill for skill in Skill.objects.filter(slug__in={slug for _worker, slug in by_pair})}
    held = _held({worker_id for worker_id, _slug in by_pair}, now)
    found = [
        offer for (worker_id, slug), several in by_pair.items()
        if slug in skills and (offer := _offer(several, skills[slug], held.get((worker_id, slug)), usual)) is not None
    ]
    return sorted(found, key=lambda offer: (-offer.times, offer.worker))


def _asked() -> dict[uuid.UUID, set[str]]:
    """Skills that each project in use asks of its workers or of its experts."""
    rows = Project.objects.filter(archived_at__isnull=True, records__isnull=False).distinct().order_by("-created_at")
    found: dict[uuid.UUID, set[str]] = {}
    for pk, rule, expert_skill in rows.values_list("pk", "eligibility", "expert_skill")[:PROJECTS_MOST]:
        slugs = {leaf["skill"] for leaf in rules.leaves(rule) if leaf["fact"] == "skill"} | ({expert_skill} if expert_skill else set())
        if slugs:
            found[pk] = slugs
    return found


def _usual(project_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, float]:
    """Right answers an hour of everybody together, by project, where that is measured."""
    rows = WorkerRecord.objects.filter(project__in=project_ids).values("project_id")
    return {
        row["project_id"]: row["right"] / 10_000 * row["n"] * 3_600_000 / row["ms"]
        for row in rows.annotate(n=Sum("answers"), ms=Sum("active_ms"), right=Avg("score_bp")) if row["ms"] and row["right"]
    }


def _held(worker_ids: set[uuid.UUID], now: datetime) -> dict[tuple[uuid.UUID, str], int]:
    rows = Grant.objects.filter(worker_id__in=worker_ids, state="live").exclude(expires_at__lte=now)
    return {(worker_id, slug): tier for worker_id, slug, tier in rows.values_list("worker_id", "skill__slug", "tier")}


def _offer(
    several: Sequence[WorkerRecord], skill: Skill, held: int | None, usual: Mapping[uuid.UUID, float]
) -> Offer | None:
    """What the records of one worker in projects of one skill come to; scores weighed by answers."""
    mine = [record for record in several if record.project_id in usual and record.percent]
    answers, tier = sum(record.answers for record in mine), 1 if held is None else held + 1
    if answers < ANSWERS_LEAST or tier > HIGHEST:
        return None
    value, low, high = (sum(record.answers * (record.percent or (0, 0, 0))[part] for record in mine) / answers for part in range(3))
    hours = sum(record.active_ms for record in mine) / 3_600_000
    expected = sum(usual[record.project_id] * record.active_ms / 3_600_000 for record in mine) / hours
    right = answers * low / 100 / hours
    if right < FASTER * expected:
        return None
    worker = mine[0].worker
    return Offer(worker.pk, worker.name, skill, held, tier, answers, value, low, high, right, expected)


class NotOffered(Conflict):
    """The evidence does not stand any more: the record changed, or the tier was given."""

    code = "not_offered"


def accept(*, worker_id: uuid.UUID, skill_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> Grant:
    """A person of ops follows an offer: the next tier for a year, with the measured score. Needs an open transaction.

    Raises NotOffered.
    """
    offer = next((one for one in offers(now=now) if (one.worker_id, one.skill.pk) == (worker_id, skill_id)), None)
    if offer is None:
        raise NotOffered(_("This is not offered any more. Look at the list again."))
    mean, low, high = (round(part * 100) for part in (offer.value, offer.low, offer.high))
    score = grading.Score(share=mean, mean=mean, low=low, high=high)
    made = grants.grant(
        worker_id=worker_id, skill=offer.skill, tier=offer.tier, source="evidence", now=now, score=score, source_id=by_id,
        valid_days=VALID_DAYS,
    )
    audit.record(subject=User.objects.get(pk=worker_id), verb="promotion.given", actor_id=by_id, now=now, reason=offer.skill.slug[:40])
    return made
