"""Onboarding's optional steps, each of which is also the page to change it later; what is typed is kept as a draft meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import assets, documents
from kit.errors import NotFound
from kit.limits import spend
from workers import access, credentials, onboarding, preferences
from workers.access import WorkerRequest
from workers.forms import carry_out
from workers.models import Credential, Setup
from workers.setup_forms import AvailabilityForm, BackgroundForm, ComfortForm, CredentialForm

NOT_IN_A_DRAFT = {"csrfmiddlewaretoken", "proof"}


def frame(request: WorkerRequest, key: str, context: dict[str, Any]) -> dict[str, Any]:
    """What the page of a step shows around its form: the steps, why it is asked, how long it takes, how to leave it out."""
    steps = onboarding.steps(request.user.pk)
    step = next(one for one in steps if one.key == key)
    return {
        "step": step, "steps": steps, "first_time": request.worker.onboarded_at is None or step.open,
        "may_skip": key in onboarding.OPTIONAL and not step.done, "drafted": bool(_setup(request).drafts.get(key)),
    } | context  # fmt: skip


def go_on(request: WorkerRequest) -> HttpResponse:
    """To the next open step of those that may be left out, or back to the list when there is none."""
    left = next((step for step in onboarding.steps(request.user.pk) if step.open and step.key in onboarding.OPTIONAL), None)
    return redirect(left.url_name if left is not None else "workers:onboarding")


def _setup(request: WorkerRequest) -> Setup:
    found = Setup.objects.filter(worker_id=request.user.pk).first()
    return found or Setup(worker_id=request.user.pk)


def _step(
    request: WorkerRequest, key: str, form: forms.Form, save: Callable[[], Any], **more: Any
) -> HttpResponse:
    """One step: shown, or saved and on to the next."""
    if request.method == "POST" and form.is_valid() and carry_out(form, save) is not None:
        messages.success(request, _("Saved."))
        return go_on(request)
    faulty = request.method == "POST"
    return render(request, f"worker/onboarding_{key}.html", frame(request, key, {"form": form, **more}), status=422 if faulty else 200)


@require_http_methods(["GET", "POST"])
@access.worker
def background(request: WorkerRequest) -> HttpResponse:
    """Education, and the fields in which somebody knows their way."""
    setup = _setup(request)
    form = BackgroundForm(request.POST or None, setup=setup, draft=setup.drafts.get("background"))
    return _step(request, "background", form, lambda: preferences.save_background(
        worker_id=request.user.pk, education=form.cleaned_data["education"], expertise=form.expertise(), now=timezone.now()
    ))


@require_http_methods(["GET", "POST"])
@access.worker
def comfort(request: WorkerRequest) -> HttpResponse:
    """What makes work possible, and what somebody would rather not see."""
    setup = _setup(request)
    form = ComfortForm(request.POST or None, setup=setup, draft=setup.drafts.get("comfort"))
    return _step(request, "comfort", form, lambda: preferences.save_comfort(
        worker_id=request.user.pk, now=timezone.now(), **form.cleaned_data
    ))


@require_http_methods(["GET", "POST"])
@access.worker
def availability(request: WorkerRequest) -> HttpResponse:
    """Hours a week, times, and quiet."""
    setup = _setup(request)
    form = AvailabilityForm(request.POST or None, setup=setup, draft=setup.drafts.get("availability"))
    quiet = setup.alerts_paused_until if setup.alerts_paused_until and setup.alerts_paused_until > timezone.now() else None
    return _step(request, "availability", form, lambda: preferences.save_availability(
        worker_id=request.user.pk, now=timezone.now(), **form.cleaned_data
    ), quiet=quiet, days=list(preferences.DAYS.values()))


@require_http_methods(["GET", "POST"])
@access.worker
def credential_list(request: WorkerRequest) -> HttpResponse:
    """My credentials with their state, and one more."""
    setup = _setup(request)
    form = CredentialForm(request.POST or None, request.FILES or None, draft=setup.drafts.get("credentials"))
    if request.method == "POST" and form.is_valid() and _hand_in(request, form) is not None:
        messages.success(request, _("Handed in. A person looks at it within 72 hours; you need not wait for that."))
        return redirect("workers:onboarding_credentials")
    context = {"form": form, "credentials": credentials.of(request.user.pk)}
    return render(request, "worker/onboarding_credentials.html", frame(request, "credentials", context), status=422 if form.errors else 200)


def _hand_in(request: WorkerRequest, form: CredentialForm) -> Credential | None:
    """The document first, outside the transaction; a refusal of either becomes the form's."""
    given = dict(form.cleaned_data)
    spend(credentials.HANDING_IN, account=request.user.pk, address=request.META.get("REMOTE_ADDR", ""))
    try:
        kept = documents.store(given.pop("proof").read(), field="proof")
    except documents.BadDocument as refusal:
        form.add_error("proof", str(refusal))
        return None
    return carry_out(form, lambda: credentials.submit(worker_id=request.user.pk, proof=kept, now=timezone.now(), **given))


@require_POST
@access.worker
def withdraw_credential(request: WorkerRequest, credential_id: uuid.UUID) -> HttpResponse:
    """Take one's own credential back."""
    with transaction.atomic(durable=True):
        mine = credentials.find(credential_id, worker_id=request.user.pk)
        credentials.withdraw(credential=mine, now=timezone.now())
    messages.success(request, _("Taken back. It counts no more."))
    return redirect("workers:onboarding_credentials")


@require_GET
@access.worker
def proof(request: WorkerRequest, credential_id: uuid.UUID) -> HttpResponse:
    """The document that one handed in oneself."""
    return serve_proof(credentials.find(credential_id, worker_id=request.user.pk))


def serve_proof(credential: Credential) -> HttpResponse:
    """A stranger's file: as a download under a name of ours, never run or sniffed, kept by nobody on the way."""
    if credential.proof is None:
        raise NotFound(_("Nothing of this document is kept here."))
    ending = "pdf" if credential.proof.content_type == "application/pdf" else "jpg"
    try:
        response = HttpResponse(assets.read(credential.proof), content_type=credential.proof.content_type)
    except FileNotFoundError:
        raise NotFound(_("The document is no longer kept.")) from None
    response.headers["Content-Disposition"] = f'attachment; filename="credential-{credential.pk}.{ending}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@access.worker
def skip(request: WorkerRequest, step: str) -> HttpResponse:
    """Leave an optional step out; it stays in the list for whenever."""
    with transaction.atomic(durable=True):
        onboarding.skip(user_id=request.user.pk, step=step)
    return go_on(request)


@require_POST
@access.worker
def draft(request: WorkerRequest, step: str) -> HttpResponse:
    """Keep what was typed in a step, as the page does by itself."""
    if step not in {"profile", *onboarding.OPTIONAL}:
        raise NotFound(_("There is no such step."))
    with transaction.atomic(durable=True):
        preferences.keep_draft(worker_id=request.user.pk, step=step, typed=_typed(request))
    return HttpResponse(status=204)


def _typed(request: HttpRequest) -> dict[str, list[str]]:
    typed = {name: [value.replace("\x00", "") for value in values] for name, values in request.POST.lists()}
    return {name.replace("\x00", ""): values for name, values in typed.items() if name not in NOT_IN_A_DRAFT}
