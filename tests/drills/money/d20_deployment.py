"""D20: the tables change and the runners are replaced one after another in the middle of a payout run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from tests.drills.figure import Figure
from tests.drills.money import engines as fleet
from tests.drills.money import faults
from tests.drills.money import stage as at
from tests.drills.money.d01_killed_runners import pay_on
from tests.drills.money.engines import Engines
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

TABLES = ("payments_payout", "payments_attempt", "payments_earning")
"""Those that a payout run works with; each gets a new column, as a migration would give it."""


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees, deployments = at.payable(stage, stage.size(40, 1_000)), stage.size(1, 4)
    at.plan(stage)
    stage.rail.faults(*faults.mixture(20))
    with tables_as_before(), fleet.running("new_key_per_call" if sabotaged else "") as engines:
        for number in range(deployments):
            _beats(stage, engines, stage.size(3, 12))
            _deploy(stage, engines, number)
        pay_on(stage, engines)
        found = at.outcome(stage, payees) | {"deployed": deployments, "runners": len(engines.parents)}
    return held(found, {"deployed": deployments, "runners": 1 + deployments} | at.all_paid_once(len(payees)))


def _beats(stage: Stage, engines: Engines, count: int) -> None:
    for _ in range(count):
        engines.beat()
        stage.advance(5)
        time.sleep(0.1)


def _deploy(stage: Stage, engines: Engines, number: int) -> None:
    """Migrate while the old runners work; then a new runner comes up, and an old one ends what it has begun."""
    engines.beat()
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN drill_{number} integer NOT NULL DEFAULT 0")
    call_command("migrate", verbosity=0)
    engines.start()
    engines.wait_until_up()
    _beats(stage, engines, 3)
    engines.retire()


@contextmanager
def tables_as_before() -> Iterator[None]:
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in TABLES:
                columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
                for name in columns:
                    if name.startswith("drill_"):
                        cursor.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
