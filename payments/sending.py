"""Calls to the rail for payouts: what is due is taken, noted, called outside any transaction, and its outcome written down."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import Q

from kit import due
from kit.errors import ProductError
from payments import ledger, locks, payout_runs, payouts, rails
from payments.gateway import BalanceShort, Definite, GatewayError, KeyRefused, Transfer
from payments.models import Attempt, Payout, PayoutRun
from payments.states import OPEN_ATTEMPT

logger = logging.getLogger(__name__)

CLAIMED = dt.timedelta(seconds=60)
"""How long a try belongs to the runner that took it: longer than its two calls can take; a killed runner's is taken again."""

Clock = Callable[[], dt.datetime]


def send_round(*, clock: Clock, limit: int) -> int:
    """Open tries for payouts that wait, call the rail for tries that are due, close runs that are through.

    `limit` bounds the requests to the rail; a try that was called before takes two of them, as it is looked up first. Any
    number of these may run at once, and each may be killed anywhere. Returns how many tries were called.
    """
    for payout_id in payouts.to_open(limit=limit):
        _open_try(payout_id, clock())
    requests = called = 0
    while requests < limit and (taken := take_due(now=clock())):
        requests += 2 if taken.calls else 1
        called += 1
        try_once(attempt_id=taken.pk, now=clock())
    for run_id in PayoutRun.objects.filter(state="approved").values_list("pk", flat=True):
        with transaction.atomic(durable=True):
            payout_runs.finish(run_id=run_id, now=clock())
    return called


def _open_try(payout_id: uuid.UUID, now: dt.datetime) -> None:
    try:
        with transaction.atomic(durable=True):
            payouts.open_try(payout_id=payout_id, now=now)
    except ledger.Overdrawn:
        payouts.return_uncovered(payout_id=payout_id, now=now)
    except ProductError:
        # Another runner was faster: the mover and the unique constraints let one of us through.
        logger.info("payout taken by another runner", extra={"payout": str(payout_id)})


def take_due(*, now: dt.datetime) -> Attempt | None:
    """The try that has been due for longest, taken for a while by this runner just before its call. A paused run's wait,
    unless they were sent and are in doubt."""
    with transaction.atomic(durable=True):
        waiting = Attempt.objects.filter(state__in=OPEN_ATTEMPT, due_at__lte=now, needs_person=False).filter(
            Q(payout__run__state="approved") | Q(first_sent_at__isnull=False)
        )
        for taken in due.take(waiting.order_by("due_at"), limit=1):
            Attempt.objects.filter(pk=taken.pk).update(due_at=now + CLAIMED)
            return taken
    return None


def try_once(*, attempt_id: uuid.UUID, now: dt.datetime) -> None:
    """Call the rail for one try and write down what came of it. To be called outside of any transaction.

    The first call is noted before it is made. Every later one looks first whether the transfer is there already, and after
    SAME_KEY only looks.
    """
    attempt = _note_call(attempt_id, now)
    if attempt is None:
        return
    payout = attempt.payout
    try:
        found = _ask(attempt, payout, now)
    except KeyRefused as error:
        _wait(attempt_id, now)
        _pause(payout, "key_refused", error, now)
    except BalanceShort as error:
        payouts.record_refused(attempt_id=attempt_id, error=error, now=now)
        _pause(payout, "balance_short", error, now)
    except Definite as error:
        payouts.record_refused(attempt_id=attempt_id, error=error, now=now)
    except GatewayError as error:
        payouts.record_doubt(attempt_id=attempt_id, error=error, now=now)
    else:
        if found:
            payouts.record_known(attempt_id=attempt_id, transfers=found, now=now)
        else:
            payouts.record_absent(attempt_id=attempt_id, now=now)


def _ask(attempt: Attempt, payout: Payout, now: dt.datetime) -> list[Transfer]:
    """The transfers there are: looked up unless this is the first call, else made, if the rail still knows the key."""
    rail, group = rails.of(payout.account.rail), payouts.group_of(payout)
    found = rail.find(group=group) if attempt.calls > 1 else []
    if found or not payouts.may_send(attempt, now=now):
        return found
    destination = payout.account.rail_account or ""
    return [rail.send(key=attempt.key, group=group, destination=destination, amount=payout.sends, payout_id=payout.pk)]


def _note_call(attempt_id: uuid.UUID, now: dt.datetime) -> Attempt | None:
    with transaction.atomic(durable=True):
        attempt = locks.attempt(attempt_id)
        if attempt.state not in OPEN_ATTEMPT:
            return None
        attempt.calls += 1
        attempt.first_sent_at = attempt.first_sent_at or now
        attempt.save(update_fields=["calls", "first_sent_at"])
    attempt.payout = Payout.objects.select_related("run", "account").get(pk=attempt.payout_id)
    return attempt


def _wait(attempt_id: uuid.UUID, now: dt.datetime) -> None:
    Attempt.objects.filter(pk=attempt_id).update(due_at=now + dt.timedelta(seconds=payouts.PATIENCE[-1]))


def _pause(payout: Payout, reason: str, error: GatewayError, now: dt.datetime) -> None:
    logger.warning("payout run pauses", extra={"run": str(payout.run_id), "reason": reason, "detail": str(error)})
    with transaction.atomic(durable=True):
        payout_runs.pause(run_id=payout.run_id, reason=reason, now=now)
