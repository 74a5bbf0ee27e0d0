"""Safeguards taken out one at a time, to see that a drill notices."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock


@contextmanager
def swapped(owner: Any, **changes: Any) -> Iterator[None]:
    """Attributes of a module or class replaced for a while."""
    with ExitStack() as stack:
        for name, value in changes.items():
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


@contextmanager
def new_key_per_call() -> Iterator[None]:
    """Every call to the rail has a key of its own, and nobody looks whether the transfer is there already."""
    from payments import stripe_gateway

    send: Callable[..., Any] = stripe_gateway.send

    def careless(*, key: str, **rest: Any) -> Any:
        return send(key=f"{key}-{uuid.uuid4().hex[:8]}", **rest)

    with swapped(stripe_gateway, send=careless, find=lambda **_: []):
        yield


@contextmanager
def altered_function(name: str, alter: Callable[[str], str]) -> Iterator[None]:
    """A function of the database with other words in it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [name])
        before = cursor.fetchone()[0]
        after = alter(before)
        assert after != before, f"{name} has no such words"
        cursor.execute(after.replace("%", "%%"), [])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(before.replace("%", "%%"), [])


@contextmanager
def without_constraints(table: str) -> Iterator[None]:
    """A table that takes anything but a second row of one id; it is empty when its constraints come back."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'", [table]
        )
        found = cursor.fetchall()
        for name, _definition in found:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            for name, definition in found:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


@contextmanager
def when(sabotaged: bool, sabotage: Any) -> Iterator[None]:
    """The sabotage, in the twin alone."""
    with ExitStack() as stack:
        if sabotaged:
            stack.enter_context(sabotage)
        yield
