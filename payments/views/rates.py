"""Finance's exchange rates: every pair as it stands, and the form for the next rate."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kit.errors import Invalid
from payments import exchange
from payments.models import ExchangeRate
from payments.views.books import tabs
from workers import access
from workers.access import PersonRequest


@require_http_methods(["GET", "HEAD", "POST"])
@access.ops("finance")
def page(request: PersonRequest) -> HttpResponse:
    """The pairs, the history, the form; what is wrong with a rate stands beside what was typed."""
    fault, unusual, given = "", False, request.POST
    if request.method == "POST":
        try:
            _put(request)
            messages.success(request, _("The rate holds for payouts that are drafted from now on."))
            return redirect("payments:exchange_rates")
        except exchange.UnusualRate as error:
            fault, unusual = str(error), True
        except Invalid as error:
            fault = str(error)
    rows = ExchangeRate.objects.order_by("-valid_from", "-id")[:30]
    return render(request, "ops/rates.html", {
        "pairs": exchange.pairs(now=timezone.now()), "currencies": settings.PLATFORM_CURRENCIES, "fault": fault,
        "tabs": tabs("rates"), "unusual": unusual, "given": given, "rates": rows,
        "crumbs": [{"label": _("Payouts"), "url": reverse("payments:payout_runs")}],
    }, status=422 if fault else 200)  # fmt: skip


def _put(request: PersonRequest) -> None:
    given = request.POST
    with transaction.atomic(durable=True):
        exchange.put(
            base=given.get("base", ""), quote=given.get("quote", ""), rate=given.get("rate", "").strip().replace(",", "."),
            actor_id=request.user.pk, now=timezone.now(), sure=bool(given.get("sure")),
        )  # fmt: skip
