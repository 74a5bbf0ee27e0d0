"""Tax years: what each worker was confirmed in a UTC year, and which form of the U.S. tax office is on file.

A year goes by the UTC date of confirmation. The threshold of form 1099-NEC: reference of the Internal Revenue Service, $600
for payments made up to 2025, $2,000 for those made in 2026. It counts for those who handed in a W-9.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Invalid, NotFound
from kit.money import Money
from payments import locks, queries, sheets
from payments.models import Earning, PayoutAccount, TaxForm

THRESHOLDS = ((2026, Money(20_000_000, "USD")), (0, Money(6_000_000, "USD")))
"""From which year, the amount from which a 1099-NEC is due."""
PIECE = 500
W8_YEARS = 3
"""A W-8BEN holds until the end of the third year after the one in which it was signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """One worker's year in one currency."""

    worker_id: uuid.UUID
    name: str
    email: str
    country: str
    form: str
    signed: dt.date | None
    amount: Money
    earnings: int
    due: bool
    """Whether a 1099-NEC is due."""
    expired: bool
    """Whether the form on file no longer holds at the end of the year."""


def threshold(year: int) -> Money:
    """The amount from which a 1099-NEC is due."""
    return next(amount for since, amount in THRESHOLDS if year >= since)


def year_of(*, worker_id: uuid.UUID, year: int) -> list[Money]:
    """What one worker was confirmed in a year, by currency: one statement."""
    sums = _sums(year, "currency").filter(worker_id=worker_id)
    return [Money(int(units), currency) for _worker, currency, units, _n in sums]


def lines(*, year: int, limit: int = 100) -> list[TaxLine]:
    """Workers by amount, largest first: three statements for any number."""
    rows = list(_sums(year, "-units", "worker_id", "currency")[:limit])
    return _shown(rows, year)


def totals(year: int) -> list[tuple[Money, int]]:
    """What was confirmed to all workers in a year and how many they were, by currency: one statement."""
    start, end = sheets.year_of(year)
    confirmed = Earning.objects.filter(state="confirmed", settled_at__gte=start, settled_at__lt=end)
    sums = confirmed.order_by().values_list("currency").annotate(units=Sum("confirmed_units"), n=Count("worker", distinct=True))
    return [(Money(int(units), currency), n) for currency, units, n in sums.order_by("currency")]


def csv_lines(year: int) -> Iterator[str]:
    """Every worker's year, ready for the tax office's own columns."""
    yield sheets.row([
        "year", "worker", "name", "email", "country", "form", "form_signed", "form_expired", "gross", "currency", "earnings",
        "form_1099_nec_due",
    ])  # fmt: skip
    rows = _sums(year, "-units", "worker_id", "currency").iterator(chunk_size=PIECE)
    while found := list(islice(rows, PIECE)):
        for each in _shown(found, year):
            yield sheets.row([
                str(year), str(each.worker_id), each.name, each.email, each.country, each.form,
                each.signed.isoformat() if each.signed else "", _yes(each.expired), str(each.amount.decimal()),
                each.amount.currency, str(each.earnings), _yes(each.due),
            ])  # fmt: skip


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _sums(year: int, *order: str) -> QuerySet[Earning, Any]:
    start, end = sheets.year_of(year)
    confirmed = Earning.objects.filter(state="confirmed", settled_at__gte=start, settled_at__lt=end)
    sums = confirmed.order_by().values_list("worker_id", "currency")
    return sums.annotate(units=Sum("confirmed_units"), n=Count("id")).order_by(*order)


def _shown(rows: Sequence[tuple[uuid.UUID, str, int, int]], year: int) -> list[TaxLine]:
    ids = [worker_id for worker_id, *_rest in rows]
    names = queries.people(ids)
    accounts = {row.user_id: row for row in PayoutAccount.objects.filter(user_id__in=ids).order_by("created_at", "id")}
    found = []
    for worker_id, currency, units, count in rows:
        account, amount = accounts.get(worker_id), Money(int(units), currency)
        form = account.tax_form if account else ""
        signed = account.tax_form_on if account else None
        found.append(TaxLine(
            worker_id=worker_id, name=names[worker_id].name, email=names[worker_id].email, amount=amount, earnings=count,
            country=account.country if account else "", form=form, signed=signed, expired=_expired(form, signed, year),
            due=form == TaxForm.W9 and currency == "USD" and amount.units >= threshold(year).units,
        ))  # fmt: skip
    return found


def _expired(form: str, signed: dt.date | None, year: int) -> bool:
    return form == TaxForm.W8BEN and signed is not None and signed.year + W8_YEARS < year


def keep_form(*, worker_id: uuid.UUID, form: str, signed: str, actor_id: uuid.UUID, now: dt.datetime) -> None:
    """Note which form somebody handed in and when it was signed, on their payout account. Raises Invalid, NotFound."""
    if form not in TaxForm.values:
        raise Invalid(_("Expected one of: %(choices)s.") % {"choices": "W-9, W-8BEN"}, field="form")
    on = _date(signed, now) if form else None
    newest = PayoutAccount.objects.filter(user_id=worker_id).order_by("-created_at", "-id").first()
    if newest is None:
        raise NotFound(_("This worker has no payout account yet."))
    account = locks.payout_account(newest.pk)
    account.tax_form, account.tax_form_on = form, on
    account.save(update_fields=["tax_form", "tax_form_on"])
    audit.record(subject=account, verb="payout_account.tax_form", actor_id=actor_id, now=now, to_state=form)


def _date(text: str, now: dt.datetime) -> dt.date:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid(_("Expected the date on which it was signed."), field="signed") from None
    if not dt.date(sheets.FIRST_YEAR, 1, 1) <= found <= now.date():
        raise Invalid(_("Expected the date on which it was signed."), field="signed")
    return found
