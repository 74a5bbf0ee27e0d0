"""Who gets which task next, and for how long: leases are made, kept alive, given back and expired here alone."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from kit import hot
from kit.errors import Conflict, NotFound, Refused
from kit.ids import uuid7
from marketplace import eligibility, routing, sql
from marketplace.models import Assignment, Draft, Lease, Ready, SlotKind, Submission

PAUSE_AT_MOST = timedelta(hours=24)
LIFE_AT_MOST = 10
"""A lease lives at most this many times its first length."""
LAP_REST_SECONDS = 10
"""A worker whose second lap found nothing is not sent round again for so long."""
AT_ONCE = 8
"""Queues that one statement looks up, as `sql.OPTIONS` says."""
GATED = 5
"""Columns of `sql.GATE`."""
JUDGING = {SlotKind.REVIEW.value, SlotKind.ADJUDICATION.value}


class NotWorking(Refused):
    """This person's standing does not allow new work."""

    code = "not_working"


class LeaseGone(Conflict):
    """The lease is over: handed in, given back, expired or withdrawn."""

    code = "lease_over"


@dataclass(frozen=True, slots=True)
class LeasedTask:
    """What a worker holds: the task, the frozen terms, and the clock."""

    lease_id: uuid.UUID
    assignment_id: uuid.UUID
    kind: str
    task_id: int
    payload: dict[str, Any]
    prelabel: Any
    draft: Any
    subject_id: uuid.UUID | None
    terms: dict[str, Any]
    state: str
    leased_at: datetime
    expires_at: datetime
    active_ms: int = 0
    round: int = 1
    fresh: bool = field(default=True)


def lease_next(
    *, worker_id: uuid.UUID, now: datetime, kind: str = "answer", project_id: uuid.UUID | None = None, rng: random.Random
) -> LeasedTask | None:
    """The live lease if there is one, else the next task that this worker may take, else None.

    Needs an open transaction. Raises NotWorking. When a parallel ask of the same person wins, psycopg's
    UniqueViolation passes: the door rolls back and asks `live_lease`.
    """
    ask = _Ask(worker_id, kind, project_id, now, rng)
    with hot.cursor() as cursor:
        (standing, fresh, live_id, complete, country), options = _look(cursor, ask)
        ask = replace(ask, country=country)
        if live_id is not None:
            return _read_lease(cursor, live_id, worker_id)
        if standing != "active":
            raise NotWorking(_("Your account is %(standing)s, so no new tasks are given out.") % {"standing": standing})
        if not fresh:
            complete = eligibility.make_ready(worker_id=worker_id, now=now)
            options = cursor.execute(sql.OPTIONS, ask.facts()).fetchall()
        pages = _pages(cursor, ask, options, complete=complete)
        return next((found for page in pages if (found := _take(cursor, ask, page))), None)


def live_lease(*, worker_id: uuid.UUID, kind: str, now: datetime) -> LeasedTask | None:
    """The lease that this person holds right now, if any."""
    with hot.cursor() as cursor:
        row = cursor.execute(sql.GATE, {"worker": worker_id, "kind": kind, "now": now}).fetchone()
        return _read_lease(cursor, row[2], worker_id) if row and row[2] else None


def read_lease(*, worker_id: uuid.UUID, lease_id: uuid.UUID) -> LeasedTask:
    """A lease of this worker in any state; raises NotFound."""
    with hot.cursor() as cursor:
        found = _read_lease(cursor, lease_id, worker_id)
    if found is None:
        raise NotFound(_("There is no such lease."))
    return found


@dataclass(frozen=True, slots=True)
class _Ask:
    worker_id: uuid.UUID
    kind: str
    project_id: uuid.UUID | None
    now: datetime
    rng: random.Random
    country: str = ""

    def facts(self, *, beyond: int = 0) -> dict[str, Any]:
        return {"worker": self.worker_id, "kind": self.kind, "project": self.project_id, "now": self.now, "beyond": beyond}


def _look(cursor: hot.Cursor, ask: _Ask) -> tuple[hot.Row, list[hot.Row]]:
    """The gate, and the first options, which count only when the gate says that they are fresh."""
    rows = cursor.execute(sql.LOOK, ask.facts()).fetchall()
    if not rows:
        raise NotWorking(_("Only people who signed up to work can take tasks."))
    return rows[0][:GATED], [row[GATED:] for row in rows if row[GATED] is not None]


