"""Lists: newest first, cursors by id, `created` ranges, equality filters."""

import json
from dataclasses import dataclass
from typing import Any

from stripe_double.errors import Failure, missing
from stripe_double.store import Books, Thing

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


def page(call: Call, kind: str, *, where: tuple[str, ...] = (), filters: dict[str, Any] | None = None) -> Thing:
    """A v1 list. `where` names parameters that are fields of the object; `filters` are SQL conditions with one `?`."""
    params = call.params
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise Failure("Limit must be between 1 and 100.", code="parameter_invalid_integer", param="limit")
    asked = {f"body ->> '{name}' = ?": params[name] for name in where if name in params}
    clauses, values = _clauses(call, kind, asked | (filters or {}))
    backwards = "ending_before" in params
    cursor = params.get("ending_before") or params.get("starting_after")
    if cursor:
        clauses.append("seq > ?" if backwards else "seq < ?")
        values.append(_position(call, kind, cursor, "ending_before" if backwards else "starting_after"))
    rows = _rows(call.books, clauses, values, "ASC" if backwards else "DESC", limit + 1)
    shown = rows[:limit][::-1] if backwards else rows[:limit]
    return {"object": "list", "url": call.path, "has_more": len(rows) > limit, "data": shown}


def page_v2(call: Call, kind: str, filters: dict[str, Any]) -> Thing:
    """A v2 list, its cursor inside the address of the next page."""
    limit = call.params.get("limit", 10)
    clauses, values = _clauses(call, kind, filters)
    if "page" in call.params:
        clauses.append("seq < ?")
        values.append(_position(call, kind, call.params["page"], "page"))
    rows = _rows(call.books, clauses, values, "DESC", limit + 1)
    more = f"{call.path}?limit={limit}&page={rows[limit - 1]['id']}" if len(rows) > limit else None
    return {"data": rows[:limit], "next_page_url": more, "previous_page_url": None}


def _clauses(call: Call, kind: str, filters: dict[str, Any]) -> tuple[list[str], list[Any]]:
    clauses, values = ["kind = ?", "account = ?"], [kind, call.account]
    clauses.extend(filters)
    values.extend(filters.values())
    created = call.params.get("created")
    for bound, moment in (
        created if isinstance(created, dict) else {"": created} if created is not None else {}
    ).items():
        clauses.append(f"created {BOUNDS.get(bound, '=')} ?")
        values.append(moment)
    return clauses, values


def _position(call: Call, kind: str, ident: str, param: str) -> int:
    row = call.books.db.execute("SELECT seq FROM object WHERE id = ? AND kind = ?", (ident, kind)).fetchone()
    if row is None:
        raise missing(kind, ident, param=param, status=400)
    return int(row[0])


def _rows(books: Books, clauses: list[str], values: list[Any], order: str, limit: int) -> list[Thing]:
    query = f"SELECT body FROM object WHERE {' AND '.join(clauses)} ORDER BY seq {order} LIMIT ?"
    return [json.loads(body) for (body,) in books.db.execute(query, (*values, limit))]
