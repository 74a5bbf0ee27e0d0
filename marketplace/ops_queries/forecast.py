"""Capacity: hours of funded open work by the skill and tier it asks for, against the hours of the people who hold them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from marketplace import queries, rules
from marketplace.ops_queries import pools
from qualification.models import Skill

WEEK = timedelta(days=7)
ENOUGH, SCARCE = 1.0, 3.0
"""Weeks of work within which a pool is healthy, and beyond which somebody has to act."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """One skill at a tier or higher: hours of open work, its people, and what they worked in each of the last four weeks."""

    skill: Skill
    tier: int
    open_tasks: int
    open_hours: float
    people: int
    stated: int
    """How many of the people said how many hours they would like to work."""
    wished_hours: int
    weeks: tuple[float, float, float, float]
    """Hours worked in each of the last four weeks, the latest first."""

    @property
    def worked_hours(self) -> float:
        return sum(self.weeks) / len(self.weeks)

    @property
    def weeks_left(self) -> tuple[float, float] | None:
        """From the best and the worst of the last four weeks; None where nobody worked in one of them."""
        best, worst = max(self.weeks), min(self.weeks)
        return (self.open_hours / best, self.open_hours / worst) if worst > 0 else None

    @property
    def band(self) -> str:
        """good, wait or bad: by the average of the last four weeks."""
        if not self.open_tasks:
            return "good"
        if not self.people or not self.worked_hours:
            return "bad"
        weeks = self.open_hours / self.worked_hours
        return "good" if weeks <= ENOUGH else "wait" if weeks <= SCARCE else "bad"


PEOPLE = """
SELECT k.slug, k.tier, count(h.worker_id), count(h.hours), coalesce(sum(h.hours), 0),
       coalesce(sum(w.a), 0), coalesce(sum(w.b), 0), coalesce(sum(w.c), 0), coalesce(sum(w.d), 0)
  FROM unnest(%(slugs)s::text[], %(tiers)s::int[]) AS k(slug, tier)
  LEFT JOIN LATERAL (
    SELECT g.worker_id, u.hours_per_week AS hours
      FROM qualification_grant g JOIN qualification_skill s ON s.id = g.skill_id
      JOIN workers_workerprofile p ON p.user_id = g.worker_id AND p.standing = 'active'
      LEFT JOIN workers_setup u ON u.worker_id = g.worker_id
     WHERE s.slug = k.slug AND g.tier >= k.tier AND g.state = 'live' AND (g.expires_at IS NULL OR g.expires_at > %(now)s)
     LIMIT %(most)s) h ON true
  LEFT JOIN LATERAL (
    SELECT sum(active_ms) FILTER (WHERE submitted_at >= %(w1)s) AS a,
           sum(active_ms) FILTER (WHERE submitted_at >= %(w2)s AND submitted_at < %(w1)s) AS b,
           sum(active_ms) FILTER (WHERE submitted_at >= %(w3)s AND submitted_at < %(w2)s) AS c,
           sum(active_ms) FILTER (WHERE submitted_at < %(w3)s) AS d
      FROM marketplace_submission WHERE worker_id = h.worker_id AND submitted_at >= %(w4)s) w ON true
 GROUP BY k.slug, k.tier
"""


def capacity(*, now: datetime) -> list[Capacity]:
    """Every skill and tier that funded open work asks for, the scarcest first; a fixed number of statements."""
    rows = pools.demand(now=now)
    medians = queries.median_seconds([row.project.pk for row in rows])
    tasks, hours = defaultdict[tuple[str, int], int](int), defaultdict[tuple[str, int], float](float)
    for row in rows:
        seconds = medians.get(row.project.pk) or float(row.project.expected_seconds)
        for key in {(leaf["skill"], int(leaf["tier"])) for leaf in rules.leaves(row.project.eligibility) if leaf["fact"] == "skill"}:
            tasks[key] += row.open_slots
            hours[key] += row.open_slots * seconds / 3600
    skills = {skill.slug: skill for skill in Skill.objects.filter(slug__in={slug for slug, _tier in tasks}).select_related("organisation")}
    found = [
        Capacity(
            skill=skills[slug], tier=tier, open_tasks=tasks[slug, tier], open_hours=hours[slug, tier], people=people, stated=stated,
            wished_hours=int(wished), weeks=(ms[0] / 3.6e6, ms[1] / 3.6e6, ms[2] / 3.6e6, ms[3] / 3.6e6),
        )
        for slug, tier, people, stated, wished, ms in _people(sorted(key for key in tasks if key[0] in skills), now)
    ]
    return sorted(found, key=lambda one: (("bad", "wait", "good").index(one.band), -one.open_hours, one.skill.name))


def _people(keys: list[tuple[str, int]], now: datetime) -> list[tuple[str, int, int, int, int, list[float]]]:
    if not keys:
        return []
    params: dict[str, Any] = {
        "slugs": [slug for slug, _tier in keys], "tiers": [tier for _slug, tier in keys], "now": now, "most": pools.HOLDERS_MOST,
        **{f"w{n}": now - n * WEEK for n in range(1, 5)},
    }
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, params)
        return [(*row[:5], [float(ms) for ms in row[5:]]) for row in cursor.fetchall()]
