"""Ways out: asking that one's data be erased, and ops' page of countries in which work ends."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

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

from workers import access, country_exits, erasure
from workers.access import PersonRequest
from workers.countries import COUNTRIES
from workers.forms import carry_out
from workers.models import CountryExit, OpsRole
from workers.models.leaving import ERASURE_WAIT, EXIT_NOTICE


class CountryExitForm(forms.Form):
    """Which country, from which day on, by which rule and why."""

    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=[("", "—"), *COUNTRIES.items()])
    last_work_at = forms.DateTimeField(
        label=gettext_lazy("Last day of work"), help_text=gettext_lazy("In your time zone; at least 14 days from now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    clause = forms.CharField(label=gettext_lazy("Clause of the rules or of the law"), max_length=200)
    why = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Everybody there reads this."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@access.signed_in
@access.reauthenticated
def erasure_page(request: PersonRequest) -> HttpResponse:
    """What is erased and what stays, what stands in the way, and asking for it."""
    if request.method == "POST":
        with transaction.atomic(durable=True):
            erasure.ask(user_id=request.user.pk, now=timezone.now())
        messages.success(request, _("Noted. Until the day stated here you can take it back."))
        return redirect("workers:erasure")
    return render(request, "people/erasure.html", {
        "pending": erasure.pending(request.user.pk), "obstacles": erasure.obstacles(request.user.pk), "days": ERASURE_WAIT.days,
    })  # fmt: skip


@require_POST
@access.signed_in
def keep_data(request: PersonRequest) -> HttpResponse:
    """Take the wish back."""
    with transaction.atomic(durable=True):
        erasure.take_back(user_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Taken back: nothing will be erased."))
    return redirect("workers:erasure")


@require_http_methods(["GET", "POST"])
@access.ops(OpsRole.ADMIN)
@access.reauthenticated
def countries(request: PersonRequest) -> HttpResponse:
    """Countries in which work ends, and ending it in one more: first whom it concerns, then the word."""
    start = {"last_work_at": timezone.localtime(timezone.now() + EXIT_NOTICE + timedelta(days=1)).replace(second=0)}
    form = CountryExitForm(request.POST or None, initial=start)
    dry = None
    if request.method == "POST" and form.is_valid():
        if "confirm" not in request.POST:
            dry = country_exits.concerned(form.cleaned_data["country"])
        elif (made := carry_out(form, lambda: _announce(request, form.cleaned_data))) is not None:
            messages.success(request, _("Announced to %(count)d people.") % {"count": made.people})
            return redirect("workers:ops_countries")
    rows = CountryExit.objects.select_related("decided_by", "taken_back_by").order_by("-decided_at")[:100]
    now = timezone.now()
    return render(request, "ops/countries.html", {
        "form": form, "dry": dry,
        "rows": [
            {"exit": row, "country": COUNTRIES.get(row.country, row.country), "open": row.taken_back_at is None and now < row.last_work_at}
            for row in rows
        ],
        "crumbs": [{"label": _("People"), "url": reverse("workers:ops_people")}],
    }, status=422 if form.errors else 200)  # fmt: skip


def _announce(request: PersonRequest, given: dict[str, Any]) -> CountryExit:
    fresh = access.reauthenticated_at(request)
    return country_exits.announce(
        country=given["country"], clause=given["clause"], why=given["why"], last_work_at=given["last_work_at"],
        by_id=request.user.pk, reauthenticated_at=fresh or timezone.now() - timedelta(days=1), now=timezone.now(),
    )  # fmt: skip


@require_POST
@access.ops(OpsRole.ADMIN)
def country_stays(request: PersonRequest, exit_id: uuid.UUID) -> HttpResponse:
    """Take an exit back before its last day."""
    with transaction.atomic(durable=True):
        country_exits.take_back(exit_id=exit_id, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Taken back. Everybody there is told that work goes on."))
    return redirect("workers:ops_countries")
