"""The double's books in SQLite: every Stripe object as JSON with the double's own notes beside it, and balances."""

import json
import secrets
import sqlite3
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stripe_double.errors import missing
from stripe_double.settings import Settings

Thing = dict[str, Any]
"""A Stripe object as it goes over the wire."""

PLATFORM = ""  # the account column of what belongs to the platform itself

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, account TEXT NOT NULL,
    created INTEGER NOT NULL, body TEXT NOT NULL, notes TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS object_list ON object (kind, account, seq);
CREATE INDEX IF NOT EXISTS transfer_group ON object (body ->> 'transfer_group') WHERE kind = 'transfer';
CREATE INDEX IF NOT EXISTS transfer_destination ON object (body ->> 'destination') WHERE kind = 'transfer';
CREATE INDEX IF NOT EXISTS entry_source ON object (body ->> 'source') WHERE kind = 'balance_transaction';
CREATE INDEX IF NOT EXISTS entry_payout ON object (notes ->> 'payout') WHERE kind = 'balance_transaction';
CREATE TABLE IF NOT EXISTS balance (
    account TEXT NOT NULL, currency TEXT NOT NULL, available INTEGER NOT NULL, pending INTEGER NOT NULL,
    PRIMARY KEY (account, currency));
CREATE TABLE IF NOT EXISTS idempotency (
    scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL,
    created INTEGER NOT NULL, replays INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (scope, key));
CREATE INDEX IF NOT EXISTS idempotency_age ON idempotency (created);
CREATE TABLE IF NOT EXISTS agenda (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
    UNIQUE (action, subject));
CREATE INDEX IF NOT EXISTS agenda_due ON agenda (due);
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, body TEXT NOT NULL,
    due REAL NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """One connection, one writer at a time: a step is atomic, and what a killed process had begun never happened."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def step(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()


TABLES = ("object", "balance", "idempotency", "agenda", "delivery", "setting")


def empty(db: sqlite3.Connection) -> None:
    """Forget everything; to be called inside a step."""
    for table in TABLES:
        db.execute(f"DELETE FROM {table}")


class Books:
    """The open books of one step: objects by id, `now` by the double's clock, and the request that caused it all."""

    def __init__(self, db: sqlite3.Connection, *, now: int, settings: Settings, request: Thing | None = None) -> None:
        self.db, self.now, self.settings = db, now, settings
        self.request = request or {"id": None, "idempotency_key": None}

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo what the block did if it raises; the step itself goes on."""
        self.db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK TO attempt")
            self.db.execute("RELEASE attempt")
            raise
        self.db.execute("RELEASE attempt")

    def add(self, thing: Thing, *, account: str = PLATFORM, ident: str = "", **notes: Any) -> Thing:
        """Keep a new object. `ident` is for the few kinds that have no id of their own."""
        self.db.execute(
            "INSERT INTO object (id, kind, account, created, body, notes) VALUES (?, ?, ?, ?, ?, ?)",
            (ident or thing["id"], thing["object"], account, self.now, json.dumps(thing), json.dumps(notes)),
        )
        return thing

    def find(self, ident: str, kind: str = "", account: str | None = None) -> Thing | None:
        row = self.db.execute("SELECT kind, account, body FROM object WHERE id = ?", (ident,)).fetchone()
        if row is None or kind not in ("", row[0]) or account not in (None, row[1]):
            return None
        return dict(json.loads(row[2]))

    def need(self, kind: str, ident: str, *, account: str = PLATFORM, param: str = "id", status: int = 404) -> Thing:
        """The object, or the failure `resource_missing`."""
        thing = self.find(ident, kind, account)
        if thing is None:
            raise missing(kind.rsplit(".", 1)[-1].replace("_", " "), ident, param=param, status=status)
        return thing

    def save(self, thing: Thing, ident: str = "") -> Thing:
        self.db.execute("UPDATE object SET body = ? WHERE id = ?", (json.dumps(thing), ident or thing["id"]))
        return thing

    def owner(self, ident: str) -> str:
        return str(self.db.execute("SELECT account FROM object WHERE id = ?", (ident,)).fetchone()[0])

    def notes(self, ident: str) -> Thing:
        """What the double remembers about an object and shows to nobody."""
        row = self.db.execute("SELECT notes FROM object WHERE id = ?", (ident,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def note(self, ident: str, **changes: Any) -> None:
        notes = {**self.notes(ident), **changes}
        self.db.execute("UPDATE object SET notes = ? WHERE id = ?", (json.dumps(notes), ident))

    def later(self, delay: int, action: str, subject: str) -> None:
        """Put an action on the agenda; one that is already there keeps its time."""
        self.db.execute(
            "INSERT INTO agenda (due, action, subject) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (self.now + delay, action, subject),
        )

    def setting(self, name: str, default: Any = None) -> Any:
        row = self.db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else default

    def set(self, name: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, json.dumps(value)))


def new_id(prefix: str) -> str:
    return f"{prefix}_{''.join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24))}"


def blank(names: str) -> Thing:
    """Fields that are null until something happens, so that the SDK's objects have them."""
    return dict.fromkeys(names.split())
