"""Ops' page of the time that one person has at tests."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import NotFound
from qualification import accommodations
from qualification.forms import AccommodationForm
from qualification.models import Accommodation
from workers import access
from workers.access import PersonRequest
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.forms import carry_out
from workers.models import WorkerProfile


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
def exam_time(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """How much time this person has, why, and a form to give more."""
    worker = WorkerProfile.objects.select_related("user").filter(pk=person_id).first()
    if worker is None:
        raise NotFound(_("There is no such worker."))
    form = AccommodationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = carry_out(
            form,
            lambda: accommodations.give(
                worker_id=person_id, time_bp=given["percent"] * 100, reason=given["reason"], by_id=request.user.pk, now=timezone.now()
            ),
        )
        if made is not None:
            messages.success(request, _("It holds for tests that start from now on."))
            return redirect("qualification:ops_exam_time", person_id=person_id)
    past = Accommodation.objects.filter(worker=worker).select_related("given_by").order_by("-given_at")
    context = {"worker": worker, "form": form, "current": accommodations.current(person_id), "past": past[:20]}
    return render(request, "ops/exam_time.html", context, status=422 if form.errors else 200)


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def end(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """The usual time again."""
    with transaction.atomic(durable=True):
        accommodations.end(worker_id=person_id, by_id=request.user.pk, now=timezone.now())
    return redirect("qualification:ops_exam_time", person_id=person_id)
