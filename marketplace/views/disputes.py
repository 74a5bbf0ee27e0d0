"""A worker's pages of disputes: what I objected to and where it stands, and objecting to one more thing."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from kit import paging
from kit.errors import NotFound
from marketplace import disputes, review_disputes
from marketplace.models import Dispute, Submission
from marketplace.models.judging import Decision
from marketplace.views import words
from payments import queries as money
from task_types import registry
from workers import access
from workers.access import WorkerRequest
from workers.forms import AppealForm, carry_out


@require_GET
@access.worker
def listing(request: WorkerRequest) -> HttpResponse:
    """Everything that I disputed, the newest first, each with its clock or its outcome."""
    page = paging.page(disputes.of_worker(request.user.pk), order="-opened_at", cursor=request.GET.get("cursor"), size=30)
    columns = [{"label": _("Work")}, {"label": _("State")}, {"label": _("Left")}, {"label": _("Opened"), "rank": 2}]
    rows = [{"dispute": one, "due_at": disputes.due_at(one), "about": words.about(one.submission.task.payload)} for one in page.rows]
    return render(request, "worker/disputes.html", {"rows": rows, "page": page, "columns": columns, "crumbs": _way()})


@require_http_methods(["GET", "POST"])
@access.worker
def dispute(request: WorkerRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Object to a verdict, or to how an answer counted."""
    rows = Submission.objects.filter(worker_id=request.user.pk).select_related("batch__project", "task")
    submission = rows.filter(pk=submission_id).first()
    if submission is None:
        raise NotFound(_("There is no such submission."))
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = carry_out(form, lambda: disputes.open_dispute(
            worker_id=request.user.pk, submission_id=submission_id, text=form.cleaned_data["text"], now=timezone.now()
        ))
        if made is not None:
            messages.success(request, _("Your dispute is in. Two clocks now run against us, not against you."))
            return redirect("market:dispute", appeal=made.pk)
    until = disputes.open_until(submission)
    return render(request, "worker/dispute_open.html", _work(submission) | {
        "form": form, "until": until, "may": until is not None and timezone.now() < until, "crumbs": _way(),
        "about": disputes.DISPUTABLE.get(submission.state),
    })


@require_GET
@access.worker
def one(request: WorkerRequest, appeal: uuid.UUID) -> HttpResponse:
    """One dispute: what I said, the answer, the decision and what it changed, in plain words."""
    found = disputes.find(disputes.of_worker(request.user.pk), appeal)
    crumbs = [*_way(), {"label": _("Disputes"), "url": reverse("market:disputes")}]
    return render(request, "worker/dispute.html", _work(found.submission) | shown(found) | {"crumbs": crumbs})


def shown(found: Dispute) -> dict[str, Any]:
    """A dispute for the pages of both sides."""
    return {"dispute": found, "appeal": found.appeal, "due_at": disputes.due_at(found), "verdict": found.verdict}


def _work(submission: Submission) -> dict[str, Any]:
    project = submission.batch.project
    gave = review_disputes.verdict_of(submission) if submission.kind == "review" else None
    earned = money.earnings_of(source_kind="submission", source_ids=[submission.pk]).get(submission.pk)
    return {
        "submission": submission, "project": project, "task_about": words.about(submission.task.payload),
        "answer": registry.drawer(project.task_type).summarise(submission.answer, settings=project.settings)
        if submission.kind != "review" else "",
        "reviewed": str(Decision(submission.answer["decision"]).label) if submission.kind == "review" else "",
        "verdict": gave or words.last_verdicts([submission.pk]).get(submission.pk),
        "earning": earned, "lines": words.pay_lines(earned.lines, earned.amount.currency) if earned else [],
    }


def _way() -> list[dict[str, str]]:
    return [{"label": _("My work"), "url": reverse("market:history")}]
