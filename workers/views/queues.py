"""Ops' work queues: which there are, what waits in one by its clock, claiming and handing over; and the page of a credential."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import Refused
from workers import access, credentials, work_queues
from workers.access import PersonRequest
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.forms import carry_out
from workers.models import Claim, OpsRole
from workers.setup_forms import CredentialVerdictForm, HandOverForm
from workers.views.setup import serve_proof
from workers.work_queues import WorkQueue

KEYS = "123456789"
SHOWN = 50


def _held(request: PersonRequest) -> frozenset[str]:
    roles: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    return roles


def _queue(request: PersonRequest, key: str) -> WorkQueue:
    """The queue, for who may work in it. Raises NotFound, Refused."""
    queue = work_queues.find(key)
    if not _held(request) & {*queue.roles, OpsRole.ADMIN}:
        raise Refused(_("This queue is worked by ops staff with another role."))
    return queue


@require_GET
@access.ops()
def overview(request: PersonRequest) -> HttpResponse:
    """Every queue that this person may work in: how much waits, the shortest clock, what they hold themselves."""
    now = timezone.now()
    shown: list[dict[str, Any]] = []
    for queue in work_queues.open_to(_held(request)):
        found = work_queues.rows(queue, by_id=request.user.pk, now=now, limit=1)
        shown.append({
            "queue": queue, "count": queue.count(), "first": found[0].item if found else None,
            "mine": Claim.objects.filter(queue=queue.key, by=request.user, until__gt=now).count(),
        })  # fmt: skip
    shown.sort(key=lambda one: (one["first"] is None, (one["first"].until or now) if one["first"] else now))
    for key, row in zip(KEYS, shown, strict=False):
        row["key"] = key
    return render(request, "ops/queues.html", {"queues": shown, "most": work_queues.LOOKED_AT})


@require_GET
@access.ops()
def one(request: PersonRequest, queue: str) -> HttpResponse:
    """What waits in one queue, the most urgent first, with who is at what."""
    found = _queue(request, queue)
    rows = work_queues.rows(found, by_id=request.user.pk, now=timezone.now(), limit=SHOWN)
    return render(request, "ops/queue.html", {
        "queue": found, "rows": [{"row": row, "key": key.strip()} for key, row in zip(KEYS.ljust(SHOWN), rows, strict=False)],
        "colleagues": work_queues.colleagues(found, but=request.user.pk), "hours": int(work_queues.CLAIMED_FOR.total_seconds() // 3600),
        "crumbs": [{"label": _("Queues"), "url": reverse("workers:ops_queues")}],
    })  # fmt: skip


@require_POST
@access.ops()
def take_next(request: PersonRequest, queue: str) -> HttpResponse:
    """Claim the most urgent item that nobody holds, and go there."""
    found = _queue(request, queue)
    with transaction.atomic(durable=True):
        item = work_queues.take_next(queue=found, by_id=request.user.pk, now=timezone.now())
    if item is None:
        messages.info(request, _("Nothing is left that nobody holds."))
        return redirect("workers:ops_queue", queue=queue)
    return redirect(item.url)


@require_POST
@access.ops()
def claim(request: PersonRequest, queue: str, item: uuid.UUID) -> HttpResponse:
    """Take one item."""
    _queue(request, queue)
    with transaction.atomic(durable=True):
        work_queues.claim(queue=queue, item=item, by_id=request.user.pk, now=timezone.now())
    return redirect("workers:ops_queue", queue=queue)


@require_POST
@access.ops()
def release(request: PersonRequest, queue: str, item: uuid.UUID) -> HttpResponse:
    """Let go of one's claim."""
    _queue(request, queue)
    with transaction.atomic(durable=True):
        work_queues.release(queue=queue, item=item, by_id=request.user.pk)
    messages.success(request, _("It is free for others again."))
    return redirect("workers:ops_queue", queue=queue)


@require_POST
@access.ops()
def hand_over(request: PersonRequest, queue: str, item: uuid.UUID) -> HttpResponse:
    """Give an item to a colleague with a word about it."""
    _queue(request, queue)
    form = HandOverForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Name a colleague by their address."))
        return redirect("workers:ops_queue", queue=queue)
    with transaction.atomic(durable=True):
        held = work_queues.hand_over(
            queue=queue, item=item, by_id=request.user.pk, to_email=form.cleaned_data["to"], note=form.cleaned_data["note"],
            now=timezone.now(),
        )  # fmt: skip
    messages.success(request, _("%(name)s has it now, and is told.") % {"name": held.by.name})
    return redirect("workers:ops_queue", queue=queue)


# --- credentials -------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
def credential(request: PersonRequest, credential_id: uuid.UUID) -> HttpResponse:
    """A credential with its document: whose, what it states, and the word on it."""
    found = credentials.find(credential_id)
    form = CredentialVerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = carry_out(form, lambda: _decide(found, form.cleaned_data, request))
        if done:
            messages.success(request, _("Verified. It counts from now on.") if found.state == "verified" else _("The person reads why."))
            return redirect("workers:ops_queue", queue=credentials.QUEUE)
    held = Claim.objects.filter(queue=credentials.QUEUE, item=found.pk, until__gt=timezone.now()).select_related("by").first()
    return render(request, "ops/credential.html", {
        "credential": found, "person": found.worker.user, "form": form, "open": found.state in ("waiting", "refused"),
        "held": held if held is not None and held.by_id != request.user.pk else None,
        "others": credentials.of(found.worker_id).exclude(pk=found.pk)[:10],
        "crumbs": [{"label": _("Queues"), "url": reverse("workers:ops_queues")},
                   {"label": _("Credentials"), "url": reverse("workers:ops_queue", args=[credentials.QUEUE])}],
    }, status=422 if form.errors else 200)  # fmt: skip


def _decide(found: Any, given: dict[str, Any], request: PersonRequest) -> bool:
    credentials.decide(
        credential=found, by_id=request.user.pk, verified=given["verdict"] == "verify", reason=given["reason"], note=given["note"],
        now=timezone.now(),
    )  # fmt: skip
    return True


@require_GET
@access.ops(*LOOKS_AFTER_PEOPLE)
def credential_proof(request: PersonRequest, credential_id: uuid.UUID) -> HttpResponse:
    """The document of a credential, as a download."""
    return serve_proof(credentials.find(credential_id))
