"""Questions that other rooms and pages ask about money; answers are small frozen values."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from kit import paging
from kit.money import Money
from payments import chart, ledger, sql
from payments.chart import Account
from payments.models import (
    BatchTally,
    Earning,
    EarningLine,
    Funding,
    LedgerAccount,
    LedgerBalance,
    PayoutAccount,
)
from workers.models import User


@dataclass(frozen=True, slots=True)
class LineView:
    """A reason: kind, units (may be negative), what it was computed from, rule and version."""

    kind: str
    units: int
    inputs: dict[str, object]
    rule: str
    currency: str

    @property
    def amount(self) -> Money:
        return Money(self.units, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningView:
    """What a source earned, its adjustments included: the lines add up to the amount.

    `amount` is what is promised while pending, what was kept once confirmed, zero when released; `promised` is what the first
    promise held, fee included, whatever became of it.
    """

    earning_id: uuid.UUID
    source_kind: str
    source_id: uuid.UUID
    state: str
    amount: Money
    fee: Money
    lines: tuple[LineView, ...]
    held: bool
    payout_id: uuid.UUID | None
    created_at: datetime
    settled_at: datetime | None
    promised: Money


@dataclass(frozen=True, slots=True)
class WorkerBalances:
    """A worker's money in four parts."""

    in_review: Money
    available: Money
    on_its_way: Money
    held: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSpend:
    """Where a batch's money is: paid to workers, our fees, pending judgement, still reserved."""

    paid: Money
    fees: Money
    pending: Money
    reserved: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMoney:
    """A client's money in one currency."""

    prepaid: Money
    reserved: Money
    pending: Money
    paid: Money
    fees: Money
    owed: Money


def earnings_of(*, source_kind: str, source_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, EarningView]:
    """The earnings of these sources, by source id, with adjustments added in. Three statements for any number."""
    found = Earning.objects.filter(source_kind=source_kind, source_id__in=source_ids)
    return {view.source_id: view for view in views_of(found)}


def views_of(found: QuerySet[Earning] | Sequence[Earning]) -> list[EarningView]:
    """Earnings with their lines and adjustments as values, in the order given."""
    firsts = list(found)
    added: dict[uuid.UUID, list[Earning]] = defaultdict(list)
    for extra in Earning.objects.filter(adjusts__in=[first.id for first in firsts]).order_by("id"):
        added[extra.adjusts_id or extra.id].append(extra)
    lines = _lines_of([*firsts, *(extra for extras in added.values() for extra in extras)])
    return [_view(first, added[first.id], lines) for first in firsts]


