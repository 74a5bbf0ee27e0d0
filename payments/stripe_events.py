"""What to do about an event: read its object again from Stripe and keep that, so that order and repetition do not matter."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import transaction
from django.db.models import F

from kit import due
from kit.money import Money
from payments import (
    bank_payouts,
    chargebacks,
    funding,
    gateway,
    identity,
    mismatches,
    payout_accounts,
    payout_runs,
    rails,
    refunds,
    stripe_gateway,
    webhooks,
)
from payments.models import Payout, PayoutAccount, PayoutRun, StripeEvent

logger = logging.getLogger(__name__)

CLAIMED = dt.timedelta(seconds=120)
PATIENCE = (2, 10, 60, 600, 3600)
LOOK_BACK = dt.timedelta(days=3)
OVERLAP = dt.timedelta(hours=1)
LOOKED_UNTIL = "payments.events_looked_until"
"""Where the cache keeps how far the last look came; without it the look goes all the way back."""

Reader = Callable[[StripeEvent, dt.datetime], None]


def take_due(*, now: dt.datetime, limit: int) -> list[str]:
    """Events to apply, taken for a while by this runner."""
    with transaction.atomic(durable=True):
        waiting = StripeEvent.objects.filter(applied_at__isnull=True, due_at__lte=now).order_by("due_at")
        ids = [event.pk for event in due.take(waiting, limit=limit)]
        StripeEvent.objects.filter(pk__in=ids).update(due_at=now + CLAIMED, tries=F("tries") + 1)
    return ids


def apply(*, event_id: str, now: dt.datetime) -> bool:
    """Apply one event; False when Stripe could not be asked, and it waits for another try. Opens its own transactions."""
    event = StripeEvent.objects.get(pk=event_id)
    if event.applied_at is not None:
        return True
    try:
        reader_of(event.type)(event, now)
    except gateway.GatewayError as error:
        wait = PATIENCE[min(event.tries, len(PATIENCE)) - 1]
        StripeEvent.objects.filter(pk=event_id).update(due_at=now + dt.timedelta(seconds=wait), fault=str(error))
        return False
    StripeEvent.objects.filter(pk=event_id).update(applied_at=now, fault="")
    return True


def _checkout(event: StripeEvent, now: dt.datetime) -> None:
    funding.read_again(checkout_id=event.object_id, now=now)


def _refund(event: StripeEvent, now: dt.datetime) -> None:
    refunds.read_again(refund_id=event.object_id, now=now)


def _chargeback(event: StripeEvent, now: dt.datetime) -> None:
    chargebacks.read_again(dispute_id=event.object_id, now=now)


def _bank_payout(event: StripeEvent, now: dt.datetime) -> None:
    bank_payouts.read_again(rail_account=event.account, bank_payout_id=event.object_id, now=now)


def _account(event: StripeEvent, now: dt.datetime) -> None:
    for account in PayoutAccount.objects.filter(rail_account=event.object_id):
        payout_accounts.read_again(account_id=account.pk, now=now)


def _details_changed(event: StripeEvent, now: dt.datetime) -> None:
    with transaction.atomic(durable=True):
        payout_accounts.note_change_of_details(rail_account=event.account, happened_at=event.happened_at)


def _balance_available(event: StripeEvent, now: dt.datetime) -> None:
    resume_paused(now=now)


def _needs_person(event: StripeEvent, now: dt.datetime) -> None:
    """Money moved at Stripe in a way that no software of ours handles: named, so that finance handles it."""
    with transaction.atomic(durable=True):
        mismatches.name(kind="event_needs_person", subject=f"{event.type} {event.object_id}", now=now)


def _identity(event: StripeEvent, now: dt.datetime) -> None:
    identity.read_again(session_id=event.object_id, now=now)


def _nothing(event: StripeEvent, now: dt.datetime) -> None:
    """An event that changes nothing here."""


READERS: tuple[tuple[str, Reader], ...] = (
    ("checkout.session.", _checkout),
    ("invoice.", _checkout),
    ("payout.", _bank_payout),
    ("v2.core.account", _account),
    ("account.external_account.", _details_changed),
    ("balance.available", _balance_available),
    ("charge.dispute.", _chargeback),
    ("charge.refunded", _nothing),
    ("refund.", _refund),
    ("identity.verification_session.", _identity),
    ("transfer.reversed", _needs_person),
    ("topup.", _needs_person),
)
"""By the beginning of the type; the first that fits."""


def reader_of(kind: str) -> Reader:
    return next((reader for prefix, reader in READERS if kind.startswith(prefix)), _nothing)


def resume_paused(*, now: dt.datetime) -> int:
    """Go on with runs that wait for money, as soon as the balance covers the smallest payout of each currency that they send."""
    resumed = 0
    for run in PayoutRun.objects.filter(state="paused", paused_for="balance_short"):
        if all(rails.of("stripe").available(least.currency) >= least for least in _smallest(run)):
            with transaction.atomic(durable=True):
                payout_runs.resume(run_id=run.pk, actor_id=None, now=now)
            resumed += 1
    return resumed


def _smallest(run: PayoutRun) -> list[Money]:
    """The smallest payout that waits in a run, in each currency that it sends."""
    waiting = Payout.objects.filter(run=run, state__in=("approved", "sending")).order_by("exchanged_into", "amount_units")
    return [payout.sends for payout in waiting.distinct("exchanged_into")]


def backfill(*, now: dt.datetime) -> int:
    """Store events that Stripe lists and that never reached us; returns how many. Raises GatewayError.

    Begins where the last look ended, whatever has come in since: an event that came says nothing of one before it.
    """
    stored = 0
    until = cache.get(LOOKED_UNTIL)
    # A moment that is still to come was written by a clock that went wrong.
    since = max(now - LOOK_BACK, until - OVERLAP) if until and until <= now else now - LOOK_BACK
    for endpoint, listed in (("platform", stripe_gateway.events), ("thin", stripe_gateway.thin_events)):
        seen = {event.id: event for event in listed(since=since)}
        known = set(StripeEvent.objects.filter(pk__in=list(seen)).values_list("pk", flat=True))
        for event in seen.values():
            if event.id not in known:
                facts = {
                    "id": event.id, "type": event.type, "account": "", "object_id": event.object_id,
                    "happened_at": event.created_at,
                }  # fmt: skip
                webhooks.store(facts, endpoint=endpoint, body=event.body, now=now)
                stored += 1
    cache.set(LOOKED_UNTIL, now, LOOK_BACK.total_seconds())
    return stored


def look_through_all_again() -> None:
    """The next look for lost events goes all the way back."""
    cache.delete(LOOKED_UNTIL)
