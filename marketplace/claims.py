"""How one ask becomes a lease: the gate, the queues in their order, known answers mixed in, the second lap."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache

from kit import hot
from kit.ids import uuid7
from marketplace import routing, sql
from marketplace.models import SlotKind

LAP_REST_SECONDS = 10
"""A worker whose second lap found nothing is not sent round again for so long."""
AT_ONCE = 8
"""Queues that one statement looks up, as `sql.OPTIONS` says."""
GATED = 6
"""Columns of `sql.GATE`."""
JUDGING = {SlotKind.REVIEW.value, SlotKind.ADJUDICATION.value}


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


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for what, and what dispatch knows of them; `apart` are those whom they are kept apart from."""

    worker_id: uuid.UUID
    kind: str
    project_id: uuid.UUID | None
    now: datetime
    rng: random.Random
    country: str = ""
    apart: tuple[uuid.UUID, ...] = ()

    def facts(self, *, beyond: int = 0) -> dict[str, Any]:
        return {"worker": self.worker_id, "kind": self.kind, "project": self.project_id, "now": self.now, "beyond": beyond}


def look(cursor: hot.Cursor, ask: Ask) -> tuple[hot.Row, list[hot.Row]] | None:
    """The gate, and the first options, which count only when the gate says that they are fresh; None for who is no worker."""
    rows = cursor.execute(sql.LOOK, ask.facts()).fetchall()
    if not rows:
        return None
    return rows[0][:GATED], [row[GATED:] for row in rows if row[GATED] is not None]


def one_after_the_other(cursor: hot.Cursor, ask: Ask) -> None:
    """Who is kept apart from somebody waits while that person takes; nobody else sends this statement."""
    if ask.apart:
        pairs = sorted(_lock_of(ask.worker_id, other) for other in ask.apart)
        cursor.execute(sql.LOCK_APART, {"pairs": pairs}).fetchall()


def _lock_of(one: uuid.UUID, other: uuid.UUID) -> int:
    """The same number whichever of the two asks."""
    low, high = sorted((one, other))
    return int.from_bytes(hashlib.blake2b(low.bytes + high.bytes, digest_size=8).digest(), "big", signed=True)


def pages(cursor: hot.Cursor, ask: Ask, rows: list[hot.Row], *, complete: bool) -> Iterator[list[hot.Row]]:
    """The worker's options, eight at a time: normally the first eight do, more are read by who found nothing in those."""
    for statement in (sql.OPTIONS, sql.OPTIONS_FURTHER)[: 1 if complete else 2]:
        beyond = 0
        if statement is sql.OPTIONS_FURTHER:
            rows = cursor.execute(statement, ask.facts()).fetchall()
        while rows:
            yield rows
            beyond += AT_ONCE
            rows = cursor.execute(statement, ask.facts(beyond=beyond)).fetchall() if len(rows) == AT_ONCE else []


def take(cursor: hot.Cursor, ask: Ask, rows: list[hot.Row]) -> LeasedTask | None:
    """Walk the worker's queues in order: normally one turn; the second lap only when nothing was found."""
    passed = []
    for option in below_cap(rows, ask):
        found = _claim_gold(cursor, ask, option) or _claim(cursor, ask, option)
        if found:
            return found
        passed.append(option)
    for option in passed:
        if found := _second_lap(cursor, ask, option):
            return found
    return None


def below_cap(rows: list[hot.Row], ask: Ask) -> Iterator[routing.Option]:
    """The queues that may serve this worker now: open, of the rule version that was checked, below the daily cap."""
    for row in rows:
        queue_id, project_id, mark, gold_count, terms, *record = row
        option = routing.Option(queue_id, project_id, mark, gold_count, hot.from_json(terms), *record)
        if not routing.cap_reached(option, today=ask.now.date()):
            yield option


def _claim(cursor: hot.Cursor, ask: Ask, option: routing.Option) -> LeasedTask | None:
    params = _params(ask, option) | {"queue": option.queue_id, "mark": option.mark}
    return _leased(cursor, sql.CLAIM_APART if ask.apart else sql.CLAIM, params, ask, option)


def _claim_gold(cursor: hot.Cursor, ask: Ask, option: routing.Option) -> LeasedTask | None:
    """With the worker's gold share, a task with a known answer, looked for from a random place round to the start."""
    if ask.kind != SlotKind.ANSWER or not routing.draws_gold(option, rng=ask.rng):
        return None
    params = _params(ask, option) | {"queue": option.queue_id, "project": option.project_id, "gold": True}
    place = ask.rng.random()
    found = _leased(cursor, sql.CLAIM_GOLD, params | {"from_n": place}, ask, option)
    return found or _leased(cursor, sql.CLAIM_GOLD, params | {"from_n": 0.0}, ask, option)


def _second_lap(cursor: hot.Cursor, ask: Ask, option: routing.Option) -> LeasedTask | None:
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
    theirs = set[int]()
    if ask.apart:
        facts = {"slots": [row[0] for row in slots], "apart": list(ask.apart), "kind": ask.kind}
        theirs = {row[0] for row in cursor.execute(sql.LAP_APART, facts).fetchall()}
    cache.set(key, slots[-1][2], 60)
    for slot_id, task_id, _rank in slots:
        if task_id not in own and slot_id not in theirs and (found := claim_slot(cursor, ask, option, slot_id)):
            cache.set(key, place, 60)
            return found
    return None


def claim_slot(cursor: hot.Cursor, ask: Ask, option: routing.Option, slot_id: int) -> LeasedTask | None:
    """One slot by name, if it is open and may be this worker's."""
    params = _params(ask, option) | {"queue": option.queue_id, "slot": slot_id}
    return _leased(cursor, sql.CLAIM_SLOT_APART if ask.apart else sql.CLAIM_SLOT, params, ask, option)


def _params(ask: Ask, option: routing.Option) -> dict[str, Any]:
    terms = routing.freeze(option, rng=ask.rng, country=ask.country)
    apart = {"apart": list(ask.apart), "ahead": [ask.worker_id, *(ask.apart if ask.kind == "answer" else ())]}
    return (apart if ask.apart else {}) | {
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
    cursor: hot.Cursor, statement: str, params: dict[str, Any], ask: Ask, option: routing.Option
) -> LeasedTask | None:
    row = cursor.execute(statement, params).fetchone()
    if row is None:
        return None
    return LeasedTask(
        lease_id=row[0], assignment_id=row[1], kind=ask.kind, task_id=row[3], payload=hot.from_json(row[4]),
        prelabel=hot.from_json(row[5]), draft=hot.from_json(row[6]), subject_id=row[7], terms=hot.from_json(params["terms"]),
        state="live", leased_at=ask.now, expires_at=params["expires"],
    )
