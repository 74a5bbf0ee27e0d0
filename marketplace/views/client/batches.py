"""The page of a batch: what is missing before its launch, how it goes, what came of it; and what can be done to it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import Invalid, ProductError
from kit.money import Money
from marketplace import batches, client_queries, forms, health, intake, progress, settlement, strengths, stuck
from marketplace.models import Batch
from marketplace.models.projects import ReviewRule
from marketplace.views.client import drafts
from marketplace.views.client.frame import batch_of, crumbs, excerpt, gone, is_fragment, may_change
from marketplace.views.client.projects import growth, page_of
from task_types import registry
from workers import access
from workers.access import ClientRequest

LATEST = 8
OVER = ("closed", "settled")


@require_GET
@access.client("viewer")
def page(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """One address for the whole life of a batch."""
    return show(request, batch_of(request, batch_id))


def show(
    request: ClientRequest, batch: Batch, *, mappings: dict[uuid.UUID, Any] | None = None, launch: forms.Launch | None = None
) -> HttpResponse:
    """The page for the batch's state; `mappings` and `launch` are forms that were refused, with what was typed in them."""
    now = timezone.now()
    common = {
        "batch": batch, "project": batch.project, "org": request.organisation.slug, "may_change": may_change(request),
        "crumbs": crumbs(request.organisation.slug, batch.project), "exports": exports_of(batch),
    }  # fmt: skip
    status = 422 if mappings or launch else 200
    if batch.state == "draft":
        context = drafts.context(request, batch, now=now, mappings=mappings or {}, launch=launch)
        return render(request, "client/batch_draft.html", common | context, status=status)
    return render(request, "client/batch.html", common | _moving(request.organisation.slug, batch, now), status=status)


def exports_of(batch: Batch) -> list[dict[str, str]]:
    """The files that can be taken home, as kinds with their words."""
    extra = registry.drawer(batch.project.task_type).extra_exports
    return [
        {"kind": "csv", "label": _("CSV"), "note": _("one row for each task")},
        {"kind": "answers-csv", "label": _("CSV of answers"), "note": _("one row for each answer")},
        {"kind": "jsonl", "label": _("JSONL"), "note": _("everything, for programs")},
        *([{"kind": "strengths", "label": _("CSV of strengths"), "note": _("which model is how much stronger")}]
          if strengths.has_names(batch.project) else []),
        *({"kind": name, "label": name.upper(), "note": _("settled results")} for name in sorted(extra)),
    ]


def _moving(org: str, batch: Batch, now: datetime) -> dict[str, Any]:
    """What the page of a launched batch shows."""
    live = _live(org, batch, now)
    spend = live["spend"]
    left = spend.reserved + spend.pending
    given = Money(batch.reserved_units, batch.currency)
    return live | {
        "chart": growth([batch], now), "over": batch.state in OVER,
        "plan": forms.Plan(initial={"priority": batch.priority, "deadline": batch.deadline}),
        "returned": given - spend.paid - spend.fees - left if batch.state in OVER else None, "given": given,
        "kept": settlement.disputable(batch=batch, now=now) if batch.state == "closed" else None,
        "terms": batch.terms, "judged": ReviewRule(batch.terms["review_rule"]).label,
    }  # fmt: skip


def _live(org: str, batch: Batch, now: datetime) -> dict[str, Any]:
    """The part of the page that renews itself."""
    counted = progress.of(batch, now=now)
    figures = health.of(project=batch.project, batches=[batch], now=now)
    reasons = stuck.reasons(batch=batch, progress=counted, ambiguous=figures.results.ambiguous, now=now)
    return {
        "batch": batch, "org": org, "progress": counted, "health": figures,
        "reasons": [{"reason": reason, "url": page_of(org, batch, reason.page)} for reason in reasons],
        "spend": client_queries.spend_of([batch])[batch.pk], "latest": _latest(org, batch),
        "waiting": client_queries.waiting_counts([batch])[batch.pk],
    }  # fmt: skip


def _latest(org: str, batch: Batch) -> list[dict[str, Any]]:
    """The newest answers, and what their tasks' results are now."""
    drawer, found = registry.drawer(batch.project.task_type), client_queries.latest_answers(batch=batch, most=LATEST)
    names = client_queries.pseudonyms_of(
        organisation_id=batch.project.organisation_id, worker_ids=[one.worker_id for one in found]
    )
    return [
        {
            "answer": one, "worker": names[one.worker_id], "said": drawer.summarise(one.answer, settings=batch.project.settings),
            "task": excerpt(one.task, 80), "result": getattr(one.task, "result", None),
        }
        for one in found
    ]  # fmt: skip


