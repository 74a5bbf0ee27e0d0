"""Finance's figures: each worker's tax year, and what the platform keeps of each project."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from payments import margin, sheets, tax
from payments.models import TaxForm
from payments.views.worker import csv_response
from workers import access
from workers.access import PersonRequest

SHOWN = 100
"""Workers on the page, the largest amounts first; the CSV has all."""


@require_GET
@access.ops("finance")
def tax_year(request: PersonRequest) -> HttpResponse:
    """What workers were confirmed in a UTC year, which form is on file, for whom a 1099-NEC is due."""
    now = timezone.now()
    year = sheets.read_year(request.GET.get("year"), now=now)
    rows = tax.lines(year=year, limit=SHOWN)
    return render(request, "ops/tax.html", {
        "year": year, "rows": [{"line": each, "label": TaxForm(each.form).label, "dom_id": each.worker_id.hex} for each in rows],
        "totals": tax.totals(year), "threshold": tax.threshold(year), "forms": TaxForm.choices, "today": now.date(),
        "before": year - 1, "after": year + 1 if year < now.year else "",
        "summary": _("The %(n)s largest; the CSV has everybody.") % {"n": SHOWN} if len(rows) == SHOWN else "",
        "crumbs": [{"label": _("Payouts"), "url": reverse("payments:payout_runs")}],
        "columns": [
            {"label": _("Worker")}, {"label": _("Form")}, {"label": _("1099-NEC"), "rank": 2},
            {"label": _("Confirmed"), "num": True}, {"label": _("Note a form"), "hidden": True},
        ],
    })  # fmt: skip


@require_GET
@access.ops("finance")
def tax_csv(request: PersonRequest) -> StreamingHttpResponse:
    """Everybody's year."""
    year = sheets.read_year(request.GET.get("year"), now=timezone.now())
    return csv_response(tax.csv_lines(year), f"tax-{year}.csv")


@require_POST
@access.ops("finance")
def tax_form(request: PersonRequest, worker_id: uuid.UUID) -> HttpResponse:
    """Note which form somebody handed in."""
    with transaction.atomic(durable=True):
        tax.keep_form(
            worker_id=worker_id, form=request.POST.get("form", "missing"), signed=request.POST.get("signed", ""),
            actor_id=request.user.pk, now=timezone.now(),
        )  # fmt: skip
    messages.success(request, _("Noted."))
    return redirect("payments:tax_year")


@require_GET
@access.ops("finance")
def margins(request: PersonRequest) -> HttpResponse:
    """What the platform kept of each project in a UTC month, and what belongs to no project."""
    now = timezone.now()
    start = sheets.read_month(request.GET.get("month"), now=now)
    rows, wholes = margin.month(start)
    return render(request, "ops/margin.html", {
        "start": start, "rows": rows, "wholes": wholes, "this": f"{start:%Y-%m}", "before": f"{sheets.before(start):%Y-%m}",
        "after": f"{sheets.after(start):%Y-%m}" if sheets.after(start) <= now else "",
        "crumbs": [{"label": _("Payouts"), "url": reverse("payments:payout_runs")}],
        "columns": [
            {"label": _("Project")}, {"label": _("To workers"), "num": True, "rank": 2}, {"label": _("Our fee"), "num": True},
            {"label": _("Losses"), "num": True, "rank": 2}, {"label": _("Margin"), "num": True},
        ],
    })  # fmt: skip


@require_GET
@access.ops("finance")
def margins_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The same as a file."""
    start = sheets.read_month(request.GET.get("month"), now=timezone.now())
    return csv_response(margin.csv_lines(start), f"margin-{start:%Y-%m}.csv")
