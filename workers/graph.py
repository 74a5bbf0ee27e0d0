"""The account graph: who was seen with the same device, network, document or payout account as somebody else, and why that says
little by itself. Traits are kept as keyed hashes; a neighbour is a reason to look, never a reason to act."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workers import people
from workers.models import Sighting

DEVICE, DOCUMENT, NETWORK, PAYOUT, LINK, LIKE = "device", "document", "network", "payout", "link", "like"
CROWDED = {DEVICE: 10, DOCUMENT: 10, NETWORK: 20, PAYOUT: 10}
"""A trait that more people than this share says nothing about any two of them: a hall of residence, a phone network."""
KEPT_FOR = timedelta(days=365)
MOST = 40
STRONG = (DOCUMENT, PAYOUT)
"""Traits that two people seldom share by chance: the duplicate check opens a case for them."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Why two people are neighbours: the kind of reason, words for it, and how telling it is (3 very, 1 little)."""

    a: uuid.UUID
    b: uuid.UUID
    kind: str
    words: str
    weight: int


More = Callable[[uuid.UUID], Iterable[Edge]]
MORE: list[More] = []
"""Edges that rooms above find in what they know; each is given a person."""

WEIGHT = {LINK: 3, DOCUMENT: 3, PAYOUT: 3, LIKE: 2, DEVICE: 2, NETWORK: 1}


def declare(more: More) -> None:
    """Add a room's edges; once, when it is loaded."""
    MORE.append(more)


def trait_of(kind: str, value: str) -> str:
    """What is kept of a trait: a hash under the installation's own key, so that nobody reads addresses out of it."""
    return hmac.new(settings.SECRET_KEY.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def network_of(address: str) -> str:
    """The part of an address that belongs to one connection: all of IPv4, the first half of IPv6; empty for what is no address or
    none of the open network's."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.is_private or found.is_loopback:
        return ""
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def saw(*, user_id: uuid.UUID, kind: str, value: str, now: datetime) -> None:
    """Note that somebody was seen with a trait; nothing for an empty one. One statement."""
    if not value:
        return
    Sighting.objects.bulk_create(
        [Sighting(user_id=user_id, kind=kind, trait=trait_of(kind, value), first_at=now, last_at=now)],
        update_conflicts=True, unique_fields=["user", "kind", "trait"], update_fields=["last_at"],
    )  # fmt: skip


def forget(*, now: datetime, limit: int = 5_000) -> int:
    """Traits that nobody was seen with for a year are forgotten, but for documents and payout accounts; returns how many."""
    old = Sighting.objects.filter(kind__in=[DEVICE, NETWORK], last_at__lt=now - KEPT_FOR).values("pk")[:limit]
    return Sighting.objects.filter(pk__in=old).delete()[0]


SHARED = """
SELECT theirs.user_id, mine.kind, theirs.last_at, crowd.n
FROM workers_sighting mine
JOIN LATERAL (
    SELECT count(*) AS n FROM (
        SELECT 1 FROM workers_sighting s WHERE s.kind = mine.kind AND s.trait = mine.trait LIMIT %(look)s
    ) AS few
) AS crowd ON true
JOIN workers_sighting theirs ON theirs.kind = mine.kind AND theirs.trait = mine.trait AND theirs.user_id <> mine.user_id
WHERE mine.user_id = %(who)s AND crowd.n <= (%(most)s::jsonb ->> mine.kind)::int
ORDER BY theirs.user_id, mine.kind LIMIT 500
"""


def neighbours(person_id: uuid.UUID) -> list[Edge]:
    """Everybody who shares something with this person, each reason an edge, the most telling first."""
    found = {(edge.b, edge.kind): edge for edge in [*_shared(person_id), *_linked(person_id)]}
    for more in MORE:
        found |= {(edge.b, edge.kind): edge for edge in more(person_id)}
    return sorted(found.values(), key=lambda edge: (-edge.weight, str(edge.b), edge.kind))[:MOST]


def _shared(person_id: uuid.UUID) -> Iterable[Edge]:
    kinds = "{" + ", ".join(f'"{kind}": {most}' for kind, most in CROWDED.items()) + "}"
    with connection.cursor() as cursor:
        cursor.execute(SHARED, {"who": person_id, "look": max(CROWDED.values()) + 1, "most": kinds})
        rows = cursor.fetchall()
    names = dict(Sighting.KINDS)
    for other, kind, _last, crowd in rows:
        others = crowd - 2
        words = str(names[kind])
        if others > 0:
            words += " (" + ngettext("and %(n)d other has it too", "and %(n)d others have it too", others) % {"n": others} + ")"
        yield Edge(person_id, other, kind, words, WEIGHT[kind])


def _linked(person_id: uuid.UUID) -> Iterable[Edge]:
    for other in people.linked(person_id) - {person_id}:
        yield Edge(person_id, other, LINK, _("Known to be the same person"), WEIGHT[LINK])


def around(person_id: uuid.UUID) -> list[Edge]:
    """The neighbours of somebody, and what these share among each other: what the picture of a case shows."""
    first = neighbours(person_id)
    there = {edge.b for edge in first}
    seen = {frozenset((edge.a, edge.b)) | {edge.kind} for edge in first}
    for other in sorted(there, key=str)[:12]:
        for edge in _shared(other):
            pair = frozenset((edge.a, edge.b)) | {edge.kind}
            if edge.b in there and pair not in seen:
                seen.add(pair)
                first.append(edge)
    return first
