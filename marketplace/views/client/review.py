"""What waits for the client's word: by clock, one after the other with the task and guideline beside it, or many at once."""

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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from kit import paging
from kit.errors import Invalid, NotFound, ProductError, Refused
from marketplace import client_queries, guidelines, review
from marketplace.models import Project, Submission
from marketplace.models.judging import Reason
from marketplace.verdict_form import Verdict
from marketplace.views import words
from marketplace.views.client.frame import excerpt, may_change, put_error, shown_task
from payments import queries as money
from task_types import registry
from workers import access
from workers.access import ClientRequest

MANY = 200
AUTO_ID = "v-%s"
"""Ids of the verdict's fields as templates/worker/_verdict.html has them, so that the summary of errors leads there."""

@require_GET
@access.client("viewer")
def queue(request: ClientRequest, org: str) -> HttpResponse:
    """Everything that waits, the most urgent first; many can be judged at once."""
    return _list(request, Verdict(auto_id=AUTO_ID), ticked=frozenset())


def _list(request: ClientRequest, form: Verdict, *, ticked: frozenset[uuid.UUID]) -> HttpResponse:
    """The list; after a refusal with the same boxes ticked and what was typed."""
    project = _project(request)
    rows = client_queries.waiting_for_client(
        organisation_id=request.organisation.pk, project_id=project.pk if project else None
    )
    page = paging.page(rows, order="judge_by", cursor=request.GET.get("cursor"), size=50)
    columns = [
        {"label": _("Choose"), "hidden": True, "tight": True}, {"label": _("Answer")}, {"label": _("Task")},
        {"label": _("By"), "rank": 2}, {"label": _("Pays"), "num": True, "rank": 2}, {"label": _("Accepted by itself in")},
    ]  # fmt: skip
    return render(request, "client/review.html", {
        "rows": _rows(request, page.rows), "page": page, "columns": columns if may_change(request) else columns[1:],
        "org": request.organisation.slug, "project": project, "projects": _projects(request),
        "may_change": may_change(request), "total": _total(request, project), "reasons": Reason.choices, "form": form,
        "given": form.data if form.is_bound else {}, "ticked": ticked,
    }, status=422 if form.errors else 200)  # fmt: skip


def _total(request: ClientRequest, project: Project | None) -> int:
    return client_queries.how_many_wait(organisation_id=request.organisation.pk, project_id=project.pk if project else None)


def _project(request: ClientRequest) -> Project | None:
    """The project that the page is narrowed to; an address with something else in it shows all."""
    try:
        asked = uuid.UUID(request.GET.get("project") or request.POST.get("project") or "")
    except ValueError:
        return None
    return Project.objects.filter(organisation=request.organisation, pk=asked).first()


def _projects(request: ClientRequest) -> list[Project]:
    rows = Project.objects.filter(organisation=request.organisation, review_rule="client", archived_at__isnull=True)
    return list(rows.order_by("name")[:100])


def _rows(request: ClientRequest, found: list[Submission]) -> list[dict[str, Any]]:
    names = client_queries.pseudonyms_of(
        organisation_id=request.organisation.pk, worker_ids=[one.worker_id for one in found]
    )
    paid = money.earnings_of(source_kind="submission", source_ids=[one.pk for one in found])
    return [
        {
            "submission": one, "project": one.batch.project, "worker": names[one.worker_id], "task": excerpt(one.task, 100),
            "said": registry.drawer(one.batch.project.task_type).summarise(one.answer, settings=one.batch.project.settings),
            "pays": paid[one.pk].amount if one.pk in paid else None, "org": request.organisation.slug,
            "may_change": may_change(request),
        }
        for one in found
    ]  # fmt: skip


@require_GET
@access.client("viewer")
def item(request: ClientRequest, org: str, submission_id: uuid.UUID) -> HttpResponse:
    """One answer on its task, the guideline that it was given beside it, and the verdict."""
    return _show(request, _answer(request, submission_id), _project(request), Verdict(auto_id=AUTO_ID))


@require_POST
@access.client("manager")
def judge(request: ClientRequest, org: str, submission_id: uuid.UUID) -> HttpResponse:
    """Give the verdict and go on to the answer whose clock runs out next."""
    found, project = _answer(request, submission_id), _project(request)
    form = Verdict(request.POST, auto_id=AUTO_ID)
    if not form.is_valid():
        return _show(request, found, project, form)
    following = _following(request, project, found)
    try:
        with transaction.atomic(durable=True):
            _judge(request, found.pk, form.verdict(), timezone.now())
    except Invalid as error:
        put_error(form, error)
        return _show(request, found, project, form)
    messages.success(request, SAID[form.cleaned_data["decision"]])
    return redirect(_address(org, following, project))


