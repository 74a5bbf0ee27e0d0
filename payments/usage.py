"""A client's month: what its batches were charged, our fee apart from what workers got, and what that left prepaid."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from kit.money import Money, total
from payments import sheets, words
from payments.chart import Account
from payments.models import Earning, LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one kind of work in one batch cost."""

    batch_id: uuid.UUID
    batch: str
    project: str
    kind: str
    count: int
    pay: Money
    fee: Money

    @property
    def total(self) -> Money:
        return self.pay + self.fee


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A UTC month in one currency. `moves` is what raised or lowered prepaid money: opening + moves = closing.

    Charges are paid out of what was reserved at launch, so they are no part of the moves.
    """

    start: dt.datetime
    end: dt.datetime
    currency: str
    opening: Money
    moves: list[tuple[str, Money]]
    closing: Money
    charges: list[Charge]

    @property
    def pay(self) -> Money:
        return total((each.pay for each in self.charges), self.currency)

    @property
    def fee(self) -> Money:
        return total((each.fee for each in self.charges), self.currency)

    @property
    def total(self) -> Money:
        return self.pay + self.fee


def month(*, organisation_id: uuid.UUID, currency: str, start: dt.datetime) -> Usage:
    """Three statements: charges by batch and kind, their names, and the moves of prepaid money."""
    end = sheets.after(start)
    opening, moves = _moves(Account("client_prepaid", organisation_id, currency), start, end)
    closing = total([opening, *(amount for _kind, amount in moves)], currency)
    return Usage(
        start=start, end=end, currency=currency, opening=opening, moves=moves, closing=closing,
        charges=_charges(organisation_id, currency, start, end),
    )  # fmt: skip


def _charges(organisation_id: uuid.UUID, currency: str, start: dt.datetime, end: dt.datetime) -> list[Charge]:
    """By date of confirmation; what the platform paid out of its own losses was charged to nobody."""
    confirmed = Earning.objects.filter(
        organisation_id=organisation_id, currency=currency, state="confirmed", from_losses=False,
        settled_at__gte=start, settled_at__lt=end,
    )  # fmt: skip
    rows = confirmed.values_list("batch_id", "source_kind").annotate(
        n=Count("id"), pay=Sum("confirmed_units"), fee=Sum("confirmed_fee_units")
    )
    found = list(rows.order_by("batch_id", "source_kind"))
    names = words.batches(sorted({batch_id for batch_id, *_rest in found}))
    charges = []
    for batch_id, kind, count, pay, fee in found:
        name = names.get(batch_id)
        charges.append(Charge(
            batch_id=batch_id, kind=kind, count=count, pay=Money(int(pay or 0), currency), fee=Money(int(fee or 0), currency),
            batch=name.batch if name else str(batch_id), project=name.project if name else "",
        ))  # fmt: skip
    return sorted(charges, key=lambda each: (each.project, each.batch, each.kind))


def charged_since(
    *, organisation_id: uuid.UUID, batch_ids: Sequence[uuid.UUID], currency: str, start: dt.datetime
) -> Money:
    """Pay and fees of some batches of a client that were confirmed since a moment."""
    since = Earning.objects.filter(
        organisation_id=organisation_id, batch_id__in=batch_ids, currency=currency, state="confirmed", from_losses=False,
        settled_at__gte=start,
    )  # fmt: skip
    sums = since.aggregate(units=Coalesce(Sum(F("confirmed_units") + F("confirmed_fee_units")), 0))
    return Money(int(sums["units"]), currency)


def _moves(account: Account, start: dt.datetime, end: dt.datetime) -> tuple[Money, list[tuple[str, Money]]]:
    """What was prepaid at the start of a month, and how each kind of movement changed it until its end."""
    rows = LedgerEntry.objects.filter(account_id=account.id, tx__at__lt=end).values_list("tx__kind")
    sums = rows.annotate(
        before=Coalesce(Sum("amount", filter=Q(tx__at__lt=start)), 0),
        during=Coalesce(Sum("amount", filter=Q(tx__at__gte=start)), 0), n=Count("tx", filter=Q(tx__at__gte=start)),
    ).order_by("tx__kind")  # fmt: skip
    found = list(sums)
    opening = Money(-sum(int(before) for _kind, before, _during, _n in found), account.currency)
    return opening, [(kind, Money(-int(during), account.currency)) for kind, _before, during, n in found if n]


def csv_lines(found: Usage) -> Iterator[str]:
    """The charges of a month, a row for each batch and kind of work."""
    yield sheets.row(["project", "batch", "batch_id", "for", "count", "to_workers", "fee", "total", "currency"])
    for each in found.charges:
        yield sheets.row([
            each.project, each.batch, str(each.batch_id), each.kind, str(each.count), *_figures([each.pay, each.fee, each.total]),
            found.currency,
        ])  # fmt: skip


def _figures(amounts: Sequence[Money]) -> list[str]:
    return [str(amount.decimal()) for amount in amounts]
