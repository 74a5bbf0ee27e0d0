"""A client's projects: the list, making one, its rules and prices, its guideline, and how it is going."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import Invalid, NotFound
from kit.money import Money
from marketplace import batches, eligibility, forms, guidelines, projects, queries
from marketplace.models import Project
from qualification import skills
from task_types import registry
from task_types.interface import island
from workers import access
from workers.access import ClientRequest

GET_OR_POST = require_http_methods(["GET", "POST"])


def find(request: ClientRequest, project_id: uuid.UUID) -> Project:
    """A project of the organisation in the address; raises NotFound."""
    project = queries.project_of(organisation_id=request.organisation.pk, project_id=project_id)
    if project is None:
        raise NotFound(_("There is no such project."))
    return project


@require_GET
@access.client("viewer")
def home(request: ClientRequest, org: str) -> HttpResponse:
    """The projects of the organisation, the newest first."""
    rows = Project.objects.filter(organisation=request.organisation, archived_at__isnull=True).annotate(
        moving=Count("batches", filter=Q(batches__state__in=["launching", "active", "paused", "closing"])),
        batch_count=Count("batches"),
    )
    page = paging.page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=30)
    kinds = {slug: drawer.name for slug, drawer in registry.drawers().items()}
    columns = [
        {"label": _("Project")}, {"label": _("Kind of work")}, {"label": _("Batches"), "num": True}, {"label": _("In motion"), "num": True},
    ]
    shown = [{"project": project, "kind": kinds.get(project.task_type, project.task_type)} for project in page.rows]
    return render(request, "client/projects.html", {"rows": shown, "page": page, "columns": columns, "org": org})


@GET_OR_POST
@access.client("manager")
def new(request: ClientRequest, org: str) -> HttpResponse:
    """Name and kind of work; everything else has a default."""
    form = forms.NewProject(request.POST or None)
    if request.method == "POST" and form.is_valid():
        drawer, now = registry.drawer(form.cleaned_data["task_type"]), timezone.now()
        sample = drawer.sample()
        with transaction.atomic(durable=True):
            made = projects.create(
                organisation_id=request.organisation.pk, name=form.cleaned_data["name"], task_type=drawer.slug,
                settings=sample.settings, currency=request.organisation.billing_currency, actor_id=request.user.pk, now=now,
            )
        messages.info(request, _("The settings are those of an example. Make them yours."))
        return redirect("market:project_settings", org=org, project_id=made.pk)
    kinds = [{"value": slug, "label": drawer.name, "note": drawer.description} for slug, drawer in registry.drawers().items()]
    return render(request, "client/project_new.html", {"form": form, "kinds": kinds, "org": org})


@require_GET
@access.client("viewer")
def overview(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Is it set up, is it moving, what does it cost, how sure are the answers."""
    project = find(request, project_id)
    now = timezone.now()
    rows = project.batches.annotate(settled_results=Count("results", filter=Q(results__state="settled")))
    page = paging.page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=30)
    spend = queries.spend_of([batch.pk for batch in page.rows])
    columns = [
        {"label": _("Batch")}, {"label": _("State")}, {"label": _("Tasks"), "num": True}, {"label": _("Settled"), "num": True},
        {"label": _("Spent"), "num": True},
    ]
    return render(request, "client/project.html", {
        "project": project, "org": org, "page": page, "columns": columns, "tabs": tabs(project, org, "overview"),
        "rows": [{"batch": batch, "spend": spend[batch.pk], "org": org} for batch in page.rows],
        "todo": to_do(project, org, now), "quality": queries.project_quality(project),
        "kind": registry.drawer(project.task_type).name, "crumbs": crumbs(org),
        "form": forms.NewBatch(initial={"name": now.strftime("%Y-%m-%d")}),
    })


def crumbs(org: str, project: Project | None = None) -> list[dict[str, str]]:
    from django.urls import reverse

    way = [{"label": _("Projects"), "url": reverse("market:projects", args=[org])}]
    if project is not None:
        way.append({"label": project.name, "url": reverse("market:project", args=[org, project.pk])})
    return way


def tabs(project: Project, org: str, active: str) -> list[dict[str, Any]]:
    from django.urls import reverse

    pages = [
        ("overview", _("Overview"), "market:project"), ("settings", _("Task"), "market:project_settings"),
        ("guideline", _("Guideline"), "market:project_guideline"), ("terms", _("Pay and judging"), "market:project_terms"),
        ("workers", _("Who may work"), "market:project_workers"), ("gold", _("Gold"), "market:project_gold"),
    ]
    return [
        {"label": label, "url": reverse(name, args=[org, project.pk]), "active": key == active} for key, label, name in pages
    ]