SAID = {
    "accept": gettext_lazy("Accepted and paid."), "accept_share": gettext_lazy("Accepted in part."),
    "send_back": gettext_lazy("Sent back to its author."),
    "reject": gettext_lazy("Rejected. The author hears why, and may object for 30 days."),
}  # fmt: skip


def _answer(request: ClientRequest, submission_id: uuid.UUID) -> Submission:
    """An answer of the organisation's, gold aside. Raises NotFound."""
    rows = Submission.objects.select_related("task__project", "lease", "batch__project__organisation")
    found = rows.filter(
        pk=submission_id, kind="answer", gold=False, batch__project__organisation=request.organisation
    ).first()
    if found is None:
        raise NotFound(_("There is no such answer."))
    return found


def _address(org: str, following: Submission | None, project: Project | None) -> str:
    """Where to go on: the next answer, or the list when that was the last."""
    narrowed = f"?project={project.pk}" if project else ""
    if following is None:
        return reverse("market:client_review", args=[org]) + narrowed
    return reverse("market:client_review_item", args=[org, following.pk]) + narrowed


def _following(request: ClientRequest, project: Project | None, found: Submission) -> Submission | None:
    return client_queries.next_waiting(
        organisation_id=request.organisation.pk, project_id=project.pk if project else None, after=found
    )


def _show(request: ClientRequest, found: Submission, project: Project | None, form: Verdict) -> HttpResponse:
    org, batch, following = request.organisation.slug, found.batch, _following(request, project, found)
    organisation_id = request.organisation.pk
    paid = money.earnings_of(source_kind="submission", source_ids=[found.pk]).get(found.pk)
    names = client_queries.pseudonyms_of(organisation_id=organisation_id, worker_ids=[found.worker_id])
    return render(request, "client/review_item.html", {
        "submission": found, "project": batch.project, "org": org, "narrowed": project, "form": form,
        "open": found.state == "waiting" and client_queries.judged_by_client(batch), "may_change": may_change(request),
        "island": shown_task(org, found.task, answer=found.answer, read_only=True), "pays": paid.amount if paid else None,
        "next_url": _address(org, following, project), "following": following, "worker": names[found.worker_id],
        "guideline": guidelines.show(project_id=batch.project_id, number=found.lease.terms["guideline"]),
        "reasons": Reason.choices, "given": form.data if form.is_bound else {},
        "verdicts": [(one, words.corrected(one, batch.project)) for one in found.verdicts.order_by("round")],
        "left": review.rejections_left(batch), "total": _total(request, project),
        "seconds": found.active_ms / 1000,
    }, status=422 if form.errors else 200)  # fmt: skip


def _judge(request: ClientRequest, submission_id: uuid.UUID, verdict: dict[str, Any], now: datetime) -> None:
    submission = review.find(submission_id=submission_id, organisation_id=request.organisation.pk)
    if not client_queries.judged_by_client(submission.batch):
        raise Refused(_("Answers of this batch are judged by reviewers."))
    if not review.may_judge(person_id=request.user.pk, submission=submission):
        raise Refused(_("Nobody judges their own work, nor that of an account linked to theirs."))
    review.judge(submission=submission, judgement=review.Judgement(**verdict), judge_id=request.user.pk, now=now)


@require_POST
@access.client("manager")
def many(request: ClientRequest, org: str) -> HttpResponse:
    """The same verdict for every chosen answer; one that cannot be judged any more stops none of the others."""
    form, project = Verdict(request.POST, auto_id=AUTO_ID), _project(request)
    chosen = _chosen(request)
    try:
        if form.is_valid():
            review.check_verdict(form.verdict())
    except Invalid as error:
        put_error(form, error)
    if form.errors:
        return _list(request, form, ticked=frozenset(chosen))
    judged, refused, now = 0, "", timezone.now()
    with transaction.atomic(durable=True):
        for submission_id in chosen:
            try:
                with transaction.atomic():
                    _judge(request, submission_id, form.verdict(), now)
                judged += 1
            except ProductError as error:
                refused = str(error)
    if judged:
        said = ngettext("%(count)d answer judged.", "%(count)d answers judged.", judged) % {"count": judged}
        messages.success(request, said)
    if refused:
        left = len(chosen) - judged
        said = ngettext("%(count)d could not be judged: %(why)s", "%(count)d could not be judged: %(why)s", left)
        messages.error(request, said % {"count": left, "why": refused})
    return redirect(_address(org, None, project))


def _chosen(request: ClientRequest) -> list[uuid.UUID]:
    """The ids that were ticked, in a fixed order so that two people judging at once cannot lock each other out."""
    try:
        ids = sorted({uuid.UUID(text) for text in request.POST.getlist("submission")})
    except ValueError:
        raise Invalid(_("Expected identifiers."), field="submission") from None
    if not 1 <= len(ids) <= MANY:
        raise Invalid(_("Choose 1 to 200 answers."), field="submission")
    return ids
