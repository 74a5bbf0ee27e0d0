"""A client's projects: the list, making one, how it is going, opening a batch in it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit.errors import ProductError
from marketplace import batches, client_queries, forms, health, progress, projects, stuck
from marketplace.models import Batch, Project
from marketplace.views.client.frame import GET_OR_POST, crumbs, may_change, project_of, project_page, put_error
from payments import queries as money
from task_types import registry
from workers import access
from workers.access import ClientRequest

NAMED_AT_MOST = 3
"""Batches whose troubles the overview names."""


@require_GET
@access.client("viewer")
def home(request: ClientRequest, org: str) -> HttpResponse:
    """The projects of the organisation, the newest first, and where its money is."""
    asked = request.GET
    archived = asked.get("show") == "archived"
    found = client_queries.projects_page(
        organisation_id=request.organisation.pk, cursor=asked.get("cursor"), name=asked.get("q", "").strip()[:120],
        archived=archived,
    )  # fmt: skip
    kinds = {slug: drawer.name for slug, drawer in registry.drawers().items()}
    columns = [
        {"label": _("Project")}, {"label": _("In motion")}, {"label": _("Results")}, {"label": _("Waits for you"), "num": True},
        {"label": _("Made"), "rank": 2},
    ]  # fmt: skip
    filtered = bool(asked.get("q") or archived)
    return render(request, "client/projects.html", {
        "rows": [{"row": row, "kind": kinds.get(row.project.task_type, ""), "org": org} for row in found.rows],
        "page": found.page, "columns": columns, "org": org, "filtered": filtered, "archived": archived,
        "may_change": may_change(request),
        "waiting": client_queries.how_many_wait(organisation_id=request.organisation.pk),
        "money": money.client_money(
            organisation_id=request.organisation.pk, currency=request.organisation.billing_currency
        ),
    })  # fmt: skip


@GET_OR_POST
@access.client("manager")
def new(request: ClientRequest, org: str) -> HttpResponse:
    """Name and kind of work; everything else has a default."""
    form = forms.NewProject(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _create(request, form.cleaned_data)
            messages.info(request, _("The settings are those of an example. Make them yours."))
            return redirect("market:project_settings", org=org, project_id=made.pk)
        except ProductError as error:
            put_error(form, error)
    chosen = form["task_type"].value()
    kinds = [
        {"value": slug, "label": drawer.name, "note": drawer.description, "checked": slug == chosen}
        for slug, drawer in registry.drawers().items()
    ]
    return render(request, "client/project_new.html", {
        "form": form, "kinds": kinds, "org": org, "crumbs": crumbs(org),
    }, status=422 if form.errors else 200)  # fmt: skip


def _create(request: ClientRequest, given: dict[str, Any]) -> Project:
    drawer = registry.drawer(given["task_type"])
    with transaction.atomic(durable=True):
        return projects.create(
            organisation_id=request.organisation.pk, name=given["name"], task_type=drawer.slug,
            settings=drawer.sample().settings, currency=request.organisation.billing_currency, actor_id=request.user.pk,
            now=timezone.now(),
        )  # fmt: skip


@require_GET
@access.client("viewer")
def overview(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Is it on time, on budget, good enough; what is stuck and why; its batches."""
    project, now = project_of(request, project_id), timezone.now()
    found = client_queries.batches_page(project=project, cursor=request.GET.get("cursor"))
    launched = client_queries.launched_batches(project)
    columns = [
        {"label": _("Batch")}, {"label": _("State")}, {"label": _("Results")}, {"label": _("Spent"), "num": True},
        {"label": _("Wanted by"), "rank": 2},
    ]  # fmt: skip
    figures = health.of(project=project, batches=launched, now=now) if launched else None
    return project_page(request, "client/project.html", project, "overview", {
        "page": found.page, "columns": columns, "rows": [{"row": row, "org": org} for row in found.rows],
        "todo": to_do(project, org, now), "health": figures, "chart": growth(in_motion(launched) or launched, now),
        "reasons": troubles(org, project, launched, figures, now),
        "form": forms.NewBatch(initial={"name": date_format(timezone.localtime(now), "j F Y")}),
    })  # fmt: skip


