"""D17: a client who never judges; every submission is accepted when its window ends, and none before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from marketplace import jobs
from marketplace.models import Submission
from payments import ledger
from payments.chart import Account
from payments.models import Earning
from tests import market, people
from tests.drills.figure import Figure
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

LOOKS = 8
"""Moments at which the clock is looked at, spread over the windows' ends."""


@contextmanager
def late_clock() -> Iterator[None]:
    """The clock of the job alone."""
    right = timezone.now
    with swapped(jobs.timezone, now=lambda: right() - dt.timedelta(hours=2)):
        yield


def run(stage: Stage, sabotaged: bool) -> Figure:
    count, began = stage.size(40, 1_000), stage.now()
    mira, shop = people.client()
    market.launched(mira, shop, texts=count, review_rule="client", fund="100000")
    workers = [people.worker(f"W{n}") for n in range(5)]
    made = 0
    while made < count:
        stage.advance(minutes=max(1, 600 // count))
        for worker in workers:
            made += market.work(worker, now=stage.now()) is not None
    last = (stage.now() - began).total_seconds()
    early = late = 0
    stage.advance(72 * 3600 - last)
    for _look in range(LOOKS + 1):
        with when(sabotaged, late_clock()):
            jobs.accept_overdue()
        late += Submission.objects.filter(state="waiting", judge_by__lte=stage.now()).count()
        early += Submission.objects.exclude(state="waiting").filter(submitted_at__gt=stage.now() - dt.timedelta(hours=72)).count()
        stage.advance(last / LOOKS + 5)
    pending = sum(ledger.balance(Account("worker_pending", worker.pk, "USD")).units for worker in workers)
    found = {
        "accepted": Submission.objects.filter(state="accepted").count(), "late": late, "early": early, "pending": pending,
        "confirmed": Earning.objects.filter(state="confirmed").count(),
    }  # fmt: skip
    return held(found, {"accepted": count, "late": 0, "early": 0, "pending": 0, "confirmed": count})
