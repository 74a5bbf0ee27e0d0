"""Payout runs: the dry run that claims earnings, the approval, pausing when the balance is short, and the end."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from kit import audit, outbox, states
from kit.errors import Conflict
from kit.ids import uuid7
from kit.money import PAYABLE_STEP, Money
from payments import exchange, holds, locks, payout_costs, payout_sql, rails
from payments.models import Attempt, Payout, PayoutAccount, PayoutRun, Rhythm
from payments.states import OPEN_PAYOUT, PAYOUT, RUN
from workers import people

UNUSUAL = 5
"""A payout this many times the worker's usual one is shown to whoever approves."""


class NothingToPay(Conflict):
    """The run has no payout in it."""

    code = "nothing_to_pay"


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something about a payout that whoever approves should have seen: first, unusual."""

    kind: str
    payout: Payout
    usual: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: payouts and money by state, and what needs a person."""

    counts: dict[str, int]
    sums: dict[str, Money]
    in_doubt: int
    at_bank: int
    needs_person: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        """Payouts whose transfer is known, one way or the other."""
        return sum(self.counts.get(state, 0) for state in ("sent", "paid", "failed", "returned"))


def plan(
    *,
    currency: str,
    actor_id: uuid.UUID | None,
    now: dt.datetime,
    minimum_units: int | None = None,
    worker_ids: Sequence[uuid.UUID] | None = None,
    weekly: bool = False,
    on_demand: uuid.UUID | None = None,
) -> PayoutRun:
    """Draft a run: who is paid what, and who is left out and why. No money moves; the earnings are claimed.

    A worker is in at most one open payout per currency, so runs planned at once share the workers out between them.
    Who is paid on demand is in a run only when named. `on_demand` is the id of the run that a worker asked for: its payouts
    bear the rail's cost. `minimum_units` defaults to PAYOUT_MINIMUM_UNITS, and is the payable step for whoever ended their work here: they
    are paid to the last cent.
    """
    minimum = settings.PAYOUT_MINIMUM_UNITS if minimum_units is None else minimum_units
    run = PayoutRun.objects.create(
        id=on_demand or uuid7(), currency=currency, minimum_units=minimum, drafted_by=actor_id, drafted_at=now, weekly=weekly,
        on_demand=on_demand is not None,
    )  # fmt: skip
    left_out: dict[str, dict[str, int]] = defaultdict(lambda: {"workers": 0, "units": 0})
    wanted = payable(currency, worker_ids)
    chosen = _choose(run, wanted, left_out, now, named=worker_ids is not None)
    made = _open_payouts(run, chosen, now)
    for worker_id in chosen.keys() - made:
        _leave_out(left_out, "payout_under_way", wanted[worker_id])
    _claim(run)
    if run.on_demand:
        _take_cost(run)
    _drop_small(run, minimum, left_out)
    exchange.fix(run=run, now=now)
    sums = run.payouts.aggregate(n=Count("id"), units=Sum("amount_units"))
    run.payouts_planned, run.total_units, run.left_out = sums["n"], int(sums["units"] or 0), dict(left_out)
    run.save(update_fields=["payouts_planned", "total_units", "left_out"])
    audit.record(subject=run, verb="payout_run.drafted", actor_id=actor_id, now=now, to_state="draft")
    return run


def payable(currency: str, worker_ids: Sequence[uuid.UUID] | None) -> dict[uuid.UUID, int]:
    """Units by worker that no payout carries, what earlier payouts left by rounding included."""
    asked = None if worker_ids is None else list(worker_ids)
    with connection.cursor() as cursor:
        cursor.execute(payout_sql.CANDIDATES, {"currency": currency, "workers": asked})
        units = {row[0]: row[1] for row in cursor.fetchall()}
        cursor.execute(payout_sql.CARRY, {"currency": currency, "workers": list(units)})
        return units | {worker: units[worker] + carry for worker, carry in cursor.fetchall()}


