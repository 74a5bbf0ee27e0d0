"""The wait-list as ops see it: each list with who stands there, who was let in, and the funded work that it waits for."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from marketplace import demand, waitlist
from marketplace.demand import Demand
from marketplace.models import WaitPlace
from marketplace.models.joining import OPEN_PLACES
from marketplace.ops_queries import pools
from qualification.models import Skill

LISTS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: a skill and a language, or any work; `slots` and `room` are of the funded open work that it is for."""

    skill: Skill | None
    language: str
    waiting: int
    told: int
    paused: int
    oldest: datetime | None
    weeks: list[int]
    slots: int
    hours: float
    room: int
    holders: int
    active: int


def lists(*, now: datetime) -> list[Listed]:
    """Every list that somebody stands on, those with the most people first; a fixed number of statements."""
    open_now = demand.now_open(now=now)
    supply = {row.skill.pk: row for row in pools.skill_supply(now=now)}
    rows = WaitPlace.objects.filter(state__in=OPEN_PLACES).order_by()
    counts: dict[tuple[uuid.UUID | None, str], dict[str, int]] = defaultdict(dict)
    for skill_id, language, state, number in rows.values_list("skill_id", "language", "state").annotate(n=Count("pk")):
        counts[skill_id, language][state] = number
    oldest: dict[tuple[uuid.UUID | None, str], datetime] = {}
    for skill_id, language, joined in rows.order_by("-joined_at").values_list("skill_id", "language", "joined_at"):
        oldest[skill_id, language] = joined
    over = WaitPlace.objects.filter(state="begun", ended_at__gt=now - waitlist.LET_IN_OVER)
    let_in: dict[tuple[uuid.UUID | None, str], list[datetime]] = defaultdict(list)
    for skill_id, language, at in over.values_list("skill_id", "language", "ended_at"):
        if at is not None:
            let_in[skill_id, language].append(at)
    skills = Skill.objects.in_bulk([skill_id for skill_id, _language in counts if skill_id is not None])
    found = []
    for (skill_id, language), states in list(counts.items())[:LISTS_SHOWN]:
        skill = skills.get(skill_id) if skill_id else None
        asked = [one for one in demand.of_skill(skill.slug if skill else "", open_now) if not language or language in one.languages]
        held = supply.get(skill_id) if skill_id else None
        found.append(Listed(
            skill=skill, language=language, waiting=states.get("waiting", 0), told=states.get("told", 0),
            paused=states.get("paused", 0), oldest=oldest.get((skill_id, language)),
            weeks=waitlist.by_week(let_in[skill_id, language], now=now), slots=sum(one.slots for one in asked),
            hours=sum(one.hours for one in asked), room=sum(one.room for one in asked),
            holders=held.holders if held else 0, active=held.active if held else 0,
        ))  # fmt: skip
    return sorted(found, key=lambda one: (-one.waiting, one.skill.name if one.skill else "", one.language))


def choices(open_now: list[Demand]) -> list[tuple[str, str]]:
    """Projects with funded open work, for a form."""
    return [(str(one.project.pk), f"{one.project.name} · {one.project.organisation.name}") for one in open_now]
