"""What a client owes, as papers: each charge with its number, what it was for, and what has settled it so far.

The ledger knows one sum (client_receivable). Charges and settlements are read from its entries; settlements go to the oldest
charge first.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kit.errors import NotFound
from kit.money import Money, total
from payments import words
from payments.chart import Account
from payments.models import Chargeback, Earning, LedgerEntry
from workers.models import Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Something that a client owes or owed. `parts` add up to `amount`; `settled_on` is when the last of it was settled."""

    id: uuid.UUID
    number: str
    at: dt.datetime
    about: str
    parts: tuple[tuple[str, Money], ...]
    amount: Money
    settled: Money
    settled_on: dt.datetime | None

    @property
    def open(self) -> Money:
        return self.amount - self.settled


def charges(*, organisation: Organisation, currency: str) -> list[Charge]:
    """Everything that a client was ever charged afterwards, the newest first. Four statements."""
    account = Account("client_receivable", organisation.pk, currency)
    entries = LedgerEntry.objects.filter(account_id=account.id).select_related("tx").order_by("tx__at", "tx_id")
    told = _told([entry for entry in entries if entry.amount > 0], organisation, currency)
    lowered = [(entry.tx.at, Money(-entry.amount, currency)) for entry in entries if entry.amount < 0]
    return list(reversed(_settled(told, lowered)))


def find(*, organisation: Organisation, currency: str, number: str) -> Charge:
    """Raises NotFound."""
    found = next((one for one in charges(organisation=organisation, currency=currency) if one.number == number), None)
    if found is None:
        raise NotFound(_("There is no such invoice."))
    return found


def currency_of(number: str) -> str:
    """A number ends with its currency."""
    return number[-3:]


def _settled(found: Sequence[Charge], payments: Sequence[tuple[dt.datetime, Money]]) -> list[Charge]:
    """Give each settlement to the oldest charge that is open."""
    out = list(found)
    for at, paid in payments:
        for place, one in enumerate(out):
            part = min(paid, one.open)
            if part.units > 0:
                done = one.settled + part
                out[place] = replace(one, settled=done, settled_on=at if done == one.amount else None)
                paid = paid - part
    return out


def _told(entries: Sequence[LedgerEntry], organisation: Organisation, currency: str) -> list[Charge]:
    sources = [entry.tx.source_id for entry in entries]
    added = {row.source_id: row for row in Earning.objects.filter(source_kind="adjustment", source_id__in=sources)}
    taken = {row.key: row for row in Chargeback.objects.filter(key__in=sources)}
    names = words.batches(sorted({row.batch_id for row in added.values()}))
    made = []
    for entry in entries:
        source, amount = entry.tx.source_id, Money(entry.amount, currency)
        about = _("Correction of your account")
        parts: tuple[tuple[str, Money], ...] = ((_("Amount"), amount),)
        if source in added:
            row, name = added[source], names.get(added[source].batch_id)
            pay = Money(row.confirmed_units or 0, currency)
            about = _("Work that was accepted after its reserve went back to you")
            about = f"{about}: {name.project} · {name.batch}" if name else about
            parts = ((_("To the worker"), pay), (_("Our fee"), amount - pay))
        elif source in taken:
            day = date_format(taken[source].opened_at.astimezone(dt.UTC), "j M Y")
            about = _("Payment that your bank took back on %(day)s") % {"day": day}
        made.append(Charge(
            id=entry.tx.pk, number=f"{organisation.slug}-{entry.tx.at:%Y%m%d}-{entry.tx.pk.hex[-6:]}-{currency}", at=entry.tx.at,
            about=about, parts=parts, amount=amount, settled=Money.zero(currency), settled_on=None,
        ))  # fmt: skip
    return made


def open_sum(found: Sequence[Charge], currency: str) -> Money:
    """What is not settled."""
    return total((one.open for one in found), currency)
