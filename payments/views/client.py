"""A client's pages about money: prepaid, reserved, spent, fees; paying in."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import Conflict, Invalid, NotFound, Refused
from kit.money import PAYABLE_STEP, Money
from payments import chargebacks, funding, gateway, owed, papers, queries, refunds, sheets, statements, usage, words
from payments.models import Funding
from payments.views.worker import csv_response, pdf_response
from workers import access
from workers.access import ClientRequest
from workers.organisations import RANK

ENDED = ("settled", "expired", "failed")
WAITING_STATES = ("open", "processing")


def currency_of(request: ClientRequest) -> tuple[str, list[str]]:
    """The currency to show (from the address, if known) and all there are, the organisation's own first."""
    own = request.organisation.billing_currency
    known = sorted({own, *queries.client_currencies(request.organisation.pk)}, key=lambda each: (each != own, each))
    asked = request.GET.get("currency", "")
    return (asked if asked in known else known[0]), known


@require_http_methods(["GET", "POST"])
@access.client("viewer")
def billing(request: ClientRequest, org: str) -> HttpResponse:
    """What is prepaid, reserved, spent; what moved it; and the form to pay in (managers)."""
    currency, known = currency_of(request)
    may_pay = RANK[request.membership.role] >= RANK["manager"]
    fault = ""
    if request.method == "POST":
        if not may_pay:
            raise Refused(_("Your role in this organisation does not allow this."))
        try:
            return redirect("payments:funding", org=org, funding_id=_begin(request, currency).pk)
        except Invalid as error:
            fault = str(error)
    page, moves = statements.client_account(
        organisation_id=request.organisation.pk, currency=currency, cursor=request.GET.get("cursor")
    )
    return render(request, "client/billing.html", {
        "money": queries.client_money(organisation_id=request.organisation.pk, currency=currency), "currency": currency,
        "stopped": chargebacks.stops(organisation_id=request.organisation.pk),
        "page": page, "rows": moves, "may_pay": may_pay, "fault": fault, "amount": request.POST.get("amount", ""), "org": org,
        "may_refund": RANK[request.membership.role] >= RANK["owner"],
        "refunds": [
            {"refund": each, "amount": Money(each.amount_units, each.currency)}
            for each in refunds.of_client(request.organisation.pk)[:5]
        ],
        "waiting": [_row(wish) for wish in _waiting(request)],
        "tabs": [{"label": each, "url": f"?currency={each}", "active": each == currency} for each in known],
        "columns": [{"label": _("What")}, {"label": _("When"), "rank": 2}, {"label": _("Prepaid"), "num": True}],
    }, status=422 if fault else 200)  # fmt: skip


@require_POST
@access.client("owner")
def refund(request: ClientRequest, org: str) -> HttpResponse:
    """Send unused prepaid money back to where it was paid from."""
    currency, _known = currency_of(request)
    try:
        amount = Money.parse(request.POST.get("amount", ""), currency, field="amount")
        with transaction.atomic(durable=True):
            refunds.ask(organisation_id=request.organisation.pk, amount=amount, actor_id=request.user.pk, now=timezone.now())
    except (Invalid, Conflict) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is on its way. Your bank shows it in some days."))
    return redirect(f"{reverse('payments:billing', args=[org])}?currency={currency}")


def _begin(request: ClientRequest, currency: str) -> Funding:
    amount = Money.parse(request.POST.get("amount", ""), currency, field="amount")
    if request.POST.get("way") == "invoice":
        return funding.ask_invoice(
            organisation_id=request.organisation.pk, amount=amount, actor_id=request.user.pk, now=timezone.now()
        )
    page = settings.PUBLIC_URL + reverse("payments:billing", args=[request.organisation.slug])
    return funding.start_checkout(
        organisation_id=request.organisation.pk, amount=amount, actor_id=request.user.pk, now=timezone.now(),
        success_url=f"{page}{{funding}}/?back=1", cancel_url=page,
    )  # fmt: skip


def _waiting(request: ClientRequest) -> Any:
    rows = Funding.objects.filter(organisation=request.organisation, state__in=WAITING_STATES)
    return rows.order_by("-created_at", "-id")[:5]


def _row(wish: Funding) -> dict[str, Any]:
    return {"wish": wish, "amount": Money(wish.amount_units, wish.currency), "due_at": wish.created_at + funding.DUE}


@require_GET
@access.client("viewer")
def payment(request: ClientRequest, org: str, funding_id: uuid.UUID) -> HttpResponse:
    """One payment: the link to the page to pay on, and whether the money has come. Asked again while it waits."""
    wish = Funding.objects.filter(pk=funding_id, organisation=request.organisation).first()
    if wish is None:
        raise NotFound(_("There is no such payment."))
    if "back" in request.GET and wish.state not in ENDED:
        wish = _fresh(wish)
    template = "client/billing_payment_state.html" if request.htmx else "client/billing_payment.html"  # type: ignore[attr-defined]
    return render(request, template, {
        **_row(wish), "org": org, "waits": wish.state not in ENDED, "back": "back" in request.GET,
        "may_pay": RANK[request.membership.role] >= RANK["manager"],
        "crumbs": [{"label": _("Billing"), "url": reverse("payments:billing", args=[org])}],
    })  # fmt: skip


