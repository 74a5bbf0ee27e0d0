"""Whose turn it is: who waits although the rule lets them in, because scarce work is shared out or the best go first."""

from __future__ import annotations

import math
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import connection
from django.db.models import Max, Sum

from marketplace import routing
from marketplace.models import FairShare, Queue, Ready, Seat, WorkerRecord

HOUR = timedelta(hours=1)
ASKED_WITHIN = timedelta(minutes=10)
"""Who took or asked within this time counts as asking."""
IDLE_AFTER = timedelta(minutes=1)
"""When nobody took from a queue for so long, nobody is kept from what lies in it."""
BELIEVED_FOR = timedelta(minutes=2)
"""A share that was not found again for so long binds nobody: nobody waits because a job stands still."""
MEASURED_FROM = 20
"""Answers from which on a project's own times say how long a task takes."""

Why = Literal["fair_share", "best_first"]


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a worker may not take from a queue yet, and until when at the latest."""

    queue_id: int
    why: Why
    until: datetime


def waits(*, worker_id: uuid.UUID, queues: Sequence[Queue], now: datetime) -> dict[int, Wait]:
    """Those of these queues in which it is not this worker's turn; one statement, two more where a window is open."""
    believed = FairShare.objects.filter(worker_id=worker_id, until__gt=now, seen_at__gt=now - BELIEVED_FOR)
    found = {row.queue_id: Wait(row.queue_id, "fair_share", row.until) for row in believed}
    windows = [queue for queue in queues if queue.best_until is not None and queue.best_until > now]
    if windows:
        found |= _before_the_others(worker_id, windows)
    known = {queue.pk for queue in queues}
    return {queue_id: wait for queue_id, wait in found.items() if queue_id in known}


