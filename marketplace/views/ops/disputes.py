"""Disputes of work for quality leads: what waits by clock, the whole evidence of one, an answer, and a second person's decision."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from kit import audit, paging
from kit.errors import NotFound
from marketplace import disputes, guidelines, review_disputes
from marketplace.models import Dispute, GoldAnswer, Result
from marketplace.models.judging import Decision
from marketplace.views import images, words
from marketplace.views.disputes import shown
from task_types import registry
from task_types.interface import island
from workers import access
from workers.access import PersonRequest
from workers.forms import AppealAnswerForm, AppealVerdictForm, carry_out

PAGE = 25


@require_GET
@access.ops("quality_lead")
def queue(request: PersonRequest) -> HttpResponse:
    """Disputes that wait, the oldest first; or those that are decided."""
    decided = request.GET.get("state") == "decided"
    rows = disputes.listed().filter(appeal__state="decided") if decided else disputes.waiting()
    order = "-opened_at" if decided else "opened_at"
    page = paging.page(rows, order=order, cursor=request.GET.get("cursor"), size=PAGE)
    columns = [
        {"label": _("Work")}, {"label": _("State")}, {"label": _("Left")}, {"label": _("By")}, {"label": _("Client"), "rank": 2},
    ]  # fmt: skip
    shown_rows = [
        {"dispute": one, "due_at": disputes.due_at(one), "about": words.about(one.submission.task.payload)} for one in page.rows
    ]
    return render(request, "ops/disputes.html", {"rows": shown_rows, "page": page, "columns": columns, "decided": decided})


@require_http_methods(["GET", "POST"])
@access.ops("quality_lead")
def one(request: PersonRequest, appeal: uuid.UUID) -> HttpResponse:
    """One dispute with its evidence. Whoever may not decide is told so; the first answer may come from anybody here."""
    found = disputes.find(disputes.listed(), appeal)
    answering = found.appeal.state == "open"
    form = AppealAnswerForm(request.POST or None) if answering else AppealVerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and carry_out(form, lambda: _act(request, found, form.cleaned_data, answering)):
        messages.success(request, _("Answered. Somebody else decides next.") if answering else _("Decided. Both sides are told now."))
        return redirect("market:ops_disputes")
    return render(request, "ops/dispute.html", _evidence(found) | shown(found) | {
        "form": form, "answering": answering, "may_decide": disputes.may_decide(dispute=found, by_id=request.user.pk),
        "crumbs": [{"label": _("Disputes"), "url": reverse("market:ops_disputes")}],
    }, status=422 if form.errors else 200)


def _act(request: PersonRequest, found: Dispute, given: dict[str, Any], answering: bool) -> bool:
    now, by_id = timezone.now(), request.user.pk
    if answering:
        disputes.answer(dispute=found, by_id=by_id, text=given["text"], now=now)
    else:
        overturn = given["verdict"] == "overturn"
        disputes.decide(dispute=found, by_id=by_id, overturn=overturn, grounds=given["grounds"], now=now)
    return True


def _evidence(found: Dispute) -> dict[str, Any]:
    """Task, answer, guideline as it was, every verdict, what else is known of the task, and the trail."""
    review, project = found.submission, found.batch.project
    submission = (review_disputes.subject_of(review) if review.kind == "review" else None) or review
    drawer = registry.drawer(project.task_type)
    known = GoldAnswer.objects.filter(pk=submission.task_id).first()
    result = Result.objects.filter(pk=submission.task_id, answer__isnull=False).first()
    truth = known or result
    return {
        "submission": submission,
        "reviewed": Decision(review.answer["decision"]).label if review.kind == "review" else "",
        "project": project, "known": known, "result": result,
        "truth": drawer.summarise(truth.answer or {}, settings=project.settings) if truth else "",
        "guideline": guidelines.show(project_id=project.pk, number=submission.lease.terms.get("guideline") or 0),
        "verdicts": list(submission.verdicts.select_related("judge").order_by("round")),
        "events": [{"text": STEPS.get(line.verb, line.verb), "at": line.at} for line in audit.history(review)],
        "island": island(
            drawer, settings=project.settings, payload=submission.task.payload, answer=submission.answer,
            seed=str(submission.lease_id), read_only=True,
            image_url=lambda name: reverse("market:ops_dispute_image", args=[found.pk, name.removeprefix("asset:")]),
        ) if submission.kind != "review" else None,
    }


STEPS = {
    "submission.accepted": gettext_lazy("Accepted"),
    "submission.accepted_share": gettext_lazy("Accepted in part"),
    "submission.rejected": gettext_lazy("Rejected"), "submission.sent_back": gettext_lazy("Sent back"),
    "submission.waiting": gettext_lazy("Handed in again"),
    "dispute.opened": gettext_lazy("Disputed"),
    "dispute.closed": gettext_lazy("Dispute carried out"), "gold.graded": gettext_lazy("Counted in the score"),
}  # fmt: skip


@require_GET
@access.ops("quality_lead")
def image(request: PersonRequest, appeal: uuid.UUID, digest: str) -> HttpResponse:
    """An image of a task that a dispute is about."""
    found = disputes.find(disputes.listed(), appeal)
    if f"asset:{digest}" not in found.submission.task.payload.values():
        raise NotFound(_("There is no such image in this task."))
    return images.send(digest)
