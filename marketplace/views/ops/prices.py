"""What a project pays and is billed, for ops; finance agrees bill prices here, with a dry run before they hold."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import ProductError
from kit.money import Money
from marketplace import pricing, raises, rates
from marketplace.models import BillRate, Project, Rate
from marketplace.ops_forms import BillPrice
from marketplace.views.client.frame import put_error
from marketplace.views.ops.projects import project_of
from task_types import registry
from workers import access
from workers.access import PersonRequest
from workers.models import OpsRole

KEPT = 20
"""Dated prices that the page lists."""


@require_GET
@access.ops()
def page(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Every price of a project as it stands, what was and what comes, and for finance the form of the next bill price."""
    return _show(request, project_id, BillPrice())


@require_POST
@access.ops("finance")
def bill(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Set a bill price once its dry run, of these very figures, was seen."""
    project, form, now = project_of(project_id), BillPrice(request.POST), timezone.now()
    if not form.is_valid():
        return _show(request, project_id, form)
    try:
        given = form.options(project.currency) | {"project": project, "actor_id": request.user.pk, "now": now}
        if form.was_seen():
            with transaction.atomic(durable=True):
                raises.billed_from(**given)
            messages.success(request, _("The bill price holds; tasks that are out keep theirs."))
            return redirect("market:ops_prices", project_id=project_id)
        return _show(request, project_id, form, dry=_dry(project, raises.would_reserve(**given), given))
    except ProductError as error:
        put_error(form, error)
    return _show(request, project_id, form)


def _dry(project: Project, more: Money, given: dict[str, Any]) -> dict[str, Any]:
    """What a bill price would mean: what it leaves of each unit at the plain price and at the highest band, and the reserve."""
    found = [one for one in rates.card(project, now=given["valid_from"] or given["now"]).priced() if one.rate.kind == given["kind"]]
    rate = max((one for one in found if one.rate.tier <= given["tier"]), key=lambda one: one.rate.tier, default=None)
    left = [given["amount"] - Money(units, project.currency) for units in (rate.rate.amount_units, rate.most_units)] if rate else []
    return {"plain": left[0], "least": left[1], "reserve": more} if left else {"reserve": more}


def _show(request: PersonRequest, project_id: uuid.UUID, form: BillPrice, *, dry: dict[str, Any] | None = None) -> HttpResponse:
    project, now = project_of(project_id), timezone.now()
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    return render(request, "ops/prices.html", {
        "project": project, "form": form, "dry": dry, "rows": [_row(one, project) for one in rates.card(project, now=now).priced()],
        "fee": settings.PLATFORM_FEE_BP / 100, "may_set": bool(held & {OpsRole.FINANCE, OpsRole.ADMIN}), "now": now,
        "bills": [_dated(one, project) for one in project.bill_rates.select_related("made_by").order_by("-valid_from", "-id")[:KEPT]],
        "rates": [_dated(one, project) for one in project.rates.select_related("made_by").order_by("-valid_from", "-id")[:KEPT]],
        "columns": [
            {"label": _("Slot")}, {"label": _("Pays"), "num": True}, {"label": _("At most"), "num": True},
            {"label": _("Billed"), "num": True}, {"label": _("Left at least"), "num": True, "rank": 2},
        ],
        "crumbs": [
            {"label": _("Pools"), "url": reverse("market:ops_pools")},
            {"label": project.name, "url": reverse("market:ops_project", args=[project.pk])},
        ],
    }, status=422 if form.errors else 200)  # fmt: skip


def _row(one: rates.Priced, project: Project) -> dict[str, Any]:
    most, bill = Money(one.most_units, project.currency), one.bill and Money(one.bill.amount_units, project.currency)
    return {
        "rate": one.rate, "kind": one.rate.get_kind_display(), "unit": _unit(one.rate, project), "most": most, "bill": bill,
        "pays": Money(one.rate.amount_units, project.currency), "left": bill - most if bill else None,
    }  # fmt: skip


def _unit(rate: Rate, project: Project) -> str:
    names = {one.name: one.label for one in registry.drawer(project.task_type).unit_kinds}
    return "" if rate.unit == pricing.PER_TASK else str(names.get(rate.unit, rate.unit))


def _dated(one: Rate | BillRate, project: Project) -> dict[str, Any]:
    return {"price": one, "kind": one.get_kind_display(), "amount": Money(one.amount_units, project.currency)}
