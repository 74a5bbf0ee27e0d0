"""Who could do the work: for each project, how many people its rules let in, and how many of them worked lately."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection

from marketplace import eligibility, pools, rules_sql
from marketplace.models import Project

MANY = 1_000
"""Beyond this, people are not counted one by one."""
ACTIVE_WITHIN = timedelta(days=7)
BELIEVED_FOR = 60
"""Seconds: a rule that few fulfil is looked for among everybody."""


@dataclass(frozen=True, slots=True)
class Supply:
    """People whom a project's rule lets in, and those of them who handed something in within seven days; each up to MANY."""

    eligible: int
    active: int


PEOPLE = """
SELECT %s::uuid, count(*), count(*) FILTER (WHERE lately)
  FROM (SELECT EXISTS (SELECT 1 FROM marketplace_workerrecord r WHERE r.worker_id = p.user_id AND r.day >= %s) AS lately
          FROM workers_workerprofile p
         WHERE p.standing = 'active' AND p.onboarded_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM workers_membership m WHERE m.user_id = p.user_id AND m.organisation_id = %s)
           AND NOT EXISTS (SELECT 1 FROM workers_opsrole o WHERE o.user_id = p.user_id)
           AND ({condition})
         LIMIT %s) few
"""


def of(projects: Iterable[Project], *, now: datetime) -> dict[uuid.UUID, Supply]:
    """The supply of answers to these projects: one statement for those not counted within the last minute."""
    wanted = {project.pk: project for project in projects}
    keys = {_key(project): pk for pk, project in wanted.items()}
    found = {keys[key]: supply for key, supply in cache.get_many(keys).items()}
    missing = [project for pk, project in wanted.items() if pk not in found]
    counted = _count(missing, (now - ACTIVE_WITHIN).date())
    cache.set_many({_key(project): counted[project.pk] for project in missing}, BELIEVED_FOR)
    return found | counted


def _key(project: Project) -> str:
    return f"supply:{project.pk}:{project.rule_version}"


def _count(projects: Sequence[Project], since: date) -> dict[uuid.UUID, Supply]:
    if not projects:
        return {}
    parts, params = [], list[Any]()
    for project in projects:
        condition, values = rules_sql.as_sql(pools.resolved(eligibility.rule_for(project)))
        parts.append(PEOPLE.format(condition=condition))  # the condition holds placeholders only, see rules.as_sql
        params += [project.pk, since, project.organisation_id, *values, MANY]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"({part})" for part in parts), params)
        return {row[0]: Supply(row[1], row[2]) for row in cursor.fetchall()}