def _choose(
    run: PayoutRun, wanted: dict[uuid.UUID, int], left_out: dict[str, dict[str, int]], now: dt.datetime, *, named: bool
) -> dict[uuid.UUID, uuid.UUID]:
    """Worker -> payout account, of those who can be paid now."""
    accounts = {row.user_id: row for row in PayoutAccount.objects.filter(user_id__in=list(wanted), state="active")}
    waiting = holds.waiting_until(list(wanted), now=now)
    chosen = {}
    step = PAYABLE_STEP.get(run.currency, 100)
    gone = people.gone(list(wanted))
    for worker_id, units in wanted.items():
        if units < (step if worker_id in gone else max(run.minimum_units, step)):
            _leave_out(left_out, "below_minimum", units)
        elif worker_id not in accounts:
            _leave_out(left_out, "no_payout_account", units)
        elif not rails.is_on(accounts[worker_id].rail):
            _leave_out(left_out, "rail_off", units)
        elif worker_id in waiting:
            _leave_out(left_out, "details_changed", units)
        elif accounts[worker_id].rhythm == Rhythm.ON_DEMAND and not named and worker_id not in gone:
            _leave_out(left_out, "on_demand", units)
        else:
            chosen[worker_id] = accounts[worker_id].pk
    return chosen


def _leave_out(left_out: dict[str, dict[str, int]], reason: str, units: int) -> None:
    left_out[reason]["workers"] += 1
    left_out[reason]["units"] += units


def _open_payouts(run: PayoutRun, chosen: dict[uuid.UUID, uuid.UUID], now: dt.datetime) -> set[uuid.UUID]:
    """Make the payouts, in order of worker so that two plans never wait in a circle; returns whose were made."""
    Payout.objects.bulk_create(
        [
            Payout(id=uuid7(), run=run, worker_id=worker, account_id=chosen[worker], currency=run.currency, created_at=now)
            for worker in sorted(chosen)
        ],
        ignore_conflicts=True,
    )
    return set(run.payouts.values_list("worker_id", flat=True))


def _claim(run: PayoutRun) -> None:
    with connection.cursor() as cursor:
        cursor.execute(payout_sql.CLAIM, {"run": run.pk})
        cursor.execute(payout_sql.SUM_UP, {"run": run.pk, "step": PAYABLE_STEP.get(run.currency, 100)})


def _take_cost(run: PayoutRun) -> None:
    """The payouts of a run on demand bear what the rail charges; nothing is paid where no price is known."""
    for payout in run.payouts.select_related("account"):
        have = Money(payout.earned_units + payout.carry_in_units, run.currency)
        known = payout_costs.price(payout.account.rail, run.currency)
        nothing = Money.zero(run.currency)
        parted = payout_costs.split(have, known) if known else payout_costs.Split(nothing, nothing, have)
        payout.amount_units, payout.cost_units, payout.carry_out_units = parted.amount.units, parted.cost.units, parted.rest.units
        payout.save(update_fields=["amount_units", "cost_units", "carry_out_units"])


def _drop_small(run: PayoutRun, minimum: int, left_out: dict[str, dict[str, int]]) -> None:
    """Between the look and the claim another run may have taken something: what is too small now waits."""
    small = list(run.payouts.filter(amount_units__lt=max(minimum, 1)))
    gone = people.gone([payout.worker_id for payout in small])
    small = [payout for payout in small if payout.worker_id not in gone or payout.amount_units < 1]
    for payout in small:
        _leave_out(left_out, "below_minimum", payout.earned_units + payout.carry_in_units)
    _delete([payout.pk for payout in small])