def promised(*, source_kind: str, source_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """What each of these sources was promised at first, in units, whatever became of it. One statement."""
    found = Earning.objects.filter(source_kind=source_kind, source_id__in=source_ids)
    return dict(found.values_list("source_id", "amount_units"))


def _lines_of(found: Sequence[Earning]) -> dict[uuid.UUID, list[LineView]]:
    currencies = {earning.id: earning.currency for earning in found}
    lines: dict[uuid.UUID, list[LineView]] = defaultdict(list)
    for row in EarningLine.objects.filter(earning_id__in=list(currencies)).order_by("earning_id", "n"):
        lines[row.earning_id].append(LineView(row.kind, row.units, row.inputs, row.rule, currencies[row.earning_id]))
    return lines


def _view(first: Earning, extras: list[Earning], lines: dict[uuid.UUID, list[LineView]]) -> EarningView:
    parts = [first, *extras]
    return EarningView(
        earning_id=first.id, source_kind=first.source_kind, source_id=first.source_id, state=first.state,
        amount=Money(sum(owed(part) for part in parts), first.currency),
        fee=Money(sum(charged(part) for part in parts), first.currency),
        lines=tuple(line for part in parts for line in lines[part.id]),
        held=any(part.held for part in parts), payout_id=first.payout_id, created_at=first.created_at,
        settled_at=first.settled_at, promised=Money(first.amount_units + first.fee_units, first.currency),
    )  # fmt: skip


def owed(earning: Earning) -> int:
    """Units that the worker may count on: the promise, what was kept of it, or nothing."""
    if earning.state == "pending":
        return earning.amount_units
    return earning.confirmed_units or 0


def charged(earning: Earning) -> int:
    """Units of fee on top."""
    if earning.state == "pending":
        return earning.fee_units
    return earning.confirmed_fee_units or 0


def worker_money(worker_id: uuid.UUID) -> dict[str, WorkerBalances]:
    """All of a worker's money, by currency, the one with most to be paid first: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql.WORKER_MONEY, {"worker": worker_id})
        held: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for currency, place, units in cursor.fetchall():
            held[currency][place] = units
    order = sorted(held, key=lambda currency: (-held[currency]["worker_available"], currency))
    return {currency: _balances(held[currency], currency) for currency in order}


def _balances(units: dict[str, int], currency: str) -> WorkerBalances:
    on_its_way = units["worker_in_transit"] + units["sent"]
    parts = (units["worker_pending"], units["worker_available"], on_its_way, units["worker_held"])
    return WorkerBalances(*(Money(part, currency) for part in parts))


def worker_balances(*, worker_id: uuid.UUID, currency: str) -> WorkerBalances:
    """In review, available, on its way (transferred, not yet at the bank), held. One statement."""
    return worker_money(worker_id).get(currency) or no_money(currency)


def no_money(currency: str) -> WorkerBalances:
    """The balances of somebody who earned nothing yet."""
    nothing = Money.zero(currency)
    return WorkerBalances(nothing, nothing, nothing, nothing)


def worker_currencies(worker_id: uuid.UUID) -> list[str]:
    """The currencies in which somebody earned something, the one with most to be paid first."""
    return list(worker_money(worker_id))


def worker_lines(
    *, worker_id: uuid.UUID, cursor: str | None, size: int = 50
) -> tuple[paging.Page[Earning], list[EarningView]]:
    """A page of a worker's earnings, newest first, each with its lines; adjustments stand on their own here."""
    page = paging.page(Earning.objects.filter(worker_id=worker_id), order="-created_at", cursor=cursor, size=size)
    return page, single_views(page.rows)


def single_views(rows: Sequence[Earning]) -> list[EarningView]:
    """Earnings as values, each by itself: one statement for their lines."""
    lines = _lines_of(rows)
    return [_view(row, [], lines) for row in rows]


@dataclass(frozen=True, slots=True)
class Wait:
    """How long pay that had to wait for a judgement waited, and for how many pieces of work that was measured."""

    n: int
    median_seconds: int


WAITS = """
SELECT organisation_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - created_at))
  FROM payments_earning
 WHERE source_kind = 'submission' AND settled_at > %s AND settled_at > created_at
 GROUP BY organisation_id
"""


def waits_by_client(*, since: datetime) -> dict[uuid.UUID, Wait]:
    """From handing in to the verdict, or to the silence that stood for it; for a nightly count, as it reads every earning."""
    with connection.cursor() as cursor:
        cursor.execute(WAITS, [since])
        return {row[0]: Wait(row[1], int(row[2])) for row in cursor.fetchall()}


def payout_account(worker_id: uuid.UUID) -> PayoutAccount | None:
    """The worker's account at a rail that is not closed."""
    return PayoutAccount.objects.filter(user_id=worker_id).exclude(state="closed").order_by("-created_at").first()


def batch_spend(batch_id: uuid.UUID) -> BatchSpend:
    """Paid, fees, pending and reserved of one batch; zero dollars for a batch that was never funded."""
    return batches_spend([batch_id])[batch_id]


def batches_spend(batch_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, BatchSpend]:
    """The same for several, in one statement over a handful of rows per batch."""
    tallies = BatchTally.objects.filter(batch_id__in=batch_ids)
    sums = {row["batch_id"]: row for row in _sums(tallies.values("batch_id", "currency"))}
    return {batch_id: _spend(sums.get(batch_id)) for batch_id in batch_ids}


def client_money(*, organisation_id: uuid.UUID, currency: str) -> ClientMoney:
    """A client's prepaid balance, what it owes, and what all of its batches hold and spent. Two statements."""
    tallies = BatchTally.objects.filter(organisation_id=organisation_id, currency=currency)
    spend = _spend(next(iter(_sums(tallies.values("currency"))), None), currency)
    accounts = [Account(kind, organisation_id, currency) for kind in ("client_prepaid", "client_receivable")]
    prepaid, owed = ledger.balances(accounts).values()
    return ClientMoney(
        prepaid=prepaid, reserved=spend.reserved, pending=spend.pending, paid=spend.paid, fees=spend.fees, owed=owed
    )


def client_currencies(organisation_id: uuid.UUID) -> list[str]:
    """The currencies in which a client ever held money."""
    held = LedgerAccount.objects.filter(owner_id=organisation_id, kind="client_prepaid")
    return sorted(held.values_list("currency", flat=True))


def _sums(grouped: QuerySet[BatchTally, Any]) -> QuerySet[BatchTally, Any]:
    return grouped.annotate(
        paid=Sum("paid_units"), fees=Sum("fee_units"), pending=Sum("pending_units"),
        left=Sum(F("given_units") - F("pending_units") - F("paid_units") - F("fee_units")),
    ).order_by()  # fmt: skip


def _spend(row: dict[str, Any] | None, currency: str = "USD") -> BatchSpend:
    if row is None:
        nothing = Money.zero(currency)
        return BatchSpend(paid=nothing, fees=nothing, pending=nothing, reserved=nothing)
    paid, fees, pending, left = (Money(int(row[name]), row["currency"]) for name in ("paid", "fees", "pending", "left"))
    return BatchSpend(paid=paid, fees=fees, pending=pending, reserved=left)


def fundings(*, organisation_id: uuid.UUID, cursor: str | None, size: int = 20) -> paging.Page[Funding]:
    """A client's payments, newest first; wishes that never reached the hosted page are left out."""
    rows = Funding.objects.filter(organisation_id=organisation_id).exclude(Q(state="failed", checkout_id__isnull=True))
    return paging.page(rows, order="-created_at", cursor=cursor, size=size)


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, for pages that name people."""

    name: str
    email: str


def people(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Person]:
    """Names for many ids in one statement."""
    rows = User.objects.filter(pk__in=ids).values_list("pk", "name", "email")
    return {user_id: Person(name, email) for user_id, name, email in rows}


CENT = 100
"""Units; what is less waits as a residue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """What waits to be paid in one currency, before minimum, holds and payout accounts are looked at."""

    amount: Money
    workers: int


def payable_now() -> list[Payable]:
    """What workers may be paid now, by currency, from a cent on: one statement over balances, however many earnings are in them."""
    kept = LedgerBalance.objects.filter(account__kind="worker_available", amount__lte=-CENT).order_by()
    sums = kept.values_list("account__currency").annotate(units=Sum("amount"), n=Count("pk"))
    return [Payable(amount=Money(-int(units), currency), workers=n) for currency, units, n in sums.order_by("account__currency")]


def platform_accounts() -> list[tuple[str, str, Money]]:
    """The platform's kept balances: name, meaning, and what each holds on its natural side."""
    kinds = [kind.name for kind in chart.KINDS if kind.tracked and kind.owner in ("platform", "stripe", "bank")]
    rows = LedgerBalance.objects.filter(account__kind__in=kinds).select_related("account")
    shown = [
        (row.account.kind.replace("_", " ").capitalize(), chart.BY_NAME[row.account.kind].meaning,
         Money(row.amount * chart.BY_NAME[row.account.kind].side, row.account.currency))
        for row in rows
    ]  # fmt: skip
    return sorted(shown, key=lambda each: (each[2].currency, each[0]))
