"""Web processes that may be killed at any moment, and the database's backends that serve them."""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from config import embedded

ROOT = Path(__file__).resolve().parents[3]
NAME = "drill-web"
"""Under this name the web's database connections are found."""


class Web:
    """One web process as `config/launch.py` starts it, at a port of its own; starts again after a kill."""

    def __init__(self, *, sabotage: str = "") -> None:
        self.port, self.sabotage, self.kills = embedded.free_port(), sabotage, 0
        self.start()

    def start(self) -> None:
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port),
            "--workers", "1", "--blocking-threads", "8", "--no-ws", "--log-level", "critical",
            "tests.drills.dispatch.served:application" if self.sabotage else "config.wsgi:application",
        ]  # fmt: skip
        host, name = connection.settings_dict["HOST"], connection.settings_dict["NAME"]
        environment = dict(os.environ) | {
            "DATABASE_URL": f"postgres://postgres@{quote(host, safe='')}/{name}", "MARKETPLACE_PROCESS": "web", "PGAPPNAME": NAME,
            "LOG_LEVEL": "CRITICAL", "DRILL_DISPATCH_SABOTAGE": self.sabotage, "PYTHONPATH": str(ROOT),
        }
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet, stdin=quiet, start_new_session=True
        )

    def answers(self) -> bool:
        """Whether it is up; asked once."""
        try:
            asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            asking.request("GET", "/health/")
            asking.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        return True

    def wait(self) -> None:
        """Until it answers; raises RuntimeError when it does not within 60 s."""
        give_up = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None:
                raise RuntimeError("the web process ended by itself")
            if time.monotonic() > give_up:
                raise RuntimeError("the web process does not answer")
            time.sleep(0.2)

    def kill(self) -> None:
        """`kill -9` of the whole process group, as if the power went; then a new one."""
        self.stop(signal.SIGKILL)
        self.kills += 1
        self.start()

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Ends the whole group; what does not go within 20 s is killed. One that ended by itself is no error."""
        for signal_sent in (how, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal_sent)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
                return


BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"


def end_backends(count: int, *, chance: random.Random) -> int:
    """`pg_terminate_backend` for some of the web's connections, whatever they are doing; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(BACKENDS, [NAME])
        pids = [row[0] for row in cursor.fetchall()]
        chosen = chance.sample(pids, min(count, len(pids)))
        for pid in chosen:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    return len(chosen)


def commit_for_good() -> None:
    """The tests' server answers before its log is written, which is for power cuts to punish; here a crash must not lose what was said."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        cursor.execute(f'ALTER DATABASE "{cursor.fetchone()[0]}" SET synchronous_commit = on')
        cursor.execute("SET synchronous_commit = on")


def crash_a_backend(*, chance: random.Random) -> None:
    """`kill -9` of one of the web's backends: PostgreSQL ends every connection and recovers from its log."""
    with connection.cursor() as cursor:
        cursor.execute(BACKENDS, [NAME])
        pids = [row[0] for row in cursor.fetchall()]
    if pids:
        os.kill(chance.choice(pids), signal.SIGKILL)
    connection.close()