def _delete(payout_ids: list[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(payout_sql.LET_GO, {"payouts": payout_ids})
    Payout.objects.filter(pk__in=payout_ids, state="draft").delete()


def approve(*, run_id: uuid.UUID, actor_id: uuid.UUID | None, now: dt.datetime) -> PayoutRun:
    """Let a drafted run go. Above PAYOUT_APPROVAL_LIMIT_UNITS that takes a second person (a weekly run: any person).

    Raises NothingToPay, NotIndependent, NoSuchMove. Jobs send the payouts from here on.
    """
    run = locks.run(run_id)
    if not run.payouts_planned:
        raise NothingToPay(_("Nobody is in this run. Cancel it and look again when there is something to pay."))
    if needs_second_person(run):
        if actor_id is None:
            raise Conflict(_("A run of this size needs a person's approval."))
        if run.drafted_by is not None:
            people.require_independent(actor_id, run.drafted_by)
    states.move(run, chart=RUN, to="approved", actor_id=actor_id, now=now, approved_by=actor_id, approved_at=now)
    states.move_all(run.payouts.all(), chart=PAYOUT, before="draft", to="approved", actor_id=actor_id, now=now)
    outbox.emit("payout_run.approved", run_id=str(run.pk))
    return run


def needs_second_person(run: PayoutRun) -> bool:
    """Whether the run is above the limit up to which one person, or the clock, may let it go."""
    return run.total_units > int(settings.PAYOUT_APPROVAL_LIMIT_UNITS)


def cancel(*, run_id: uuid.UUID, actor_id: uuid.UUID | None, now: dt.datetime) -> None:
    """Forget a draft: its earnings wait for another run. Raises NoSuchMove once it was approved."""
    run = locks.run(run_id)
    states.move(run, chart=RUN, to="cancelled", actor_id=actor_id, now=now)
    _delete(list(run.payouts.values_list("pk", flat=True)))


def pause(*, run_id: uuid.UUID, reason: str, now: dt.datetime) -> None:
    """Stop sending for a reason that is not one payout's fault (balance_short, key_refused); repeating it is fine."""
    run = locks.run(run_id)
    if run.state == "approved":
        states.move(run, chart=RUN, to="paused", actor_id=None, now=now, reason=reason, paused_for=reason)
        outbox.emit("payout_run.paused", run_id=str(run.pk), reason=reason)


def resume(*, run_id: uuid.UUID, actor_id: uuid.UUID | None, now: dt.datetime) -> None:
    """Go on where a paused run stopped. Raises Conflict for any other: a draft goes by `approve` alone."""
    run = locks.run(run_id)
    if run.state != "paused":
        raise Conflict(_("Only a paused run can go on."), state=run.state)
    states.move(run, chart=RUN, to="approved", actor_id=actor_id, now=now, paused_for="")


def finish(*, run_id: uuid.UUID, now: dt.datetime) -> bool:
    """Close a run in which every payout has left or come back; False while something is open."""
    run = locks.run(run_id)
    if run.state != "approved" or run.payouts.filter(state__in=OPEN_PAYOUT).exists():
        return False
    states.move(run, chart=RUN, to="done", actor_id=None, now=now, done_at=now)
    return True


def progress(run: PayoutRun) -> Progress:
    """Two statements, whatever the size of the run."""
    rows = run.payouts.order_by().values_list("state").annotate(n=Count("id"), units=Sum("amount_units"))
    found = list(rows)
    doubt = list(Attempt.objects.filter(payout__run=run, state="in_doubt").values_list("needs_person", "fault"))
    at_bank = sum(fault == "at_the_bank" for _flag, fault in doubt)
    return Progress(
        counts={state: n for state, n, _units in found},
        sums={state: Money(int(units or 0), run.currency) for state, _n, units in found},
        in_doubt=len(doubt) - at_bank, at_bank=at_bank, needs_person=sum(flag for flag, _fault in doubt),
    )  # fmt: skip


def oddities(run: PayoutRun, *, limit: int = 50) -> list[Oddity]:
    """First payouts and unusually large ones of a run, largest first."""
    payouts = list(run.payouts.select_related("account").order_by("-amount_units")[:1000])
    earlier: dict[uuid.UUID, list[int]] = defaultdict(list)
    before = Payout.objects.filter(
        worker_id__in=[payout.worker_id for payout in payouts], currency=run.currency, state__in=("sent", "paid", "failed")
    ).exclude(run=run)
    for worker_id, units in before.values_list("worker_id", "amount_units"):
        earlier[worker_id].append(units)
    found = []
    for payout in payouts:
        past = sorted(earlier[payout.worker_id])
        if not past:
            found.append(Oddity("first", payout, None))
        elif payout.amount_units > UNUSUAL * (usual := past[len(past) // 2]):
            found.append(Oddity("unusual", payout, Money(usual, run.currency)))
    return found[:limit]
