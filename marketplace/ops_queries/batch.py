"""The health of one batch: its pace, who works on it, how good the answers are, what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from kit import audit
from kit.models import AuditRecord
from marketplace import health
from marketplace.health import Agreement, Answers, Gold, Interval, Results
from marketplace.models import Batch, WorkerRecord
from marketplace.ops_queries import golds
from marketplace.ops_queries.flow import STATES
from marketplace.ops_queries.golds import Doubtful
from workers.models import User

HOURS = 48
ANSWERS_MOST = 200_000
WORKERS_SHOWN = 12
TRAIL = 20

PACE = """
SELECT date_trunc('hour', at), count(*), count(DISTINCT worker_id)
  FROM (SELECT submitted_at AS at, worker_id FROM marketplace_submission
         WHERE batch_id = %(batch)s AND state = ANY(%(states)s::text[]) AND submitted_at > %(since)s AND kind = 'answer'
         LIMIT %(most)s) lately
 GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """Answers and people of each of the last hours, oldest first."""

    hours: list[datetime]
    answers: list[int]
    people: list[int]

    @property
    def total(self) -> int:
        return sum(self.answers)

    @property
    def last_day(self) -> int:
        return sum(self.answers[-24:])


def pace(batch: Batch, *, now: datetime) -> Pace:
    """One statement over the last two days of the batch."""
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    params: dict[str, Any] = {"batch": batch.pk, "states": STATES, "since": start, "most": ANSWERS_MOST}
    with connection.cursor() as cursor:
        cursor.execute(PACE, params)
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    hours = [start + timedelta(hours=at) for at in range(HOURS)]
    counts = [found.get(hour, (0, 0)) for hour in hours]
    return Pace(
        hours=[timezone.localtime(hour) for hour in hours], answers=[each[0] for each in counts],
        people=[each[1] for each in counts],
    )


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a batch's answers are, by what can be measured."""

    results: Results
    answers: Answers
    accuracy: Interval | None
    agreement: Agreement | None
    gold: Gold
    doubtful: list[Doubtful]
    workers: list[WorkerRecord]


def quality(batch: Batch, *, now: datetime) -> Quality:
    """About ten statements, the counts believed for a while where counting took long."""
    project, ids = batch.project, [batch.pk]
    results = health.results_of(ids, now=now)
    records = WorkerRecord.objects.filter(project=project, answers__gt=0).select_related("worker")
    return Quality(
        results=results, answers=health.answers_of(ids), accuracy=health.model_accuracy(project, results),
        agreement=health.agreement_of(project, ids), gold=health.gold_of(project), doubtful=golds.doubtful(project_id=project.pk),
        workers=list(records.order_by("-answers")[:WORKERS_SHOWN]),
    )


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a batch's trail, with the name of whoever did it (empty for a clock)."""

    record: AuditRecord
    actor: str


def trail(batch: Batch) -> list[Happened]:
    """The newest first; two statements."""
    rows = list(audit.history(batch).order_by("-id")[:TRAIL])
    names = dict(User.objects.filter(pk__in={row.actor_id for row in rows if row.actor_id}).values_list("pk", "name"))
    return [Happened(row, names.get(row.actor_id, "") if row.actor_id else "") for row in rows]
