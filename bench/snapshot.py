"""Claims on a hot queue while another session holds an old snapshot, so that nothing dead at its head can be cleared away."""

from __future__ import annotations

import random
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

from bench import ground, market, servers
from bench.report import Figure

CLAIMERS = 64
OTHERS_A_SECOND = 3_000
"""Slots that the rest of the crowd takes meanwhile: what four sessions of bare SQL reach on two cores."""
MEASURED = 3.0
"""Seconds at the end of each stretch in which claims are timed."""

TAKE = """
UPDATE marketplace_slot SET open = false, state = 'filled' WHERE id IN (
  SELECT s.id FROM marketplace_slot s JOIN marketplace_queue q ON q.id = s.queue_id
   WHERE q.id = %s AND s.open AND s.rank > q.mark ORDER BY s.rank LIMIT %s FOR UPDATE OF s SKIP LOCKED)
"""
HAND_BACK = "UPDATE marketplace_lease SET live = false, state = 'submitted' WHERE id = %s"


def run(full: bool) -> list[Figure]:
    """Time per claim at the end of a hold over the time just before it; the table is vacuumed between the rounds."""
    hold, rounds = (20.0, 3) if full else (8.0, 3)
    shop = market.Market.make(workers=CLAIMERS)
    shop.launch(tasks=1_000)
    shop.lengthen(to=round(OTHERS_A_SECOND * (hold + MEASURED + 4) * (rounds + 1)))
    pairs = []
    with _runner(), _others(shop.batch_ids[-1]), servers.connect() as keeper:
        claims = _claims(shop.worker_ids)
        _timed(claims, MEASURED)
        for _round in range(rounds):
            keeper.execute("VACUUM marketplace_slot, marketplace_lease, marketplace_assignment")
            free = _timed(claims, MEASURED)
            with _old_snapshot():
                _timed(claims, hold - MEASURED)
                held = _timed(claims, MEASURED)
            print(f"# a claim: {1000 * free:.2f} ms before, {1000 * held:.2f} ms under a snapshot {hold:.0f} s old")
            pairs.append((held, free))
    return [Figure("claim_under_old_snapshot_vs_without", ground.median_ratio(pairs), 2.0)]


def _claims(workers: list[uuid.UUID]) -> Iterator[float]:
    """One claim after the other, each by another worker, who hands in at once; only the claim is timed."""
    from django.db import transaction

    from marketplace import dispatch

    draw = random.Random(7)
    with servers.connect() as closer:
        for worker in cycle(workers):
            began = time.perf_counter()
            with transaction.atomic(durable=True):
                leased = dispatch.lease_next(worker_id=worker, now=ground.now(), rng=draw)
            took = time.perf_counter() - began
            assert leased is not None and leased.fresh, "the queue ran dry"
            closer.execute(HAND_BACK, [leased.lease_id])
            yield took


def _timed(claims: Iterator[float], seconds: float) -> float:
    """The median claim of so many seconds."""
    until, found = time.monotonic() + seconds, []
    while time.monotonic() < until:
        found.append(next(claims))
    return statistics.median(found)


@contextmanager
def _old_snapshot() -> Iterator[None]:
    """A report that reads the slots and then goes on thinking."""
    with servers.connect() as report:
        report.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        report.execute("SELECT count(*) FROM marketplace_queue")
        yield
        report.execute("ROLLBACK")


@contextmanager
def _runner() -> Iterator[None]:
    """The job that moves the marks, each second as beat has it."""
    from django.db import connection, transaction

    from marketplace import dispatch

    def turn() -> None:
        with transaction.atomic(durable=True):
            dispatch.move_marks()

    with _again_and_again(turn, 1.0, lambda: connection.close()):
        yield


@contextmanager
def _others(batch_id: uuid.UUID) -> Iterator[None]:
    """The rest of the crowd, twenty times a second."""
    with servers.connect() as crowd:
        found = crowd.execute("SELECT id FROM marketplace_queue WHERE batch_id = %s AND kind = 'answer'", [batch_id]).fetchone()
        assert found is not None
        with _again_and_again(lambda: crowd.execute(TAKE, [found[0], OTHERS_A_SECOND // 20]), 0.05, lambda: None):
            yield


@contextmanager
def _again_and_again(work: object, every: float, at_the_end: object) -> Iterator[None]:
    """Do it at fixed times in a thread of its own."""
    ended = threading.Event()

    def turns() -> None:
        due = time.monotonic()
        while not ended.is_set():
            work()  # type: ignore[operator]
            due += every
            ended.wait(max(0.0, due - time.monotonic()))
        at_the_end()  # type: ignore[operator]

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
