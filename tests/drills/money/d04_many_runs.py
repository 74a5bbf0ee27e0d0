"""D4: five payout runs planned at once over the same people, each sent by many at once, under faults."""

from __future__ import annotations

from django.db import transaction

from payments import payout_runs, sending
from tests import people
from tests.drills.figure import Figure
from tests.drills.money import faults
from tests.drills.money import stage as at
from tests.drills.money.crowd import at_once, unexpected
from tests.drills.money.sabotage import new_key_per_call, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

RUNS, RETRIES = 5, 10


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, stage.size(30, 1_000))
    stage.rail.faults(*faults.mixture(4))
    with when(sabotaged, new_key_per_call()):
        strange = unexpected(at_once(range(RUNS), lambda _n: _start(stage), hands=RUNS))
        for _round in range(stage.size(4, 12)):
            strange += unexpected(at_once(range(RETRIES), lambda _n: _send(stage), hands=RETRIES))
            stage.advance(200)
        stage.rail.call("DELETE", "/_control/faults")
        at.finish(stage)
    found = at.outcome(stage, payees) | {"strange": len(strange)}
    return held(found, at.all_paid_once(len(payees)) | {"strange": 0})


def _start(stage: Stage) -> None:
    drafter, approver = people.ops("Olu", "finance"), people.ops("Otto", "finance")
    with transaction.atomic():
        made = payout_runs.plan(currency="USD", actor_id=drafter.pk, now=stage.now())
    if made.payouts_planned:
        with transaction.atomic():
            payout_runs.approve(run_id=made.pk, actor_id=approver.pk, now=stage.now())


def _send(stage: Stage) -> None:
    sending.send_round(clock=stage.now, limit=100)
