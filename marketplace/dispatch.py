"""Who gets which task next, and for how long: leases are made, kept alive, given back and expired here alone."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit import hot
from kit.errors import Conflict, NotFound, Refused
from marketplace import claims, eligibility, sql
from marketplace.models import Assignment, Draft, Lease, Ready, Submission

LeasedTask = claims.LeasedTask
PAUSE_AT_MOST = timedelta(hours=24)
LIFE_AT_MOST = 10
"""A lease lives at most this many times its first length."""


class NotWorking(Refused):
    """This person's standing does not allow new work."""

    code = "not_working"


class NotYourTurn(Conflict):
    """Others go first for a while, see `turns`."""

    code = "not_your_turn"


class LeaseGone(Conflict):
    """The lease is over: handed in, given back, expired or withdrawn."""

    code = "lease_over"


def lease_next(
    *, worker_id: uuid.UUID, now: datetime, kind: str = "answer", project_id: uuid.UUID | None = None, rng: random.Random
) -> LeasedTask | None:
    """The live lease if there is one, else the next task that this worker may take, else None.

    Needs an open transaction. Raises NotWorking. When a parallel ask of the same person wins, psycopg's
    UniqueViolation passes: the door rolls back and asks `live_lease`.
    """
    ask = claims.Ask(worker_id, kind, project_id, now, rng)
    with hot.cursor() as cursor:
        seen = claims.look(cursor, ask)
        if seen is None:
            raise NotWorking(_("Only people who signed up to work can take tasks."))
        (standing, fresh, live_id, complete, apart, country), options = seen
        if live_id is not None:
            return _read_lease(cursor, live_id, worker_id)
        if standing != "active":
            raise NotWorking(_("Your account is %(standing)s, so no new tasks are given out.") % {"standing": standing})
        if not fresh:
            complete, apart = eligibility.make_ready(worker_id=worker_id, now=now)
            options = cursor.execute(sql.OPTIONS, ask.facts()).fetchall()
        ask = replace(ask, country=country, apart=tuple(apart))
        claims.one_after_the_other(cursor, ask)
        pages = claims.pages(cursor, ask, options, complete=complete)
        found = next((found for page in pages if (found := claims.take(cursor, ask, page))), None)
        if found is None:
            cursor.execute(sql.ASKED, {"worker": worker_id, "now": now})
        return found


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
    """Go on with a task whose lease ran out, while one of its slots is open.

    Raises LeaseGone when none is, NotYourTurn while others go first.
    """
    lapsed = Lease.objects.filter(
        assignment_id=assignment_id, worker_id=worker_id, assignment__state="lapsed", state="expired", gold=False
    ).select_related("slot").order_by("-leased_at").first()
    if lapsed is None:
        raise NotFound(_("There is no such lapsed task."))
    _hands_free(worker_id, lapsed.kind)
    _its_turn(worker_id, lapsed.queue_id, now)
    with hot.cursor() as cursor:
        gate = cursor.execute(sql.GATE, {"worker": worker_id, "kind": lapsed.kind, "now": now}).fetchone()
        ask = claims.Ask(worker_id, lapsed.kind, None, now, rng, **({"apart": tuple(gate[4]), "country": gate[5]} if gate else {}))
        claims.one_after_the_other(cursor, ask)
        rows = cursor.execute(sql.OPTIONS, ask.facts()).fetchall()
        pages = claims.pages(cursor, ask, rows, complete=False)
        for option in claims.below_cap([row for page in pages for row in page], ask):
            if option.queue_id == lapsed.queue_id and (found := claims.claim_slot(cursor, ask, option, lapsed.slot_id)):
                return found
    raise LeaseGone(_("Somebody else has this task now. Your draft stays for 30 days."))


def _its_turn(worker_id: uuid.UUID, queue_id: int, now: datetime) -> None:
    ready = Ready.objects.filter(worker_id=worker_id).first()
    until = next((datetime.fromisoformat(at) for one, _why, at in ready.waits if one == queue_id), None) if ready else None
    if until is not None and until > now:
        raise NotYourTurn(_("Others go first in this project for a moment. Your draft stays; try again later."), until=until.isoformat())


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