def _pages(
    cursor: hot.Cursor, ask: _Ask, rows: list[hot.Row], *, complete: bool
) -> Iterator[list[hot.Row]]:
    """The worker's options, eight at a time: normally the first eight do, more are read by who found nothing in those."""
    for statement in (sql.OPTIONS, sql.OPTIONS_FURTHER)[: 1 if complete else 2]:
        beyond = 0
        if statement is sql.OPTIONS_FURTHER:
            rows = cursor.execute(statement, ask.facts()).fetchall()
        while rows:
            yield rows
            beyond += AT_ONCE
            rows = cursor.execute(statement, ask.facts(beyond=beyond)).fetchall() if len(rows) == AT_ONCE else []


def _take(cursor: hot.Cursor, ask: _Ask, rows: list[hot.Row]) -> LeasedTask | None:
    """Walk the worker's queues in order: normally one turn; the second lap only when nothing was found."""
    passed = []
    for option in _below_cap(rows, ask):
        found = _claim_gold(cursor, ask, option) or _claim(cursor, ask, option)
        if found:
            return found
        passed.append(option)
    for option in passed:
        if found := _second_lap(cursor, ask, option):
            return found
    return None


def _below_cap(rows: list[hot.Row], ask: _Ask) -> Iterator[routing.Option]:
    """The queues that may serve this worker now: open, of the rule version that was checked, below the daily cap."""
    for row in rows:
        queue_id, project_id, mark, gold_count, terms, *record = row
        option = routing.Option(queue_id, project_id, mark, gold_count, hot.from_json(terms), *record)
        if not routing.cap_reached(option, today=ask.now.date()):
            yield option


def _claim(cursor: hot.Cursor, ask: _Ask, option: routing.Option) -> LeasedTask | None:
    params = _params(ask, option) | {"queue": option.queue_id, "mark": option.mark}
    return _leased(cursor, sql.CLAIM, params, ask, option)


def _claim_gold(cursor: hot.Cursor, ask: _Ask, option: routing.Option) -> LeasedTask | None:
    """With the worker's gold share, a task with a known answer, looked for from a random place round to the start."""
    if ask.kind != SlotKind.ANSWER or not routing.draws_gold(option, rng=ask.rng):
        return None
    params = _params(ask, option) | {"queue": option.queue_id, "project": option.project_id, "gold": True}
    place = ask.rng.random()
    found = _leased(cursor, sql.CLAIM_GOLD, params | {"from_n": place}, ask, option)
    return found or _leased(cursor, sql.CLAIM_GOLD, params | {"from_n": 0.0}, ask, option)


def _second_lap(cursor: hot.Cursor, ask: _Ask, option: routing.Option) -> LeasedTask | None:
    """Look at open slots that the cursor has passed, so that none is stranded; one slice an ask."""
    key = f"lap:{ask.worker_id}:{option.queue_id}"
    place = cache.get(key, 0)
    if place is None or place < 0:
        return None
    params = {"queue": option.queue_id, "place": place}
    slots = cursor.execute(sql.LAP_SLICE, params).fetchall()
    if not slots:
        cache.set(key, -1 if place == 0 else 0, LAP_REST_SECONDS)
        return None
    mine = {"worker": ask.worker_id, "tasks": [row[1] for row in slots], "judges": ask.kind in JUDGING}
    own = {row[0] for row in cursor.execute(sql.LAP_MINE, mine).fetchall()}
    cache.set(key, slots[-1][2], 60)
    for slot_id, task_id, _rank in slots:
        if task_id not in own:
            params = _params(ask, option) | {"queue": option.queue_id, "slot": slot_id}
            if found := _leased(cursor, sql.CLAIM_SLOT, params, ask, option):
                cache.set(key, place, 60)
                return found
    return None


def _params(ask: _Ask, option: routing.Option) -> dict[str, Any]:
    terms = routing.freeze(option, rng=ask.rng, country=ask.country)
    return {
        "worker": ask.worker_id,
        "judges": ask.kind in JUDGING,
        "kind": ask.kind,
        "gold": False,
        "assignment": uuid7(),
        "lease": uuid7(),
        "now": ask.now,
        "first_seconds": terms["first_seconds"],
        "expires": ask.now + timedelta(seconds=terms["first_seconds"]),
        "terms": hot.as_json(terms),
    }


