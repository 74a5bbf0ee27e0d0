"""Ops' page of workers who are not paired: wishes that wait, the pairs in force, and keeping two people apart."""

from __future__ import annotations

import uuid

from django import forms as django_forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kit import paging
from kit.errors import ProductError
from marketplace import apart
from marketplace.forms import Styled
from marketplace.models.apart import Why
from marketplace.views.client.frame import put_error
from marketplace.views.ops.pools import tabs
from workers import access
from workers.access import PersonRequest

PAGE = 25
WHO = ("pool_manager", "quality_lead")


class Pair(Styled):
    """Two workers and why they are kept apart."""

    one = django_forms.EmailField(label=gettext_lazy("One"), help_text=gettext_lazy("E-mail address of a worker"))
    other = django_forms.EmailField(label=gettext_lazy("The other"))
    why = django_forms.ChoiceField(label=gettext_lazy("Why"), choices=Why.choices)
    wish = django_forms.UUIDField(required=False, widget=django_forms.HiddenInput)


@require_http_methods(["GET", "POST"])
@access.ops(*WHO)
def page(request: PersonRequest) -> HttpResponse:
    """Wishes first, since somebody waits for a word; then who is kept apart, with one click to end it."""
    form = Pair(request.POST or None, initial=_of_wish(request.GET.get("wish", "")))
    if request.method == "POST" and form.is_valid():
        try:
            _keep(request, form)
            messages.success(request, _("Kept apart. What they hold already is theirs to finish."))
            return redirect("market:ops_apart")
        except ProductError as error:
            put_error(form, error)
    found = paging.page(
        apart.in_force().select_related("one", "other", "set_by"), order="-set_at", cursor=request.GET.get("cursor"), size=PAGE
    )
    columns = [
        {"label": _("One")}, {"label": _("The other")}, {"label": _("Why")}, {"label": _("Since"), "num": True},
        {"label": _("By"), "rank": 2}, {"label": _("End"), "hidden": True},
    ]  # fmt: skip
    return render(request, "ops/apart.html", {
        "form": form, "wishes": apart.waiting()[:50], "rows": found.rows, "page": found, "columns": columns, "tabs": tabs("apart"),
    }, status=422 if form.errors else 200)  # fmt: skip


def _of_wish(text: str) -> dict[str, object]:
    """The form filled from a wish that the page was opened for; nothing for any other address."""
    wish = next((one for one in apart.waiting() if str(one.pk) == text), None) if text else None
    if wish is None:
        return {}
    return {"one": wish.worker.email, "other": wish.named if "@" in wish.named else "", "why": wish.why, "wish": wish.pk}


def _keep(request: PersonRequest, form: Pair) -> None:
    given = form.cleaned_data
    with transaction.atomic(durable=True):
        apart.keep(
            one_id=apart.by_address(given["one"], field="one"), other_id=apart.by_address(given["other"], field="other"),
            why=given["why"], by_id=request.user.pk, now=timezone.now(), wish_id=given["wish"],
        )


@require_POST
@access.ops(*WHO)
def end(request: PersonRequest, apart_id: uuid.UUID) -> HttpResponse:
    """They may meet again."""
    with transaction.atomic(durable=True):
        apart.end(apart_id=apart_id, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("They may be paired again."))
    return redirect("market:ops_apart")


@require_POST
@access.ops(*WHO)
def decline(request: PersonRequest, wish_id: uuid.UUID) -> HttpResponse:
    """Not granted; the worker is told."""
    with transaction.atomic(durable=True):
        apart.decline(wish_id=wish_id, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Declined. The worker is told."))
    return redirect("market:ops_apart")
