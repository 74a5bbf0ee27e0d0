"""What a project may cost: its budget, how it stands, another one."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kit.errors import ProductError
from kit.money import Money
from marketplace import budget_watch, budgets
from marketplace.forms import Styled
from marketplace.models import BudgetPeriod
from marketplace.views.client.frame import GET_OR_POST, project_of, project_page, put_error
from workers import access
from workers.access import ClientRequest


class BudgetForm(Styled):
    """An amount and what it is for."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount, our fee included"), min_value=Decimal("0.01"), max_value=100_000_000, decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip
    period = forms.ChoiceField(label=gettext_lazy("For"), choices=BudgetPeriod.choices)


@GET_OR_POST
@access.client("manager")
def page(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """How the budget stands, and the form that states one."""
    project, now = project_of(request, project_id), timezone.now()
    found = budgets.of(project, now=now)
    form = BudgetForm(request.POST or None, initial=_initial(found))
    if request.method == "POST" and form.is_valid():
        try:
            amount = Money.parse(form.cleaned_data["amount"], project.currency, field="amount")
            with transaction.atomic(durable=True):
                budget_watch.put(
                    project=project, amount=amount, period=form.cleaned_data["period"], actor_id=request.user.pk, now=now
                )
            messages.success(request, _("The budget is set."))
            return redirect("market:project_budget", org=org, project_id=project.pk)
        except ProductError as error:
            put_error(form, error)
    return project_page(request, "client/project_budget.html", project, "budget", {
        "form": form, "budget": found, "used": min(found.used_bp / 100, 100) if found else 0,
        "beyond": found is not None and found.left.units < 0,
    }, status=422 if form.errors else 200)  # fmt: skip


def _initial(found: budgets.Seen | None) -> dict[str, Any]:
    return {"amount": f"{found.amount.decimal():.2f}", "period": found.budget.period} if found else {}


@require_POST
@access.client("manager")
def drop(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """No budget any more."""
    project = project_of(request, project_id)
    with transaction.atomic(durable=True):
        budget_watch.drop(project=project, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The project has no budget any more."))
    return redirect("market:project_budget", org=org, project_id=project.pk)
