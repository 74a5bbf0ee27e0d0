"""Events: snapshots of v1 objects, thin notifications of v2 objects, and the deliveries they cause."""

import json
import random
import time

from stripe_double.clock import iso
from stripe_double.contract import api_version
from stripe_double.store import PLATFORM, Books, Thing, new_id

KEPT_SECONDS = 30 * 86_400  # events can be read for 30 days


def emit(books: Books, kind: str, thing: Thing, *, account: str = PLATFORM) -> None:
    """A snapshot event about `thing` as it is now. One of a connected account carries `account` and goes elsewhere."""
    event: Thing = {
        "id": new_id("evt"), "object": "event", "api_version": api_version(), "created": books.now,
        "data": {"object": thing}, "livemode": False, "pending_webhooks": 1, "request": books.request, "type": kind,
    }  # fmt: skip
    if account:
        event["account"] = account
    books.add(event, account=account)
    _send(books, event["id"], "connect" if account else "platform", event)


def emit_thin(books: Books, kind: str, *, about: Thing | None = None, data: Thing | None = None) -> None:
    """A thin event: the notification names the object, `fetch_event()` has the data."""
    request = books.request
    reason = {"type": "request", "request": request} if request["id"] and request["idempotency_key"] else None
    notification: Thing = {
        "id": new_id("evt_test"), "object": "v2.core.event", "type": kind, "created": iso(books.now),
        "livemode": False, "context": None, "reason": reason,
    }  # fmt: skip
    if about:
        notification["related_object"] = {
            "id": about["id"],
            "type": about["object"],
            "url": f"/v2/core/accounts/{about['id']}",
        }
    books.add({**notification, "changes": None, **({"data": data} if data else {})})
    _send(books, notification["id"], "thin", notification)


def _send(books: Books, event: str, endpoint: str, body: Thing) -> None:
    """Queue the deliveries, as the scripted mischief has it; its dice are thrown per event, whatever the threads do."""
    if not books.settings.webhook_url:
        return
    mischief = books.setting("webhook_faults", {})
    number = books.db.execute("SELECT seq FROM object WHERE id = ?", (event,)).fetchone()[0]
    dice = random.Random(f"{mischief.get('seed', 0)}/{number}")
    lost, doubled, late = (dice.random() < mischief.get(f"{name}_rate", 0) for name in ("lost", "doubled", "late"))
    for _ in range(2 if doubled else 1):
        wait = dice.uniform(0, mischief.get("shuffle_seconds", 0)) + (mischief.get("late_seconds", 2) if late else 0)
        books.db.execute(
            "INSERT INTO delivery (event, endpoint, body, due, state) VALUES (?, ?, ?, ?, ?)",
            (event, endpoint, json.dumps(body), time.time() + wait, "lost" if lost else "pending"),
        )
