"""The PDFs of money: a worker's month with every line and its reasons, a client's receipt, month and invoices."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from payments import owed, queries, statements, tax, usage, words
from payments.models import Funding
from payments.pdf import Sheet
from payments.statements import PART, Month
from workers.models import Organisation, User


def worker_month(*, user: User, month: Month, part: int, now: dt.datetime) -> bytes:
    """A worker's month in one currency: sums, payouts, and the lines of one part of it (`statements.parts`)."""
    sheet = Sheet(title=_("Statement for %(month)s") % {"month": date_format(month.start, "F Y")}, now=now)
    facts = [
        (_("Issued by"), settings.PRODUCT_NAME), (_("Worker"), f"{user.name}, {user.email}"),
        (_("Counts"), _("earnings by the UTC date of confirmation, payouts by that of the transfer")),
        (_("Confirmed in this month"), words.amount(month.earned)), (_("Paid out in this month"), words.amount(month.paid)),
    ]  # fmt: skip
    for amount in tax.year_of(worker_id=user.pk, year=month.start.year):
        if amount.currency == month.earned.currency:
            facts.append((_("Confirmed in %(year)s") % {"year": month.start.year}, words.amount(amount)))
    if (parts := statements.parts(month)) > 1:
        facts.append((_("Part"), _("%(part)s of %(parts)s") % {"part": part, "parts": parts}))
    sheet.facts(facts)
    _payouts(sheet, month)
    _earnings(sheet, user.pk, month, part)
    return sheet.finish()


def _payouts(sheet: Sheet, month: Month) -> None:
    if month.payouts:
        sheet.heading(_("Payouts"))
    for payout in month.payouts:
        row = statements.payout_amounts(payout)
        sheet.entry(f"{_day(payout.sent_at)} · {payout.pk}", words.amount(row["amount"]))


def _earnings(sheet: Sheet, worker_id: uuid.UUID, month: Month, part: int) -> None:
    rows = statements.confirmed(worker_id, month.start).filter(currency=month.earned.currency)
    chunk = list(rows.order_by("settled_at", "id")[(part - 1) * PART : part * PART])
    sheet.heading(ngettext("%(n)s earning", "%(n)s earnings", month.earnings) % {"n": month.earnings})
    for shown in words.earnings(queries.single_views(chunk)):
        view = shown["view"]
        about = f"{shown['kind']}: {shown['about']}" if shown["about"] else str(shown["kind"])
        sheet.entry(f"{_day(view.settled_at)} · {about}", words.amount(view.amount), strong=True)
        for each in shown["lines"]:
            reason = f" ({each['reason']})" if each["reason"] else ""
            sheet.entry(f"{each['name']}{reason} · {each['rule']}", words.amount(each["amount"]), indent=5)


def receipt(*, organisation: Organisation, funding: Funding, now: dt.datetime) -> bytes:
    """The receipt of a payment that has arrived."""
    sheet = Sheet(title=_("Receipt"), now=now)
    amount = statements.funding_amount(funding)
    sheet.facts([
        (_("Issued by"), settings.PRODUCT_NAME), (_("Received from"), organisation.name),
        (_("Number"), str(funding.pk)), (_("Received on"), _day(funding.settled_at)),
        (_("Paid through"), f"Stripe, {funding.charge_id}" if funding.charge_id else "Stripe"),
    ])  # fmt: skip
    sheet.heading(_("What it was for"))
    sheet.entry(_("Prepaid for work on %(product)s") % {"product": settings.PRODUCT_NAME}, words.amount(amount))
    sheet.entry(_("Received"), words.amount(amount), strong=True)
    sheet.ln(2)
    sheet.note(_("Prepaid money stays yours until work is confirmed; the statement of each month says what was charged."))
    return sheet.finish()


def invoice(*, organisation: Organisation, charge: owed.Charge, now: dt.datetime) -> bytes:
    """The invoice of something that a client owes, or owed: what for, what settled it."""
    sheet = Sheet(title=_("Invoice"), now=now)
    sheet.facts([
        (_("Issued by"), settings.PRODUCT_NAME), (_("Client"), organisation.name), (_("Number"), charge.number),
        (_("Date"), _day(charge.at)), (_("Due"), _("at once; your next payment settles it before anything else")),
    ])  # fmt: skip
    sheet.heading(_("What it is for"))
    sheet.entry(charge.about, words.amount(charge.amount), strong=True)
    for label, amount in charge.parts:
        sheet.entry(label, words.amount(amount), indent=5)
    sheet.heading(_("How it stands"))
    settled = _("Settled on %(day)s") % {"day": _day(charge.settled_on)} if charge.settled_on else _("Settled so far")
    sheet.entry(settled, words.amount(charge.settled))
    sheet.entry(_("Still open"), words.amount(charge.open), strong=True)
    return sheet.finish()


def client_month(*, organisation: Organisation, found: usage.Usage, now: dt.datetime) -> bytes:
    """A client's month: every charge with our fee apart, and how prepaid money moved."""
    sheet = Sheet(title=_("Usage in %(month)s") % {"month": date_format(found.start, "F Y")}, now=now)
    sheet.facts([
        (_("Issued by"), settings.PRODUCT_NAME), (_("Client"), organisation.name),
        (_("Number"), f"{organisation.slug}-{found.start:%Y-%m}-{found.currency}"),
        (_("Counts"), _("work by the UTC date of its confirmation")),
    ])  # fmt: skip
    sheet.heading(_("Charged"))
    for each in found.charges:
        sheet.entry(f"{each.project} · {each.batch}", words.amount(each.total), strong=True)
        kind = words.SOURCES.get(each.kind, each.kind)
        sheet.entry(f"{kind} × {each.count}: {_('to workers')}", words.amount(each.pay), indent=5)
        sheet.entry(_("our fee"), words.amount(each.fee), indent=5)
    for label, amount in ((_("To workers"), found.pay), (_("Our fee"), found.fee), (_("Charged"), found.total)):
        sheet.entry(label, words.amount(amount), strong=True)
    sheet.heading(_("Prepaid money"))
    sheet.entry(_("At the start of the month"), words.amount(found.opening))
    for kind, amount in found.moves:
        sheet.entry(str(words.MOVES.get(kind, kind)), words.amount(amount))
    sheet.entry(_("At its end"), words.amount(found.closing), strong=True)
    return sheet.finish()


def _day(at: dt.datetime | None) -> str:
    return date_format(at.astimezone(dt.UTC), "j M Y") if at else ""