def seated(*, worker_id: uuid.UUID, batch_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    """Of these batches, those in which this worker passed a paid seat: nobody waits for their turn on a seat of their own."""
    rows = Seat.objects.filter(worker_id=worker_id, state="passed", offer__batch__in=batch_ids)
    return set(rows.values_list("offer__batch_id", flat=True))


def _before_the_others(worker_id: uuid.UUID, windows: Iterable[Queue]) -> dict[int, Wait]:
    """Windows for the best that this worker's score does not open."""
    lows = _lows(worker_id, [queue.project_id for queue in windows], {queue.project.task_type for queue in windows})
    return {
        queue.pk: Wait(queue.pk, "best_first", queue.best_until)
        for queue in windows
        if queue.best_until is not None
        and lows.get(queue.project_id, lows.get(queue.project.task_type, 0)) < (queue.best_low_bp or 0)
    }  # fmt: skip


def _lows(worker_id: uuid.UUID, projects: Sequence[uuid.UUID], task_types: set[str]) -> dict[Any, int]:
    """Lower ends of scores: by project, and the best of each kind of work, for projects where there is none yet."""
    mine = WorkerRecord.objects.filter(worker_id=worker_id, score_low_bp__isnull=False)
    of_kind = mine.filter(project__task_type__in=task_types).values_list("project__task_type").annotate(low=Max("score_low_bp"))
    return dict(of_kind) | dict(mine.filter(project__in=projects).values_list("project_id", "score_low_bp"))


# --- sharing out --------------------------------------------------------------------------------------------------------


TAKEN = """
SELECT l.queue_id, l.worker_id, count(*), max(l.leased_at)
  FROM marketplace_lease l
  JOIN marketplace_queue q ON q.id = l.queue_id
  JOIN marketplace_project p ON p.id = q.project_id
 WHERE l.leased_at > %(hour)s AND l.leased_at <= %(now)s AND q.open AND q.tier = 0 AND p.fair_shares
 GROUP BY 1, 2
"""
"""Leases of the last hour by queue and worker: one walk over what is new. Queues for experts open one slot at a time and are
nobody's to share."""

ASKED = """
SELECT f.queue_id, r.worker_id FROM marketplace_ready r, unnest(r.queues) AS f(queue_id)
 WHERE r.asked_at > %(lately)s AND f.queue_id = ANY(%(queues)s)
UNION
SELECT s.queue_id, s.worker_id FROM marketplace_fairshare s JOIN marketplace_ready r ON r.worker_id = s.worker_id
 WHERE r.asked_at > %(lately)s AND s.queue_id = ANY(%(queues)s)
"""
"""Who asked lately and found nothing, by the queues that would have let them in; who waits for their turn among them."""

OPEN = """
SELECT w.queue_id, (SELECT count(*) FROM (SELECT 1 FROM marketplace_slot s JOIN marketplace_queue q ON q.id = s.queue_id
                                           WHERE s.queue_id = w.queue_id AND s.open AND s.rank > q.mark LIMIT w.most) few)
  FROM unnest(%(queues)s::bigint[], %(most)s::int[]) AS w(queue_id, most)
"""
"""Open slots of these queues, each counted as far as it matters."""

FREE_AGAIN = """
SELECT leased_at FROM marketplace_lease
 WHERE worker_id = %(worker)s AND queue_id = %(queue)s AND leased_at > %(hour)s ORDER BY leased_at OFFSET %(over)s LIMIT 1
"""
"""The lease that has to be an hour old before this worker is below their share again."""


@dataclass(slots=True)
class _Asking:
    """Everybody who asks for the work of one queue: leases of the last hour by worker."""

    taken: dict[uuid.UUID, int]
    last: datetime | None = None


def share_out(*, now: datetime) -> int:
    """Find the scarce queues and who had their share of them; returns how many workers let others go first.

    A few statements, whatever the number of workers; safe to run twice. What it writes is read when a ready row is made,
    so that a lease pays nothing for it: between two rounds somebody may take a little more.
    """
    found = [
        share for queue_id, asking in _asking(now).items() for share in _beyond(queue_id, asking, now)
    ]
    _keep(found)
    return len(found)


def _asking(now: datetime) -> dict[int, _Asking]:
    """The scarce queues, with who asks for them."""
    times = {"now": now, "hour": now - HOUR, "lately": now - ASKED_WITHIN}
    asking: dict[int, _Asking] = defaultdict(lambda: _Asking({}))
    earlier: dict[tuple[int, uuid.UUID], int] = {}
    for queue_id, worker_id, count, last in _rows(TAKEN, times):
        if last > now - ASKED_WITHIN:
            asking[queue_id].taken[worker_id] = count
            asking[queue_id].last = max(last, asking[queue_id].last or last)
        else:
            earlier[queue_id, worker_id] = count
    for queue_id, worker_id in _rows(ASKED, times | {"queues": list(asking)}) if asking else []:
        asking[queue_id].taken.setdefault(worker_id, earlier.get((queue_id, worker_id), 0))
    several = {queue_id: one for queue_id, one in asking.items() if len(one.taken) > 1}
    return _scarce(several, now) if several else {}


def _scarce(asking: Mapping[int, _Asking], now: datetime) -> dict[int, _Asking]:
    """Those that hold too little for everybody, and in which somebody is at work."""
    seconds = _seconds(asking)
    most = [math.ceil(routing.SCARCE_SECONDS * len(one.taken) / seconds[queue_id]) for queue_id, one in asking.items()]
    slots = dict(_rows(OPEN, {"queues": list(asking), "most": most}))
    return {
        queue_id: one for queue_id, one in asking.items()
        if routing.is_scarce(open_slots=slots[queue_id], seconds=seconds[queue_id], askers=len(one.taken))
        and (slots[queue_id] == 0 or (one.last is not None and one.last > now - IDLE_AFTER))
    }  # fmt: skip


def _seconds(queue_ids: Iterable[int]) -> dict[int, float]:
    """What one task of each queue takes: measured in its project, else as the client expects."""
    queues = list(Queue.objects.filter(pk__in=list(queue_ids)).select_related("project"))
    rows = WorkerRecord.objects.filter(project__in={queue.project_id for queue in queues}).values("project_id")
    measured = {
        row["project_id"]: row["ms"] / row["n"] / 1000
        for row in rows.annotate(n=Sum("answers"), ms=Sum("active_ms")) if row["n"] >= MEASURED_FROM and row["ms"]
    }
    return {queue.pk: max(measured.get(queue.project_id, float(queue.project.expected_seconds)), 1.0) for queue in queues}


def _beyond(queue_id: int, asking: _Asking, now: datetime) -> list[FairShare]:
    """Who had their share of a scarce queue already."""
    most = routing.fair_most(list(asking.taken.values()))
    return [
        FairShare(
            worker_id=worker_id, queue_id=queue_id, taken=taken, most=most, seen_at=now,
            until=_free_again(worker_id, queue_id, taken - most, now),
        )
        for worker_id, taken in asking.taken.items() if taken >= most and taken
    ]  # fmt: skip


def _free_again(worker_id: uuid.UUID, queue_id: int, over: int, now: datetime) -> datetime:
    facts = {"worker": worker_id, "queue": queue_id, "hour": now - HOUR, "over": over}
    row = next(iter(_rows(FREE_AGAIN, facts)), None)
    return row[0] + HOUR if row else now


def _keep(found: Sequence[FairShare]) -> None:
    """Write what is found and forget the rest; ready rows of those for whom something changed are made again."""
    before = {(worker_id, queue_id): pk for pk, worker_id, queue_id in FairShare.objects.values_list("pk", "worker_id", "queue_id")}
    after = {(share.worker_id, share.queue_id) for share in found}
    FairShare.objects.bulk_create(
        found, update_conflicts=True, unique_fields=["worker", "queue"], update_fields=["taken", "most", "until", "seen_at"]
    )
    FairShare.objects.filter(pk__in=[pk for share, pk in before.items() if share not in after]).delete()
    if changed := before.keys() ^ after:
        Ready.objects.filter(worker_id__in={worker_id for worker_id, _queue in changed}, stale=False).update(stale=True)


def _rows(statement: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
