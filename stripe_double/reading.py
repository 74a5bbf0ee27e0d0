"""What many kinds have in common: retrieve by id, change of metadata; and the lists of events."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from stripe_double import events
from stripe_double.errors import Failure
from stripe_double.listing import BOUNDS, Call, page, page_v2
from stripe_double.store import Books, Thing

Endpoint = Callable[[Call], Thing]


def one(kind: str) -> Endpoint:
    """The endpoint that gives one object of a kind."""
    return lambda call: call.books.need(kind, call.id, account=call.account)


def relabel(kind: str, event: str = "") -> Endpoint:
    """The endpoint that changes metadata and description, and says so by `event`."""

    def endpoint(call: Call) -> Thing:
        thing = call.books.need(kind, call.id, account=call.account)
        others = call.params.keys() - {"metadata", "description"}
        if others:
            raise Failure(f"The double does not play a change of {', '.join(sorted(others))}.", param=min(others))
        if "metadata" in call.params:
            changed = {**(thing["metadata"] or {}), **call.params["metadata"]} if call.params["metadata"] else {}
            thing["metadata"] = {key: value for key, value in changed.items() if value != ""}
        if "description" in call.params:
            thing["description"] = call.params["description"]
        call.books.save(thing)
        if event:
            events.emit(call.books, event, thing, account=call.account)
        return thing

    return endpoint


def retrieve_event(call: Call) -> Thing:
    """Events can be read for 30 days."""
    event = call.books.need("event", call.id, account=call.account)
    _need_young(call.books, event["created"])
    return event


def list_events(call: Call) -> Thing:
    also = _young_and_of_types(call)
    if "type" in call.params:  # may hold a star
        also["body ->> 'type' GLOB ?"] = call.params["type"]
    return page(call, "event", handled=("type", "types"), also=also)


def retrieve_thin(call: Call) -> Thing:
    event = call.books.need("v2.core.event", call.id)
    _need_young(call.books, _seconds(event["created"]))
    return event


def list_thin(call: Call) -> Thing:
    also = _young_and_of_types(call)
    for bound, moment in call.params.get("created", {}).items():
        also[f"created {BOUNDS[bound]} ?"] = _seconds(moment)
    if "object_id" in call.params:
        also["body ->> '$.related_object.id' = ?"] = call.params["object_id"]
    return page_v2(call, "v2.core.event", also)


def _young_and_of_types(call: Call) -> dict[str, Any]:
    conditions: dict[str, Any] = {"created > ?": call.books.now - events.KEPT_SECONDS}
    if "types" in call.params:
        conditions["body ->> 'type' IN (SELECT value FROM json_each(?))"] = json.dumps(call.params["types"])
    return conditions


def _seconds(moment: str) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except ValueError as error:
        raise Failure(f"Invalid timestamp: {moment}", param="created") from error


def _need_young(books: Books, created: int) -> None:
    if created <= books.now - events.KEPT_SECONDS:
        raise Failure("Events can be read for 30 days.", code="resource_missing", status=404)
