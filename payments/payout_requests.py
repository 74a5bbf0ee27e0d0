"""Payouts on demand: the rhythm that a worker chooses, what a payout would cost now, and asking for it exactly once."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from kit import audit, outbox
from kit.errors import Conflict, Invalid, NotFound
from kit.money import Money
from payments import exchange, holds, locks, payout_costs, payout_runs, queries, words
from payments.models import Payout, PayoutAccount, PayoutRun, Rhythm
from payments.states import OPEN_PAYOUT


class NotPayable(Conflict):
    """Nothing can be paid out now; `reason` says why in a code that `words.LEFT_OUT` puts into words."""

    code = "not_payable"


class CostRose(Conflict):
    """The cost is higher than the one that was agreed to."""

    code = "cost_rose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a payout on demand would be now, to which account. `reason` is empty when it can be asked for; `sends` is the amount
    at today's rate, where it goes out in another currency."""

    amount: Money
    cost: Money
    rest: Money
    reason: str
    sends: Money | None
    account: PayoutAccount | None


def choose_rhythm(*, worker_id: uuid.UUID, rhythm: str, now: dt.datetime) -> PayoutAccount:
    """Weekly or on demand; may be changed at any time. Raises Invalid, NotFound without a payout account."""
    if rhythm not in Rhythm.values:
        raise Invalid(_("Expected one of: %(choices)s.") % {"choices": ", ".join(Rhythm.values)}, field="rhythm")
    account = _account(worker_id)
    if account.rhythm != rhythm:
        account.rhythm = rhythm
        account.save(update_fields=["rhythm"])
        audit.record(subject=account, verb="payout_account.rhythm", actor_id=worker_id, now=now, to_state=rhythm)
    return account


def _account(worker_id: uuid.UUID) -> PayoutAccount:
    """The worker's account, locked: of two clicks at once the second waits for the first."""
    found = queries.payout_account(worker_id)
    if found is None:
        raise NotFound(_("You have no payout account yet."))
    return locks.payout_account(found.pk)


def quote(*, worker_id: uuid.UUID, currency: str, now: dt.datetime) -> Quote:
    """What would reach the worker, what the rail takes of it, what stays: a handful of statements, whatever was earned."""
    have = Money(payout_runs.payable(currency, [worker_id]).get(worker_id, 0), currency)
    account, nothing = queries.payout_account(worker_id), Money.zero(currency)
    known = payout_costs.price(account.rail, currency) if account else None
    parted = payout_costs.split(have, known) if known else payout_costs.Split(nothing, nothing, have)
    reason = _reason(worker_id, account, known is not None, parted.amount, now)
    sends = exchange.worth(parted.amount, account, now=now) if account else None
    return Quote(amount=parted.amount, cost=parted.cost, rest=parted.rest, reason=reason, sends=sends, account=account)


def _reason(worker_id: uuid.UUID, account: PayoutAccount | None, priced: bool, amount: Money, now: dt.datetime) -> str:
    """Why not, the first that applies."""
    if account is None or account.state != "active":
        return "no_payout_account"
    if account.rhythm != Rhythm.ON_DEMAND:
        return "weekly"
    if holds.wait_of(account, now=now) is not None:
        return "details_changed"
    if Payout.objects.filter(worker_id=worker_id, currency=amount.currency, state__in=OPEN_PAYOUT).exists():
        return "payout_under_way"
    if not priced:
        return "no_price"
    return "below_minimum" if amount.units < settings.PAYOUT_MINIMUM_UNITS else ""


def ask(*, request_id: uuid.UUID, worker_id: uuid.UUID, most: Money, now: dt.datetime) -> Payout:
    """A payout of all that is payable in the currency of `most`, the highest cost that the worker agreed to.

    `request_id` (of the form, or of the program's own making) becomes the run's id, so the same request makes one payout
    however often it comes. The run goes by itself up to the approval limit, and waits for finance above. Raises NotPayable,
    CostRose, NotFound. The caller's transaction commits it; jobs send it.
    """
    _account(worker_id)
    if PayoutRun.objects.filter(pk=request_id).exists():
        return _asked_before(request_id, worker_id)
    if reason := quote(worker_id=worker_id, currency=most.currency, now=now).reason:
        raise NotPayable(str(words.LEFT_OUT[reason]), reason=reason)
    run = payout_runs.plan(
        currency=most.currency, actor_id=worker_id, now=now, worker_ids=[worker_id], on_demand=request_id
    )
    payout = run.payouts.first()
    if payout is None:
        reason = next(iter(run.left_out), "below_minimum")
        raise NotPayable(str(words.LEFT_OUT[reason]), reason=reason)
    if payout.cost_units > most.units:
        raise CostRose(_("The cost is higher by now. Look at it again before you confirm."))
    if payout_runs.needs_second_person(run):
        outbox.emit("payout_run.waits", run_id=str(run.pk))
    else:
        payout_runs.approve(run_id=run.pk, actor_id=None, now=now)
    payout.refresh_from_db()
    return payout


def _asked_before(request_id: uuid.UUID, worker_id: uuid.UUID) -> Payout:
    """The payout that this request made. Raises NotFound for a request of somebody else's."""
    found = Payout.objects.filter(run_id=request_id, run__on_demand=True, worker_id=worker_id).first()
    if found is None:
        raise NotFound(_("There is no such payout."))
    return found
