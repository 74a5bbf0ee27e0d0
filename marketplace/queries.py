"""What pages and the API ask of the market: small frozen values, a bounded number of statements each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Avg, Count, F

from kit.money import Money, half_even
from marketplace import client_records, pricing
from marketplace.models import Assignment, CourseProgress, Lease, Project, Queue, Ready, Submission, WorkerRecord
from task_types import registry
from workers.preferences import CONTENT

MANY = 1_000
"""Beyond this, open tasks are not counted one by one."""
RECENT = 200


@dataclass(frozen=True, slots=True)
class OpenProject:
    """A project that a worker may take tasks from right now."""

    project_id: uuid.UUID
    name: str
    organisation: str
    kind: str
    tier: int
    task_type: str
    price: Money
    multiplier_bp: int
    hourly: Money | None
    median_seconds: float
    measured: bool
    open_tasks: int
    review_rule: str
    ai_use: str
    score_bp: int | None
    score_low_bp: int | None
    score_high_bp: int | None
    client: client_records.Figures
    shows: list[str]
    """What the work shows that somebody may not want to see, in words."""


def open_projects(*, worker_id: uuid.UUID) -> list[OpenProject]:
    """The queues of the worker's ready row that hold work, in dispatch's order, one entry per project, kind and tier."""
    ready = Ready.objects.filter(worker_id=worker_id).first()
    if ready is None or not ready.queues:
        return []
    multipliers = ready.multipliers
    queues = Queue.objects.filter(pk__in=list(multipliers), open=True).select_related("project__organisation").in_bulk()
    ordered = [queues[pk] for pk in multipliers if pk in queues]
    counts, medians = open_counts([queue.pk for queue in ordered], worker_id), median_seconds([queue.project_id for queue in ordered])
    records = {
        record.project_id: record
        for record in WorkerRecord.objects.filter(worker_id=worker_id, project_id__in=[queue.project_id for queue in ordered])
    }
    clients = client_records.of([queue.project.organisation_id for queue in ordered])
    found: dict[tuple[uuid.UUID, str, int], OpenProject] = {}
    for queue in ordered:
        key = (queue.project_id, queue.kind, queue.tier)
        if counts.get(queue.pk) and key not in found:
            found[key] = _open_project(
                queue, multipliers[queue.pk], counts[queue.pk], medians.get(queue.project_id), records.get(queue.project_id),
                clients[queue.project.organisation_id],
            )
    return list(found.values())


def _open_project(
    queue: Queue, multiplier_bp: int, count: int, median: float | None, record: WorkerRecord | None,
    client: client_records.Figures,
) -> OpenProject:
    project = queue.project
    seconds = median or float(project.expected_seconds)
    price = Money(pricing.total(pricing.quote(queue.terms | {"multiplier_bp": multiplier_bp})), queue.terms["currency"])
    return OpenProject(
        project_id=project.pk, name=project.name, organisation=project.organisation.name, kind=queue.kind,
        tier=queue.tier, task_type=str(registry.drawer(project.task_type).name), price=price, multiplier_bp=multiplier_bp,
        hourly=hourly(price, seconds), median_seconds=seconds, measured=median is not None, open_tasks=count,
        review_rule=queue.terms["review_rule"], ai_use=queue.terms["ai_use"],
        score_bp=record.score_bp if record else None, score_low_bp=record.score_low_bp if record else None,
        score_high_bp=record.score_high_bp if record else None, client=client,
        shows=[str(CONTENT[kind]) for kind in project.content_warnings if kind in CONTENT],
    )


def hourly(price: Money, seconds: float) -> Money | None:
    """What a price comes to in an hour of tasks that take `seconds` of active time each."""
    if seconds <= 0:
        return None
    units = half_even(price.units * 3_600_000, max(int(seconds * 1000), 1))
    return Money(half_even(units, 100) * 100, price.currency)


def open_counts(queue_ids: Sequence[int], worker_id: uuid.UUID) -> dict[int, int]:
    """Open slots per queue whose task the worker never had, among the first MANY of each, so that a long backlog costs no
    more than a short one. Each task is asked for by its unique index (see outlook.FITTING)."""
    statement = """
        SELECT q.id, (SELECT count(*) FROM (SELECT s.task_id FROM marketplace_slot s
                       WHERE s.queue_id = q.id AND s.open AND s.rank > q.mark ORDER BY s.rank LIMIT %s) few
                       WHERE (SELECT a.id FROM marketplace_assignment a
                               WHERE a.task_id = few.task_id AND a.worker_id = %s AND a.state <> 'lapsed'
                                 AND NOT (a.judges AND q.kind = 'review')) IS NULL)
          FROM marketplace_queue q WHERE q.id = ANY(%s)
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [MANY, worker_id, list(queue_ids)])
        return dict(cursor.fetchall())


