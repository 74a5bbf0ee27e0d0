"""Plain SQL for the hot paths: statements prepared once per connection and run by libpq itself, in the transaction of the door.

Django's cursor binds on the client and prepares nothing; psycopg's own drives each exchange from Python. Together they cost a
lease and a submit more than the statements do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, Self, cast
from weakref import WeakKeyDictionary

import orjson
import psycopg
from django.db import connection
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.types.numeric import Int8

Params = Sequence[Any] | Mapping[str, Any]
Row = tuple[Any, ...]

PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(s)|(%))")

_prepared: WeakKeyDictionary[psycopg.Connection[Any], dict[tuple[str, tuple[int, ...]], bytes]] = WeakKeyDictionary()


class Cursor:
    """Runs statements on one connection: prepared at their first use, waited for in libpq. Raises psycopg's errors."""

    __slots__ = ("_rows", "connection", "rowcount")

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.connection = raw
        self.rowcount = 0
        self._rows: list[Row] = []

    def execute(self, query: str, params: Params = ()) -> Self:
        text, names = _numbered(query)
        values = [params[name] for name in names] if isinstance(params, Mapping) else list(params)
        result = _run(self.connection, text, values)
        self.rowcount, self._rows = result.command_tuples or 0, _loaded(self.connection, result)
        return self

    def fetchone(self) -> Row | None:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Row]:
        rows, self._rows = self._rows, []
        return rows

    def copy(self, statement: str) -> AbstractContextManager[psycopg.Copy]:
        """psycopg's own COPY, for rows by the thousand."""
        return psycopg.Cursor(self.connection).copy(statement.encode())


@contextmanager
def cursor() -> Iterator[Cursor]:
    """A cursor on Django's present connection. Needs an open transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("the hot paths run inside a transaction that the door opened")
    yield Cursor(connection.connection)


def row(statement: str, params: Params) -> Row | None:
    """The one row of a question that needs no transaction, on Django's present connection."""
    connection.ensure_connection()
    return Cursor(connection.connection).execute(statement, params).fetchone()


@lru_cache(maxsize=256)
def _numbered(query: str) -> tuple[str, tuple[str, ...]]:
    """The statement with $1, $2, ... for its placeholders, and their names in that order; none where they have no names."""
    names: list[str] = []
    plain = 0

    def number(found: re.Match[str]) -> str:
        nonlocal plain
        if found[3]:
            return "%"
        if found[2]:
            plain += 1
            return f"${plain}"
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return PLACEHOLDER.sub(number, query), tuple(names)


def _run(raw: psycopg.Connection[Any], text: str, values: list[Any]) -> pq.abc.PGresult:
    """Begin if nothing began yet, prepare if this connection has not, and run. All whole numbers travel as bigint, so that one
    statement has one plan whatever the size of its numbers."""
    pgconn, adapted = raw.pgconn, Transformer(raw)
    formats = [PyFormat.AUTO] * len(values)
    dumped = adapted.dump_sequence([Int8(value) if type(value) is int else value for value in values], formats)
    types = adapted.types or ()
    known = _prepared.setdefault(raw, {})
    if pgconn.transaction_status == pq.TransactionStatus.IDLE and not raw.autocommit:
        _checked(pgconn, pgconn.exec_(b"BEGIN"))
    name = known.get((text, types))
    if name is None:
        name = f"hot_{len(known)}".encode()
        _checked(pgconn, pgconn.prepare(name, text.encode(), types))
        known[text, types] = name
    return _checked(pgconn, pgconn.exec_prepared(name, cast(Any, dumped), adapted.formats))


def _checked(pgconn: pq.abc.PGconn, result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return result
    if pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)


def _loaded(raw: psycopg.Connection[Any], result: pq.abc.PGresult) -> list[Row]:
    if not result.ntuples:
        return []
    adapted = Transformer(raw)
    adapted.set_pgresult(result)
    return cast(list[Row], adapted.load_rows(0, result.ntuples, tuple))


def as_json(value: Any) -> str:
    """A JSON parameter, to be cast with ::jsonb."""
    return orjson.dumps(value).decode()


def from_json(value: Any) -> Any:
    """jsonb as it comes from the wire: text on Django's connections, an object elsewhere."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
