"""D11: a hundred workers on a thousand tasks, some let their lease run out and hand in late; no answer is paid twice."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import transaction

from kit.errors import ProductError
from marketplace import dispatch, doors, sql, submissions
from marketplace.models import Lease, Submission
from payments import invariants
from payments.models import Earning
from tests import market, people
from tests.drills.figure import Figure
from tests.drills.money.crowd import at_once, unexpected
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import AtLeast, held

ANSWER = {"label": "sunny"}
HANDS = 16


def run(stage: Stage, sabotaged: bool) -> Figure:
    tasks, crowd = stage.size(100, 1_000), stage.size(16, 100)
    mira, shop = people.client()
    market.launched(mira, shop, texts=tasks, overlap=1, max_overlap=1, lease_seconds=60, fund="10000")
    workers = [people.worker(f"W{n}").pk for n in range(crowd)]
    left_behind: list[tuple[uuid.UUID, uuid.UUID]] = []
    outcomes: list[Any] = []
    with when(sabotaged, late_ones_are_taken_unseen()):
        for lap in range(12):
            outcomes += at_once(workers, lambda worker, lap=lap: _work(stage, worker, lap, left_behind), hands=HANDS)
            if Submission.objects.values("task_id").distinct().count() == tasks:
                break
            stage.advance(61)
            with transaction.atomic():
                dispatch.expire_due(now=stage.now())
                dispatch.move_marks()
        outcomes += at_once(left_behind, lambda lease: _hand_in_late(stage, *lease), hands=HANDS)
    answers = Counter(Submission.objects.values_list("task_id", flat=True))
    paid = Earning.objects.filter(source_kind="submission")
    double = Lease.objects.filter(live=True).values_list("slot_id", flat=True)
    found = {
        "answered": len(answers), "most_per_task": max(answers.values()), "paid": paid.count(), "late": len(left_behind),
        "double_leases": len(double) - len(set(double)), "strange": len(unexpected(outcomes, ProductError)),
        "broken": sum(not each.ok for each in invariants.findings() if not each.name.startswith("clearing")),
    }  # fmt: skip
    wanted = {
        "answered": tasks, "most_per_task": 1, "paid": tasks, "late": AtLeast(tasks // 20), "double_leases": 0, "strange": 0,
        "broken": 0,
    }  # fmt: skip
    return held(found, wanted)


def _work(stage: Stage, worker_id: uuid.UUID, lap: int, left_behind: list[tuple[uuid.UUID, uuid.UUID]]) -> int:
    """Take and hand in; at one lease in five walk away for this time, and come back too late."""
    dice, done = random.Random(f"{worker_id}{lap}"), 0
    while (leased := doors.ask(worker_id=worker_id, kind="answer", project_id=None, now=stage.now())) is not None:
        if dice.random() < 0.2:
            left_behind.append((worker_id, leased.lease_id))
            return done
        doors.hand_in(worker_id=worker_id, lease_id=leased.lease_id, answer=ANSWER, now=stage.now() + dt.timedelta(seconds=1))
        done += 1
    return done


def _hand_in_late(stage: Stage, worker_id: uuid.UUID, lease_id: uuid.UUID) -> Any:
    return doors.hand_in(worker_id=worker_id, lease_id=lease_id, answer=ANSWER, now=stage.now())


@contextmanager
def late_ones_are_taken_unseen() -> Iterator[None]:
    """A late answer is taken without a look at whether somebody else has the slot by now."""
    read, careless = submissions._read, sql.SUBMIT.replace("AND live", "")
    assert careless != sql.SUBMIT
    with swapped(submissions, _read=lambda *given: replace(read(*given), live=True)), swapped(sql, SUBMIT=careless):
        yield
