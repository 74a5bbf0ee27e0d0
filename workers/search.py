"""Finding a person by anything that somebody of ops may have in hand; rooms above add what only they know."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from workers.countries import COUNTRIES
from workers.models import OpsRole, User

Finder = Callable[[str], Iterable[uuid.UUID]]
MOST = 50


@dataclass(frozen=True, slots=True)
class Way:
    """One more way to find people: the ops roles that may use it (none: all), and from words to ids of people."""

    roles: tuple[str, ...]
    find: Finder


WAYS: list[Way] = []


def declare(find: Finder, *, roles: tuple[str, ...] = ()) -> None:
    """Add a way; done once, when its room is loaded. It gets stripped words and answers nothing at once to those not its own."""
    WAYS.append(Way(roles, find))


def people(words: str, *, roles: Iterable[str] = ()) -> QuerySet[User]:
    """People by the beginning of a name or address, by id, by country, or by whatever the rooms declared for viewers with
    these ops roles; everybody without words. Every way is indexed."""
    rows = User.objects.select_related("worker")
    words = words.replace("\x00", "").strip()[:120]
    if not words:
        return rows
    low, held = words.lower(), set(roles)
    fits = Q(lower_name__startswith=low) | Q(email__startswith=low)
    ids = {one for way in WAYS if not way.roles or held & {*way.roles, OpsRole.ADMIN} for one in list(way.find(words))[:MOST]}
    if (own := read_id(words)) is not None:
        ids.add(own)
    if ids:
        fits |= Q(pk__in=ids)
    if country := _country(low):
        fits |= Q(worker__country=country)
    return rows.alias(lower_name=Lower("name")).filter(fits)


def read_id(words: str) -> uuid.UUID | None:
    """An id as it stands in an address or a file, or None."""
    try:
        return uuid.UUID(words)
    except ValueError:
        return None


def _country(low: str) -> str:
    """The code of a country that is named in full, or as `country:de`."""
    if low.startswith("country:"):
        code = low.removeprefix("country:").strip().upper()
        return code if code in COUNTRIES else ""
    return next((code for code, name in COUNTRIES.items() if str(name).lower() == low), "")
