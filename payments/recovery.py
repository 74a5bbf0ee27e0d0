"""After a restore: what the rail has paid and the restored books do not know is written down again, before anything is sent.

A backup is older than the last payouts. Stripe's list of transfers is not: each bears the payout it was made for.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.db import connection, transaction

from kit import audit, states
from kit.money import Money
from payments import ledger, locks, mismatches, payout_sql, payouts, stripe_events, stripe_gateway
from payments.gateway import Transfer
from payments.models import Attempt, Payout, PayoutAccount, PayoutRun
from payments.states import LEFT_US, OPEN_ATTEMPT, OPEN_PAYOUT, PAYOUT


class NotCovered(Exception):
    """The restored books have no earnings for what was paid."""


@dataclass
class Found:
    """Transfers of the time looked at: known already, written down again, and those that a person has to explain."""

    known: int = 0
    restored: int = 0
    unexplained: list[str] = field(default_factory=list)


def take_up_lost(*, since: dt.datetime, now: dt.datetime) -> Found:
    """Go through the rail's transfers from a moment on, oldest first; repeating it changes nothing. Raises GatewayError.
    Events are looked through again too, by the job that finds lost ones.

    A payout that the books still have becomes sent. One that was planned after the backup is made again, from the oldest
    of the worker's confirmed earnings; where those do not cover it, a mismatch is named and nothing is guessed.
    """
    found = Found()
    stripe_events.look_through_all_again()
    for transfer in reversed(list(stripe_gateway.transfers(since=since))):
        if Attempt.objects.filter(transfer_id=transfer.id).exists():
            found.known += 1
        elif _restored(transfer, now):
            found.restored += 1
        else:
            with transaction.atomic(durable=True):
                mismatches.name(
                    kind="extra_at_rail", subject=transfer.id, now=now, theirs_units=transfer.amount.units,
                    currency=transfer.amount.currency,
                )  # fmt: skip
            found.unexplained.append(transfer.id)
    return found


def _restored(transfer: Transfer, now: dt.datetime) -> bool:
    payout_id = _payout_of(transfer)
    account = PayoutAccount.objects.filter(rail_account=transfer.destination).first()
    if payout_id is None or account is None:
        return False
    try:
        with transaction.atomic(durable=True):
            payout = Payout.objects.filter(pk=payout_id).first() or _made_again(payout_id, account, transfer, now)
            attempt = _open_try(payout.pk, transfer, now)
    except (NotCovered, ledger.Overdrawn):
        return False
    if attempt is None:
        return False
    payouts.record_known(attempt_id=attempt.pk, transfers=[transfer], now=now)
    return True


def _payout_of(transfer: Transfer) -> uuid.UUID | None:
    try:
        return uuid.UUID(transfer.group.removeprefix("payout_"))
    except ValueError:
        return None


def _open_try(payout_id: uuid.UUID, transfer: Transfer, now: dt.datetime) -> Attempt | None:
    """The payout in `sending` with a try open, whatever the backup has of it; None where it ended otherwise."""
    payout = locks.payout(payout_id)
    if payout.state in (*LEFT_US, "returned") or payout.sends != transfer.amount:
        return None
    for step in ("approved", "sending"):
        if PAYOUT.allows(payout.state, step):
            states.move(payout, chart=PAYOUT, to=step, actor_id=None, now=now, reason="recovered")
    open_try = payout.attempts.filter(state__in=OPEN_ATTEMPT).first()
    if open_try is None:
        n = payout.attempts.count() + 1
        open_try = Attempt.objects.create(
            payout=payout, n=n, key=f"recovered-{payout.pk}-{n}", created_at=now, first_sent_at=now, due_at=now
        )
    payouts.hold_money(payout, now=now)
    return open_try


def _made_again(payout_id: uuid.UUID, account: PayoutAccount, transfer: Transfer, now: dt.datetime) -> Payout:
    """A payout that was planned after the backup, with a run of its own. Raises NotCovered."""
    amount = transfer.amount
    run = PayoutRun.objects.create(
        currency=amount.currency, minimum_units=0, drafted_at=now, state="approved", approved_at=now, payouts_planned=1,
        total_units=amount.units,
    )  # fmt: skip
    audit.record(subject=run, verb="payout_run.recovered", actor_id=None, now=now, to_state="approved")
    worker = account.user_id
    facts: dict[str, uuid.UUID | str | int] = {
        "payout": payout_id, "worker": worker, "currency": amount.currency, "amount": amount.units,
    }  # fmt: skip
    _refuse_a_second_open_one(worker, amount)
    payout = Payout.objects.create(
        id=payout_id, run=run, worker_id=worker, account=account, currency=amount.currency, created_at=now
    )
    with connection.cursor() as cursor:
        cursor.execute(payout_sql.CLAIM_OLDEST, facts)
        cursor.execute(payout_sql.SUM_UP_GIVEN, facts)
        if not cursor.rowcount:
            raise NotCovered
    payout.refresh_from_db()
    return payout


def _refuse_a_second_open_one(worker_id: uuid.UUID, amount: Money) -> None:
    """Another payout of the worker is under way in the restored books: what came first has to be known first."""
    if Payout.objects.filter(worker_id=worker_id, currency=amount.currency, state__in=OPEN_PAYOUT).exists():
        raise NotCovered
