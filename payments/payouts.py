"""One payout on its way: the intent before the call and every outcome after it, each in one transaction.

What makes a second transfer impossible is the try's key at the rail and the unique constraints on tries here; locks only save
work. A crash at any line leaves rows that the next round (`sending`) finds and finishes.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from kit import outbox, states
from kit.money import Money
from payments import holds, ledger, locks, mismatches, payout_sql, rails
from payments.chart import Account, platform
from payments.gateway import BalanceShort, GatewayError, Transfer
from payments.models import Attempt, Payout
from payments.states import ATTEMPT, OPEN_ATTEMPT, PAYOUT

SAME_KEY = dt.timedelta(hours=20)
"""How long a call may be repeated under its key: the rail forgets keys after 24 hours, and then it would pay again."""
PATIENCE = (5, 15, 60, 240)
"""Seconds until the next look at a try in doubt; the last one repeats, so that five minutes after the end of an outage of
the rail all that it held up is through."""
BETWEEN_LOOKUPS = dt.timedelta(minutes=10)
LOOKUPS = 2
"""After SAME_KEY, a transfer not found this many times, this far apart, was never made."""


def to_open(*, limit: int) -> list[uuid.UUID]:
    """Payouts of approved runs that wait for their first try, or for another after a refusal that was not their fault."""
    tries = Attempt.objects.filter(payout=OuterRef("pk"), state__in=(*OPEN_ATTEMPT, "known"))
    waiting = Payout.objects.filter(Q(state="approved") | Q(state="sending"), ~Exists(tries), run__state="approved")
    return list(waiting.order_by("id").values_list("pk", flat=True)[:limit])


def open_try(*, payout_id: uuid.UUID, now: dt.datetime) -> Attempt | None:
    """Write down the intent: the money leaves available, the payout is sending, a try with its key exists.

    A payout whose account is no longer ready comes back instead (None). Opens no transaction; the caller's commits it.
    """
    payout = locks.payout(payout_id)
    if payout.run.state != "approved" or payout.state not in ("approved", "sending"):
        return None
    if payout.attempts.filter(state__in=(*OPEN_ATTEMPT, "known")).exists():
        return None
    if fault := _not_ready(payout, now):
        _give_back(payout, fault, now)
        return None
    if payout.state == "approved":
        states.move(payout, chart=PAYOUT, to="sending", actor_id=None, now=now)
    n = payout.attempts.count() + 1
    key = rails.key(payout.account.rail, payout_id=payout.pk, n=n)
    attempt = Attempt.objects.create(payout=payout, n=n, key=key, created_at=now, due_at=now)
    hold_money(payout, now=now)
    return attempt


def hold_money(payout: Payout, *, now: dt.datetime) -> None:
    """The money of a payout leaves available, once, and the rail's cost with it. Raises Overdrawn when there is less."""
    _post(payout, "hold", _held(payout), now)


def _held(payout: Payout) -> list[ledger.Leg]:
    """Available -> in transit; what a payout on demand costs makes up for what the rail charges us."""
    amount, cost, currency = payout.amount_units, payout.cost_units, payout.currency
    legs = [
        ledger.Leg(Account("worker_available", payout.worker_id, currency), amount + cost),
        ledger.Leg(Account("worker_in_transit", payout.worker_id, currency), -amount),
    ]
    return [*legs, ledger.Leg(platform("platform_fees", currency), -cost)] if cost else legs


def _not_ready(payout: Payout, now: dt.datetime) -> str:
    if payout.account.state != "active" or payout.account.rail_account is None:
        return "payout_account_not_ready"
    return "details_changed" if holds.waiting_until([payout.worker_id], now=now) else ""


def group_of(payout: Payout) -> str:
    """The name under which all transfers of a payout are found for ever; at most one may exist."""
    return f"payout_{payout.pk}"


def may_send(attempt: Attempt, *, now: dt.datetime) -> bool:
    """Whether the rail still remembers the key; a clock that ran backwards counts as no."""
    return attempt.first_sent_at is not None and dt.timedelta(0) <= now - attempt.first_sent_at < SAME_KEY


# --- outcomes: each in one transaction, each harmless when it comes twice --------------------------------------------


def record_known(*, attempt_id: uuid.UUID, transfers: list[Transfer], now: dt.datetime) -> None:
    """The transfer is there: sent, and the money moves from in transit to clearing. A second transfer is an alarm."""
    transfer = transfers[0]
    with transaction.atomic(durable=True):
        payout, attempt = _locked(attempt_id)
        if attempt.state not in OPEN_ATTEMPT:
            return
        amount = payout.sends
        if len(transfers) > 1 or transfer.amount != amount or transfer.destination != payout.account.rail_account:
            theirs = sum(each.amount.units for each in transfers if each.amount.currency == amount.currency)
            mismatches.name(kind="transfer_differs", subject=transfer.id, ours=amount, theirs_units=theirs, now=now)
        states.move(
            attempt, chart=ATTEMPT, to="known", actor_id=None, now=now, settled_at=now, transfer_id=transfer.id,
            destination_payment=transfer.payment, fault="",
        )  # fmt: skip
        states.move(payout, chart=PAYOUT, to="sent", actor_id=None, now=now, sent_at=now)
        outbox.emit("payout.sent", payout_id=str(payout.pk), user_id=str(payout.worker_id))
        _post(payout, "sent", _sent(payout), now)


