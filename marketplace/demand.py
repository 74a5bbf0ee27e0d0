"""Funded open work at this moment: how much of it there is, what it pays, and how many more people it carries."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count

from kit.money import Money
from marketplace import pricing, queries, rules
from marketplace.models import Project, Queue, WaitCall, WorkerRecord

EACH = timedelta(hours=2)
"""So much work is meant for each person who is asked to come: fewer, who find something, rather than many who do not."""
AT_WORK_LATELY = timedelta(days=1)
PATIENCE = timedelta(hours=48)
"""So long a person who was told has before somebody else is told in their stead."""
QUEUES_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Demand:
    """A project with funded open answers: `slots` of them (counted up to 1,000 a queue), `seconds` each, and its people."""

    project: Project
    slots: int
    seconds: float
    measured: bool
    price: Money
    daily_cap: int | None
    at_work: int
    """People who worked on it since yesterday: part of the work is theirs."""
    called: int
    """People who were told within 48 hours and have not begun."""

    @property
    def hours(self) -> float:
        return self.slots * self.seconds / 3600

    @property
    def hourly(self) -> Money | None:
        return queries.hourly(self.price, self.seconds)

    @property
    def share(self) -> int:
        """Answers that one person would do: two hours of them, or a day's cap where that is less."""
        whole = max(round(EACH.total_seconds() / max(self.seconds, 1)), 1)
        return min(whole, self.daily_cap) if self.daily_cap else whole

    @property
    def carries(self) -> int:
        """People for whom there is a share; a little work is still work for one."""
        return max(self.slots // self.share, 1) if self.slots else 0

    @property
    def room(self) -> int:
        """How many more people may be asked to come."""
        return max(self.carries - self.at_work - self.called, 0)

    @property
    def skills(self) -> set[str]:
        return rules.skills_of(self.project.eligibility)

    @property
    def languages(self) -> set[str]:
        return {leaf["code"] for leaf in rules.leaves(self.project.eligibility) if leaf["fact"] == "language"}


OPEN = """
SELECT q.id, (SELECT count(*) FROM (SELECT 1 FROM marketplace_slot s
                                     WHERE s.queue_id = q.id AND s.open AND s.rank > q.mark LIMIT %(most)s) few)
  FROM marketplace_queue q WHERE q.id = ANY(%(queues)s)
"""


def now_open(*, now: datetime, project_id: uuid.UUID | None = None) -> list[Demand]:
    """Projects whose funded answers are open to be taken, the most hours first; a fixed number of statements."""
    rows = Queue.objects.filter(open=True, kind="answer", tier=0).select_related("project__organisation", "project__pool")
    if project_id is not None:
        rows = rows.filter(project_id=project_id)
    by_project: dict[uuid.UUID, list[tuple[Queue, int]]] = defaultdict(list)
    queues = list(rows.order_by("-priority", "opened_at")[:QUEUES_LOOKED_AT])
    counts = _open_slots([queue.pk for queue in queues])
    for queue in queues:
        if counts.get(queue.pk):
            by_project[queue.project_id].append((queue, counts[queue.pk]))
    if not by_project:
        return []
    ids = list(by_project)
    medians, at_work, called = queries.median_seconds(ids), _at_work(ids, now), _called(ids, now)
    found = [_demand(several, medians.get(pk), at_work.get(pk, 0), called.get(pk, 0)) for pk, several in by_project.items()]
    return sorted(found, key=lambda one: (-one.hours, one.project.name))


def of(project_id: uuid.UUID, *, now: datetime) -> Demand | None:
    """One project's; None where nothing of it is funded and open."""
    return next(iter(now_open(now=now, project_id=project_id)), None)


def of_skill(slug: str, found: list[Demand]) -> list[Demand]:
    """Those whose rule asks for the skill; all for no skill."""
    return [one for one in found if not slug or slug in one.skills]


def _demand(several: list[tuple[Queue, int]], median: float | None, at_work: int, called: int) -> Demand:
    queue = several[0][0]
    terms = queue.terms
    price = Money(pricing.total(pricing.quote(terms | {"multiplier_bp": pricing.band_of(None)})), terms["currency"])
    return Demand(
        project=queue.project, slots=sum(count for _queue, count in several), measured=median is not None,
        seconds=median or float(queue.project.expected_seconds), price=price, daily_cap=terms.get("daily_cap"),
        at_work=at_work, called=called,
    )  # fmt: skip


def _open_slots(queue_ids: list[int]) -> dict[int, int]:
    params: dict[str, Any] = {"queues": queue_ids, "most": queries.MANY}
    with connection.cursor() as cursor:
        cursor.execute(OPEN, params)
        return dict(cursor.fetchall())


def _at_work(ids: list[uuid.UUID], now: datetime) -> dict[uuid.UUID, int]:
    rows = WorkerRecord.objects.filter(project__in=ids, day__gte=(now - AT_WORK_LATELY).date())
    return dict(rows.values_list("project_id").annotate(n=Count("worker_id", distinct=True)).order_by())


def _called(ids: list[uuid.UUID], now: datetime) -> dict[uuid.UUID, int]:
    rows = WaitCall.objects.filter(project__in=ids, at__gt=now - PATIENCE, place__state="told")
    return dict(rows.values_list("project_id").annotate(n=Count("worker_id", distinct=True)).order_by())