def _leased(
    cursor: hot.Cursor, statement: str, params: dict[str, Any], ask: _Ask, option: routing.Option
) -> LeasedTask | None:
    row = cursor.execute(statement, params).fetchone()
    if row is None:
        return None
    return LeasedTask(
        lease_id=row[0], assignment_id=row[1], kind=ask.kind, task_id=row[3], payload=hot.from_json(row[4]),
        prelabel=hot.from_json(row[5]), draft=hot.from_json(row[6]), subject_id=row[7], terms=hot.from_json(params["terms"]),
        state="live", leased_at=ask.now, expires_at=params["expires"],
    )


def _read_lease(cursor: hot.Cursor, lease_id: uuid.UUID, worker_id: uuid.UUID) -> LeasedTask | None:
    row = cursor.execute(sql.LIVE_LEASE, {"lease": lease_id, "worker": worker_id}).fetchone()
    if row is None:
        return None
    return LeasedTask(
        lease_id=row[0], assignment_id=row[1], task_id=row[3], payload=hot.from_json(row[4]),
        prelabel=hot.from_json(row[5]), draft=hot.from_json(row[6]), subject_id=row[7], kind=row[8], state=row[9],
        leased_at=row[10], expires_at=row[11], active_ms=row[13], terms=hot.from_json(row[14]), round=row[15],
        fresh=False,
    )


def resume_lapsed(*, worker_id: uuid.UUID, assignment_id: uuid.UUID, now: datetime, rng: random.Random) -> LeasedTask:
    """Go on with a task whose lease ran out, while one of its slots is open; raises LeaseGone when none is."""
    lapsed = Lease.objects.filter(
        assignment_id=assignment_id, worker_id=worker_id, assignment__state="lapsed", state="expired", gold=False
    ).select_related("slot").order_by("-leased_at").first()
    if lapsed is None:
        raise NotFound(_("There is no such lapsed task."))
    _hands_free(worker_id, lapsed.kind)
    with hot.cursor() as cursor:
        gate = cursor.execute(sql.GATE, {"worker": worker_id, "kind": lapsed.kind, "now": now}).fetchone()
        ask = _Ask(worker_id, lapsed.kind, None, now, rng, country=gate[-1] if gate else "")
        rows = cursor.execute(sql.OPTIONS, ask.facts()).fetchall()
        pages = _pages(cursor, ask, rows, complete=False)
        for option in _below_cap([row for page in pages for row in page], ask):
            if option.queue_id == lapsed.queue_id:
                params = _params(ask, option) | {"queue": option.queue_id, "slot": lapsed.slot_id}
                if found := _leased(cursor, sql.CLAIM_SLOT, params, ask, option):
                    return found
    raise LeaseGone(_("Somebody else has this task now. Your draft stays for 30 days."))


def take_up_sent_back(*, worker_id: uuid.UUID, submission_id: uuid.UUID, now: datetime) -> LeasedTask:
    """Open the next round of work that was sent back: a lease on the same slot, with terms for the extra effort."""
    submission = Submission.objects.select_related("lease").select_for_update(of=("self",)).filter(
        pk=submission_id, worker_id=worker_id, state="sent_back"
    ).first()
    if submission is None:
        raise NotFound(_("There is no such work to improve."))
    _hands_free(worker_id, submission.kind)
    before = submission.lease
    lease = Lease.objects.create(
        assignment_id=submission.assignment_id, slot_id=submission.slot_id, queue_id=before.queue_id,
        task_id=submission.task_id, worker_id=worker_id, kind=submission.kind, rank=before.rank,
        round=submission.round + 1, gold=submission.gold, leased_at=now, first_seconds=before.first_seconds,
        expires_at=now + timedelta(seconds=before.first_seconds), terms=before.terms,
    )
    Assignment.objects.filter(pk=submission.assignment_id).update(state="live")
    Draft.objects.get_or_create(
        assignment_id=submission.assignment_id, defaults={"answer": submission.answer, "saved_at": now}
    )
    return read_lease(worker_id=worker_id, lease_id=lease.pk)


def _hands_free(worker_id: uuid.UUID, kind: str) -> None:
    """One live lease per worker and kind; the worker's row is locked, so that two clicks at once meet here."""
    Ready.objects.select_for_update().filter(worker_id=worker_id).first()
    if Lease.objects.filter(worker_id=worker_id, kind=kind, live=True).exists():
        raise Conflict(_("Finish or give back the task that you hold first."))


