"""What a worker can expect: how much funded work fits them, what keeps them out elsewhere, when more comes, and being told."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy

from kit import due
from marketplace import arrivals, eligibility, queries
from marketplace.models import Queue, Ready, WorkAlert
from workers import notices, preferences
from workers import queries as people

TOLD_AT_MOST_EVERY = timedelta(hours=1)
QUEUES_LOOKED_AT = 64
QUEUES_REMEMBERED = 4_000
CLOSED_SHOWN = 20
ALERTS_A_ROUND = 50
LOOKED_EVERY = timedelta(seconds=60)

Why = Literal["open", "daily_cap", "all_taken", "fair_share", "best_first"]

notices.declare(
    "work.open", gettext_lazy("There is work for you: %(project)s."), url_name="market:work_home", mail=True
)


@dataclass(frozen=True, slots=True)
class Fit:
    """A project that lets this worker in: how many funded slots fit them (counted up to 1,000), or why none does now.

    Where they let others go first (`fair_share`, `best_first`), `slots` is what waits for them `until` then at the latest.
    """

    project_id: uuid.UUID
    name: str
    slots: int
    why: Why
    until: datetime | None = None

    @property
    def open_now(self) -> bool:
        return self.until is None and self.slots > 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that an empty queue has to say."""

    fits: list[Fit]
    closed: list[eligibility.Closed]
    expected: arrivals.Expected
    told: bool
    """Whether this worker has asked to be told when there is work."""

    @property
    def slots(self) -> int:
        return sum(fit.slots for fit in self.fits if fit.open_now)


def of(*, worker_id: uuid.UUID, now: datetime) -> Outlook:
    """What this worker may expect. Makes the ready row where it is stale; a bounded number of statements."""
    who = eligibility.person(worker_id=worker_id, now=now)
    ready = _ready(worker_id, who.facts_version, now) if who else None
    if who is None or ready is None:
        return Outlook(fits=[], closed=[], expected=arrivals.Expected(0), told=False)
    return Outlook(
        fits=_fits(ready, now),
        closed=_counted(eligibility.why_not(worker_id=worker_id, now=now, limit=CLOSED_SHOWN, who=who), worker_id),
        expected=expected(worker_id=worker_id, now=now, who=who),
        told=ready.told,
    )


def refresh(worker_id: uuid.UUID, now: datetime) -> None:
    """Make the ready row again where it is stale."""
    facts = people.worker_facts(worker_id)
    if facts is not None:
        _ready(worker_id, int(facts["facts_version"]), now)


def _ready(worker_id: uuid.UUID, facts_version: int, now: datetime) -> Any:
    """The ready row, made again where it is stale (the question that a claim asks: marketplace/sql.py, GATE), and whether its worker
    asked to be `told` of work."""
    told = Exists(WorkAlert.objects.filter(worker_id=OuterRef("worker_id"), waiting=True))
    rows = Ready.objects.filter(worker_id=worker_id).annotate(told=told)
    ready = rows.first()
    if ready is None or ready.stale or ready.facts_version != facts_version or ready.valid_until <= now:
        eligibility.make_ready(worker_id=worker_id, now=now)
        ready = rows.first()
    return ready


FITTING = """
SELECT q.project_id, p.name, q.kind,
       (SELECT count(*) FROM (SELECT s.task_id FROM marketplace_slot s
                               WHERE s.queue_id = q.id AND s.open AND s.rank > greatest(q.mark, cursor.rank)
                               ORDER BY s.rank LIMIT %(most)s) s
         WHERE (SELECT a.id FROM marketplace_assignment a WHERE a.task_id = s.task_id AND a.worker_id = %(worker)s
                   AND a.state <> 'lapsed') IS NULL{theirs}) +
       (SELECT count(*) FROM (SELECT s.task_id FROM marketplace_slot s
                               WHERE s.queue_id = q.id AND s.open AND s.rank > q.mark AND s.rank <= cursor.rank
                               ORDER BY s.rank LIMIT %(behind)s) s
         WHERE (SELECT a.id FROM marketplace_assignment a WHERE a.task_id = s.task_id AND a.worker_id = %(worker)s
                   AND a.state <> 'lapsed') IS NULL{theirs}),
       q.terms->>'daily_cap',
       (SELECT r.day_answers FROM marketplace_workerrecord r
         WHERE r.worker_id = %(worker)s AND r.project_id = q.project_id AND r.day = %(day)s)
  FROM marketplace_queue q JOIN marketplace_project p ON p.id = q.project_id
 CROSS JOIN LATERAL (SELECT coalesce(max(l.rank), 0) AS rank FROM marketplace_lease l
                      WHERE l.worker_id = %(worker)s AND l.queue_id = q.id) cursor
 WHERE q.id = ANY(%(queues)s) AND q.open AND q.kind <> 'review'
"""
"""Open slots of these queues that the worker has not had: what lies ahead of their cursor, and the first ones behind it.

Asked for each task by its unique index: as NOT EXISTS it would be planned as one pass over all that anybody was ever given."""

THEIRS = """
           AND NOT EXISTS (SELECT 1 FROM marketplace_assignment b WHERE b.task_id = s.task_id AND b.worker_id = ANY(%(apart)s)
                              AND b.state <> 'skipped' AND NOT b.judges)"""
"""Tasks of people whom the worker is kept apart from are left out; only for who is kept apart from anybody."""


