"""Real runners: Celery parents with their children over the drill's own broker and database, killed and started at will."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

from tests.drills.money.stage import Stage

ROOT = Path(__file__).resolve().parents[3]
CHILDREN = 3


@dataclass
class Engines:
    """Some Celery parents; `sabotage` names what their children go without."""

    sabotage: str = ""
    parents: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """One more parent; it is ready when it takes its first job."""
        command = [
            sys.executable, "-m", "celery", "-A", "tests.drills.money.runner_app", "worker", "--loglevel", "critical",
            "--concurrency", str(CHILDREN), "--without-gossip", "--without-mingle", "--without-heartbeat",
            "--hostname", f"drill{len(self.parents)}@localhost",
        ]  # fmt: skip
        environment = os.environ | {"MARKETPLACE_PROCESS": "runner", "DRILL_SABOTAGE": self.sabotage, "LOG_LEVEL": "CRITICAL"}
        quiet = subprocess.DEVNULL
        self.parents.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet, stdin=quiet))

    def wait_until_up(self) -> None:
        """Until every living parent answers."""
        give_up = time.monotonic() + 240
        while self._answering() < len(self.living()):
            if time.monotonic() > give_up:
                raise RuntimeError("the runners do not come up")

    def _answering(self) -> int:
        from config.celery import app

        try:
            with app.connection_for_write() as fresh:
                return len(app.control.ping(timeout=0.5, limit=len(self.living()), connection=fresh))
        except Exception:
            # The broker was killed under the question; ask again.
            time.sleep(0.3)
            return 0

    def keep_up(self) -> None:
        """What a supervisor does: a runner that died is started again."""
        if not self.living():
            self.start()
            self.wait_until_up()

    def beat(self, job: str = "payments.jobs.send_payouts") -> None:
        """What beat does: put a job into the queue."""
        from config.celery import app

        try:
            with app.connection_for_write() as fresh:
                app.send_task(job, expires=30, retry=False, connection=fresh)
        except Exception:
            # The broker is away; the next beat comes.
            time.sleep(0.3)

    def kill_one(self, dice: random.Random) -> bool:
        """kill -9 of a child at work; False when there is none just now."""
        children = [child for parent in self.living() for child in _children(parent)]
        if not children:
            return False
        return _kill(dice.choice(children).pid)

    def kill_parent(self) -> None:
        """kill -9 of a whole runner with all of its children, and a new one in its place."""
        for parent in self.living()[:1]:
            for process in (*_children(parent), parent):
                _kill(process.pid)
            parent.wait()
        self.keep_up()

    def retire(self) -> None:
        """A warm shutdown of the oldest, as a deployment makes it: what it has begun it ends."""
        oldest = self.living()[0]
        oldest.terminate()
        oldest.wait(timeout=60)

    def living(self) -> list[subprocess.Popen[bytes]]:
        return [parent for parent in self.parents if parent.poll() is None]


def _children(parent: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(parent.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def running(sabotage: str = "") -> Iterator[Engines]:
    """A parent with its children; all are gone afterwards, and so is what they left in the queue."""
    os.environ["DATABASE_URL"] = database_url()
    engines = Engines(sabotage)
    engines.keep_up()
    try:
        yield engines
    finally:
        for parent in engines.living():
            for child in _children(parent):
                _kill(child.pid)
            _kill(parent.pid)
            parent.wait()
        with _broker() as client:
            client.flushall()


def database_url() -> str:
    """Where this process's database is, for others."""
    from django.db import connection

    said = connection.settings_dict
    return f"postgres://{said['USER'] or 'postgres'}@{quote(str(said['HOST']), safe='')}/{said['NAME']}"


@contextmanager
def _broker() -> Iterator[object]:
    import redis

    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    try:
        yield client
    finally:
        client.close()


def through(stage: Stage) -> bool:
    """Whether every payout has left or come back."""
    from payments.models import Payout
    from payments.states import OPEN_PAYOUT

    return not Payout.objects.filter(state__in=OPEN_PAYOUT).exists()
