"""What happened is told at least once, and a handler that fails is tried again alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from kit import outbox
from kit.models import OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)

HEARD: list[tuple[str, Any]] = []
BROKEN: set[str] = set()
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def first(**payload: Any) -> None:
    HEARD.append(("first", payload))


def second(**payload: Any) -> None:
    if "second" in BROKEN:
        raise RuntimeError("not today")
    HEARD.append(("second", payload))


REACTIONS = {"bell.rang": (f"{__name__}.first", f"{__name__}.second")}


@pytest.fixture(autouse=True)
def silence() -> None:
    HEARD.clear()
    BROKEN.clear()


def test_an_event_reaches_every_handler_once() -> None:
    with transaction.atomic():
        outbox.emit("bell.rang", tower=3)
    assert outbox.deliver_due(reactions=REACTIONS, now=LATER) == 1
    assert outbox.deliver_due(reactions=REACTIONS, now=LATER) == 0
    assert HEARD == [("first", {"tower": 3}), ("second", {"tower": 3})]


def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(outbox.OutsideTransaction):
        outbox.emit("bell.rang")
    assert OutboxEvent.objects.count() == 0


def test_what_was_rolled_back_is_never_told() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.emit("bell.rang")
        _ = 1 / 0
    assert outbox.deliver_due(reactions=REACTIONS, now=LATER) == 0


def test_only_the_handler_that_failed_is_called_again() -> None:
    BROKEN.add("second")
    with transaction.atomic():
        outbox.emit("bell.rang")
    now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    assert outbox.deliver_due(reactions=REACTIONS, now=now) == 1
    event = OutboxEvent.objects.get()
    assert event.delivered_at is None
    assert "not today" in event.last_error
    assert event.due_at > now, "it waits before the next try"
    BROKEN.clear()
    assert outbox.deliver_due(reactions=REACTIONS, now=event.due_at) == 1
    assert [name for name, _payload in HEARD] == ["first", "second"]
    assert OutboxEvent.objects.get().delivered_at is not None
