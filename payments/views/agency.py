"""An agency's pages about its fees: what each day came to, on paper and as CSV, and to whom they are paid."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import Invalid
from kit.money import Money
from payments import agency_fees, sheets
from payments.models import AgencyDay
from workers import access
from workers.access import ClientRequest
from workers.models import Membership


@require_GET
@access.agency("viewer")
def fees(request: ClientRequest, org: str) -> HttpResponse:
    """The terms, a month's days, what fell away, and to whom it goes."""
    now, agency = timezone.now(), request.organisation
    start = sheets.read_month(request.GET.get("month"), now=now)
    today = now.astimezone(dt.UTC).date()
    agreed = list(agency_fees.shares(agency.pk)[:20])
    return render(request, "agency/fees.html", {
        "org": org, "rows": [_row(day) for day in agency_fees.days(agency.pk, start=start)], "start": start,
        "before": f"{sheets.before(start):%Y-%m}", "this": f"{start:%Y-%m}",
        "after": f"{sheets.after(start):%Y-%m}" if sheets.after(start) <= now else "",
        "standings": agency_fees.standings(agency.pk), "why": agency_fees.why_waiting(agency.pk, now=now),
        "share": f"{agency_fees.share_on(agency.pk, today) / 100:g}", "payee": agency_fees.payee_of(agency.pk),
        "agreed": [{"row": row, "share": f"{row.share_bp / 100:g}"} for row in agreed],
        "possible": agency_fees.possible_payees(agency.pk), "is_owner": request.membership.role == Membership.OWNER,
        "take_backs": [
            {"row": row, "amount": Money(row.units, row.currency), "left": Money(row.units - row.taken_units, row.currency)}
            for row in agency_fees.take_backs(agency.pk)[:20]
        ],
        "columns": [
            {"label": _("Day")}, {"label": _("Accepted answers"), "num": True, "rank": 2}, {"label": _("Our fee on them"), "num": True},
            {"label": _("Your share"), "num": True}, {"label": _("Taken back"), "num": True, "rank": 2}, {"label": _("State")},
        ],
    })  # fmt: skip


def _row(day: AgencyDay) -> dict[str, Any]:
    return {
        "day": day, "ours": Money(day.our_fee_units, day.currency), "fee": Money(day.fee_units - day.taken_units, day.currency),
        "taken": Money(day.taken_units, day.currency), "share": f"{day.share_bp / 100:g}", "state": state_of(day),
    }  # fmt: skip


def state_of(day: AgencyDay) -> str:
    """noted, posted (it goes out with the next payout), or in a payout: that payout's state."""
    if day.earning is None:
        return "nothing" if day.fee_units == day.taken_units else "noted"
    return day.earning.payout.state if day.earning.payout is not None else "posted"


@require_GET
@access.agency("viewer")
def fees_csv(request: ClientRequest, org: str) -> StreamingHttpResponse:
    """A month's days as CSV."""
    start = sheets.read_month(request.GET.get("month"), now=timezone.now())
    head = ["day", "currency", "accepted_answers", "our_fee", "share_percent", "fee", "taken_back", "paid_out", "state"]
    lines = [head] + [
        [
            each.day.isoformat(), each.currency, str(each.answers), str(Money(each.our_fee_units, each.currency).decimal()),
            f"{each.share_bp / 100:g}", str(Money(each.fee_units, each.currency).decimal()),
            str(Money(each.taken_units, each.currency).decimal()),
            str(Money(each.fee_units - each.taken_units if each.earning_id else 0, each.currency).decimal()), state_of(each),
        ]
        for each in agency_fees.days(request.organisation.pk, start=start)
    ]  # fmt: skip
    response = StreamingHttpResponse((sheets.row(line) for line in lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="agency-fees-{start:%Y-%m}.csv"'
    return response


@require_POST
@access.agency("owner")
@access.reauthenticated
def payee(request: ClientRequest, org: str) -> HttpResponse:
    """Say to whose payout account the fees go."""
    try:
        user_id = uuid.UUID(request.POST.get("user", ""))
    except ValueError:
        raise Invalid(_("Choose a person."), field="user") from None
    with transaction.atomic(durable=True):
        agency_fees.name_payee(agency=request.organisation, user_id=user_id, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Saved. A change waits 72 hours before anything is paid."))
    return redirect("payments:agency_fees", org=org)
