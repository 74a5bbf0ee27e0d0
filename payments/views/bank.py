"""The pages of the bank-file rail: a worker's bank details, and finance's files and reports."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import Invalid
from payments import bank_details, bank_files, bank_reports, queries, rails
from payments.models import BankFile
from workers import access
from workers.access import PersonRequest, WorkerRequest
from workers.countries import COUNTRIES


class DetailsForm(forms.Form):
    """What a bank wants to know; `bank_details.read` judges it."""

    country = forms.ChoiceField(label=lazy("Country of your bank account"))
    name = forms.CharField(label=lazy("Name of the account's owner"), max_length=140, help_text=lazy("As on your bank statement"))
    account = forms.CharField(label=lazy("IBAN or account number"), max_length=60)
    bic = forms.CharField(
        label=lazy("BIC (SWIFT code)"), max_length=20, required=False, help_text=lazy("Needed where your country has no IBAN")
    )
    street = forms.CharField(label=lazy("Your street and house number"), max_length=140)
    postcode = forms.CharField(label=lazy("Postcode"), max_length=32, required=False)
    town = forms.CharField(label=lazy("Town"), max_length=70)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        served = [(code, str(name)) for code, name in COUNTRIES.items() if "bank_file" in rails.serving(code)]
        self.fields["country"].choices = sorted(served, key=lambda each: each[1])  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"


@require_http_methods(["GET", "POST"])
@access.worker
@access.reauthenticated_first
def details(request: WorkerRequest) -> HttpResponse:
    """Enter or change bank details; what was entered before is never shown again but masked."""
    form = DetailsForm(request.POST or None, initial={"country": request.worker.country})
    if request.method == "POST" and form.is_valid():
        try:
            read = bank_details.read(form.cleaned_data, home=request.worker.country)
        except Invalid as error:
            form.add_error(error.field, str(error))
        else:
            bank_details.keep(user=request.user, details=read, now=timezone.now())
            messages.success(request, _("Your bank details are kept. You are paid by bank transfer from now on."))
            return redirect("payments:payout_account")
    return render(request, "worker/bank_details.html", {
        "form": form, "account": queries.payout_account(request.user.pk), "change": rails.was_ready(request.user.pk),
        "offered": rails.is_on("bank_file"),
        "crumbs": [
            {"label": _("Earnings"), "url": reverse("payments:earnings")},
            {"label": _("Payout account"), "url": reverse("payments:payout_account")},
        ],
    }, status=422 if form.errors else 200)  # fmt: skip


@require_GET
@access.ops("finance")
def files(request: PersonRequest) -> HttpResponse:
    """What waits for a file, the files there are and how far the bank is, and where its reports go in."""
    page = paging.page(BankFile.objects.all(), order="-written_at", cursor=request.GET.get("cursor"), size=30)
    return render(request, "ops/bank_files.html", {
        "waiting": bank_files.waiting(), "page": page, "rows": bank_files.progress(list(page.rows)), "on": rails.is_on("bank_file"),
        "crumbs": [{"label": _("Payouts"), "url": reverse("payments:payout_runs")}],
        "columns": [
            {"label": _("File")}, {"label": _("At our bank")}, {"label": _("Payments"), "num": True},
            {"label": _("Total"), "num": True}, {"label": _("Download"), "hidden": True},
        ],
    })  # fmt: skip


@require_POST
@access.ops("finance")
@access.reauthenticated
def write(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """Put a run's waiting payments into a file."""
    with transaction.atomic(durable=True):
        bank_files.write(run_id=run_id, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The file is written. Download it and hand it to the bank."))
    return redirect("payments:bank_files")


@require_POST
@access.ops("finance")
@access.reauthenticated
def download(request: PersonRequest, file_id: uuid.UUID) -> HttpResponse:
    """The file for the bank; the same bytes each time."""
    with transaction.atomic(durable=True):
        body = bank_files.download(file_id=file_id, actor_id=request.user.pk, now=timezone.now())
    headers = {"Content-Disposition": f'attachment; filename="payouts-{file_id.hex}.xml"', "Cache-Control": "no-store"}
    return HttpResponse(body, content_type="application/xml", headers=headers)


@require_POST
@access.ops("finance")
def report(request: PersonRequest) -> HttpResponse:
    """Read what the bank says of a file."""
    given = request.FILES.get("report")
    if not isinstance(given, UploadedFile) or not given.size:
        raise Invalid(_("Choose a file that is not empty."), field="report")
    if given.size > bank_reports.LARGEST:
        raise Invalid(_("This file is too large for a status report."), field="report")
    with transaction.atomic(durable=True):
        made, new = bank_reports.apply(body=given.read(), actor_id=request.user.pk, now=timezone.now())
    if new:
        messages.success(request, _("Read. Settled: %(settled)s, refused: %(rejected)s, on the way: %(noted)s.") % {
            "settled": made.settled, "rejected": made.rejected, "noted": made.noted,
        })  # fmt: skip
    else:
        messages.info(request, _("This report was read before. Nothing has changed."))
    return redirect("payments:bank_files")
