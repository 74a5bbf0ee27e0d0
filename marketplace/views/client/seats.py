"""Paid seats of a batch: people who pass its course or a test get a fixed fee once; opened, watched, ended."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kit.errors import NotFound, ProductError
from kit.money import Money
from marketplace import seats
from marketplace.forms import Styled
from marketplace.models import Batch, SeatOffer
from marketplace.seats import DAYS_MOST, SEATS_MOST
from marketplace.views.client.frame import GET_OR_POST, batch_of, crumbs, put_error
from payments import pools
from qualification.models import Exam
from workers import access
from workers.access import ClientRequest

COURSE = "course"


class SeatsForm(Styled):
    """What has to be passed, what it pays, for how many."""

    what = forms.ChoiceField(label=gettext_lazy("Paid for passing"))
    fee = forms.DecimalField(
        label=gettext_lazy("Each person gets"), min_value=Decimal("0.01"), max_value=1_000, max_digits=8, decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("Once, however often they try."),
    )  # fmt: skip
    seats = forms.IntegerField(
        label=gettext_lazy("Seats"), min_value=1, max_value=SEATS_MOST,
        help_text=gettext_lazy("Set aside at once from prepaid money, with our fee."),
    )  # fmt: skip
    hold_days = forms.IntegerField(
        label=gettext_lazy("A seat is kept for"), min_value=1, max_value=DAYS_MOST, initial=14,
        help_text=gettext_lazy("Days from the beginning; then somebody else may have it."),
    )  # fmt: skip

    def __init__(self, *args: Any, batch: Batch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tests = [(str(exam.pk), _("Test: %(title)s") % {"title": exam.title}) for exam in seats.exams_for(batch)[:100]]
        self.fields["what"].choices = [(COURSE, _("The project's course")), *tests]  # type: ignore[attr-defined]


@GET_OR_POST
@access.client("manager")
def page(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """The paid seats of a batch with who took them, and opening more."""
    batch = batch_of(request, batch_id)
    form = SeatsForm(request.POST or None, batch=batch)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                _open(request, batch, form.cleaned_data)
            messages.success(request, _("The seats are open; people read what they pay before they begin."))
            return redirect("market:batch_seats", org=org, batch_id=batch.pk)
        except ProductError as error:
            put_error(form, error)
    rows = list(SeatOffer.objects.filter(batch=batch).select_related("batch").order_by("-opened_at")[:50])
    titles = dict(Exam.objects.filter(series__in=[row.exam_series for row in rows if row.exam_series]).values_list("series", "title"))
    return render(request, "client/seats.html", {
        "batch": batch, "project": batch.project, "org": org, "form": form, "crumbs": crumbs(org, batch.project, batch),
        "offers": [_shown(row, titles) for row in rows], "moving": batch.state in seats.IN_MOTION,
    }, status=422 if form.errors else 200)  # fmt: skip


def _open(request: ClientRequest, batch: Batch, given: dict[str, Any]) -> None:
    what = given["what"]
    seats.open_offer(
        batch=batch, kind=COURSE if what == COURSE else "exam", exam=None if what == COURSE else seats.exam_for(batch, uuid.UUID(what)),
        fee=Money.parse(given["fee"], batch.currency, field="fee"), seats=given["seats"], hold_days=given["hold_days"],
        actor_id=request.user.pk, now=timezone.now(),
    )  # fmt: skip


def _shown(offer: SeatOffer, titles: dict[uuid.UUID, str]) -> dict[str, Any]:
    pool, currency = pools.of(batch_id=offer.batch_id, name=seats.pool_of(offer)), offer.batch.currency
    held, passed = seats.counted(offer)
    return {
        "offer": offer, "title": titles.get(offer.exam_series) if offer.exam_series else "", "fee": Money(offer.fee_units, currency),
        "held": held, "passed": passed, "left": seats.left(offer), "spent": Money(pool.spent, currency),
        "set_aside": Money(pool.given, currency),
    }  # fmt: skip


@require_POST
@access.client("manager")
def end(request: ClientRequest, org: str, batch_id: uuid.UUID, offer_id: uuid.UUID) -> HttpResponse:
    """No more seats are taken."""
    batch = batch_of(request, batch_id)
    offer = SeatOffer.objects.filter(batch=batch, pk=offer_id).select_related("batch").first()
    if offer is None:
        raise NotFound(_("There are no such seats."))
    with transaction.atomic(durable=True):
        seats.end(offer=offer, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("No more seats are taken. Who has one keeps it; the rest of the money went back to the batch."))
    return redirect("market:batch_seats", org=org, batch_id=batch.pk)
