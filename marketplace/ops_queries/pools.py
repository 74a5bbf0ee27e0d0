"""Pools: who there is, how good, how busy, how long since; and whether they are enough for the work that is funded."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from marketplace import rules
from marketplace.models import Project, WorkerRecord
from marketplace.ops_queries import batches, flow
from marketplace.ops_queries.flow import TimeLeft
from marketplace.ops_queries.supply import Supply
from qualification.models import Grant, Skill
from workers.models import WorkerProfile

LATELY = timedelta(days=7)
BATCHES_LOOKED_AT = 300
SKILLS_SHOWN = 100
HOLDERS_MOST = 1_000
EXPIRES_SOON = timedelta(days=30)


# --- demand and supply -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProjectDemand:
    """Funded open work of a project, who could do it, and how long it takes at the recent pace."""

    project: Project
    open_slots: int
    leased: int
    answers: int
    supply: Supply
    time_left: TimeLeft | None
    deadline: datetime | None = None
    """The earliest of its batches that have open work."""


def demand(*, now: datetime) -> list[ProjectDemand]:
    """Projects with batches in motion, those with the most open work for each active person first; six statements."""
    rows = batches.shown(list(batches.listed().order_by("-pk")[:BATCHES_LOOKED_AT]), now=now)
    by_project: dict[uuid.UUID, list[batches.BatchRow]] = defaultdict(list)
    for row in rows:
        by_project[row.batch.project_id].append(row)
    found = [_demand(several, now) for several in by_project.values()]
    return sorted(found, key=lambda one: -(one.open_slots / max(one.supply.active, 0.5)))


def demand_of(project: Project, *, now: datetime) -> ProjectDemand | None:
    """The same for one project; None while no batch of it is in motion."""
    rows = batches.shown(list(batches.listed().filter(project=project).order_by("-pk")[:BATCHES_LOOKED_AT]), now=now)
    return _demand(rows, now) if rows else None


def _demand(rows: Sequence[batches.BatchRow], now: datetime) -> ProjectDemand:
    open_slots, answers = sum(row.flow.open_answers for row in rows), sum(row.flow.answers for row in rows)
    since = min((row.batch.launched_at for row in rows if row.batch.launched_at), default=None)
    deadlines = [row.batch.deadline for row in rows if row.batch.deadline and row.flow.open_answers]
    return ProjectDemand(
        deadline=min(deadlines, default=None),
        project=rows[0].batch.project, open_slots=open_slots, leased=sum(row.flow.leased for row in rows), answers=answers,
        supply=rows[0].supply, time_left=flow.time_left(open_slots=open_slots, answers=answers, since=since, now=now),
    )


@dataclass(frozen=True, slots=True)
class SkillSupply:
    """Who holds a skill, by tier; how many of them worked lately; whose proof ends soon; open work that asks for it."""

    skill: Skill
    tiers: tuple[int, int, int, int]
    holders: int
    active: int
    expiring: int
    open_slots: int


HOLDERS = """
SELECT s.id, count(h.tier), count(*) FILTER (WHERE h.tier = 0), count(*) FILTER (WHERE h.tier = 1),
       count(*) FILTER (WHERE h.tier = 2), count(*) FILTER (WHERE h.tier = 3), count(*) FILTER (WHERE h.lately),
       count(*) FILTER (WHERE h.ends_soon)
  FROM unnest(%(skills)s::uuid[]) AS s(id)
  LEFT JOIN LATERAL (
    SELECT g.tier, coalesce(g.expires_at < %(soon)s, false) AS ends_soon,
           EXISTS (SELECT 1 FROM marketplace_workerrecord r WHERE r.worker_id = g.worker_id AND r.day >= %(since)s) AS lately
      FROM qualification_grant g
     WHERE g.skill_id = s.id AND g.state = 'live' AND (g.expires_at IS NULL OR g.expires_at > %(now)s)
     LIMIT %(most)s) h ON true
 GROUP BY s.id