def to_do(project: Project, org: str, now: Any) -> list[dict[str, Any]]:
    """What is missing before a launch, as steps."""
    from django.urls import reverse

    has_guideline = projects.guideline_in_force(project) is not None
    has_rate = projects.rate_in_force(project=project, kind="answer", tier=0, now=now) is not None
    steps = [
        {"label": _("Describe the task"), "done": True, "note": _("Labels, criteria: what a worker decides."),
         "url": reverse("market:project_settings", args=[org, project.pk])},
        {"label": _("Write the guideline"), "done": has_guideline, "note": _("Every rejection must name a clause of it."),
         "url": reverse("market:project_guideline", args=[org, project.pk])},
        {"label": _("Say what it pays"), "done": has_rate, "note": _("Workers see the price and what it makes an hour."),
         "url": reverse("market:project_terms", args=[org, project.pk])},
    ]
    for step in steps:
        if not step["done"]:
            step["active"] = True
            break
    return [] if all(step["done"] for step in steps) else steps


@GET_OR_POST
@access.client("manager")
def settings(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """What a worker decides: the drawer's own questions, with the task as it will look beside them."""
    project = find(request, project_id)
    drawer = registry.drawer(project.task_type)
    fields = drawer.settings_fields()
    form = forms.Settings(
        request.POST or None, fields=fields, initial=forms.Settings.initial_of(fields, project.settings) | {"name": project.name}
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                projects.change_settings(
                    project=project, settings=form.settings(), actor_id=request.user.pk, now=timezone.now()
                )
            messages.success(request, _("Saved."))
            return redirect("market:project_settings", org=org, project_id=project.pk)
        except Invalid as error:
            form.add_error(_field_of(error, form), str(error))
    return render(request, "client/project_settings.html", {
        "project": project, "org": org, "form": form, "tabs": tabs(project, org, "settings"), "crumbs": crumbs(org),
        "island": example(project),
    })


def _field_of(error: Invalid, form: Any) -> str | None:
    """The form field that an error names, by the first part of its path."""
    first = (error.field or "").replace("[", ".").split(".")[0]
    return first if first in form.fields else None


def example(project: Project) -> dict[str, Any]:
    """A task of the project as a worker will see it: the newest uploaded one, or one of the drawer's samples."""
    drawer = registry.drawer(project.task_type)
    newest = project.batches.filter(task_count__gt=0).order_by("-created_at").first()
    task = newest.tasks.order_by("line").first() if newest else None
    if task is not None:
        payload = task.payload
    else:
        check = drawer.compile_payload_check(project.settings)
        payload = next((found for row in drawer.sample().rows if (found := check(row)[0]) is not None), {})
    return island(drawer, settings=project.settings, payload=payload, seed="example")


@GET_OR_POST
@access.client("manager")
def guideline(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """The guideline in force, its history, and the next version."""
    project = find(request, project_id)
    newest = projects.guideline_in_force(project)
    start = newest.markdown if newest else registry.drawer(project.task_type).sample().guideline
    form = forms.Guideline(request.POST or None, initial={"markdown": start})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic(durable=True):
            made = projects.publish_guideline(
                project=project, markdown=form.cleaned_data["markdown"], what_changed=form.cleaned_data["what_changed"],
                actor_id=request.user.pk, now=timezone.now(),
            )
        messages.success(request, _("Version %(number)s is published. Tasks in hand keep the version they came with.") % {
            "number": made.number
        })
        return redirect("market:project_guideline", org=org, project_id=project.pk)
    return render(request, "client/project_guideline.html", {
        "project": project, "org": org, "form": form, "tabs": tabs(project, org, "guideline"), "crumbs": crumbs(org),
        "newest": newest, "shown": guidelines.show(project_id=project.pk, number=newest.number) if newest else None,
        "versions": project.guidelines.select_related("published_by").order_by("-number")[:30],
    })


TERMS = ("overlap", "max_overlap", "review_rule", "judge_hours", "expected_seconds", "lease_seconds", "daily_cap", "ai_use")


@GET_OR_POST
@access.client("manager")
def terms(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """What it pays and who judges; changes touch new leases only, and the page says so."""
    project, now = find(request, project_id), timezone.now()
    rates = {kind: projects.rate_in_force(project=project, kind=kind, tier=0, now=now) for kind in ("answer", "review")}
    initial: dict[str, Any] = {name: getattr(project, name) for name in TERMS}
    initial |= {f"{kind}_price": Money(rate.amount_units, project.currency).decimal() for kind, rate in rates.items() if rate}
    if project.target_accuracy_bp:
        initial["target_accuracy"] = project.target_accuracy_bp / 100
    form = forms.Terms(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                _save_terms(project, form.cleaned_data, rates, request.user.pk, now)
            messages.success(request, _("Saved. Tasks in hand keep the terms they came with."))
            return redirect("market:project_terms", org=org, project_id=project.pk)
        except Invalid as error:
            form.add_error(_field_of(error, form), str(error))
    return render(request, "client/project_terms.html", {
        "project": project, "org": org, "form": form, "tabs": tabs(project, org, "terms"), "crumbs": crumbs(org),
        "hourly": _hourly(project, rates["answer"]), "history": project.rates.order_by("-valid_from")[:20],
    })


def _save_terms(project: Project, given: dict[str, Any], rates: dict[str, Any], actor_id: uuid.UUID, now: Any) -> None:
    target = given["target_accuracy"]
    projects.change(
        project=project, actor_id=actor_id, now=now, target_accuracy_bp=int(target * 100) if target else None,
        **{name: given[name] for name in TERMS},
    )
    for kind, rate in rates.items():
        price = given[f"{kind}_price"]
        amount = Money.parse(price, project.currency, field=f"{kind}_price") if price else None
        if amount is not None and (rate is None or rate.amount_units != amount.units):
            projects.set_rate(project=project, amount=amount, kind=kind, actor_id=actor_id, now=now)


def _hourly(project: Project, rate: Any) -> Money | None:
    """What a worker makes in an hour at this price and the time that tasks take."""
    if rate is None:
        return None
    measured = queries.median_seconds([project.pk]).get(project.pk)
    return queries.hourly(Money(rate.amount_units, project.currency), measured or project.expected_seconds)


@GET_OR_POST
@access.client("manager")
def workers(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Who may work, with a live count of how many people that is right now."""
    project = find(request, project_id)
    known = [(skill.slug, skill.name) for skill in skills.usable_by(organisation_id=request.organisation.pk)]
    initial = forms.Eligibility.initial_of(project.eligibility)
    form = forms.Eligibility(request.POST or None, initial=initial or {}, skills=known)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                projects.change(project=project, eligibility=form.rule(), actor_id=request.user.pk, now=timezone.now())
            messages.success(request, _("Saved."))
            return redirect("market:project_workers", org=org, project_id=project.pk)
        except Invalid as error:
            form.add_error(None, str(error))
    return render(request, "client/project_workers.html", {
        "project": project, "org": org, "form": form, "tabs": tabs(project, org, "workers"), "crumbs": crumbs(org),
        "count": eligibility.how_many(project.eligibility), "everyone": eligibility.how_many({"all": []}),
        "by_api": initial is None,
    })


@require_POST
@access.client("viewer")
def count(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """How many people the form's present answers let in: the live count beside it."""
    from marketplace import rules

    project = find(request, project_id)
    known = [(skill.slug, skill.name) for skill in skills.usable_by(organisation_id=request.organisation.pk)]
    form = forms.Eligibility(request.POST, skills=known)
    found = None
    if form.is_valid():
        try:
            found = eligibility.how_many(rules.check(form.rule(), field="eligibility"))
        except Invalid:
            found = None
    return render(request, "client/_count.html", {
        "count": found, "everyone": eligibility.how_many({"all": []}), "project": project,
    })


@GET_OR_POST
@access.client("manager")
def gold(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Known answers in use, how good workers do on them, and adding more from a file."""
    from marketplace.views.client import gold_file

    project = find(request, project_id)
    if request.method == "POST":
        return gold_file.add(request, org, project)
    rows = project.gold_answers.select_related("task").order_by("-added_at")
    page = paging.page(rows, order="-added_at", cursor=request.GET.get("cursor"), size=50)
    drawer = registry.drawer(project.task_type)
    shown = [
        {"gold": row, "answer": drawer.summarise(row.answer, settings=project.settings),
         "text": str(row.task.payload.get("text") or row.task.payload.get("image") or row.task.payload.get("prompt") or "")[:120]}
        for row in page.rows
    ]
    columns = [{"label": _("Task")}, {"label": _("Known answer")}, {"label": _("Seen"), "num": True}, {"label": _("Right"), "num": True}]
    return render(request, "client/project_gold.html", {
        "project": project, "org": org, "rows": shown, "page": page, "columns": columns, "tabs": tabs(project, org, "gold"),
        "crumbs": crumbs(org), "possible": drawer.gold_is_possible,
    })


@require_POST
@access.client("manager")
def open_batch(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """A new draft; its page takes files."""
    project = find(request, project_id)
    form = forms.NewBatch(request.POST)
    if not form.is_valid():
        raise Invalid(_("Expected a name of 1 to 120 characters."), field="name")
    with transaction.atomic(durable=True):
        draft = batches.open_draft(
            project=project, name=form.cleaned_data["name"], actor_id=request.user.pk, now=timezone.now()
        )
    return redirect("market:batch", org=org, batch_id=draft.pk)
