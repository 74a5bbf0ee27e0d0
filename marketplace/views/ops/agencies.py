"""Ops' pages of agencies: opened, paused with a reason, their terms by dated rows, their teams."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kit.ids import uuid7
from kit.money import PAYABLE_STEP, Money
from marketplace import agency_work
from marketplace.forms import Styled
from payments import agency_fees
from payments.models.agencies import MOST_BP
from workers import access, agencies
from workers.access import PersonRequest
from workers.forms import carry_out
from workers.models import Agency, Membership, OpsRole

POOL_MANAGER, FINANCE = OpsRole.POOL_MANAGER, OpsRole.FINANCE


class NewAgency(Styled):
    """A name and its first owner."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    owner = forms.EmailField(label=gettext_lazy("Its owner's address"), help_text=gettext_lazy("They have an account already."))


class PauseAgency(Styled):
    """Why."""

    reason = forms.CharField(label=gettext_lazy("Reason, which the agency reads"), max_length=300)


class AgreeShare(Styled):
    """A share from a day on."""

    percent = forms.DecimalField(
        label=gettext_lazy("Share of our fee, in percent"), min_value=0, max_value=MOST_BP // 100, decimal_places=2, max_digits=5
    )
    from_day = forms.DateField(label=gettext_lazy("From this day on (UTC)"), widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=gettext_lazy("Where this was agreed"), max_length=300, required=False)


class TakeBack(Styled):
    """A fee that fell away."""

    amount = forms.CharField(label=gettext_lazy("Amount"), max_length=20)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(each, each) for each in sorted(PAYABLE_STEP)])
    why = forms.CharField(label=gettext_lazy("What happened, which the agency reads"), max_length=300)
    key = forms.UUIDField(initial=uuid7, widget=forms.HiddenInput)


@require_http_methods(["GET", "POST"])
@access.ops()
def listing(request: PersonRequest) -> HttpResponse:
    """All agencies, and opening one."""
    form, may_open = NewAgency(request.POST or None), _holds(request, POOL_MANAGER)
    if request.method == "POST" and may_open and form.is_valid():
        given = form.cleaned_data
        made = carry_out(form, lambda: agencies.open_agency(
            name=given["name"], owner_email=given["owner"], by_id=request.user.pk, now=timezone.now()
        ))
        if made is not None:
            return redirect("market:ops_agency", agency_id=made.pk)
    today = timezone.now().date()
    rows = [{"agency": one, "share": f"{agency_fees.share_on(one.pk, today) / 100:g}"} for one in agencies.listing()[:200]]
    columns = [
        {"label": _("Agency")}, {"label": _("Team"), "num": True}, {"label": _("Share of our fee"), "num": True}, {"label": _("State")}
    ]
    status = 403 if request.method == "POST" and not may_open else 422 if form.errors else 200
    return render(request, "ops/agencies.html", {"rows": rows, "columns": columns, "form": form, "may_open": may_open}, status=status)


def _holds(request: PersonRequest, role: str) -> bool:
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    return bool(held & {role, OpsRole.ADMIN})


@require_http_methods(["GET"])
@access.ops()
def one(request: PersonRequest, agency_id: uuid.UUID) -> HttpResponse:
    """An agency: its people, terms, fees and pause."""
    return _page(request, agencies.find(agency_id))


def _page(request: PersonRequest, agency: Agency, *, status: int = 200, **forms_: forms.Form) -> HttpResponse:
    now = timezone.now()
    context = {
        "agency": agency, "people": agency_work.team(agency.organisation, since=now - dt.timedelta(days=30), now=now),
        "members": Membership.objects.filter(organisation=agency.organisation).select_related("user").order_by("since"),
        "agreed": [{"row": row, "share": f"{row.share_bp / 100:g}"} for row in agency_fees.shares(agency.pk)[:50]],
        "standings": agency_fees.standings(agency.pk), "payee": agency_fees.payee_of(agency.pk),
        "why": agency_fees.why_waiting(agency.pk, now=now), "may_manage": _holds(request, POOL_MANAGER),
        "may_agree": _holds(request, FINANCE), "pause_form": PauseAgency(), "take_form": TakeBack(),
        "share_form": AgreeShare(initial={"from_day": now.date()}),
        "take_backs": [
            {"row": row, "amount": Money(row.units, row.currency), "left": Money(row.units - row.taken_units, row.currency)}
            for row in agency_fees.take_backs(agency.pk)[:20]
        ],
        "crumbs": [{"label": _("Agencies"), "url": reverse("market:ops_agencies")}],
    }  # fmt: skip
    return render(request, "ops/agency.html", context | forms_, status=status)


def _change(
    request: PersonRequest, agency_id: uuid.UUID, name: str, form: forms.Form, act: Callable[[Agency], object], said: str
) -> HttpResponse:
    agency = agencies.find(agency_id)
    if form.is_valid() and carry_out(form, lambda: act(agency) or True) is not None:
        messages.success(request, said)
        return redirect("market:ops_agency", agency_id=agency_id)
    return _page(request, agency, status=422, **{name: form})


@require_POST
@access.ops(POOL_MANAGER)
def pause(request: PersonRequest, agency_id: uuid.UUID) -> HttpResponse:
    """Stop inviting and assigning, or let it go on."""
    now = timezone.now()
    if "resume" in request.POST:
        with transaction.atomic(durable=True):
            agencies.resume(agency=agencies.find(agency_id), by_id=request.user.pk, now=now)
        messages.success(request, _("The agency goes on."))
        return redirect("market:ops_agency", agency_id=agency_id)
    form = PauseAgency(request.POST)
    return _change(
        request, agency_id, "pause_form", form,
        lambda agency: agencies.pause(agency=agency, reason=form.cleaned_data["reason"], by_id=request.user.pk, now=now),
        _("The agency is paused. Its people go on working."),
    )  # fmt: skip


@require_POST
@access.ops(FINANCE)
def agree(request: PersonRequest, agency_id: uuid.UUID) -> HttpResponse:
    """Another share from a day on."""
    form = AgreeShare(request.POST)
    return _change(
        request, agency_id, "share_form", form,
        lambda agency: agency_fees.agree(
            agency=agency.organisation, share_bp=int(form.cleaned_data["percent"] * 100), from_day=form.cleaned_data["from_day"],
            note=form.cleaned_data["note"], by_id=request.user.pk, now=timezone.now(),
        ),
        _("Agreed. The agency and its members were told."),
    )  # fmt: skip


@require_POST
@access.ops(FINANCE)
def take_back(request: PersonRequest, agency_id: uuid.UUID) -> HttpResponse:
    """Take a fee that fell away off the next days' sums."""
    form = TakeBack(request.POST)
    return _change(
        request, agency_id, "take_form", form,
        lambda agency: agency_fees.take_back(
            agency=agency.organisation, amount=Money.parse(form.cleaned_data["amount"], form.cleaned_data["currency"], field="amount"),
            source_kind="correction", source_id=form.cleaned_data["key"], why=form.cleaned_data["why"], by_id=request.user.pk,
            now=timezone.now(),
        ),
        _("It comes off the next days' sums, never below zero."),
    )  # fmt: skip
