"""The kill drill: workers pull over HTTP while web processes and database connections die; everything happens once."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from marketplace import dispatch
from marketplace.models import Batch, Lease, Slot, Submission
from payments import invariants
from tests import market, people
from tests.drills.dispatch import checks, web
from tests.drills.figure import Figure
from workers import tokens

ANSWER = {"answer": {"label": "sunny"}}
TRIES = 400
BY_HAND = "clearing holds what is not yet seen at Stripe"
"""Clients of drills pay in by a posting, without a checkout that Stripe would clear."""


@dataclass(frozen=True)
class Size:
    """How big a drill is. Tasks: the first batch has one slot each, the second two, the third is closed on the way.

    Seconds: how long the client steers, and how long nothing may move before what is left counts as stranded.
    """

    workers: int
    tasks: tuple[int, int, int]
    seconds: int
    crash: bool
    webs: int = 2


SIZES = {
    "small": Size(workers=40, tasks=(200, 50, 50), seconds=50, crash=False),
    "full": Size(workers=200, tasks=(700, 200, 100), seconds=400, crash=True),
}


@dataclass
class Journal:
    """What the workers were told, to be held against what is there."""

    submitted: dict[str, str] = field(default_factory=dict)
    leases: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    walked_away: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Caller:
    """A program with a token that never gives up: the same request under the same key until somebody answers."""

    def __init__(self, key: str, servers: list[web.Web], journal: Journal, chance: random.Random) -> None:
        self.key, self.servers, self.journal, self.chance = key, servers, journal, chance
        self.http: http.client.HTTPConnection | None = None

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """The final answer; one in ten good ones is asked for again, and has to be the same to the letter."""
        once = uuid.uuid4().hex
        status, content = self._until_answered(path, body, once)
        if status < 300 and self.chance.random() < 0.1:
            again = self._until_answered(path, body, once)
            self.journal.seen["asked again"] += 1
            if again != (status, content):
                self.journal.faults.append(f"a repeated request had another answer: {status}, then {again[0]}, {path}")
        return status, json.loads(content) if content else None

    def _until_answered(self, path: str, body: Any, once: str) -> tuple[int, bytes]:
        for _try in range(TRIES):
            try:
                status, content = self._send(path, body, once)
            except (OSError, http.client.HTTPException):
                self.journal.seen["cut off"] += 1
                self.http = None
            else:
                if status < 500:
                    return status, content
                self.journal.seen[f"answered {status}"] += 1
            time.sleep(0.05 + self.chance.random() * 0.1)
        raise RuntimeError(f"nobody answered {path}")

    def _send(self, path: str, body: Any, once: str) -> tuple[int, bytes]:
        if self.http is None:
            self.http = http.client.HTTPConnection("127.0.0.1", self.chance.choice(self.servers).port, timeout=15)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", "Idempotency-Key": once}
        self.http.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        answer = self.http.getresponse()
        return answer.status, answer.read()


def work(caller: Caller) -> None:
    """Ask, then answer, walk away, skip, or come back too late, until the drill is over."""
    journal, chance = caller.journal, caller.chance
    while not journal.over.is_set():
        _status, told = caller.post("leases/", {})
        if not told or told.get("lease") is None:
            journal.over.wait(0.3)
            continue
        lease = told["lease"]["id"]
        journal.leases.add(lease)
        what = chance.random()
        if what < 0.2:
            journal.walked_away.append(lease)
            journal.over.wait(0.4 + chance.random() * 0.6)
            if what < 0.1:
                submit(caller, lease, "late")
        elif what < 0.25:
            status, _body = caller.post(f"leases/{lease}/give-back/", {"why": "unclear"})
            journal.seen[f"skip {status}"] += 1
        else:
            submit(caller, lease, "in time")


def submit(caller: Caller, lease: str, when: str) -> None:
    status, told = caller.post(f"leases/{lease}/submit/", ANSWER)
    caller.journal.seen[f"submit {when} {status}"] += 1
    if status == 201:
        caller.journal.submitted[told["submission"]] = lease
    elif status != 409 or told["code"] not in ("lease_expired", "lease_over"):
        caller.journal.faults.append(f"submit was answered {status} {told}")


def clock(journal: Journal) -> None:
    """The runner's clocks: leases of who walked away run out, marks move."""
    while not journal.over.is_set():
        gone, journal.walked_away[:] = journal.walked_away[:], []
        try:
            with transaction.atomic():
                Lease.objects.filter(pk__in=gone, live=True).update(expires_at=timezone.now())
                journal.seen["expired"] += dispatch.expire_due(now=timezone.now())
            with transaction.atomic():
                dispatch.move_marks()
        except Exception:  # noqa: BLE001 - the database may be in recovery; the next round does it
            journal.walked_away.extend(gone)
            connection.close()
        journal.over.wait(0.1)


def steer(mira: Caller, batches: list[Batch], size: Size) -> None:
    """The client pauses, resumes, changes the order, and closes the third batch on the way."""
    first, second, third = (f"batches/{batch.pk}" for batch in batches)
    beat = size.seconds / 45
    for wait, path, body in (
        (2, f"{first}/pause/", {}), (1, f"{second}/priority/", {"priority": 90}), (1, f"{first}/resume/", {}),
        (1, f"{third}/close/", {}), (1, f"{second}/pause/", {}), (1, f"{first}/priority/", {"priority": 10}),
        (1, f"{second}/resume/", {}),
    ):  # fmt: skip
        mira.journal.over.wait(wait * beat)
        status, told = mira.post(path, body)
        mira.journal.seen["steered"] += 1
        if status >= 300:
            mira.journal.faults.append(f"{path} was answered {status} {told}")


