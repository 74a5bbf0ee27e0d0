"""Identity checks: somebody shows a document on Stripe's own page, and what comes back is yes or no, with a day until which it holds.

Nothing of the document is asked for or kept here: no name, no number, no picture.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from kit import states
from kit.errors import Conflict
from payments import gateway, stripe_gateway
from payments.models import IdentityCheck
from payments.payout_accounts import unavailable
from payments.states import IDENTITY
from workers import identity as proofs

OPEN = ("started", "processing")
STATE_OF_STATUS = {"requires_input": "started", "processing": "processing", "verified": "verified", "canceled": "cancelled"}
TRIES = 10
"""Checks that one person may begin: each costs money, and somebody who fails so often writes to us."""


@dataclass(frozen=True, slots=True)
class Session:
    """A check as Stripe shows it now: its page while it is open, and why the last try failed."""

    id: str
    state: str
    url: str
    fault: str


def begin(*, user_id: uuid.UUID, return_url: str, now: dt.datetime) -> str:
    """The address of Stripe's page; a check that is open goes on there. Opens its own transactions.

    Raises Conflict for somebody whose identity holds for longer, or after too many checks; RailUnavailable.
    """
    with transaction.atomic(durable=True):
        check = _open_check(user_id, now)
    try:
        seen = _read(check.session_id) if check.session_id else _create(check, return_url, now)
    except gateway.GatewayError as error:
        raise unavailable() from error
    with transaction.atomic(durable=True):
        kept = _keep(check.pk, seen, now)
    if kept.state not in OPEN or not seen.url:
        raise Conflict(_("This check is over. Look at its outcome and begin another one if need be."))
    return seen.url


def _open_check(user_id: uuid.UUID, now: dt.datetime) -> IdentityCheck:
    proofs.lock(user_id)
    if not proofs.may_renew(user_id, now=now):
        raise Conflict(_("Your identity is confirmed; it can be renewed in its last 60 days."))
    mine = IdentityCheck.objects.filter(user_id=user_id)
    found = mine.filter(state__in=OPEN).order_by("-created_at").first()
    if found is None and mine.count() >= TRIES:
        raise Conflict(_("You have begun ten checks. Write to us, and a person helps."))
    return found or IdentityCheck.objects.create(user_id=user_id, created_at=now)


def read_again(*, session_id: str, now: dt.datetime) -> IdentityCheck | None:
    """Ask Stripe how a check stands and keep it; None for one that is not ours. Opens its own transaction, raises GatewayError."""
    check = IdentityCheck.objects.filter(session_id=session_id).first()
    if check is None or check.state not in OPEN:
        return check
    seen = _read(session_id)
    with transaction.atomic(durable=True):
        return _keep(check.pk, seen, now)


def read_waiting(*, now: dt.datetime, limit: int = 100) -> int:
    """Read the open checks of the last two days again, should an event have been lost; returns how many were read."""
    since = now - dt.timedelta(days=2)
    waiting = IdentityCheck.objects.filter(state__in=OPEN, session_id__isnull=False, created_at__gt=since).order_by("read_at")
    ids = list(waiting.values_list("session_id", flat=True)[:limit])
    for session_id in ids:
        read_again(session_id=str(session_id), now=now)
    return len(ids)


def latest(user_id: uuid.UUID) -> IdentityCheck | None:
    """The last check that somebody began."""
    return IdentityCheck.objects.filter(user_id=user_id).order_by("-created_at").first()


def _keep(check_id: uuid.UUID, seen: Session, now: dt.datetime) -> IdentityCheck:
    """What is over stays as it is: an old event that comes late changes nothing."""
    check = IdentityCheck.objects.select_for_update().get(pk=check_id)
    check.session_id, check.read_at, check.fault = seen.id, now, seen.fault[:80]
    check.save(update_fields=["session_id", "read_at", "fault"])
    if check.state not in OPEN or seen.state == check.state:
        return check
    over = seen.state not in OPEN
    states.move(check, chart=IDENTITY, to=seen.state, actor_id=None, now=now, reason=check.fault[:40], ended_at=now if over else None)
    if check.state == "verified":
        proofs.confirmed(user_id=check.user_id, now=now)
    return check


def _create(check: IdentityCheck, return_url: str, now: dt.datetime) -> Session:
    """A key lasts for a minute: a click that is sent twice makes one session, and a refusal is not repeated for a day."""
    with stripe_gateway.named_failures():
        made = stripe_gateway.client().v1.identity.verification_sessions.create(
            {
                "type": "document", "client_reference_id": str(check.pk), "metadata": {"check_id": str(check.pk)},
                "options": {"document": {"require_matching_selfie": True, "require_live_capture": True}}, "return_url": return_url,
            },
            {"idempotency_key": f"identity-{check.pk}-{now:%Y%m%d%H%M}"},
        )  # fmt: skip
    return _session(made.id, str(made.status), made.url, made.last_error)


def _read(session_id: str | None) -> Session:
    with stripe_gateway.named_failures():
        found = stripe_gateway.client().v1.identity.verification_sessions.retrieve(str(session_id))
    return _session(found.id, str(found.status), found.url, found.last_error)


def _session(ident: str, status: str, url: str | None, error: object) -> Session:
    return Session(ident, STATE_OF_STATUS.get(status, "started"), url or "", str(getattr(error, "code", "") or ""))
