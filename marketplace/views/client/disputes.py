"""Disputes of verdicts in a client's projects: what workers say, the clock, the client's answer, the outcome."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit import paging
from marketplace import client_queries, client_records, disputes, review_disputes
from marketplace.models.judging import Decision
from marketplace.views import words
from marketplace.views.client.frame import may_change, shown_task
from marketplace.views.disputes import shown
from workers import access
from workers.access import ClientRequest
from workers.forms import AppealAnswerForm, ConcessionForm, carry_out
from workers.states import WAITING


@require_GET
@access.client("viewer")
def listing(request: ClientRequest, org: str) -> HttpResponse:
    """Every dispute in the organisation's projects, the newest first, and what workers are shown of it all."""
    page = paging.page(disputes.of_client(request.organisation.pk), order="-opened_at", cursor=request.GET.get("cursor"), size=30)
    names = client_queries.pseudonyms_of(
        organisation_id=request.organisation.pk, worker_ids=[one.appeal.person_id for one in page.rows]
    )
    columns = [
        {"label": _("Work")}, {"label": _("State")}, {"label": _("Left")}, {"label": _("By"), "rank": 2},
        {"label": _("Opened"), "rank": 2},
    ]  # fmt: skip
    rows = [
        {
            "dispute": one, "due_at": disputes.due_at(one), "about": words.about(one.submission.task.payload),
            "worker": names[one.appeal.person_id], "url": reverse("market:client_dispute", args=[org, one.pk]),
        }
        for one in page.rows
    ]  # fmt: skip
    record = client_records.of([request.organisation.pk])[request.organisation.pk]
    return render(request, "client/disputes.html", {"rows": rows, "page": page, "columns": columns, "org": org, "record": record})


@require_GET
@access.client("viewer")
def one(request: ClientRequest, org: str, appeal: uuid.UUID) -> HttpResponse:
    """One dispute: the task with its answer, the verdict, what the worker says, and the answer to give."""
    return _show(request, org, appeal, AppealAnswerForm())


@require_POST
@access.client("manager")
def answer(request: ClientRequest, org: str, appeal: uuid.UUID) -> HttpResponse:
    """Say what the verdict rests on; then a person of ops decides."""
    found = disputes.find(disputes.of_client(request.organisation.pk), appeal)
    form = AppealAnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, org, appeal, form)

    def act() -> bool:
        disputes.answer(dispute=found, by_id=request.user.pk, text=form.cleaned_data["text"], now=timezone.now())
        return True

    if not carry_out(form, act):
        return _show(request, org, appeal, form)
    messages.success(request, _("Answered. A person of ops, who has no part in it, decides next."))
    return redirect("market:client_dispute", org=org, appeal=appeal)


@require_POST
@access.client("manager")
def concede(request: ClientRequest, org: str, appeal: uuid.UUID) -> HttpResponse:
    """Agree with the worker: what was kept from their pay goes to them."""
    found = disputes.find(disputes.of_client(request.organisation.pk), appeal)
    form = ConcessionForm(request.POST, auto_id="concede_%s")

    def act() -> bool:
        disputes.concede(dispute=found, by_id=request.user.pk, text=form.cleaned_data["text"], now=timezone.now())
        return True

    if not form.is_valid() or not carry_out(form, act):
        return _show(request, org, appeal, AppealAnswerForm(), form)
    messages.success(request, _("You agreed with the worker. Pay, scores and results follow in a moment."))
    return redirect("market:client_dispute", org=org, appeal=appeal)


def _show(
    request: ClientRequest, org: str, appeal: uuid.UUID, form: AppealAnswerForm, concession: ConcessionForm | None = None
) -> HttpResponse:
    found = disputes.find(disputes.of_client(request.organisation.pk), appeal)
    submission = found.submission
    names = client_queries.pseudonyms_of(organisation_id=request.organisation.pk, worker_ids=[submission.worker_id])
    task = client_queries.task_of(organisation_id=request.organisation.pk, task_id=submission.task_id)
    pay, fee = disputes.at_stake(found)
    of_review = submission.kind == "review"
    judged = review_disputes.subject_of(submission) if of_review else submission
    concession = concession or ConcessionForm(auto_id="concede_%s")
    return render(request, "client/dispute.html", shown(found) | {
        "org": org, "project": found.batch.project, "worker": names[submission.worker_id], "form": form,
        "may_answer": may_change(request) and found.appeal.state == "open", "concession": concession,
        "may_concede": may_change(request) and found.appeal.state in WAITING, "pay": pay, "fee": fee,
        "island": shown_task(org, task, answer=judged.answer, read_only=True) if judged and judged.kind == "answer" else None,
        "reviewed": Decision(submission.answer["decision"]).label if of_review else "",
        "crumbs": [{"label": _("Disputes"), "url": reverse("market:client_disputes", args=[org])}],
    }, status=422 if form.errors or concession.errors else 200)