def disturb(servers: list[web.Web], journal: Journal, size: Size, chance: random.Random) -> None:
    """Kills, one after the other, until the work is over.

    A web process dies only while all are up, and never the only one: on a slow machine nobody would work if each died while another
    starts.
    """
    turn = 0
    while not journal.over.wait(0.8):
        turn += 1
        try:
            journal.seen["backends ended"] += web.end_backends(2, chance=chance)
            if turn % 6 == 2 and len(servers) > 1 and all(server.answers() for server in servers):
                servers[journal.seen["web killed"] % len(servers)].kill()
                journal.seen["web killed"] += 1
            if size.crash and turn % 40 == 20:
                web.crash_a_backend(chance=chance)
                journal.seen["backend crashed"] += 1
        except OperationalError:
            connection.close()


def _guarded(act: Callable[..., None], journal: Journal, *arguments: Any) -> threading.Thread:
    def run() -> None:
        try:
            act(*arguments)
        except BaseException as error:  # noqa: BLE001 - a fault of the drill's own is a fault
            journal.faults.append(f"{act.__name__}: {error!r}")
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def play(size: Size, *, sabotage: str = "", seed: int = 1) -> tuple[list[str], Journal]:
    """Set up, let everybody loose, and return what does not hold, with what happened."""
    web.commit_for_good()
    mira, shop = people.client()
    people.pay_in(shop, people.usd("5000"))
    overlaps = (1, 2, 1)
    batches = [
        market.launch(market.batch(market.project(mira, shop, overlap=n, max_overlap=n), mira, texts=count), mira)
        for n, count in zip(overlaps, size.tasks, strict=True)
    ]
    journal, chance = Journal(), random.Random(seed)
    now = timezone.now()
    keys = [
        tokens.make(user_id=people.worker(f"Ana{n}").pk, name="drill", scopes=["work"], now=now).key for n in range(size.workers)
    ]
    own = tokens.make(user_id=mira.pk, name="drill", scopes=["client:read", "client:write"], organisation_id=shop.pk, now=now).key
    servers = [web.Web(sabotage=sabotage) for _ in range(size.webs)]
    try:
        for server in servers:
            server.wait()
        callers = [Caller(key, servers, journal, random.Random(seed * 1_000 + n)) for n, key in enumerate(keys)]
        threads = [_guarded(work, journal, caller) for caller in callers]
        client = Caller(own, servers, journal, random.Random(seed))
        threads += [_guarded(clock, journal, journal), _guarded(disturb, journal, servers, journal, size, chance)]
        steering = _guarded(steer, journal, client, batches, size)
        began = time.monotonic()
        _wait_until_done(batches, steering, size)
        journal.over.set()
        journal.seen["seconds of work"] = round(time.monotonic() - began)
        for thread in [*threads, steering]:
            thread.join(timeout=60)
        journal.seen["seconds with the end"] = round(time.monotonic() - began)
    finally:
        journal.over.set()
        for server in servers:
            server.stop()
    return _found(batches, journal), journal


def _wait_until_done(batches: list[Batch], steering: threading.Thread, size: Size) -> None:
    """Until nobody can do anything more, or nothing has moved for long: then what is left is stranded."""
    moved, last = time.monotonic(), -1
    while time.monotonic() < moved + size.seconds:
        time.sleep(0.5)
        try:
            left = Slot.objects.filter(queue__batch__in=batches, state__in=["open", "leased"])
            count = left.exclude(queue__batch=batches[2], state="open").count()
        except OperationalError:
            connection.close()
            continue
        if count != last:
            moved, last = time.monotonic(), count
        if not count and not steering.is_alive():
            return


def _found(batches: list[Batch], journal: Journal) -> list[str]:
    """Rules that do not hold, and differences between what workers were told and what is there."""
    connection.close()
    with transaction.atomic():
        Lease.objects.filter(queue__batch__in=batches, live=True).update(expires_at=timezone.now())
        dispatch.expire_due(now=timezone.now())
    Slot.objects.filter(queue__batch=batches[2], open=True).update(open=False, state="cancelled")
    found = list(journal.faults) + checks.broken([batch.pk for batch in batches], ended=True)
    there = {str(pk): str(lease) for pk, lease in Submission.objects.filter(batch__in=batches).values_list("pk", "lease_id")}
    if lost := set(journal.submitted) - set(there):
        found.append(f"{len(lost)} submissions were confirmed and are not there")
    if unknown := set(there) - set(journal.submitted):
        found.append(f"{len(unknown)} submissions are there that nobody was told of")
    leases = {str(pk) for pk in Lease.objects.filter(queue__batch__in=batches).values_list("pk", flat=True)}
    if leases != journal.leases:
        found.append(f"leases: {len(leases - journal.leases)} nobody was told of, {len(journal.leases - leases)} not there")
    found += [f"{each.name}: {each.detail}" for each in invariants.findings() if not each.ok and each.name != BY_HAND]
    return found


def run(size: str, *, sabotage: str = "") -> Figure:
    """The drill as one line: how many rules were broken; none may be."""
    found, _journal = play(SIZES[size], sabotage=sabotage)
    return Figure(value=f"{len(found)} broken", bound="0 broken", passed=not found)
