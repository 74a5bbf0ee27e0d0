"""D1: Celery's processes are killed at random moments of a payout run, under faults of the rail; everybody is paid once."""

from __future__ import annotations

import time

from tests.drills.figure import Figure
from tests.drills.money import engines as fleet
from tests.drills.money import faults
from tests.drills.money import stage as at
from tests.drills.money.engines import Engines
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import AtLeast, held

PATIENCE = 800
"""Beats after which a run that does not end is given up."""


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees, kills = at.payable(stage, stage.size(40, 1_000)), stage.size(10, 200)
    at.plan(stage)
    stage.rail.faults(*faults.mixture(1))
    with fleet.running("new_key_per_call" if sabotaged else "") as engines:
        killed = _kill_while_paying(stage, engines, kills)
        pay_on(stage, engines)
    found = at.outcome(stage, payees) | {"killed": killed}
    return held(found, {"killed": AtLeast(kills)} | at.all_paid_once(len(payees)))


def _kill_while_paying(stage: Stage, engines: Engines, kills: int) -> int:
    """Beat on, and kill between the beats; now and then a whole runner instead of one of its children."""
    killed = 0
    for beat in range(PATIENCE):
        if killed >= kills:
            break
        engines.beat()
        stage.advance(5)
        time.sleep(stage.dice.uniform(0.05, 0.25))
        killed += engines.kill_one(stage.dice)
        if beat and beat % 60 == 0:
            engines.kill_parent()
        engines.keep_up()
    return killed


def pay_on(stage: Stage, engines: Engines) -> None:
    """Beat until all is through. After a while the clock goes faster, as a sticky 500 needs a day; faults end at last."""
    for beat in range(PATIENCE):
        if beat == PATIENCE // 2:
            stage.rail.call("DELETE", "/_control/faults")
        if fleet.through(stage):
            return
        engines.keep_up()
        engines.beat()
        stage.advance(5 if beat < 30 else 3600)
        time.sleep(0.1)
