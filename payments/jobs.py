"""Money's background work: each job may run twice, at once, or after a crash, and finds by itself what there is to do."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from kit import outbox
from payments import (
    agency_fees,
    bank_payouts,
    bank_reports,
    funding,
    gateway,
    identity,
    invariants,
    merging,
    payout_accounts,
    payout_runs,
    payouts,
    reconciliation,
    refunds,
    sending,
    stripe_events,
    stripe_gateway,
)
from payments.models import Funding, Payout, PayoutAccount, PayoutRun

logger = logging.getLogger(__name__)

A_ROUND = 100
"""Requests that one round makes at most; rounds start every five seconds: 20 a second, which keeps below Stripe's limits."""


@contextmanager
def _rail_may_be_silent(job: str) -> Iterator[None]:
    """A rail that does not answer is no failure of the job: the next round asks again."""
    try:
        yield
    except gateway.GatewayError as error:
        logger.warning("the rail does not answer", extra={"job": job, "why": str(error)})


@shared_task
def send_payouts(**_: Any) -> None:
    """Open tries for approved payouts, call the rail for those due, close runs that are through."""
    sending.send_round(clock=timezone.now, limit=A_ROUND)


@shared_task
def apply_stripe_events(**_: Any) -> None:
    """Apply stored events, oldest first."""
    for event_id in stripe_events.take_due(now=timezone.now(), limit=A_ROUND):
        stripe_events.apply(event_id=event_id, now=timezone.now())


@shared_task
def plan_weekly_payouts(**_: Any) -> None:
    """Monday 00:00 UTC: one run per currency; up to the approval limit it goes by itself."""
    now = timezone.now()
    for currency in settings.PLATFORM_CURRENCIES:
        if PayoutRun.objects.filter(currency=currency, weekly=True, drafted_at__gt=now - dt.timedelta(days=1)).exists():
            continue
        with transaction.atomic(durable=True):
            run = payout_runs.plan(currency=currency, actor_id=None, now=now, weekly=True)
            if not run.payouts_planned:
                payout_runs.cancel(run_id=run.pk, actor_id=None, now=now)
            elif payout_runs.needs_second_person(run):
                outbox.emit("payout_run.waits", run_id=str(run.pk))
            else:
                payout_runs.approve(run_id=run.pk, actor_id=None, now=now)


@shared_task
def resume_payouts(**_: Any) -> None:
    """Go on with runs that waited for money."""
    with _rail_may_be_silent("resume_payouts"):
        stripe_events.resume_paused(now=timezone.now())


@shared_task
def send_refunds(**_: Any) -> None:
    """Send back what clients asked for, and look after what is in doubt."""
    refunds.send_due(now=timezone.now(), limit=A_ROUND)


@shared_task
def finish_checkouts(**_: Any) -> None:
    """Finish wishes to pay whose hosted page was never made, and read again pages that have been open for long."""
    now = timezone.now()
    lost = Funding.objects.filter(state="intended", created_at__lt=now - dt.timedelta(minutes=1))
    for funding_id in lost.order_by("created_at").values_list("pk", flat=True)[:A_ROUND]:
        _finish_checkout(funding_id, now)
    waiting = Funding.objects.filter(state__in=("open", "processing"), created_at__lt=now - dt.timedelta(minutes=15))
    for checkout_id in waiting.order_by("created_at").values_list("checkout_id", flat=True)[:A_ROUND]:
        with _rail_may_be_silent("finish_checkouts"):
            funding.read_again(checkout_id=checkout_id or "", now=now)


def _finish_checkout(funding_id: uuid.UUID, now: dt.datetime) -> None:
    """The same key makes the same page, within its day; after that the wish is given up."""
    wish = Funding.objects.get(pk=funding_id)
    if now - wish.created_at >= payouts.SAME_KEY:
        with transaction.atomic(durable=True):
            funding.give_up(funding_id=funding_id, now=now)
        return
    try:
        funding.open_checkout(funding_id=funding_id, now=now)
    except payout_accounts.RailUnavailable:
        logger.info("checkout waits", extra={"funding": str(funding_id)})


@shared_task
def read_payout_accounts(**_: Any) -> None:
    """Read accounts again that are being started or are restricted: news of them may have been lost."""
    now = timezone.now()
    waiting = PayoutAccount.objects.filter(
        rail="stripe", state__in=("started", "restricted"), rail_account__isnull=False, created_at__gt=now - dt.timedelta(days=30)
    ).exclude(read_at__gt=now - dt.timedelta(minutes=10))
    for account_id in waiting.order_by("read_at").values_list("pk", flat=True)[:A_ROUND]:
        with _rail_may_be_silent("read_payout_accounts"):
            payout_accounts.read_again(account_id=account_id, now=now)


@shared_task
def read_bank_payouts(**_: Any) -> None:
    """Read the bank payouts of workers whose transfer has not arrived, or arrived so lately that it may still come back."""
    now = timezone.now()
    late = Payout.objects.filter(state__in=("sent", "failed"), sent_at__lt=now - dt.timedelta(hours=1))
    recent = Payout.objects.filter(state="paid", paid_at__gt=now - dt.timedelta(days=8))
    accounts = PayoutAccount.objects.filter(rail="stripe", payouts__in=late.union(recent).values("pk")).distinct()
    for account in accounts.iterator():
        with _rail_may_be_silent("read_bank_payouts"):
            for seen in stripe_gateway.bank_transfers(account=account.rail_account or ""):
                bank_payouts.read_again(rail_account=account.rail_account or "", bank_payout_id=seen.id, now=now)


@shared_task
def backfill_events(**_: Any) -> None:
    """Find events that never reached us."""
    with _rail_may_be_silent("backfill_events"):
        stripe_events.backfill(now=timezone.now())


@shared_task
def pull_movements(**_: Any) -> None:
    """Clear what Stripe's balance transactions show."""
    with _rail_may_be_silent("pull_movements"):
        reconciliation.pull(now=timezone.now())


@shared_task
def clear_bank_payments(**_: Any) -> None:
    """Payouts that our bank has settled are paid."""
    bank_reports.clear_settled(now=timezone.now())


@shared_task
def reconcile(**_: Any) -> None:
    """The nightly look at both books and at every invariant."""
    now = timezone.now()
    with _rail_may_be_silent("reconcile"):
        reconciliation.check(now=now)
    bank_reports.check(now=now)
    check_ledger()


@shared_task
def check_ledger(**_: Any) -> None:
    """Look at every invariant and keep what was found; a broken one is told."""
    now = timezone.now()
    found = invariants.findings()
    with transaction.atomic(durable=True):
        invariants.keep(found, now=now)
        invariants.tell_broken(found)


@shared_task
def follow_merges(**_: Any) -> None:
    """Money that arrived at an account after it became part of another one follows."""
    with transaction.atomic(durable=True):
        merging.follow_up(now=timezone.now())


@shared_task
def read_identity_checks(**_: Any) -> None:
    """Read open identity checks again, should an event have been lost."""
    with _rail_may_be_silent("read_identity_checks"):
        identity.read_waiting(now=timezone.now())


@shared_task
def note_agency_fees(**_: Any) -> None:
    """Agencies' shares of our fee: the days that are over, and the postings that may go out."""
    agency_fees.note_days(now=timezone.now())
    agency_fees.post_due(now=timezone.now())
