"""Finance's page of referral programmes: opened with a budget, funded by dated rows, watched, ended."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kit.errors import ProductError
from kit.money import PAYABLE_STEP, Money
from marketplace import referral_programmes as programmes
from marketplace import referrals
from marketplace.forms import Styled
from marketplace.models import ReferralProgramme
from marketplace.views.client.frame import put_error
from payments import programmes as money
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole

PLACES: dict[str, Any] = {"max_digits": 12, "decimal_places": 4}


def _amount(label: Any, help_text: Any = "", **more: Any) -> django_forms.DecimalField:
    widget = django_forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return django_forms.DecimalField(label=label, help_text=help_text, widget=widget, **PLACES, **more)


class NewProgramme(Styled):
    """What is paid, for what, to how many, and the budget."""

    name = django_forms.CharField(label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("It stands on the earning."))
    currency = django_forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(one, one) for one in sorted(PAYABLE_STEP)], initial="USD")
    referrer = _amount(gettext_lazy("Fee for who brings somebody"), min_value=0)
    newcomer = _amount(gettext_lazy("Fee for who comes"), gettext_lazy("0: none."), min_value=0, initial=0)
    answers = django_forms.IntegerField(label=gettext_lazy("Accepted answers that earn it"), min_value=1, max_value=10_000, initial=50)
    days = django_forms.IntegerField(label=gettext_lazy("Within days"), min_value=1, max_value=365, initial=90)
    most = django_forms.IntegerField(label=gettext_lazy("People at most, for one who brings"), min_value=1, max_value=1_000, initial=10)
    budget = _amount(gettext_lazy("Budget"), gettext_lazy("Set aside from our own money at once."), min_value=0)

    def options(self) -> dict[str, Any]:
        """What `open_programme` takes."""
        given = dict(self.cleaned_data)
        currency = given.pop("currency")
        return given | {name: Money.parse(given[name], currency, field=name) for name in ("referrer", "newcomer", "budget")}


class Funds(Styled):
    """More, or less, of a programme's budget."""

    amount = _amount(gettext_lazy("Amount"))
    way = django_forms.ChoiceField(
        label=gettext_lazy("What for"), choices=[("add", gettext_lazy("Set aside")), ("back", gettext_lazy("Take back"))]
    )


def shown(one: ReferralProgramme) -> dict[str, Any]:
    """A programme with its money and its promises."""
    counts = dict(one.referrals.values_list("state").annotate(n=Count("pk")).order_by())
    return {
        "it": one, "referrer": Money(one.referrer_units, one.currency), "newcomer": Money(one.newcomer_units, one.currency),
        "left": money.left(programme_id=one.pk, currency=one.currency), "promised": programmes.promised(one),
        "free": programmes.free(one), "paid": programmes.paid_of(one), "funds": money.rows(one.pk)[:20],
        "funds_form": Funds(auto_id=f"funds-{one.pk}-%s"),
        "counts": {state: counts.get(state, 0) for state in ("promised", "held", "paid", "lapsed", "refused")},
    }  # fmt: skip


@require_GET
@access.ops(OpsRole.FINANCE)
def page(request: PersonRequest) -> HttpResponse:
    """Programmes with what is left, promised and paid, and the form of the next one."""
    return _page(request, NewProgramme())


@require_POST
@access.ops(OpsRole.FINANCE)
def open_one(request: PersonRequest) -> HttpResponse:
    """Open a programme."""
    form = NewProgramme(request.POST)
    if form.is_valid():
        try:
            with transaction.atomic(durable=True):
                programmes.open_programme(by_id=request.user.pk, now=timezone.now(), **form.options())
            messages.success(request, _("The programme runs. Workers see it while people are missing for funded work."))
            return redirect("market:ops_referrals")
        except ProductError as error:
            put_error(form, error)
    return _page(request, form)


@require_POST
@access.ops(OpsRole.FINANCE)
def fund(request: PersonRequest, programme_id: uuid.UUID) -> HttpResponse:
    """Set more aside, or take back what is promised to nobody."""
    programme, form = programmes.find(programme_id), Funds(request.POST)
    if form.is_valid():
        try:
            amount = Money.parse(form.cleaned_data["amount"], programme.currency, field="amount")
            with transaction.atomic(durable=True):
                programmes.fund(
                    programme=programme, amount=amount if form.cleaned_data["way"] == "add" else -amount, by_id=request.user.pk,
                    now=timezone.now(),
                )  # fmt: skip
            messages.success(request, _("Noted, with its posting."))
            return redirect("market:ops_referrals")
        except ProductError as error:
            put_error(form, error)
    return _page(request, NewProgramme(), funds=(programme, form))


@require_POST
@access.ops(OpsRole.FINANCE)
def end(request: PersonRequest, programme_id: uuid.UUID) -> HttpResponse:
    """No new promises; what nobody was promised comes back."""
    with transaction.atomic(durable=True):
        programmes.end(programme=programmes.find(programme_id), by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Ended. What was promised stands; the rest came back."))
    return redirect("market:ops_referrals")


def _page(request: PersonRequest, form: NewProgramme, *, funds: tuple[ReferralProgramme, Funds] | None = None) -> HttpResponse:
    rows = ReferralProgramme.objects.order_by("ended_at", "-opened_at")[:20]
    found = [shown(one) for one in rows]
    for one in found:
        if funds is not None and one["it"] == funds[0]:
            one["funds_form"] = funds[1]
    return render(request, "ops/referrals.html", {
        "form": form, "wanted": referrals.wanted(now=timezone.now()), "running": programmes.running().exists(),
        "programmes": sorted(found, key=lambda one: one["it"].ended_at is not None),
        "crumbs": [{"label": _("Ledger"), "url": reverse("payments:ledger_health")}],
    }, status=422 if form.errors or funds else 200)  # fmt: skip
