"""Do not pair: two workers who never answer the same task nor judge each other's work, set by ops, asked for by workers."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from marketplace.models import Apart, ApartWish, Ready
from marketplace.models.apart import Why
from workers import notices
from workers.models import WorkerProfile

MOST = 20
"""People whom one worker is kept apart from, and wishes of one worker that wait."""
NAMED_MOST = 200

notices.declare("apart.set", _("As you asked, you and the person you named are kept apart."), url_name="market:apart")
notices.declare("apart.declined", _("Your wish to be kept apart from somebody was not granted."), url_name="market:apart")


class TooMany(Conflict):
    """So many people are kept apart from this one already."""

    code = "too_many_apart"


def of(worker_id: uuid.UUID) -> list[uuid.UUID]:
    """Everybody whom this worker is kept apart from; one statement."""
    rows = in_force().filter(Q(one_id=worker_id) | Q(other_id=worker_id)).values_list("one_id", "other_id")
    return sorted(other if one == worker_id else one for one, other in rows)


def in_force() -> QuerySet[Apart]:
    return Apart.objects.filter(ended_at__isnull=True)


def keep(
    *, one_id: uuid.UUID, other_id: uuid.UUID, why: str, by_id: uuid.UUID, now: datetime, wish_id: uuid.UUID | None = None
) -> Apart:
    """Keep two workers apart from now on; saying it twice is saying it once. Needs an open transaction.

    What they hold already is theirs to finish. Raises Invalid for somebody who is no worker, TooMany, NotFound for a wish
    that is not of one of them or is closed.
    """
    low, high = sorted((one_id, other_id))
    if low == high:
        raise Invalid(_("Name two different people."), field="other")
    if why not in Why.values:
        raise Invalid(_("Choose why they are kept apart."), field="why")
    both = WorkerProfile.objects.select_for_update().filter(pk__in=[low, high]).order_by("pk").values_list("pk", flat=True)
    if len(both) != 2:
        raise Invalid(_("Both have to be workers."), field="other")
    pair = in_force().filter(one_id=low, other_id=high).first()
    if pair is None:
        if any(len(of(worker_id)) >= MOST for worker_id in (low, high)):
            raise TooMany(_("One person is kept apart from at most %(most)s others.") % {"most": MOST})
        pair = Apart.objects.create(one_id=low, other_id=high, why=why, set_by_id=by_id, set_at=now)
        audit.record(subject=pair, verb="apart.set", actor_id=by_id, now=now, reason=why)
        _make_ready_again(pair)
    if wish_id is not None:
        wish = _waiting(wish_id)
        if wish.worker_id not in (low, high):
            raise NotFound(_("There is no such wish."))
        _close(wish, "set", by_id, now, apart=pair)
    return pair


def end(*, apart_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> Apart:
    """They may meet again; ending it twice is ending it once. Raises NotFound."""
    pair = Apart.objects.select_for_update(of=("self",)).filter(pk=apart_id).first()
    if pair is None:
        raise NotFound(_("There is no such pair."))
    if pair.ended_at is None:
        pair.ended_at, pair.ended_by_id = now, by_id
        pair.save(update_fields=["ended_at", "ended_by"])
        audit.record(subject=pair, verb="apart.ended", actor_id=by_id, now=now)
        _make_ready_again(pair)
    return pair


def _make_ready_again(pair: Apart) -> None:
    """The ready row says to dispatch who is kept apart."""
    Ready.objects.filter(worker_id__in=[pair.one_id, pair.other_id], stale=False).update(stale=True)


# --- wishes -------------------------------------------------------------------------------------------------------------


def ask(*, worker_id: uuid.UUID, named: str, why: str, now: datetime) -> ApartWish:
    """A worker names somebody, by name or address, whom they should not be paired with; whether there is such a person is
    not told. Raises Invalid, TooMany. Needs an open transaction."""
    text = " ".join(named.split())
    if not 2 <= len(text) <= NAMED_MOST or "\x00" in text:
        raise Invalid(_("Say who it is, by name or e-mail address, in 2 to 200 characters."), field="named")
    if why not in Why.values:
        raise Invalid(_("Choose why."), field="why")
    WorkerProfile.objects.select_for_update().get(pk=worker_id)
    if ApartWish.objects.filter(worker_id=worker_id, closed_at__isnull=True).count() >= MOST:
        raise TooMany(_("You have %(most)s wishes of this kind waiting.") % {"most": MOST})
    return ApartWish.objects.create(worker_id=worker_id, named=text, why=why, asked_at=now)


def decline(*, wish_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> ApartWish:
    """Raises NotFound."""
    wish = _waiting(wish_id)
    _close(wish, "declined", by_id, now)
    return wish


def _waiting(wish_id: uuid.UUID) -> ApartWish:
    wish = ApartWish.objects.select_for_update().filter(pk=wish_id, closed_at__isnull=True).first()
    if wish is None:
        raise NotFound(_("There is no such wish."))
    return wish


def _close(wish: ApartWish, outcome: str, by_id: uuid.UUID, now: datetime, *, apart: Apart | None = None) -> None:
    wish.outcome, wish.closed_by_id, wish.closed_at, wish.apart = outcome, by_id, now, apart
    wish.save(update_fields=["outcome", "closed_by", "closed_at", "apart"])
    audit.record(subject=wish, verb=f"apart_wish.{outcome}", actor_id=by_id, now=now)
    notices.tell(wish.worker_id, f"apart.{outcome}")


def waiting() -> QuerySet[ApartWish]:
    """Wishes that wait for ops, the oldest first."""
    return ApartWish.objects.filter(closed_at__isnull=True).select_related("worker").order_by("asked_at", "id")


def wishes_of(worker_id: uuid.UUID) -> list[ApartWish]:
    """What a worker asked for and what became of it, the newest first."""
    return list(ApartWish.objects.filter(worker_id=worker_id).select_related("apart").order_by("-asked_at")[:50])


def by_address(text: str, *, field: str) -> uuid.UUID:
    """A worker by e-mail address; raises Invalid."""
    found = None if "\x00" in text else WorkerProfile.objects.filter(user__email__iexact=text.strip()).first()
    if found is None:
        raise Invalid(_("There is no worker with this address."), field=field)
    return found.user_id