def median_seconds(project_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, float]:
    """Median active seconds of each project's last submissions; projects without any are left out."""
    statement = """
        SELECT p.id, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY recent.active_ms) / 1000.0
                        FROM (SELECT sub.active_ms FROM marketplace_submission sub
                                JOIN marketplace_batch b ON b.id = sub.batch_id
                               WHERE b.project_id = p.id AND sub.kind = 'answer' AND sub.active_ms > 0
                               ORDER BY sub.submitted_at DESC LIMIT %s) recent)
          FROM marketplace_project p WHERE p.id = ANY(%s)
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [RECENT, list(set(project_ids))])
        return {row[0]: float(row[1]) for row in cursor.fetchall() if row[1] is not None}


@dataclass(frozen=True, slots=True)
class OnMyDesk:
    """What a worker has in hand: live leases, work that came back, tasks whose time ran out with a draft kept, and courses
    that they have begun."""

    live: list[Lease]
    sent_back: list[Submission]
    lapsed: list[Assignment]
    courses: list[CourseProgress]


def on_my_desk(*, worker_id: uuid.UUID) -> OnMyDesk:
    live = Lease.objects.filter(worker_id=worker_id, live=True).select_related("queue__project")
    back = Submission.objects.filter(worker_id=worker_id, state="sent_back").select_related("batch__project")
    lapsed = (
        Assignment.objects.filter(worker_id=worker_id, state="lapsed", draft__isnull=False, leases__slot__open=True)
        .select_related("draft", "task__project")
        .distinct()[:5]
    )
    begun = CourseProgress.objects.filter(worker_id=worker_id, passed_at__isnull=True, course__open=True)
    courses = begun.select_related("course__project").order_by("-seen_at")[:5]
    return OnMyDesk(live=list(live), sent_back=list(back[:20]), lapsed=list(lapsed), courses=list(courses))


@dataclass(frozen=True, slots=True)
class Day:
    """What a worker did since a moment."""

    answers: int
    seconds: float

    @property
    def minutes(self) -> float:
        return self.seconds / 60


def since(*, worker_id: uuid.UUID, start: datetime) -> Day:
    found = Submission.objects.filter(worker_id=worker_id, submitted_at__gte=start).aggregate(
        answers=Count("pk"), seconds=Avg("active_ms") * Count("pk") / 1000.0
    )
    return Day(answers=found["answers"], seconds=float(found["seconds"] or 0))


def my_records(*, worker_id: uuid.UUID) -> list[WorkerRecord]:
    """A worker's standing in each project, the latest first; scores on a client's own skills stay with that client."""
    rows = WorkerRecord.objects.filter(worker_id=worker_id, answers__gt=0).select_related("project__organisation")
    return list(rows.order_by(F("scored_at").desc(nulls_last=True), "-answers")[:50])


def project_of(*, organisation_id: uuid.UUID, project_id: Any) -> Project | None:
    return Project.objects.filter(organisation_id=organisation_id, pk=project_id).select_related("organisation").first()
