"""Lists: newest first, cursors by id, `created` ranges, equality filters."""

import json
from dataclasses import dataclass
from typing import Any

from stripe_double.errors import Failure, missing, not_played
from stripe_double.forms import encode_form
from stripe_double.store import Books, Thing

PAGING = ("limit", "starting_after", "ending_before")
BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One checked request on its way to its endpoint. `account` is the connected account it acts for."""

    books: Books
    params: Thing
    ids: dict[str, str]
    account: str
    path: str

    @property
    def id(self) -> str:
        """The last id in the path: what the request is about."""
        return list(self.ids.values())[-1]


def page(
    call: Call,
    kind: str,
    *,
    where: tuple[str, ...] = (),
    handled: tuple[str, ...] = (),
    also: dict[str, Any] | None = None,
) -> Thing:
    """A v1 list. `where` names parameters that are fields of the object; `handled` are those the caller turned into
    `also`, SQL conditions with one `?` each. Raises Failure for any other filter: a list that ignored one would lie.
    """
    params, conditions = call.params, dict(also or {})
    for name, value in params.items():
        if name == "created" or name in where:
            conditions |= _conditions("created" if name == "created" else f"body ->> '{name}'", value)
        elif name not in (*PAGING, *handled):
            raise not_played(name)
    backwards = "ending_before" in params
    cursor = params.get("ending_before") or params.get("starting_after")
    if cursor:
        position = _position(call, kind, cursor, "ending_before" if backwards else "starting_after")
        conditions["seq > ?" if backwards else "seq < ?"] = position
    limit = _limit(call)
    rows = _rows(call, kind, conditions, "ASC" if backwards else "DESC", limit + 1)
    shown = rows[:limit][::-1] if backwards else rows[:limit]
    return {"object": "list", "url": call.path, "has_more": len(rows) > limit, "data": shown}


def page_v2(call: Call, kind: str, conditions: dict[str, Any]) -> Thing:
    """A v2 list; the address of the next page bears the cursor and every filter, as the SDK adds none of its own."""
    limit = _limit(call)
    if "page" in call.params:
        conditions["seq < ?"] = _position(call, kind, call.params["page"], "page")
    rows = _rows(call, kind, conditions, "DESC", limit + 1)
    again = {**call.params, "limit": limit, "page": rows[limit - 1]["id"]} if len(rows) > limit else None
    more = f"{call.path}?{encode_form(again)}" if again else None
    return {"data": rows[:limit], "next_page_url": more, "previous_page_url": None}


def _conditions(expression: str, value: Any) -> dict[str, Any]:
    """Equality, or the range that {gt, gte, lt, lte} says."""
    if isinstance(value, dict):
        return {f"{expression} {BOUNDS[bound]} ?": edge for bound, edge in value.items()}
    return {f"{expression} = ?": value}


def _limit(call: Call) -> int:
    limit = int(call.params.get("limit", 10))
    if not 1 <= limit <= 100:
        raise Failure("Limit must be between 1 and 100.", code="parameter_invalid_integer", param="limit")
    return limit


def _position(call: Call, kind: str, ident: str, param: str) -> int:
    row = call.books.db.execute("SELECT seq FROM object WHERE id = ? AND kind = ?", (ident, kind)).fetchone()
    if row is None:
        raise missing(kind, ident, param=param, status=400)
    return int(row[0])


def _rows(call: Call, kind: str, conditions: dict[str, Any], order: str, limit: int) -> list[Thing]:
    conditions = {"kind = ?": kind, "account = ?": call.account, **conditions}
    query = f"SELECT body FROM object WHERE {' AND '.join(conditions)} ORDER BY seq {order} LIMIT ?"
    return [json.loads(body) for (body,) in call.books.db.execute(query, (*conditions.values(), limit))]