@require_POST
@access.client("manager")
def withdraw(request: ClientRequest, org: str, funding_id: uuid.UUID) -> HttpResponse:
    """Nobody will pay this invoice: it is made void."""
    if not Funding.objects.filter(pk=funding_id, organisation=request.organisation).exists():
        raise NotFound(_("There is no such payment."))
    funding.withdraw(funding_id=funding_id, now=timezone.now())
    return redirect("payments:funding", org=org, funding_id=funding_id)


def _fresh(wish: Funding) -> Funding:
    """The payment as Stripe shows it now; as we know it when Stripe is silent."""
    try:
        funding.read_again(checkout_id=wish.checkout_id or "", now=timezone.now())
    except gateway.GatewayError:
        return wish
    return Funding.objects.get(pk=wish.pk)


@require_GET
@access.client("viewer")
def account_csv(request: ClientRequest, org: str) -> StreamingHttpResponse:
    """Everything that moved prepaid money."""
    currency, _known = currency_of(request)
    lines = statements.client_csv(organisation_id=request.organisation.pk, currency=currency)
    return csv_response(lines, f"account-{org}-{currency}.csv")


@require_GET
@access.client("viewer")
def receipt(request: ClientRequest, org: str, funding_id: uuid.UUID) -> HttpResponse:
    """The receipt of a payment that has arrived."""
    wish = Funding.objects.filter(pk=funding_id, organisation=request.organisation, state="settled").first()
    if wish is None:
        raise NotFound(_("There is no such payment."))
    made = papers.receipt(organisation=request.organisation, funding=wish, now=timezone.now())
    return pdf_response(made, f"receipt-{wish.pk}.pdf")


@require_GET
@access.client("viewer")
def owing(request: ClientRequest, org: str) -> HttpResponse:
    """What was charged after its money was gone, what settled it, and the invoice of each."""
    currency, known = currency_of(request)
    found = owed.charges(organisation=request.organisation, currency=currency)
    return render(request, "client/billing_owed.html", {
        "rows": [{"charge": one, "url": reverse("payments:invoice", args=[org, one.number])} for one in found], "org": org,
        "open": (left := owed.open_sum(found, currency)), "currency": currency, "pay_amount": str(_payable(left).decimal()),
        "may_pay": RANK[request.membership.role] >= RANK["manager"],
        "tabs": [{"label": each, "url": f"?currency={each}", "active": each == currency} for each in known],
        "crumbs": [{"label": _("Billing"), "url": reverse("payments:billing", args=[org])}],
        "columns": [
            {"label": _("For")}, {"label": _("State")}, {"label": _("Open"), "num": True}, {"label": _("Amount"), "num": True},
            {"label": _("Invoice"), "hidden": True},
        ],
    })  # fmt: skip


def _payable(left: Money) -> Money:
    """The least payment that settles it: whole cents, and no less than a payment may be."""
    step = PAYABLE_STEP[left.currency]
    return Money(max(-(-left.units // step) * step, funding.LEAST), left.currency)


@require_GET
@access.client("viewer")
def invoice(request: ClientRequest, org: str, number: str) -> HttpResponse:
    """The invoice of one charge."""
    charge = owed.find(organisation=request.organisation, currency=owed.currency_of(number), number=number)
    made = papers.invoice(organisation=request.organisation, charge=charge, now=timezone.now())
    return pdf_response(made, f"invoice-{number}.pdf")


def _month(request: ClientRequest) -> usage.Usage:
    start = sheets.read_month(request.GET.get("month"), now=timezone.now())
    return usage.month(organisation_id=request.organisation.pk, currency=currency_of(request)[0], start=start)


@require_GET
@access.client("viewer")
def month(request: ClientRequest, org: str) -> HttpResponse:
    """What a month was charged, our fee apart, and what that left prepaid."""
    found = _month(request)
    known, this = currency_of(request)[1], f"{found.start:%Y-%m}"
    return render(request, "client/billing_month.html", {
        "found": found, "currency": found.currency, "org": org, "this": this, "before": f"{sheets.before(found.start):%Y-%m}",
        "after": f"{found.end:%Y-%m}" if found.end <= timezone.now() else "",
        "rows": [{"charge": each, "kind": words.SOURCES.get(each.kind, each.kind)} for each in found.charges],
        "moves": [{"name": words.MOVES.get(kind, kind), "amount": amount} for kind, amount in found.moves],
        "tabs": [{"label": each, "url": f"?month={this}&currency={each}", "active": each == found.currency} for each in known],
        "crumbs": [{"label": _("Billing"), "url": reverse("payments:billing", args=[org])}],
        "columns": [
            {"label": _("Batch")}, {"label": _("For"), "rank": 2}, {"label": _("To workers"), "num": True},
            {"label": _("Our fee"), "num": True}, {"label": _("Charged"), "num": True},
        ],
    })  # fmt: skip


@require_GET
@access.client("viewer")
def month_csv(request: ClientRequest, org: str) -> StreamingHttpResponse:
    """The charges of a month."""
    found = _month(request)
    return csv_response(usage.csv_lines(found), f"usage-{org}-{found.start:%Y-%m}-{found.currency}.csv")


@require_GET
@access.client("viewer")
def month_pdf(request: ClientRequest, org: str) -> HttpResponse:
    """The month as a paper."""
    found = _month(request)
    made = papers.client_month(organisation=request.organisation, found=found, now=timezone.now())
    return pdf_response(made, f"usage-{org}-{found.start:%Y-%m}-{found.currency}.pdf")