def beat(*, worker_id: uuid.UUID, lease_id: uuid.UUID, now: datetime, had_input: bool) -> tuple[datetime, int]:
    """A heartbeat: with input in the last 60 s it extends the lease and counts time; returns expiry and active ms.

    Raises LeaseGone when the lease is no longer live.
    """
    lease = _own_live(worker_id=worker_id, lease_id=lease_id)
    if not had_input or lease.state == "paused":
        return lease.expires_at, lease.active_ms
    with hot.cursor() as cursor:
        row = cursor.execute(sql.BEAT, {"lease": lease_id, "worker": worker_id, "now": now}).fetchone()
    if row is None:
        raise LeaseGone(_("The time for this task has run out. Your draft is kept for 30 days."))
    return row[0], row[1]


def _own_live(*, worker_id: uuid.UUID, lease_id: uuid.UUID) -> Lease:
    lease = Lease.objects.filter(pk=lease_id, worker_id=worker_id).first()
    if lease is None:
        raise NotFound(_("There is no such lease."))
    if not lease.live:
        raise LeaseGone(_("This lease is over."), state=lease.state)
    return lease


def save_draft(*, worker_id: uuid.UUID, lease_id: uuid.UUID, answer: Any, now: datetime) -> None:
    """Keep what the worker has so far; also after expiry, so that nothing typed is lost."""
    lease = Lease.objects.filter(pk=lease_id, worker_id=worker_id).first()
    if lease is None:
        raise NotFound(_("There is no such lease."))
    if lease.state in {"submitted", "given_back"}:
        raise LeaseGone(_("This lease is over."), state=lease.state)
    Draft.objects.update_or_create(assignment_id=lease.assignment_id, defaults={"answer": answer, "saved_at": now})


def pause(*, worker_id: uuid.UUID, lease_id: uuid.UUID, now: datetime) -> datetime:
    """Stop the clock of a lease, for at most 24 h in all; returns when the pause itself ends."""
    lease = _own_live(worker_id=worker_id, lease_id=lease_id)
    if lease.state == "paused":
        return lease.expires_at
    allowance = PAUSE_AT_MOST - timedelta(seconds=lease.paused_seconds)
    if allowance <= timedelta(0):
        raise Conflict(_("This task has been paused for 24 hours in all, which is the most."))
    until = lease.expires_at + allowance
    _move_lease(lease, before="live", state="paused", paused_at=now, expires_at=until)
    return until


def resume(*, worker_id: uuid.UUID, lease_id: uuid.UUID, now: datetime) -> datetime:
    """Start the clock again with the time that was left; returns the new expiry."""
    lease = _own_live(worker_id=worker_id, lease_id=lease_id)
    if lease.state == "live" or lease.paused_at is None:
        return lease.expires_at
    allowance = PAUSE_AT_MOST - timedelta(seconds=lease.paused_seconds)
    left = lease.expires_at - allowance - lease.paused_at
    lasted = int((now - lease.paused_at).total_seconds())
    _move_lease(
        lease, before="paused", state="live", paused_at=None, expires_at=now + left,
        paused_seconds=lease.paused_seconds + lasted, last_input_at=now,
    )
    return lease.expires_at


def _move_lease(lease: Lease, *, before: str, **changes: Any) -> None:
    """A lease is its own history: its moves are conditional, but need no line in the trail."""
    if Lease.objects.filter(pk=lease.pk, state=before, live=True).update(**changes) != 1:
        raise LeaseGone(_("This lease changed in the meantime. Reload the page."))
    for name, value in changes.items():
        setattr(lease, name, value)


def give_back(*, worker_id: uuid.UUID, lease_id: uuid.UUID, now: datetime, why: str = "") -> None:
    """Skip a task for good: its slot opens for others, and this worker is never offered it again."""
    lease = _own_live(worker_id=worker_id, lease_id=lease_id)
    _move_lease(lease, before=lease.state, state="given_back", live=False, closed_at=now, why=why[:40])
    Assignment.objects.filter(pk=lease.assignment_id).update(state="skipped")
    return_slot(lease)


def return_slot(lease: Lease) -> None:
    """Open a slot again under a new rank, or cancel it where the batch takes no new leases."""
    with hot.cursor() as cursor:
        cursor.execute(sql.RETURN_SLOT, {"slot": lease.slot_id, "gold": lease.gold, "round": lease.round})


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """End leases whose time is over and return their slots; returns how many. Safe to run twice at once."""
    with hot.cursor() as cursor:
        row = cursor.execute(sql.EXPIRE_DUE, {"now": now, "limit": limit}).fetchone()
    return int(row[0]) if row else 0


def move_marks() -> None:
    """Move the low-water mark of every open queue to its first open slot."""
    with hot.cursor() as cursor:
        cursor.execute(sql.MOVE_MARKS)
