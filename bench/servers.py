"""Real servers for one measurement: a PostgreSQL and a Valkey of its own, web processes under the same server as in production."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from config import embedded

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Web:
    """A web process and where it answers."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port


def prepare(data: Path) -> None:
    """A fresh PostgreSQL with fsync on and without full-page images and autovacuum, which
    come from what was filled in, not from the work itself."""
    embedded.ensure(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["SECRET_KEY"] = "bench"
    with connect() as connection:
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        # Rows that a measurement put in by the hundred thousand would be vacuumed while it counts; it does so itself, before.
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")


def connect() -> psycopg.Connection[tuple[object, ...]]:
    """A connection of the measurement's own."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(os.environ["DATABASE_URL"])
    return psycopg.connect(
        host=unquote(parts.netloc.partition("@")[2]), user="postgres", dbname=parts.path.lstrip("/"), autocommit=True
    )


@contextmanager
def web(application: str, *, health: str) -> Iterator[Web]:
    """Serve a WSGI application with one process of eight threads."""
    port = embedded.free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--blocking-threads", "8", "--no-ws", "--log-level", "error", application,
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ) | {"MARKETPLACE_PROCESS": "web", "LOG_LEVEL": "ERROR"})
    try:
        _wait(f"http://127.0.0.1:{port}{health}", process)
        yield Web(port, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the web process ended")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")


def cpu_of(process: subprocess.Popen[bytes]) -> float:
    """CPU seconds of a process and its children, living ones."""
    root = psutil.Process(process.pid)
    total = 0.0
    for one in [root, *root.children(recursive=True)]:
        times = one.cpu_times()
        total += times.user + times.system
    return total


def cpu_of_postgres() -> float:
    """CPU seconds of the database: its living processes, and those that have ended meanwhile."""
    postmaster = psutil.Process(int(Path(os.environ["DATA"], "pg", "postmaster.pid").read_text().split("\n", 1)[0]))
    total = postmaster.cpu_times()
    return total.children_user + total.children_system + sum(map(_cpu, postmaster.children(recursive=True)))


def _cpu(process: psutil.Process) -> float:
    """Of one that ended a moment ago nothing: its parent counts it from now on."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def settle() -> None:
    """What autovacuum would do after a while: plans made while tables were empty are made anew."""
    with connect() as connection:
        connection.execute("VACUUM ANALYZE")


def wal_bytes() -> int:
    with connect() as connection:
        row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").fetchone()
    assert row is not None
    return int(str(row[0]))
