"""Finance adds to the books by hand: corrections with a dry run and a second person, and exchanges of our own money."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import NotFound
from kit.money import Money
from payments import corrections, ledger, own_exchange, queries, words
from payments.chart import BY_NAME, PLATFORM, Account, platform
from payments.forms import CorrectionForm, OwnExchangeForm
from payments.models import Correction, LedgerAccount, Mismatch, OwnExchange, RailMovement
from workers import access, people
from workers.access import PersonRequest
from workers.forms import carry_out
from workers.models import Organisation

# --- corrections -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@access.ops("finance")
def correction_list(request: PersonRequest) -> HttpResponse:
    """Every correction, and the form of the next one; a draft moves nothing."""
    mismatch = _mismatch(request.GET.get("mismatch", "") or request.POST.get("mismatch", ""))
    form = CorrectionForm(request.POST or None, initial={"mismatch": mismatch.pk if mismatch else None})
    if request.method == "POST" and form.is_valid():
        made = carry_out(form, lambda: corrections.draft(actor_id=request.user.pk, now=timezone.now(), **form.options()))
        if made is not None:
            return redirect("payments:correction", correction_id=made.pk)
    page = paging.page(Correction.objects.all(), order="-drafted_at", cursor=request.GET.get("cursor"), size=20)
    names = queries.people([row.drafted_by for row in page.rows])
    return render(request, "ops/corrections.html", {
        "form": form, "mismatch": mismatch, "what": words.MISMATCHES.get(mismatch.kind, mismatch.kind) if mismatch else "",
        "rows": [_listed(row) | {"by": names.get(row.drafted_by)} for row in page.rows], "page": page, "crumbs": _way(),
        "columns": [
            {"label": _("Why")}, {"label": _("State")}, {"label": _("By"), "rank": 2}, {"label": _("Amount"), "num": True},
        ],
    }, status=422 if form.errors else 200)  # fmt: skip


def _way() -> list[dict[str, str]]:
    return [{"label": _("Ledger"), "url": reverse("payments:ledger_health")}]


def _mismatch(text: str) -> Mismatch | None:
    try:
        return Mismatch.objects.filter(pk=uuid.UUID(text), closed_at__isnull=True).first()
    except ValueError:
        return None


def _listed(row: Correction) -> dict[str, Any]:
    return {
        "correction": row, "amount": Money(row.amount_units, row.currency), "debit": account_name(row.debit),
        "credit": account_name(row.credit), "url": reverse("payments:correction", args=[row.pk]),
    }  # fmt: skip


def account_name(account: Account) -> str:
    """An account in words, with whose it is."""
    name, whose = account.kind.replace("_", " ").capitalize(), BY_NAME[account.kind].owner
    if account.owner_id == PLATFORM:
        return name
    if whose == "client":
        owner = Organisation.objects.filter(pk=account.owner_id).values_list("name", flat=True).first()
    elif whose == "batch":
        found = words.batches([account.owner_id]).get(account.owner_id)
        owner = found.batch if found else None
    else:
        person = queries.people([account.owner_id]).get(account.owner_id)
        owner = person.name if person else None
    return f"{name}, {owner or account.owner_id}"


@require_GET
@access.ops("finance")
def correction(request: PersonRequest, correction_id: uuid.UUID) -> HttpResponse:
    """One correction with its dry run: both accounts before and after, and what the invariants would say."""
    found = Correction.objects.select_related("mismatch").filter(pk=correction_id).first()
    if found is None:
        raise NotFound(_("There is no such correction."))
    trial, fault = None, ""
    if found.state == "draft":
        try:
            trial = corrections.try_out(found, now=timezone.now())
        except ledger.Overdrawn as error:
            fault = str(error)
    names = queries.people([each for each in (found.drafted_by, found.decided_by) if each])
    return render(request, "ops/correction.html", _listed(found) | {
        "trial": trial, "fault": fault, "drafter": names.get(found.drafted_by),
        "decider": names.get(found.decided_by) if found.decided_by else None,
        "sides": [{"name": account_name(side.account), "side": side} for side in trial.sides] if trial else [],
        "second": people.independent(request.user.pk, found.drafted_by), "crumbs": [
            *_way(), {"label": _("Corrections"), "url": reverse("payments:corrections")}
        ],
    })  # fmt: skip


@require_POST
@access.ops("finance")
@access.reauthenticated
def post_correction(request: PersonRequest, correction_id: uuid.UUID) -> HttpResponse:
    """A second person lets it happen."""
    with transaction.atomic(durable=True):
        corrections.post(correction_id=correction_id, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Posted. The books have it, and the trail says who and why."))
    return redirect("payments:correction", correction_id=correction_id)


@require_POST
@access.ops("finance")
def drop_correction(request: PersonRequest, correction_id: uuid.UUID) -> HttpResponse:
    """It is not needed any more."""
    with transaction.atomic(durable=True):
        corrections.drop(correction_id=correction_id, actor_id=request.user.pk, now=timezone.now())
    messages.info(request, _("The draft is dropped. Nothing moved."))
    return redirect("payments:corrections")


# --- exchange of our own money -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@access.ops("finance")
def own_exchanges(request: PersonRequest) -> HttpResponse:
    """What our payouts bought and sold, what was exchanged at the rail, and the form that records it."""
    form = OwnExchangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = carry_out(form, lambda: own_exchange.record(actor_id=request.user.pk, now=timezone.now(), **form.options()))
        if made is not None:
            messages.success(request, _("Recorded. Each side clears when Stripe's books show it."))
            return redirect("payments:own_exchanges")
    page = paging.page(OwnExchange.objects.all(), order="-made_at", cursor=request.GET.get("cursor"), size=own_exchange.SHOWN)
    names = queries.people([row.made_by for row in page.rows])
    left, came = (_choices(list(own_exchange.open_movements(leaves=leaves)[: own_exchange.SHOWN])) for leaves in (True, False))
    return render(request, "ops/own_exchanges.html", {
        "form": form, "page": page, "rows": [_exchanged(row) | {"by": names.get(row.made_by)} for row in page.rows],
        "positions": _positions(), "left": left, "came": came, "unusual": "sure" in request.POST or bool(form.non_field_errors()),
        "tabs": tabs("own"), "crumbs": [{"label": _("Payouts"), "url": reverse("payments:payout_runs")}],
        "columns": [
            {"label": _("When")}, {"label": _("Left"), "num": True}, {"label": _("Came"), "num": True},
            {"label": _("Rate"), "num": True}, {"label": _("In Stripe's books"), "rank": 2},
        ],
    }, status=422 if form.errors else 200)  # fmt: skip


def tabs(active: str) -> list[dict[str, Any]]:
    """Rates, and our own money."""
    pages = (("rates", _("Rates"), "payments:exchange_rates"), ("own", _("Our own money"), "payments:own_exchanges"))
    return [{"label": label, "url": reverse(name), "active": key == active} for key, label, name in pages]


def _choices(rows: Sequence[RailMovement]) -> list[dict[str, Any]]:
    return [{"movement": row, "words": words.amount(Money(abs(row.amount_units), row.currency))} for row in rows]


def _positions() -> list[dict[str, Any]]:
    """Of each currency what payouts and exchanges used up of our balance, or left over in it."""
    known = LedgerAccount.objects.filter(kind="platform_fx").order_by("currency").values_list("currency", flat=True)
    held = [ledger.balance(platform("platform_fx", currency)) for currency in known]
    return [{"amount": Money(abs(one.units), one.currency), "used": one.units > 0} for one in held if one.units]


def _exchanged(row: OwnExchange) -> dict[str, Any]:
    rate = f"{row.into_units / row.out_units:.6f}".rstrip("0").rstrip(".")
    return {
        "exchange": row, "out": Money(row.out_units, row.out_currency), "into": Money(row.into_units, row.into_currency), "rate": rate,
        "sides": [bool(row.out_cleared_at), bool(row.into_cleared_at)].count(True),
    }  # fmt: skip
