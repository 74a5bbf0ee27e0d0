"""D3: PostgreSQL, the broker and the web are killed in the middle of a payout run; nobody is paid twice, and no work is lost."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from config import embedded
from payments import stripe_events
from payments.models import StripeEvent
from tests.drills.figure import Figure
from tests.drills.money import engines as fleet
from tests.drills.money import stage as at
from tests.drills.money.engines import ROOT, Engines
from tests.drills.money.sabotage import when
from tests.drills.money.stage import SECRETS, Stage
from tests.drills.money.verdict import held
from tests.stripe_double.running import Running

FOUND_WITHIN = 60
"""Seconds of the drill's clock after which whatever a dead process held is taken up again."""


def run(stage: Stage, sabotaged: bool) -> Figure:
    sizes = {"database": stage.size(1, 15), "broker": stage.size(1, 10), "flush": stage.size(1, 10), "web": stage.size(1, 10)}
    with web_and_rail(stage) as web:
        payees = at.payable(stage, stage.size(30, 1_000))
        at.plan(stage)
        with fleet.running("new_key_per_call" if sabotaged else "") as engines, when(sabotaged, answers_lost(stage)):
            _kill_all(stage, engines, web, sizes)
            lost = _left_after_a_minute(stage, engines)
        web.keep_up()
        stage.rail.control("deliveries/deliver", {})
        events = at.in_spite_of_database(lambda: _work_off_events(stage))
        found = at.in_spite_of_database(lambda: at.outcome(stage, payees)) | {"lost": lost, "events_missing": events}
    return held(found, {"lost": 0, "events_missing": 0} | at.all_paid_once(len(payees)))


class Web:
    """The web, as it is served in production, at one address through all of its lives."""

    def __init__(self) -> None:
        self.port = embedded.free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def keep_up(self) -> None:
        if self.process is None or self.process.poll() is not None:
            command = [
                sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port),
                "--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "critical", "config.wsgi:application",
            ]  # fmt: skip
            quiet, environment = subprocess.DEVNULL, os.environ | {"MARKETPLACE_PROCESS": "web", "LOG_LEVEL": "CRITICAL"}
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet, start_new_session=True
            )
        for _ in range(300):
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError("the web does not come up")

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """kill -9 of the server with its worker."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def web_and_rail(stage: Stage) -> Iterator[Web]:
    """A web of the drill's own, and a rail that tells it everything by webhook."""
    web, usual = Web(), stage.rail
    os.environ["DATABASE_URL"] = fleet.database_url()
    secrets = [part for name, secret in SECRETS.items() for part in (OPTION_OF[name], secret)]
    stage.rail = Running(
        stage.folder / f"rail-{web.port}.sqlite3", *at.PATIENT, "--webhook-url", f"http://127.0.0.1:{web.port}/webhooks/stripe",
        "--webhook-retry-seconds", "0.2", *secrets,
    )  # fmt: skip
    os.environ["STRIPE_API_BASE"] = settings.STRIPE_API_BASE = stage.rail.url
    try:
        web.keep_up()
        yield web
    finally:
        web.kill()
        stage.rail.stop()
        stage.rail = usual
        os.environ["STRIPE_API_BASE"] = settings.STRIPE_API_BASE = usual.url


OPTION_OF = {"platform": "--webhook-secret", "connect": "--connect-webhook-secret", "thin": "--thin-webhook-secret"}


@contextmanager
def answers_lost(stage: Stage) -> Iterator[None]:
    """Half of the rail's answers are lost on the way, which is what keys are for."""
    stage.rail.faults({"kind": "drop_after", "rate": 0.5, "seed": 3, "times": 10, "method": "POST", "path": "^/v1/transfers$"})
    yield
    stage.rail.call("DELETE", "/_control/faults")


def _kill_all(stage: Stage, engines: Engines, web: Web, sizes: dict[str, int]) -> None:
    """One killing between every few beats, in an order of the dice."""
    means: dict[str, Callable[[], None]] = {
        "database": lambda: _kill_backend(stage), "broker": _kill_broker, "flush": _flush, "web": web.kill,
    }  # fmt: skip
    order = [name for name, count in sizes.items() for _ in range(count)]
    stage.dice.shuffle(order)
    for name in order:
        for _beat in range(2):
            engines.beat()
            stage.advance(5)
            time.sleep(stage.dice.uniform(0.05, 0.25))
        means[name]()
        if name == "web":
            web.keep_up()
        engines.keep_up()


def _kill_backend(stage: Stage) -> None:
    """kill -9 of one server process: PostgreSQL throws everybody out and recovers from its log."""

    def pids() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
            return [row[0] for row in cursor.fetchall()]

    found = at.in_spite_of_database(pids)
    if found:
        os.kill(stage.dice.choice(found), signal.SIGKILL)
    connection.close()
    at.in_spite_of_database(pids)


def _broker_note() -> Any:
    return embedded.data_dir() / "valkey.json"


def _kill_broker() -> None:
    """kill -9 of the broker with all that waits in it, and an empty one at the same address."""
    known = json.loads(_broker_note().read_text())
    os.kill(known["pid"], signal.SIGKILL)
    for process in embedded._STARTED:
        if process.pid == known["pid"]:
            process.wait()
    time.sleep(0.3)
    fresh = embedded._start_valkey(known["port"])
    _broker_note().write_text(json.dumps(known | {"pid": fresh}))
    atexit.register(embedded._stop_valkey, fresh, _broker_note(), os.getpid())


def _flush() -> None:
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    client.flushall()
    client.close()


def _left_after_a_minute(stage: Stage, engines: Engines) -> int:
    """The dead are dead; a minute later beat finds all that they held, with the clock standing still from then on."""
    stage.advance(FOUND_WITHIN)
    for _beat in range(400):
        if at.in_spite_of_database(lambda: fleet.through(stage)):
            return 0
        engines.keep_up()
        engines.beat()
        time.sleep(0.1)
    return at.in_spite_of_database(_open_payouts)


def _open_payouts() -> int:
    from payments.models import Payout
    from payments.states import OPEN_PAYOUT

    return Payout.objects.filter(state__in=OPEN_PAYOUT).count()


def _work_off_events(stage: Stage) -> int:
    """How many of the rail's events never came, though they were delivered again and again, or cannot be applied."""
    for _ in range(100):
        counts = stage.rail.control("deliveries")["counts"]
        if not counts.get("pending"):
            break
        stage.rail.control("deliveries/deliver", {})
    while ids := stripe_events.take_due(now=timezone.now(), limit=100):
        for ident in ids:
            stripe_events.apply(event_id=ident, now=timezone.now())
    told = sum(stage.rail.audit()["events"].values())
    return told - StripeEvent.objects.filter(applied_at__isnull=False).count()