def fits(*, worker_id: uuid.UUID, now: datetime) -> list[Fit]:
    """The projects of the worker's ready row with how much there fits them, most first; then those that come later."""
    ready = Ready.objects.filter(worker_id=worker_id).first()
    return _fits(ready, now) if ready else []


def _fits(ready: Ready, now: datetime) -> list[Fit]:
    found = _counted_by_project(list(ready.multipliers)[:QUEUES_LOOKED_AT], ready.worker_id, ready.apart, now)
    later = [one for one in _later(ready, now) if one.project_id not in found or not found[one.project_id].slots]
    soon = [fit for fit in found.values() if fit.project_id not in {one.project_id for one in later}]
    return [*sorted(soon, key=lambda fit: (-fit.slots, fit.name)), *later]


def _later(ready: Ready, now: datetime) -> list[Fit]:
    """Where it is not this worker's turn yet, the soonest first."""
    if not ready.waits:
        return []
    until = {queue_id: (why, datetime.fromisoformat(at)) for queue_id, why, at in ready.waits}
    queues = Queue.objects.filter(pk__in=list(until), open=True).select_related("project")
    counts = queries.open_counts(list(until), ready.worker_id)
    found: dict[uuid.UUID, Fit] = {}
    for queue in sorted(queues, key=lambda queue: until[queue.pk][1]):
        why, at = until[queue.pk]
        if at > now:
            found.setdefault(queue.project_id, Fit(queue.project_id, queue.project.name, counts.get(queue.pk, 0), why, at))
    return list(found.values())


def _counted_by_project(
    queues: list[int], worker_id: uuid.UUID, apart: list[uuid.UUID], now: datetime
) -> dict[uuid.UUID, Fit]:
    facts: dict[str, Any] = {
        "worker": worker_id, "queues": queues, "most": queries.MANY, "behind": 200, "apart": apart, "day": now.date(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(FITTING.format(theirs=THEIRS if apart else ""), facts)
        rows = cursor.fetchall()
    found: dict[uuid.UUID, Fit] = {}
    for project_id, name, kind, slots, cap, done in rows:
        capped = kind == "answer" and cap is not None and (done or 0) >= int(cap)
        here = 0 if capped else int(slots)
        before = found[project_id].slots if project_id in found else 0
        why: Why = "open" if before + here else "daily_cap" if capped else "all_taken"
        found[project_id] = Fit(project_id, name, before + here, why)
    return found


def _counted(closed: list[eligibility.Closed], worker_id: uuid.UUID) -> list[eligibility.Closed]:
    counts = queries.open_counts([door.queue_id for door in closed], worker_id) if closed else {}
    return [replace(door, slots=counts.get(door.queue_id, 0)) for door in closed]


def expected(*, worker_id: uuid.UUID, now: datetime, who: eligibility.Person | None = None) -> arrivals.Expected:
    """When more work that fits is due: from the batches of the last 28 days whose rule, as it is now, lets this worker in; `who`
    where it is known."""
    who = who or eligibility.person(worker_id=worker_id, now=now)
    if who is None:
        return arrivals.Expected(0)
    lately = Queue.objects.filter(Q(kind="answer", tier=0), opened_at__gt=now - arrivals.LOOK_BACK, opened_at__lte=now)
    rows = lately.select_related("project").order_by("-opened_at")[:QUEUES_REMEMBERED]
    return arrivals.expected([queue.opened_at for queue in rows if eligibility.lets_in(queue, who)], now=now)


def ask_to_be_told(*, worker_id: uuid.UUID, now: datetime) -> None:
    """One notice as soon as something fits; asking twice is asking once."""
    _alert, made = WorkAlert.objects.get_or_create(worker_id=worker_id, defaults={"asked_at": now})
    if not made:
        WorkAlert.objects.filter(worker_id=worker_id, waiting=False).update(waiting=True, asked_at=now, looked_at=None)


def stop_telling(*, worker_id: uuid.UUID) -> None:
    WorkAlert.objects.filter(worker_id=worker_id).update(waiting=False)


def tell_waiting(*, now: datetime, limit: int = ALERTS_A_ROUND) -> int:
    """Look for each worker who asked, the longest unlooked first; tell those for whom something fits. Returns how many looked at.

    Nobody is told more often than once an hour. Safe to run twice at once; needs a transaction.
    """
    rows = WorkAlert.objects.filter(
        Q(looked_at__isnull=True) | Q(looked_at__lte=now - LOOKED_EVERY),
        Q(told_at__isnull=True) | Q(told_at__lte=now - TOLD_AT_MOST_EVERY), waiting=True,
    ).order_by(F("looked_at").asc(nulls_first=True))
    alerts = due.take(rows, limit=limit)
    for alert in alerts:
        _look(alert, now)
    return len(alerts)


def _look(alert: WorkAlert, now: datetime) -> None:
    alert.looked_at = now
    facts = people.worker_facts(alert.worker_id)
    if facts is not None and facts["standing"] == "active" and preferences.wants_alerts(alert.worker_id, now=now):
        refresh(alert.worker_id, now)
        best = next((fit for fit in fits(worker_id=alert.worker_id, now=now) if fit.open_now), None)
        if best is not None:
            notices.tell(alert.worker_id, "work.open", project=best.name)
            alert.waiting, alert.told_at = False, now
    alert.save(update_fields=["looked_at", "waiting", "told_at"])