@require_GET
@access.client("viewer")
def live(request: ClientRequest, org: str, batch_id: uuid.UUID, state: str) -> HttpResponse:
    """The figures of a batch in motion, asked for by the page itself; the whole page anew when its state changed."""
    batch = batch_of(request, batch_id)
    if not is_fragment(request):
        return redirect("market:batch", org=org, batch_id=batch.pk)
    if batch.state != state:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "client/_live.html", _live(org, batch, timezone.now()))


# --- what can be done to it --------------------------------------------------------------------------------------------


@require_POST
@access.client("manager")
def launch(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """Reserve the money and open the tasks; when something is missing nothing has moved."""
    batch, now = batch_of(request, batch_id), timezone.now()
    form = forms.Launch(request.POST)
    if not form.is_valid():
        return show(request, batch, launch=form)
    given = form.cleaned_data
    try:
        with transaction.atomic(durable=True):
            batches.reprioritise(batch=batch, priority=given["priority"], actor_id=request.user.pk, now=now)
            batches.set_deadline(batch=batch, deadline=given["deadline"], actor_id=request.user.pk, now=now)
            batches.launch(batch=batch, actor_id=request.user.pk, now=now, pilot_size=form.size())
    except ProductError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return show(request, batch_of(request, batch_id), launch=form)
    reserved = Money(batch.reserved_units, batch.currency)
    messages.success(request, _("Launched. %(money)s are reserved; the first tasks open within seconds.") % {"money": reserved})
    return redirect("market:batch", org=org, batch_id=batch.pk)


@require_POST
@access.client("manager")
def pause(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """No new tasks are handed out; going on is one click."""
    batch = batch_of(request, batch_id)
    with transaction.atomic(durable=True):
        batches.pause(batch=batch, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Paused. Tasks in hand may still be handed in."))
    return redirect("market:batch", org=org, batch_id=batch.pk)


@require_POST
@access.client("manager")
def go_on(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """Hand out tasks again; after a pilot, all the others too."""
    batch = batch_of(request, batch_id)
    with transaction.atomic(durable=True):
        batches.go_on(batch=batch, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Tasks are handed out again."))
    return redirect("market:batch", org=org, batch_id=batch.pk)


@require_POST
@access.client("manager")
def close(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """No new tasks; those in hand are honoured; what is not needed comes back."""
    batch = batch_of(request, batch_id)
    with transaction.atomic(durable=True):
        batches.close(batch=batch, actor_id=request.user.pk, now=timezone.now(), why="client")
    messages.success(request, _("Closing. Tasks in hand are honoured; what is not needed comes back to your balance."))
    return redirect("market:batch", org=org, batch_id=batch.pk)


@require_POST
@access.client("manager")
def plan(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """Another place in the order, another day by which the results are wanted."""
    batch, now = batch_of(request, batch_id), timezone.now()
    form = forms.Plan(request.POST, initial={"priority": batch.priority})
    if not form.is_valid():
        raise Invalid(str(next(iter(form.errors.values()))[0]))
    with transaction.atomic(durable=True):
        batches.reprioritise(batch=batch, priority=form.cleaned_data["priority"], actor_id=request.user.pk, now=now)
        if form.cleaned_data["deadline"] != batch.deadline:
            batches.set_deadline(batch=batch, deadline=form.cleaned_data["deadline"], actor_id=request.user.pk, now=now)
    messages.success(request, _("Saved."))
    return redirect("market:batch", org=org, batch_id=batch.pk)


@require_POST
@access.client("manager")
def discard(request: ClientRequest, org: str, batch_id: uuid.UUID) -> HttpResponse:
    """Throw a draft away, its files and tasks with it."""
    batch = batch_of(request, batch_id)
    name, tasks, project_id = batch.name, batch.task_count, batch.project_id
    with transaction.atomic(durable=True):
        for upload in batch.uploads.all():
            intake.discard(upload=upload)
        batches.discard(batch=batch, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, gone(name, tasks))
    return redirect("market:project", org=org, project_id=project_id)
