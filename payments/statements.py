"""Papers about money: a worker's month, a client's account, and both as CSV."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, QuerySet, Sum

from kit import paging
from kit.money import Money
from payments import queries, sheets, words
from payments.chart import Account
from payments.models import Earning, Funding, LedgerEntry, LedgerTx, Payout

PAGE = 500
PART = 1_000
"""Earnings in one PDF: a month with more comes in parts, so that no paper takes a server's time for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What a worker earned and was paid in a UTC month, by the date of confirmation and of the transfer."""

    start: dt.datetime
    end: dt.datetime
    earned: Money
    earnings: int
    by_kind: list[tuple[str, int, Money]]
    payouts: list[Payout]
    paid: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A line of a client's account: what happened, and by how much prepaid money rose or fell."""

    at: dt.datetime
    kind: str
    amount: Money
    source_id: uuid.UUID


def next_run(now: dt.datetime) -> dt.datetime:
    """The next weekly run: Monday 00:00 UTC."""
    day = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + dt.timedelta(days=7 - day.weekday())


def month(*, worker_id: uuid.UUID, currency: str, start: dt.datetime) -> Month:
    """A worker's month in one currency: two statements."""
    end, rows = sheets.after(start), confirmed(worker_id, start).filter(currency=currency)
    sums = rows.order_by().values_list("source_kind").annotate(n=Count("id"), units=Sum("confirmed_units"))
    by_kind = [(kind, n, Money(int(units or 0), currency)) for kind, n, units in sums.order_by("source_kind")]
    sent = Payout.objects.filter(worker_id=worker_id, currency=currency, sent_at__gte=start, sent_at__lt=end)
    payouts = list(sent.order_by("sent_at"))
    return Month(
        start=start, end=end, earnings=sum(n for _kind, n, _amount in by_kind), by_kind=by_kind, payouts=payouts,
        earned=Money(sum(amount.units for _kind, _n, amount in by_kind), currency),
        paid=Money(sum(payout.amount_units for payout in payouts), currency),
    )  # fmt: skip


def parts(found: Month) -> int:
    """In how many PDFs a month comes."""
    return max(1, -(-found.earnings // PART))


def payout_amounts(payout: Payout) -> dict[str, Money]:
    """How a payout's amount came about, as money."""
    return {
        "amount": Money(payout.amount_units, payout.currency), "carry_in": Money(payout.carry_in_units, payout.currency),
        "earned": Money(payout.earned_units, payout.currency), "carry_out": Money(payout.carry_out_units, payout.currency),
        "cost": Money(payout.cost_units, payout.currency), "sends": payout.sends,
    }  # fmt: skip


def funding_amount(funding: Funding) -> Money:
    """What a client paid in."""
    return Money(funding.amount_units, funding.currency)


def confirmed(worker_id: uuid.UUID, start: dt.datetime) -> QuerySet[Earning]:
    """A worker's earnings of a month, by date of confirmation."""
    return Earning.objects.filter(
        worker_id=worker_id, state="confirmed", settled_at__gte=start, settled_at__lt=sheets.after(start)
    )


def month_csv(*, worker_id: uuid.UUID, start: dt.datetime) -> Iterator[str]:
    """A worker's month line by line, with the reasons of each amount."""
    yield sheets.row(["confirmed_at", "for", "about", "reasons", "amount", "currency", "payout"])
    rows = confirmed(worker_id, start).order_by("settled_at", "id")
    for chunk in _chunks(rows):
        for shown in words.earnings(queries.single_views(chunk)):
            view = shown["view"]
            reasons = "; ".join(_reason(each) for each in shown["lines"])
            at = view.settled_at.astimezone(dt.UTC).isoformat() if view.settled_at else ""
            yield sheets.row(
                [at, str(shown["kind"]), shown["about"], reasons, str(view.amount.decimal()), view.amount.currency,
                 str(view.payout_id or "")]
            )  # fmt: skip


def _reason(line: dict[str, Any]) -> str:
    why = f" ({line['reason']})" if line["reason"] else ""
    return f"{line['name']} {line['amount'].decimal()}{why} {line['rule']}"


def _chunks(rows: QuerySet[Earning]) -> Iterator[list[Earning]]:
    """The rows in pieces, each read after the last: a month of a hundred thousand tasks never stands in memory."""
    place: tuple[dt.datetime | None, uuid.UUID] | None = None
    while True:
        found = rows
        if place is not None:
            found = rows.filter(settled_at__gte=place[0]).exclude(settled_at=place[0], id__lte=place[1])
        chunk = list(found[:PAGE])
        if not chunk:
            return
        yield chunk
        place = chunk[-1].settled_at, chunk[-1].id


def client_account(
    *, organisation_id: uuid.UUID, currency: str, cursor: str | None, size: int = 20
) -> tuple[paging.Page[LedgerTx], list[Movement]]:
    """A page of what moved a client's prepaid money, newest first."""
    account = Account("client_prepaid", organisation_id, currency)
    rows: QuerySet[Any] = LedgerTx.objects.filter(entries__account_id=account.id).annotate(moved=F("entries__amount"))
    page = paging.page(rows, order="-at", cursor=cursor, size=size)
    moves = [Movement(at=tx.at, kind=tx.kind, amount=Money(-tx.moved, currency), source_id=tx.source_id) for tx in page.rows]
    return page, moves


def client_csv(*, organisation_id: uuid.UUID, currency: str) -> Iterator[str]:
    """All that ever moved a client's prepaid money."""
    yield sheets.row(["at", "what", "amount", "currency", "reference"])
    account = Account("client_prepaid", organisation_id, currency)
    entries = LedgerEntry.objects.filter(account_id=account.id).select_related("tx").order_by("tx__at", "tx_id")
    for entry in entries.iterator(chunk_size=PAGE):
        amount = Money(-entry.amount, currency)
        yield sheets.row([entry.tx.at.isoformat(), entry.tx.kind, str(amount.decimal()), currency, str(entry.tx.source_id)])
