"""Work queues of ops: each room declares its own; whoever takes an item claims it for a while, and may hand it over."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound, Text
from workers import notices, queries
from workers.models import Claim, OpsRole, User

CLAIMED_FOR = timedelta(hours=2)
"""A claim that nobody renews ends by itself, so that an item never waits for somebody who went home."""
LOOKED_AT = 200
LONGEST_NOTE = 500

QUEUES: dict[str, WorkQueue] = {}
"""Every queue by its key, in the order in which the rooms declared them."""

notices.declare(
    "queue.handed_over", _("%(by)s handed something over to you: %(what)s. %(note)s"), url_name="workers:ops_queue",
    url_params=("queue",), mail=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits: what, what to know about it, where it is dealt with, and until or since when."""

    id: uuid.UUID
    title: str
    note: str
    url: str
    until: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A queue: its name, what to say when it is empty, who may work in it, its clock in words, and what waits now.

    `waiting` gives at most so many items, the most urgent first; `count` may stop counting at a bound of its own.
    """

    key: str
    title: Text
    about: Text
    none: Text
    roles: tuple[str, ...]
    waiting: Callable[[int], Iterable[Item]]
    count: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Row:
    """An item with whoever is at it."""

    item: Item
    claim: Claim | None
    mine: bool


class Taken(Conflict):
    """Somebody else is at this item."""

    code = "claimed"


def declare(queue: WorkQueue) -> None:
    """Make a queue known; done once, when its room is loaded."""
    QUEUES[queue.key] = queue


def find(key: str) -> WorkQueue:
    """Raises NotFound."""
    if key not in QUEUES:
        raise NotFound(_("There is no such queue."))
    return QUEUES[key]


def open_to(roles: Iterable[str]) -> list[WorkQueue]:
    """The queues that somebody with these ops roles may work in."""
    held = set(roles)
    return [queue for queue in QUEUES.values() if held & {*queue.roles, OpsRole.ADMIN}]


def rows(queue: WorkQueue, *, by_id: uuid.UUID, now: datetime, limit: int = LOOKED_AT) -> list[Row]:
    """What waits, with live claims; one statement besides the queue's own."""
    items = list(queue.waiting(limit))
    held = Claim.objects.filter(queue=queue.key, item__in=[item.id for item in items], until__gt=now).select_related("by")
    claims = {claim.item: claim for claim in held}
    return [Row(item, claims.get(item.id), _is_of(claims.get(item.id), by_id)) for item in items]


def _is_of(claim: Claim | None, by_id: uuid.UUID) -> bool:
    return claim is not None and claim.by_id == by_id


def claim(*, queue: str, item: uuid.UUID, by_id: uuid.UUID, now: datetime) -> Claim:
    """Take an item, or go on holding it. Raises Taken while somebody else is at it, NotFound when it does not wait."""
    _check_waits(find(queue), item)
    return _hold(queue, item, by_id, now)


def _check_waits(queue: WorkQueue, item: uuid.UUID) -> None:
    if all(one.id != item for one in queue.waiting(LOOKED_AT)):
        raise NotFound(_("This does not wait any more."))


def _hold(queue: str, item: uuid.UUID, by_id: uuid.UUID, now: datetime) -> Claim:
    rows = Claim.objects.filter(queue=queue, item=item)
    if not rows.filter(Q(by_id=by_id) | Q(until__lte=now)).update(by_id=by_id, at=now, until=now + CLAIMED_FOR):
        try:
            with transaction.atomic():
                Claim.objects.create(queue=queue, item=item, by_id=by_id, at=now, until=now + CLAIMED_FOR)
        except IntegrityError:
            held = rows.select_related("by").first()
            raise Taken(_("%(name)s is at this right now.") % {"name": held.by.name if held else _("Somebody else")}) from None
    return rows.select_related("by").get()


def take_next(*, queue: WorkQueue, by_id: uuid.UUID, now: datetime) -> Item | None:
    """What one already holds, else the most urgent item that nobody holds, claimed; None when there is none."""
    found = rows(queue, by_id=by_id, now=now)
    for row in [row for row in found if row.mine] + [row for row in found if row.claim is None]:
        try:
            _hold(queue.key, row.item.id, by_id, now)
        except Taken:
            continue
        return row.item
    return None


def require(*, queue: str, item: uuid.UUID, by_id: uuid.UUID, now: datetime, until: datetime | None = None) -> None:
    """Before somebody acts on an item: it is theirs, or becomes it, `until` then where that is not the usual time. Raises Taken."""
    held = _hold(queue, item, by_id, now)
    if until is not None:
        Claim.objects.filter(pk=held.pk).update(until=until)


def is_held(*, queue: str, item: uuid.UUID, by_id: uuid.UUID, now: datetime) -> bool:
    """Whether this person is at the item right now."""
    return Claim.objects.filter(queue=queue, item=item, by_id=by_id, until__gt=now).exists()


def release(*, queue: str, item: uuid.UUID, by_id: uuid.UUID) -> None:
    """Let go of one's own claim; anything else changes nothing."""
    Claim.objects.filter(queue=queue, item=item, by_id=by_id).delete()


def done(*, queue: str, item: uuid.UUID) -> None:
    """An item is dealt with: nobody holds it any more."""
    Claim.objects.filter(queue=queue, item=item).delete()


def hand_over(*, queue: str, item: uuid.UUID, by_id: uuid.UUID, to_email: str, note: str, now: datetime) -> Claim:
    """Give an item to somebody else of ops with a word about it; they are told. Raises Invalid, NotFound, Taken."""
    found, to = find(queue), User.objects.filter(email=to_email.strip().lower()).first()
    if to is None or not queries.ops_roles(to.pk) & {*found.roles, OpsRole.ADMIN} or to.pk == by_id:
        raise Invalid(_("Expected the address of somebody else who works in this queue."), field="to")
    if len(note) > LONGEST_NOTE:
        raise Invalid(_("Write at most 500 characters."), field="note")
    item_now = next((one for one in found.waiting(LOOKED_AT) if one.id == item), None)
    if item_now is None:
        raise NotFound(_("This does not wait any more."))
    held = _hold(queue, item, by_id, now)
    Claim.objects.filter(pk=held.pk).update(by=to, at=now, until=now + CLAIMED_FOR, note=note.strip())
    audit.record(subject=held, verb="claim.handed_over", actor_id=by_id, now=now, reason=queue)
    giver = User.objects.get(pk=by_id)
    notices.tell(to.pk, "queue.handed_over", queue=queue, by=giver.name, what=item_now.title, note=note.strip())
    return Claim.objects.select_related("by").get(pk=held.pk)


def colleagues(queue: WorkQueue, *, but: uuid.UUID) -> Sequence[User]:
    """Who else works in a queue, by name."""
    roles = OpsRole.objects.filter(role__in=[*queue.roles, OpsRole.ADMIN]).exclude(user_id=but)
    return list(User.objects.filter(pk__in=roles.values("user_id")).order_by("name")[:100])
