"""Papers about money: a worker's month, a client's account, and both as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from kit import paging
from kit.errors import Invalid
from kit.money import Money
from payments import queries, words
from payments.chart import Account
from payments.models import Earning, LedgerEntry, LedgerTx, Payout

PAGE = 500
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula."""


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


def read_month(text: str | None, *, now: dt.datetime) -> dt.datetime:
    """The first moment of a month such as 2026-11; the present one for nothing. Raises Invalid."""
    if not text:
        return now.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC)
    except ValueError:
        raise Invalid(_("Expected a month such as 2026-11."), field="month") from None


def after(start: dt.datetime) -> dt.datetime:
    """The first moment of the next month."""
    return (start + dt.timedelta(days=32)).replace(day=1)


def month(*, worker_id: uuid.UUID, currency: str, start: dt.datetime) -> Month:
    """A worker's month in one currency: two statements."""
    end, confirmed = after(start), _confirmed(worker_id, start).filter(currency=currency)
    sums = confirmed.order_by().values_list("source_kind").annotate(n=Count("id"), units=Sum("confirmed_units"))
    by_kind = [(kind, n, Money(int(units or 0), currency)) for kind, n, units in sums.order_by("source_kind")]
    sent = Payout.objects.filter(worker_id=worker_id, currency=currency, sent_at__gte=start, sent_at__lt=end)
    payouts = list(sent.order_by("sent_at"))
    return Month(
        start=start, end=end, earnings=sum(n for _kind, n, _amount in by_kind), by_kind=by_kind, payouts=payouts,
        earned=Money(sum(amount.units for _kind, _n, amount in by_kind), currency),
        paid=Money(sum(payout.amount_units for payout in payouts), currency),
    )  # fmt: skip


def _confirmed(worker_id: uuid.UUID, start: dt.datetime) -> QuerySet[Earning]:
    return Earning.objects.filter(
        worker_id=worker_id, state="confirmed", settled_at__gte=start, settled_at__lt=after(start)
    )


def month_csv(*, worker_id: uuid.UUID, start: dt.datetime) -> Iterator[str]:
    """A worker's month line by line, with the reasons of each amount."""
    yield _row(["confirmed_at", "for", "about", "reasons", "amount", "currency", "payout"])
    rows = _confirmed(worker_id, start).order_by("settled_at", "id")
    for chunk in _chunks(rows):
        for shown in words.earnings(queries.single_views(chunk)):
            view = shown["view"]
            reasons = "; ".join(f"{each['name']} {each['amount'].decimal()}" for each in shown["lines"])
            at = view.settled_at.astimezone(dt.UTC).isoformat() if view.settled_at else ""
            yield _row(
                [at, str(shown["kind"]), shown["about"], reasons, str(view.amount.decimal()), view.amount.currency,
                 str(view.payout_id or "")]
            )  # fmt: skip


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


def _row(cells: Iterable[str]) -> str:
    """One CSV line; a cell that a spreadsheet would run as a formula is shown as text instead."""
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if cell.startswith(DANGEROUS) and not _is_number(cell) else cell for cell in cells])
    return out.getvalue()


def _is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdigit()


def client_account(
    *, organisation_id: uuid.UUID, currency: str, cursor: str | None, size: int = 20
) -> tuple[paging.Page[LedgerTx], list[Movement]]:
    """A page of what moved a client's prepaid money, newest first."""
    account = Account("client_prepaid", organisation_id, currency)
    rows = LedgerTx.objects.filter(entries__account_id=account.id)
    page = paging.page(rows, order="-at", cursor=cursor, size=size)
    amounts = dict(
        LedgerEntry.objects.filter(account_id=account.id, tx__in=[tx.pk for tx in page.rows]).values_list("tx_id", "amount")
    )
    moves = [
        Movement(at=tx.at, kind=tx.kind, amount=Money(-amounts[tx.pk], currency), source_id=tx.source_id) for tx in page.rows
    ]
    return page, moves


def client_csv(*, organisation_id: uuid.UUID, currency: str) -> Iterator[str]:
    """All that ever moved a client's prepaid money."""
    yield _row(["at", "what", "amount", "currency", "reference"])
    account = Account("client_prepaid", organisation_id, currency)
    entries = LedgerEntry.objects.filter(account_id=account.id).select_related("tx").order_by("tx__at", "tx_id")
    for entry in entries.iterator(chunk_size=PAGE):
        amount = Money(-entry.amount, currency)
        yield _row([entry.tx.at.isoformat(), entry.tx.kind, str(amount.decimal()), currency, str(entry.tx.source_id)])
