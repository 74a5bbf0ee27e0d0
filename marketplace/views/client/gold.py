"""Known answers of a project: how they fare, adding them from a file or by answering tasks oneself, voiding one."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from kit import paging
from kit.errors import Invalid, NotFound, ProductError
from marketplace import client_queries, forms, gold, gold_files, guidelines, health, projects
from marketplace.models import GoldAnswer, Project
from marketplace.views.client.frame import GET_OR_POST, excerpt, project_of, project_page, put_error, shown_task
from task_types import registry
from workers import access
from workers.access import ClientRequest

CHANCE = random.SystemRandom()


@GET_OR_POST
@access.client("manager")
def page(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Known answers in use, how people do on them, and how often they come."""
    project = project_of(request, project_id)
    start = {"gold_least": project.gold_least_bp / 100, "gold_most": project.gold_most_bp / 100}
    form = forms.GoldShares(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                projects.change(
                    project=project, actor_id=request.user.pk, now=timezone.now(),
                    **{f"{name}_bp": int(form.cleaned_data[name] * 100) for name in ("gold_least", "gold_most")},
                )
            messages.success(request, _("Saved."))
            return redirect("market:project_gold", org=org, project_id=project.pk)
        except ProductError as error:
            put_error(form, error)
    return show(request, project, form=form)


def show(request: ClientRequest, project: Project, *, form: forms.GoldShares, fault: str = "") -> HttpResponse:
    """The page, with the sentence that says why a file was refused."""
    org, drawer = request.organisation.slug, registry.drawer(project.task_type)
    rows = project.gold_answers.select_related("task__project").order_by("-added_at")
    found = paging.page(rows, order="-added_at", cursor=request.GET.get("cursor"), size=30)
    columns = [
        {"label": _("Task")}, {"label": _("Known answer")}, {"label": _("Met"), "num": True}, {"label": _("Right"), "num": True},
        {"label": _("State")}, {"label": _("Void"), "hidden": True},
    ]  # fmt: skip
    shown = [_row(org, project, one) for one in found.rows]
    return project_page(request, "client/project_gold.html", project, "gold", {
        "rows": shown, "page": found, "columns": columns, "possible": drawer.gold_is_possible, "form": form, "fault": fault,
        "gold": health.gold_of(project), "void_why": forms.VOID_WHY, "fields": drawer.fields,
        "has_tasks": client_queries.tasks_in(project) > 0,
    }, status=422 if fault or form.errors else 200)  # fmt: skip


def _row(org: str, project: Project, one: GoldAnswer) -> dict[str, Any]:
    drawer, words = registry.drawer(project.task_type), dict(forms.VOID_WHY)
    return {
        "gold": one, "task": excerpt(one.task), "answer": drawer.summarise(one.answer, settings=project.settings), "org": org,
        "project": project, "percent": round(100 * one.right / one.seen) if one.seen else None,
        "why": words.get(one.voided_why, one.voided_why), "dialog": f"void-{one.pk}",
    }  # fmt: skip


@require_POST
@access.client("manager")
def add(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Known answers from a file: all of them, or none and the reason."""
    project, given = project_of(request, project_id), request.FILES.get("file")
    form = forms.GoldShares(initial={"gold_least": project.gold_least_bp / 100, "gold_most": project.gold_most_bp / 100})
    if not isinstance(given, UploadedFile) or not given.size:
        return show(request, project, form=form, fault=_("Choose a file that is not empty."))
    try:
        rows = gold_files.read(project=project, name=given.name or "file", chunks=_pieces(given))
        with transaction.atomic(durable=True):
            added = gold.add(project=project, rows=rows, actor_id=request.user.pk, now=timezone.now(), rng=CHANCE)
    except Invalid as error:
        return show(request, project, form=form, fault=gold_files.said(error))
    messages.success(request, ngettext("%(n)d known answer added.", "%(n)d known answers added.", added) % {"n": added})
    return redirect("market:project_gold", org=org, project_id=project.pk)


def _pieces(given: UploadedFile[bytes]) -> Iterator[bytes]:
    for piece in given.chunks():
        yield piece if isinstance(piece, bytes) else piece.encode()


@require_GET
@access.client("manager")
def answer(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """A task of the project to answer oneself: the answer becomes a known one."""
    project = project_of(request, project_id)
    task = client_queries.task_to_answer(project=project, rng=CHANCE)
    if task is None:
        raise NotFound(_("Upload a file of tasks first."))
    newest = projects.guideline_in_force(project)
    return render(request, "client/gold_answer.html", {
        "project": project, "org": org, "task": task, "island": shown_task(org, task, answer=task.prelabel),
        "guideline": guidelines.show(project_id=project.pk, number=newest.number) if newest else None,
        "count": projects.gold_count(project),
    })  # fmt: skip


@require_POST
@access.client("manager")
def keep(request: ClientRequest, org: str, project_id: uuid.UUID, task_id: int) -> HttpResponse:
    """Keep one's own answer to a task as a known one."""
    project = project_of(request, project_id)
    task = client_queries.task_of(organisation_id=request.organisation.pk, task_id=task_id)
    try:
        given = json.loads(request.body or b"{}").get("answer")
    except (ValueError, AttributeError):
        raise Invalid(_("Expected an answer."), field="answer") from None
    if task.project_id != project.pk or task.batch_id is None:
        raise NotFound(_("There is no such task."))
    with transaction.atomic(durable=True):
        gold.add(
            project=project, rows=[(task.payload, given, task.prelabel)], actor_id=request.user.pk, now=timezone.now(), rng=CHANCE
        )
    messages.success(request, _("Kept as a known answer."))
    return JsonResponse({"next": reverse("market:gold_answer", args=[org, project.pk])})


@require_POST
@access.client("manager")
def void(request: ClientRequest, org: str, project_id: uuid.UUID, task_id: int) -> HttpResponse:
    """A known answer was wrong: it is given out no more, and every score that it touched is counted again."""
    project, form = project_of(request, project_id), forms.VoidGold(request.POST)
    if not form.is_valid():
        raise Invalid(_("Choose why."), field="why")
    with transaction.atomic(durable=True):
        gold.void(
            project=project, task_id=min(task_id, 2**63 - 1), why=form.cleaned_data["why"], actor_id=request.user.pk,
            now=timezone.now(),
        )  # fmt: skip
    messages.success(request, _("Voided. Scores that it touched were counted again."))
    return redirect("market:project_gold", org=org, project_id=project.pk)
