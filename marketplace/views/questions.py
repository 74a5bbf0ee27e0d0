"""Questions about work, for all three sides: workers ask from the task or the project, clients and ops answer."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import NotFound, Refused
from kit.limits import spend
from marketplace import client_queries, questions
from marketplace.models import Lease, Project, Question
from marketplace.views import words
from marketplace.views.client.frame import may_change
from workers import access
from workers.access import ClientRequest, PersonRequest, WorkerRequest
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.forms import carry_out

SHOWN = 30


class AskForm(forms.Form):
    """What a worker wants to know."""

    text = forms.CharField(
        label=gettext_lazy("Your question"), max_length=questions.LONGEST, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The client's team and ops read it; clients see you under a pseudonym."),
    )


class AnswerForm(forms.Form):
    """An answer, for one or for all."""

    text = forms.CharField(label=gettext_lazy("Answer"), max_length=questions.LONGEST_ANSWER, widget=forms.Textarea(attrs={"rows": 5}))
    publish = forms.BooleanField(
        label=gettext_lazy("Show question and answer to everybody on the project"), required=False,
        help_text=gettext_lazy("Nobody's name is shown. What should hold for good belongs into the guideline."),
    )


# --- workers -----------------------------------------------------------------------------------------------------------


def _project(request: WorkerRequest, project_id: uuid.UUID) -> Project:
    project = Project.objects.select_related("organisation").filter(pk=project_id).first()
    if project is None or not questions.may_ask(worker_id=request.user.pk, project=project):
        raise NotFound(_("There is no such project."))
    return project


@require_http_methods(["GET", "POST"])
@access.worker
def of_project(request: WorkerRequest, project_id: uuid.UUID) -> HttpResponse:
    """What was asked and answered about a project: one's own and what is for everybody; and one more question."""
    project = _project(request, project_id)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _spend(request)
        made = carry_out(form, lambda: questions.ask(
            project=project, worker_id=request.user.pk, text=form.cleaned_data["text"], now=timezone.now()
        ))
        if made is not None:
            messages.success(request, _("Asked. An answer is due within 24 hours; you are told when it is there."))
            return redirect("market:project_questions", project_id=project.pk)
    rows = questions.shown_to(worker_id=request.user.pk, project=project).select_related("task")[:SHOWN * 2]
    return render(request, "worker/questions.html", {
        "project": project, "form": form, "crumbs": [{"label": _("My desk"), "url": reverse("market:work_home")}],
        "rows": [{"one": row, "mine": row.worker_id == request.user.pk, "about": _about(row)} for row in rows],
    }, status=422 if form.errors else 200)


def _spend(request: HttpRequest) -> None:
    spend(questions.ASKING, account=access.user_of(request).pk, address=request.META.get("REMOTE_ADDR", ""))


def _about(question: Question) -> str:
    return words.about(question.task.payload) if question.task is not None else ""


@require_POST
@access.worker
def ask_about_task(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """A question about the task in hand; the task stays where it is."""
    lease = Lease.objects.select_related("queue__project__organisation", "slot").filter(pk=lease_id, worker_id=request.user.pk).first()
    if lease is None:
        raise NotFound(_("You hold no such task."))
    _spend(request)
    with transaction.atomic(durable=True):
        questions.ask(
            project=lease.queue.project, worker_id=request.user.pk, text=request.POST.get("text", ""), task_id=lease.slot.task_id,
            now=timezone.now(),
        )
    said = _("Asked. An answer is due within 24 hours; you are told when it is there.")
    if not getattr(request, "htmx", False):
        messages.success(request, said)
        return redirect("market:workspace", lease_id=lease_id)
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"toast": {"kind": "success", "message": said}})})


@require_POST
@access.worker
def withdraw(request: WorkerRequest, question_id: uuid.UUID) -> HttpResponse:
    """Take one's own question back."""
    mine = Question.objects.filter(pk=question_id, worker_id=request.user.pk).first()
    if mine is None:
        raise NotFound(_("There is no such question."))
    with transaction.atomic(durable=True):
        questions.withdraw(question=mine, now=timezone.now())
    return redirect("market:project_questions", project_id=mine.project_id)


# --- clients -----------------------------------------------------------------------------------------------------------


@require_GET
@access.client("viewer")
def of_client(request: ClientRequest, org: str) -> HttpResponse:
    """What workers ask about the organisation's projects, the newest first."""
    page = paging.page(questions.of_client(request.organisation.pk), order="-asked_at", cursor=request.GET.get("cursor"), size=SHOWN)
    columns = [{"label": _("Question")}, {"label": _("Project")}, {"label": _("State")}, {"label": _("Left")}]
    return render(request, "client/questions.html", {"rows": page.rows, "page": page, "columns": columns, "org": org})


@require_http_methods(["GET", "POST"])
@access.client("viewer")
def of_client_one(request: ClientRequest, org: str, question: uuid.UUID) -> HttpResponse:
    """One question with its task, and the answer to give; viewers read."""
    found = questions.find(question, organisation_id=request.organisation.pk)
    names = client_queries.pseudonyms_of(organisation_id=request.organisation.pk, worker_ids=[found.worker_id])
    if request.method == "POST" and not may_change(request):
        raise Refused(_("Your role in this organisation does not allow this."))
    return _answering(request, found, "client/question.html", reverse("market:client_questions", args=[org]), {
        "who": names[found.worker_id], "org": org, "may_answer": may_change(request),
        "crumbs": [{"label": _("Questions"), "url": reverse("market:client_questions", args=[org])}],
    })


# --- ops ---------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
def of_ops(request: PersonRequest, question_id: uuid.UUID) -> HttpResponse:
    """One question, for ops: who asks, about what, and the answer to give."""
    found = questions.find(question_id)
    queue = reverse("workers:ops_queue", args=[questions.QUEUE])
    return _answering(request, found, "ops/question.html", queue, {
        "may_answer": True,
        "crumbs": [{"label": _("Queues"), "url": reverse("workers:ops_queues")}, {"label": _("Questions"), "url": queue}],
    })


def _answering(request: PersonRequest, found: Question, template: str, then: str, more: dict[str, Any]) -> HttpResponse:
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = carry_out(form, lambda: _answer(found, form, request))
        if done:
            messages.success(request, _("Answered. The worker is told now."))
            return redirect(then)
    context = {"question": found, "about": _about(found), "form": form} | more
    return render(request, template, context, status=422 if form.errors else 200)


def _answer(found: Question, form: AnswerForm, request: PersonRequest) -> bool:
    given = form.cleaned_data
    questions.answer(question=found, by_id=request.user.pk, text=given["text"], publish=given["publish"], now=timezone.now())
    return True
