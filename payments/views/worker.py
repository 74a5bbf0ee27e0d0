"""A worker's pages about money: earnings with their reasons, payouts, statements, the payout account."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import Invalid, NotFound
from kit.ids import uuid7
from kit.money import Money
from payments import exchange, gateway, holds, papers, payout_accounts, payout_requests, queries, rails, sheets, statements, tax, words
from payments.models import BankPayout, Earning, ExchangeRate, Payout, PayoutAccount, Rhythm
from workers import access
from workers.access import WorkerRequest
from workers.countries import COUNTRIES


def currency_of(request: WorkerRequest, known: list[str]) -> str:
    """The currency to show: the one in the address, if the worker has it."""
    asked = request.GET.get("currency", "")
    return asked if asked in known else next(iter(known), "USD")


@require_GET
@access.worker
def earnings(request: WorkerRequest) -> HttpResponse:
    """What is mine, in four parts; each line with its reasons; the next payout and its cost."""
    now, worker_id = timezone.now(), request.user.pk
    money = queries.worker_money(worker_id)
    currency = currency_of(request, list(money))
    balances = money.get(currency) or queries.no_money(currency)
    page, views = queries.worker_lines(worker_id=worker_id, cursor=request.GET.get("cursor"), size=30)
    account = queries.payout_account(worker_id)
    minimum = Money(settings.PAYOUT_MINIMUM_UNITS, currency)
    payouts = Payout.objects.filter(worker_id=worker_id).exclude(state="draft").order_by("-created_at", "-id")[:5]
    next_amount = balances.available.payable()
    return render(request, "worker/earnings.html", {
        "balances": balances, "currency": currency, "page": page, "rows": words.earnings(views),
        "tabs": [{"label": each, "url": f"?currency={each}", "active": each == currency} for each in money],
        "payouts": [payout_row(payout) for payout in payouts], "account": account,
        "next_run": statements.next_run(now), "minimum": minimum, "below": balances.available < minimum,
        "next_amount": next_amount, "worth": exchange.worth(next_amount, account, now=now) if account else None,
        "waits_until": holds.wait_of(account, now=now) if account else None,
        "columns": earning_columns(), "on_demand": account is not None and account.rhythm == Rhythm.ON_DEMAND,
    })  # fmt: skip


def earning_columns() -> list[dict[str, Any]]:
    return [
        {"label": _("For")}, {"label": _("State")}, {"label": _("When"), "rank": 2}, {"label": _("Amount"), "num": True},
    ]  # fmt: skip


def payout_row(payout: Payout) -> dict[str, Any]:
    """A payout with its amounts as money."""
    return {"payout": payout, "fault": words.fault(payout.fault), **statements.payout_amounts(payout)}


@require_GET
@access.worker
def payout(request: WorkerRequest, payout_id: uuid.UUID) -> HttpResponse:
    """One payout: how far it is, how its amount came about, and which earnings it carries."""
    found = Payout.objects.filter(pk=payout_id, worker_id=request.user.pk).exclude(state="draft").first()
    if found is None:
        raise NotFound(_("There is no such payout."))
    rows = Earning.objects.filter(payout=found).order_by("-created_at", "-id")
    page = paging.page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=30)
    return render(request, "worker/payout.html", {
        **payout_row(found), "next_rail": rails.next_for(found), "events": _events(found), "page": page,
        "rows": words.earnings(queries.single_views(page.rows)),
        "crumbs": [{"label": _("Earnings"), "url": reverse("payments:earnings")}],
        "columns": earning_columns(),
    })  # fmt: skip


def _events(payout: Payout) -> list[dict[str, Any]]:
    """What happened to a payout, oldest first."""
    told: list[dict[str, Any]] = [{"text": _("Put together from your confirmed earnings"), "at": payout.created_at}]
    if payout.sent_at and payout.account.rail == "bank_file":
        told.append({"text": _("Transferred by our bank to yours"), "tone": "good", "at": payout.sent_at})
    elif payout.sent_at:
        told.append({"text": _("Transferred to your account at our payment provider"), "at": payout.sent_at})
    told += [_bank_event(bank) for bank in payout.bank_payouts.order_by("created_at")]
    return told


def _bank_event(bank: BankPayout) -> dict[str, Any]:
    text, tone = {
        "paid": (_("Arrived at your bank"), "good"),
        "failed": (_("Your bank sent it back"), "bad"),
        "canceled": (_("The transfer to your bank was stopped"), "bad"),
    }.get(bank.status, (_("On its way to your bank"), ""))
    return {"text": text, "tone": tone, "at": bank.arrives_at or bank.created_at, "note": words.fault(bank.failure_code)}


@require_GET
@access.worker
def statement(request: WorkerRequest) -> HttpResponse:
    """A month: earned by kind, paid by transfer, and the CSV."""
    start = sheets.read_month(request.GET.get("month"), now=timezone.now())
    known = queries.worker_currencies(request.user.pk)
    currency = currency_of(request, known)
    shown = statements.month(worker_id=request.user.pk, currency=currency, start=start)
    kinds = [
        {"name": words.SOURCES.get(kind, kind), "count": count, "amount": amount} for kind, count, amount in shown.by_kind
    ]
    return render(request, "worker/statement.html", {
        "month": shown, "kinds": kinds, "currency": currency, "payouts": [payout_row(each) for each in shown.payouts],
        "year": start.year, "year_sums": tax.year_of(worker_id=request.user.pk, year=start.year),
        "parts": range(1, statements.parts(shown) + 1), "before": f"{sheets.before(start):%Y-%m}",
        "after": f"{shown.end:%Y-%m}" if shown.end <= timezone.now() else "",
        "this": f"{start:%Y-%m}", "person": request.user,
        "tabs": [{"label": each, "url": f"?month={start:%Y-%m}&currency={each}", "active": each == currency} for each in known],
        "crumbs": [{"label": _("Earnings"), "url": reverse("payments:earnings")}],
    })  # fmt: skip


@require_GET
@access.worker
def statement_csv(request: WorkerRequest) -> StreamingHttpResponse:
    """The month line by line."""
    start = sheets.read_month(request.GET.get("month"), now=timezone.now())
    lines = statements.month_csv(worker_id=request.user.pk, start=start)
    return csv_response(lines, f"earnings-{start:%Y-%m}.csv")


@require_GET
@access.worker
def statement_pdf(request: WorkerRequest) -> HttpResponse:
    """The month in one currency, with every line and its reasons; a long one in parts."""
    now = timezone.now()
    start = sheets.read_month(request.GET.get("month"), now=now)
    currency = currency_of(request, queries.worker_currencies(request.user.pk))
    month = statements.month(worker_id=request.user.pk, currency=currency, start=start)
    part = request.GET.get("part", "1")
    if part not in {str(each) for each in range(1, statements.parts(month) + 1)}:
        raise NotFound(_("There is no such part of this statement."))
    made = papers.worker_month(user=request.user, month=month, part=int(part), now=now)
    return pdf_response(made, f"earnings-{start:%Y-%m}-{currency}-{part}.pdf")


def pdf_response(made: bytes, name: str) -> HttpResponse:
    """A PDF to keep."""
    return HttpResponse(
        made, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def csv_response(lines: Any, name: str) -> StreamingHttpResponse:
    """A CSV file to keep."""
    return StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_http_methods(["GET", "POST"])
@access.worker
def payout_now(request: WorkerRequest) -> HttpResponse:
    """A payout on demand: what it costs before the confirming click, then the click, which counts once."""
    now, worker_id = timezone.now(), request.user.pk
    known = queries.worker_currencies(worker_id)
    currency = currency_of(request, known)
    if request.method == "POST":
        request_id, most = _agreed(request, currency)
        with transaction.atomic(durable=True):
            made = payout_requests.ask(request_id=request_id, worker_id=worker_id, most=most, now=now)
        messages.success(request, _("Your payout is on its way.") if made.state != "draft" else _(
            "Your payout is large and waits for a look by our finance people."
        ))  # fmt: skip
        return redirect("payments:earnings")
    quote = payout_requests.quote(worker_id=worker_id, currency=currency, now=now)
    return render(request, "worker/payout_now.html", {
        "account": quote.account, "quote": quote, "worth": quote.sends, "currency": currency,
        "request_id": uuid7(), "rhythms": Rhythm.choices,
        "why_not": words.LEFT_OUT.get(quote.reason, ""), "minimum": Money(settings.PAYOUT_MINIMUM_UNITS, currency),
        "tabs": [{"label": each, "url": f"?currency={each}", "active": each == currency} for each in known],
        "crumbs": [{"label": _("Earnings"), "url": reverse("payments:earnings")}],
    })  # fmt: skip


def _agreed(request: WorkerRequest, currency: str) -> tuple[uuid.UUID, Money]:
    """Which request this is, and the cost that was shown before the click."""
    try:
        request_id = uuid.UUID(request.POST.get("request_id", ""))
    except ValueError:
        raise Invalid(_("Open the page again before you confirm."), field="request_id") from None
    return request_id, Money.parse(request.POST.get("cost", ""), currency, field="cost")


@require_POST
@access.worker
def payout_rhythm(request: WorkerRequest) -> HttpResponseRedirect:
    """Weekly or on demand."""
    with transaction.atomic(durable=True):
        payout_requests.choose_rhythm(worker_id=request.user.pk, rhythm=request.POST.get("rhythm", ""), now=timezone.now())
    return redirect("payments:payout_now")


@require_http_methods(["GET", "POST"])
@access.worker
def payout_account(request: WorkerRequest) -> HttpResponse:
    """Where payouts go: choose the country of the bank, go on at the rail, see what it still wants."""
    now = timezone.now()
    if request.method == "POST":
        # Leaving another way of being paid is a change of details, and asks who it is.
        return access.reauthenticated(_open)(request) if rails.was_ready(request.user.pk) else _open(request)
    account = queries.payout_account(request.user.pk)
    if account is not None and "back" in request.GET:
        account = _fresh(account)
        if account.state == "active":
            messages.success(request, _("Your payout account is ready."))
        return redirect("payments:payout_account")
    served = [(code, COUNTRIES[code]) for code in sorted(rails.STRIPE_CURRENCIES) if code in COUNTRIES]
    return render(request, "worker/payout_account.html", {
        "account": account, "countries": sorted(served, key=lambda each: str(each[1])), "country": request.worker.country,
        "waits_until": holds.wait_of(account, now=now) if account else None,
        "crumbs": [{"label": _("Earnings"), "url": reverse("payments:earnings")}],
        "wanted": words.wanted(account.wanted) if account else [],
        "country_name": COUNTRIES.get(account.country, account.country) if account else "",
        "rates": _rates(account, now) if account else [],
        "by_bank": rails.is_on("bank_file"), "stripe_serves": payout_accounts.serves(request.worker.country),
    })  # fmt: skip


def _rates(account: PayoutAccount, now: dt.datetime) -> list[ExchangeRate]:
    """At what today's earnings in other currencies would be sent to this account."""
    earned = queries.worker_currencies(account.user_id)
    return [rate for rate in (exchange.into(account, currency, now=now) for currency in earned) if rate]


def _open(request: WorkerRequest) -> HttpResponse:
    payout_accounts.open_account(user=request.user, country=request.POST.get("country", ""), now=timezone.now())
    return redirect("payments:payout_account")


def _fresh(account: PayoutAccount) -> PayoutAccount:
    """The account as the rail shows it now; as we know it when the rail is silent."""
    try:
        return payout_accounts.read_again(account_id=account.pk, now=timezone.now())
    except gateway.GatewayError:
        return account


@require_GET
@access.worker
def payout_link(request: WorkerRequest) -> HttpResponseRedirect:
    """On to the rail's own page; the link is made for this one click."""
    account = queries.payout_account(request.user.pk)
    if account is None:
        return HttpResponseRedirect(reverse("payments:payout_account"))
    page = settings.PUBLIC_URL + reverse("payments:payout_account")
    here = settings.PUBLIC_URL + reverse("payments:payout_link")
    return HttpResponseRedirect(payout_accounts.link(account=account, refresh_url=here, return_url=f"{page}?back=1"))