def record_refused(*, attempt_id: uuid.UUID, error: GatewayError, now: dt.datetime) -> None:
    """Refused for good. A payout refused for itself comes back; one that met a short balance waits for another try."""
    with transaction.atomic(durable=True):
        payout, attempt = _locked(attempt_id)
        if attempt.state not in OPEN_ATTEMPT:
            return
        states.move(
            attempt, chart=ATTEMPT, to="refused", actor_id=None, now=now, reason=error.code, settled_at=now,
            fault=error.code, detail=error.detail,
        )  # fmt: skip
        if not isinstance(error, BalanceShort):
            _give_back(payout, error.code, now)


def record_doubt(*, attempt_id: uuid.UUID, error: GatewayError, now: dt.datetime) -> None:
    """No usable answer: look again later, with growing patience."""
    with transaction.atomic(durable=True):
        _payout, attempt = _locked(attempt_id)
        if attempt.state not in OPEN_ATTEMPT:
            return
        if attempt.state == "intended":
            states.move(attempt, chart=ATTEMPT, to="in_doubt", actor_id=None, now=now, reason=error.code)
        attempt.fault, attempt.detail = error.code, error.detail
        attempt.due_at = now + (error.look_again or dt.timedelta(seconds=PATIENCE[min(attempt.calls, len(PATIENCE)) - 1]))
        attempt.save(update_fields=["fault", "detail", "due_at"])


def record_absent(*, attempt_id: uuid.UUID, now: dt.datetime) -> None:
    """Looked up after the key's time and not found. Absent twice, with time between, it was never made: another try may
    be opened, or a person decides where the amount is above the approval limit."""
    with transaction.atomic(durable=True):
        payout, attempt = _locked(attempt_id)
        if attempt.state not in OPEN_ATTEMPT:
            return
        if attempt.looked_up_at is None or now - attempt.looked_up_at >= BETWEEN_LOOKUPS:
            attempt.lookups_empty, attempt.looked_up_at = attempt.lookups_empty + 1, now
        attempt.due_at = now + BETWEEN_LOOKUPS
        attempt.needs_person = attempt.lookups_empty >= LOOKUPS and payout.amount_units > settings.PAYOUT_APPROVAL_LIMIT_UNITS
        attempt.save(update_fields=["lookups_empty", "looked_up_at", "due_at", "needs_person"])
        if attempt.needs_person:
            outbox.emit("payout.needs_person", payout_id=str(payout.pk))
        elif attempt.lookups_empty >= LOOKUPS:
            states.move(
                attempt, chart=ATTEMPT, to="refused", actor_id=None, now=now, reason="never_made", settled_at=now,
                fault="never_made",
            )  # fmt: skip


def decide_absent(*, attempt_id: uuid.UUID, actor_id: uuid.UUID, now: dt.datetime) -> None:
    """A person has looked at the rail and says that the transfer was never made: another try may be opened."""
    with transaction.atomic(durable=True):
        _payout, attempt = _locked(attempt_id)
        states.move(
            attempt, chart=ATTEMPT, to="refused", actor_id=actor_id, now=now, reason="never_made", settled_at=now,
            fault="never_made", needs_person=False,
        )  # fmt: skip


def return_uncovered(*, payout_id: uuid.UUID, now: dt.datetime) -> None:
    """The worker's balance does not cover a payout made of their own earnings: it comes back, and finance is told."""
    with transaction.atomic(durable=True):
        payout = locks.payout(payout_id)
        if payout.state == "approved":
            mismatches.name(
                kind="payout_not_covered", subject=str(payout.pk), ours=Money(payout.amount_units, payout.currency), now=now
            )
            _give_back(payout, "not_covered", now)


def _locked(attempt_id: uuid.UUID) -> tuple[Payout, Attempt]:
    """The payout before its try, always in this order."""
    payout = locks.payout(Attempt.objects.values_list("payout_id", flat=True).get(pk=attempt_id))
    return payout, locks.attempt(attempt_id)


def _give_back(payout: Payout, fault: str, now: dt.datetime) -> None:
    """The payout ends; its earnings wait for the next one, and what was in transit is available again."""
    states.move(payout, chart=PAYOUT, to="returned", actor_id=None, now=now, reason=fault[:80], fault=fault)
    with connection.cursor() as cursor:
        cursor.execute(payout_sql.LET_GO, {"payouts": [payout.pk]})
    outbox.emit("payout.returned", payout_id=str(payout.pk), user_id=str(payout.worker_id), reason=fault)
    if ledger.posted(f"payout:{payout.pk}:hold"):
        _post(payout, "back", [ledger.Leg(leg.account, -leg.units) for leg in _held(payout)], now)


def _sent(payout: Payout) -> list[ledger.Leg]:
    in_transit = Account("worker_in_transit", payout.worker_id, payout.currency)
    if payout.exchanged_units is None:
        return ledger.move(payout.amount, debit=in_transit, credit=rails.clearing(payout.account.rail, payout.currency))
    sends = payout.sends
    return [
        *ledger.move(payout.amount, debit=in_transit, credit=platform("platform_fx", payout.currency)),
        *ledger.move(
            sends, debit=platform("platform_fx", sends.currency), credit=rails.clearing(payout.account.rail, sends.currency)
        ),
    ]


def _post(payout: Payout, step: str, legs: list[ledger.Leg], now: dt.datetime) -> None:
    ledger.post(
        ledger.Posting(
            idem=f"payout:{payout.pk}:{step}", kind=f"payout_{step}", source_kind="payout", source_id=payout.pk,
            legs=legs, actor_id=None, now=now,
        )
    )  # fmt: skip