"""


def skill_supply(*, now: datetime) -> list[SkillSupply]:
    """The skills of the platform and of clients, those with the most open work first; eight statements."""
    asked: dict[str, int] = defaultdict(int)
    for one in demand(now=now):
        for slug in {leaf["skill"] for leaf in rules.leaves(one.project.eligibility) if leaf["fact"] == "skill"}:
            asked[slug] += one.open_slots
    skills = list(Skill.objects.select_related("organisation").order_by("name")[:SKILLS_SHOWN])
    params: dict[str, Any] = {
        "skills": [skill.pk for skill in skills], "now": now, "soon": now + EXPIRES_SOON, "since": (now - LATELY).date(),
        "most": HOLDERS_MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(HOLDERS, params)
        held = {row[0]: row[1:] for row in cursor.fetchall()}
    rows = [
        SkillSupply(
            skill=skill, holders=held[skill.pk][0], tiers=tuple(held[skill.pk][1:5]), active=held[skill.pk][5],
            expiring=held[skill.pk][6], open_slots=asked.get(skill.slug, 0),
        )
        for skill in skills
    ]
    return sorted(rows, key=lambda row: (-row.open_slots, row.skill.name))


# --- people ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of workers is narrowed to; `quiet` turns `days` round: nobody active within them."""

    skill: str = ""
    country: str = ""
    standing: str = ""
    score_bp: int | None = None
    days: int | None = None
    quiet: bool = False

    @property
    def any(self) -> bool:
        return self != Filters()


def workers(filters: Filters, *, now: datetime) -> QuerySet[WorkerProfile]:
    """Workers that fit, in the order in which they joined (their ids are in order of time)."""
    rows = WorkerProfile.objects.select_related("user")
    mine = WorkerRecord.objects.filter(worker_id=OuterRef("pk"))
    if filters.skill:
        counts = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        rows = rows.filter(Exists(Grant.objects.filter(counts, worker=OuterRef("pk"), state="live", skill__slug=filters.skill)))
    if filters.country:
        rows = rows.filter(country=filters.country)
    if filters.standing:
        rows = rows.filter(standing=filters.standing)
    if filters.score_bp is not None:
        rows = rows.filter(Exists(mine.filter(score_low_bp__gte=filters.score_bp)))
    if filters.days is not None:
        lately = Exists(mine.filter(day__gte=(now - timedelta(days=filters.days)).date()))
        rows = rows.filter(~lately if filters.quiet else lately)
    return rows


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker with what they can prove, how good they are where they worked most, and how busy they were this week."""

    worker: WorkerProfile
    grants: list[Grant]
    record: WorkerRecord | None
    projects: int
    answers: int
    seconds: float
    last_at: datetime | None
    holds: int


BUSY = """
SELECT w.id,
       (SELECT s.submitted_at FROM marketplace_submission s WHERE s.worker_id = w.id ORDER BY s.submitted_at DESC LIMIT 1),
       week.answers, week.seconds,
       (SELECT count(*) FROM marketplace_lease l WHERE l.worker_id = w.id AND l.live)
  FROM unnest(%(workers)s::uuid[]) AS w(id),
       LATERAL (SELECT count(*) AS answers, coalesce(sum(s.active_ms), 0) / 1000.0 AS seconds
                  FROM marketplace_submission s WHERE s.worker_id = w.id AND s.submitted_at > %(since)s) week
"""


def shown(found: Sequence[WorkerProfile], *, now: datetime) -> list[WorkerRow]:
    """These workers with their figures: three statements for any number."""
    ids = [worker.pk for worker in found]
    grants: dict[uuid.UUID, list[Grant]] = defaultdict(list)
    live = Grant.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), worker__in=ids, state="live")
    for grant in live.select_related("skill").order_by("-tier", "skill__name"):
        grants[grant.worker_id].append(grant)
    records: dict[uuid.UUID, list[WorkerRecord]] = defaultdict(list)
    for record in WorkerRecord.objects.filter(worker__in=ids, answers__gt=0).select_related("project").order_by("-answers"):
        records[record.worker_id].append(record)
    busy = _busy(ids, now)
    return [
        WorkerRow(
            worker=worker, grants=grants[worker.pk], record=_most_measured(records[worker.pk]),
            projects=len(records[worker.pk]), **busy[worker.pk],
        )
        for worker in found
    ]


def _most_measured(records: Sequence[WorkerRecord]) -> WorkerRecord | None:
    """The record of the project with the most answers among those that have a score."""
    return next((record for record in records if record.score_bp is not None), None)


def _busy(ids: Sequence[uuid.UUID], now: datetime) -> dict[uuid.UUID, dict[str, Any]]:
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(BUSY, {"workers": list(ids), "since": now - LATELY})
        return {
            row[0]: {"last_at": row[1], "answers": row[2], "seconds": float(row[3]), "holds": row[4]} for row in cursor.fetchall()
        }
