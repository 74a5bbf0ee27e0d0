"""Cursor paging over an indexed order: constant cost at any depth, stable while rows come and go."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from kit.errors import Invalid

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """A slice of a list and the cursors to its neighbours (None at the ends)."""

    rows: list[Row]
    next: str | None
    previous: str | None


def page(rows: models.QuerySet[Row], *, order: str, cursor: str | None, size: int = 50) -> Page[Row]:
    """One page of `rows` by the column `order` (`-name` for descending) and the primary key.

    Raises Invalid on a cursor that this function did not make.
    """
    column, descending = order.lstrip("-"), order.startswith("-")
    place = _decode(cursor) if cursor else None
    backwards = bool(place and place["back"])
    down = descending != backwards
    found = rows.order_by(f"{'-' if down else ''}{column}", f"{'-' if down else ''}pk")
    if place:
        found = found.filter(_beyond(column, place, down=down))
    taken = list(found[: size + 1])
    more, taken = len(taken) > size, taken[:size]
    if backwards:
        taken.reverse()
    has_next, has_previous = (bool(place), more) if backwards else (more, bool(place))
    return Page(
        rows=taken,
        next=_encode(taken[-1], column, back=False) if taken and has_next else None,
        previous=_encode(taken[0], column, back=True) if taken and has_previous else None,
    )


def _beyond(column: str, place: dict[str, Any], *, down: bool) -> models.Q:
    side = "lt" if down else "gt"
    return models.Q(**{f"{column}__{side}": place["at"]}) | models.Q(
        **{column: place["at"], f"pk__{side}": place["pk"]}
    )


def _encode(row: models.Model, column: str, *, back: bool) -> str:
    at: Any = row
    for part in column.split("__"):
        at = getattr(at, part)
    raw = json.dumps({"at": at, "pk": row.pk, "back": back}, default=_plain)
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _plain(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _decode(cursor: str) -> dict[str, Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        place = json.loads(raw)
        at, back = place["at"], bool(place["back"])
        if isinstance(at, str) and "T" in at and (moment := parse_datetime(at)):
            at = moment
        if isinstance(at, dict | list) or not isinstance(place["pk"], str | int):
            raise ValueError("not a cursor of ours")
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Invalid(_("This page address is not valid. Start again from the first page."), field="cursor") from None
    return {"at": at, "pk": place["pk"], "back": back}
