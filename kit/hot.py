"""Plain SQL for the hot paths: the transaction's own connection with server-side binding and prepared statements.

Django's cursor binds on the client and prepares nothing, which costs about a millisecond of the server's time per cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from django.db import connection

Params = Sequence[Any] | Mapping[str, Any]
Row = tuple[Any, ...]


@contextmanager
def cursor() -> Iterator[psycopg.Cursor[Row]]:
    """A psycopg cursor on Django's present connection; raises psycopg's own errors. Needs an open transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("the hot paths run inside a transaction that the door opened")
    raw = connection.connection
    raw.prepare_threshold = 0
    with psycopg.Cursor(raw) as fast:
        yield fast


def row(statement: str, params: Params) -> Row | None:
    """The one row of a question that needs no transaction: prepared like the rest, asked on Django's present connection."""
    connection.ensure_connection()
    raw = connection.connection
    raw.prepare_threshold = 0
    with psycopg.Cursor(raw) as fast:
        return fast.execute(statement, params).fetchone()


def as_json(value: Any) -> str:
    """A JSON parameter, to be cast with ::jsonb."""
    return orjson.dumps(value).decode()


def from_json(value: Any) -> Any:
    """jsonb as it comes from the wire: text on Django's connections, an object elsewhere."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