def in_motion(launched: list[Batch]) -> list[Batch]:
    return [one for one in launched if one.state in client_queries.IN_MOTION]


def growth(launched: list[Batch], now: datetime) -> dict[str, Any] | None:
    """Settled results over time and the plan, for the chart."""
    curve = health.curve(batches=launched, now=now)
    if curve is None:
        return None
    shown = "j M" if curve.step.days else "H:i"
    series: list[dict[str, Any]] = [{"label": _("Settled results"), "values": curve.settled}]
    if any(curve.plan):
        series.append({"label": _("Plan"), "values": [round(value, 1) for value in curve.plan]})
    labels = [date_format(timezone.localtime(at), shown) for at in curve.moments]
    return {"type": "line", "labels": labels, "series": series}


def troubles(
    org: str, project: Project, launched: list[Batch], figures: health.Health | None, now: datetime
) -> list[dict[str, Any]]:
    """What holds the batches in motion up, each with the page where it can be changed."""
    moving, found = in_motion(launched), []
    for batch in moving[:NAMED_AT_MOST]:
        batch.project = project
        ambiguous = figures.results.ambiguous if figures and len(moving) == 1 else 0
        counted = progress.of(batch, now=now)
        found += [
            {"reason": reason, "batch": batch, "url": page_of(org, batch, reason.page)}
            for reason in stuck.reasons(batch=batch, progress=counted, ambiguous=ambiguous, now=now)
        ]
    return found


def page_of(org: str, batch: Batch, page: str) -> str:
    """Where a reason can be dealt with."""
    match page:
        case "workers" | "terms" | "guideline" | "budget":
            return reverse(f"market:project_{page}", args=[org, batch.project_id])
        case "review":
            return f"{reverse('market:client_review', args=[org])}?project={batch.project_id}"
        case "results":
            return f"{reverse('market:batch_results', args=[org, batch.pk])}?show=ambiguous"
        case _:
            return reverse("market:batch", args=[org, batch.pk])


def to_do(project: Project, org: str, now: datetime) -> list[dict[str, Any]]:
    """What is missing before a launch, as steps; nothing once all is there."""
    has_guideline = projects.guideline_in_force(project) is not None
    has_rate = projects.rate_in_force(project=project, kind="answer", tier=0, now=now) is not None
    if has_guideline and has_rate:
        return []
    pages: list[tuple[str, str, bool, str]] = [
        (_("Describe the task"), _("What a worker sees and decides."), True, "market:project_settings"),
        (_("Write the guideline"), _("Every rejection has to name a clause of it."), has_guideline, "market:project_guideline"),
        (_("Say what it pays"), _("Workers see the price and what it makes an hour."), has_rate, "market:project_terms"),
    ]
    steps = [
        {"label": label, "note": note, "done": done, "url": reverse(name, args=[org, project.pk])}
        for label, note, done, name in pages
    ]
    next(step for step in steps if not step["done"])["active"] = True
    return steps


@require_POST
@access.client("manager")
def open_batch(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """A new draft; its page takes files."""
    project = project_of(request, project_id)
    with transaction.atomic(durable=True):
        draft = batches.open_draft(
            project=project, name=request.POST.get("name", ""), actor_id=request.user.pk, now=timezone.now()
        )
    return redirect("market:batch", org=org, batch_id=draft.pk)


@require_POST
@access.client("manager")
def rename(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Another name for the same project."""
    project = project_of(request, project_id)
    with transaction.atomic(durable=True):
        projects.change(project=project, name=request.POST.get("name", ""), actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Renamed."))
    return redirect("market:project", org=org, project_id=project.pk)


@require_POST
@access.client("manager")
def archive(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Put a project away: no new batches; nothing is deleted."""
    project = project_of(request, project_id)
    with transaction.atomic(durable=True):
        projects.archive(project=project, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("“%(name)s” is archived. Its batches, results and bills stay.") % {"name": project.name})
    return redirect("market:projects", org=org)
