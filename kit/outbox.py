"""What happened is written beside what it changed and told to others later, at least once, in runners."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string

from kit import due
from kit.models import OutboxEvent

logger = logging.getLogger(__name__)

INSERT_EVENT = "INSERT INTO kit_outboxevent (name, payload) VALUES (%s, %s)"
"""For the hot paths, which write plain SQL: name, payload as JSON."""

TOLD = """
told AS (
  INSERT INTO kit_outboxevent (name, payload) SELECT %(event)s, %(event_payload)s::jsonb FROM {source}
)
"""
"""The same as a part of a larger statement: an event for each row of `source`."""

PATIENCE = (1, 5, 30, 120, 600, 3600)
"""Seconds until the next try after the first, second, ... failure; the last one repeats."""

Reactions = Mapping[str, Sequence[str]]


class OutsideTransaction(RuntimeError):
    """An event was told of something that might still not come true."""


def emit(name: str, **payload: Any) -> None:
    """Write an event; its payload holds ids and plain values only. Needs an open transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransaction(f"{name} was emitted outside a transaction")
    OutboxEvent.objects.create(name=name, payload=payload)


def deliver_due(*, reactions: Reactions, now: datetime, limit: int = 200) -> int:
    """Deliver up to `limit` due events, each in its own transaction; returns how many were taken."""
    taken = 0
    while taken < limit and _deliver_one(reactions=reactions, now=now):
        taken += 1
    return taken


def _deliver_one(*, reactions: Reactions, now: datetime) -> bool:
    """Take the oldest due event and call its handlers; a handler that fails is tried again alone."""
    with transaction.atomic():
        waiting = OutboxEvent.objects.filter(delivered_at__isnull=True, due_at__lte=now).order_by("due_at")
        event = next(iter(due.take(waiting, limit=1)), None)
        if event is None:
            return False
        failures = [error for path in reactions.get(event.name, ()) if (error := _call(path, event))]
        event.attempts += 1
        if failures:
            wait = PATIENCE[min(event.attempts, len(PATIENCE)) - 1]
            event.due_at = now + timedelta(seconds=wait)
            event.last_error = "\n".join(failures)[:2000]
        else:
            event.delivered_at = now
        event.save(update_fields=["attempts", "due_at", "last_error", "delivered_at", "done"])
    return True


def _call(path: str, event: OutboxEvent) -> str:
    """Run one handler inside a savepoint; returns what went wrong, or nothing."""
    if path in event.done:
        return ""
    handler: Callable[..., None] = import_string(path)
    try:
        with transaction.atomic():
            handler(**event.payload)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is kept, logged and tried again
        logger.exception("handler failed", extra={"event": event.name, "handler": path})
        return f"{path}: {type(error).__name__}: {error}"
    event.done = [*event.done, path]
    return ""


def prune(*, before: datetime) -> int:
    """Forget delivered events older than `before`; returns how many."""
    return OutboxEvent.objects.filter(delivered_at__lt=before).delete()[0]
