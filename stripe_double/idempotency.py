"""Idempotency keys as Stripe documents them: v1 replays whatever was answered, v2 replays successes only."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stripe_double.errors import Failure
from stripe_double.store import Books

KEPT_SECONDS = {"v1": 24 * 3600, "v2": 30 * 24 * 3600}
KEY_LENGTH = 255


@dataclass(frozen=True)
class Answer:
    """A stored status and body."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Key:
    """One idempotency key within its scope (API version and account); `fingerprint` is of the request."""

    scope: str
    text: str
    fingerprint: str


class InFlight:
    """Keys whose first request is still at work. In memory: when the process dies, none is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def claim(self, key: Key | None) -> Iterator[None]:
        """Hold the key for the block; raises Failure 409 while another request holds it."""
        if key is None:
            yield
            return
        mark = (key.scope, key.text)
        with self._lock:
            if mark in self._keys:
                raise Failure(
                    "There is currently another in-progress request using this Idempotency-Key.",
                    status=409, kind="idempotency_error", code="idempotency_key_in_use",
                )  # fmt: skip
            self._keys.add(mark)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(mark)


def key_of(text: str | None, *, v2: bool, account: str, method: str, path: str, params: dict[str, Any]) -> Key | None:
    """The key of a request that may have one, or None. Raises Failure 400 for one that is too long."""
    if not text or (method != "POST" and not (v2 and method == "DELETE")):
        return None
    if len(text) > KEY_LENGTH:
        raise Failure("Idempotency-Key must be at most 255 characters", kind="idempotency_error")
    said = json.dumps([method, path, params], sort_keys=True)
    return Key(f"{'v2' if v2 else 'v1'}/{account}", text, hashlib.sha256(said.encode()).hexdigest())


def recall(books: Books, key: Key) -> Answer | None:
    """What was answered before. Raises Failure 400 if the key came with another request then.

    A v1 key of a day ago is forgotten: the same request then makes a new object, as it does at Stripe.
    """
    row = books.db.execute(
        "SELECT fingerprint, status, body FROM idempotency WHERE scope = ? AND key = ? AND created > ?",
        (key.scope, key.text, books.now - KEPT_SECONDS[key.scope[:2]]),
    ).fetchone()
    if row is None:
        return None
    if row[0] != key.fingerprint:
        raise Failure(
            "Keys for idempotent requests can only be used with the same parameters and endpoint they were first used "
            f"with. Try using a key other than '{key.text}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    books.db.execute("UPDATE idempotency SET replays = replays + 1 WHERE scope = ? AND key = ?", (key.scope, key.text))
    return Answer(row[1], row[2])


def keep(books: Books, key: Key | None, answer: Answer) -> None:
    if key is not None:
        books.db.execute(
            "INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, status, body, created) VALUES (?, ?, ?, ?, ?, ?)",
            (key.scope, key.text, key.fingerprint, answer.status, answer.body, books.now),
        )


def prune(books: Books, *, everything: bool = False) -> int:
    """Forget the keys whose time is over, or all of them; gives how many."""
    pruned = 0
    for version, seconds in KEPT_SECONDS.items():
        horizon = books.now if everything else books.now - seconds
        query = "DELETE FROM idempotency WHERE scope LIKE ? AND created <= ?"
        pruned += books.db.execute(query, (f"{version}/%", horizon)).rowcount
    return pruned
