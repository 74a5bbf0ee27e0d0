"""Judging by quality leads: what waits anywhere by clock, one submission large with its guideline, and doubtful known answers."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import Invalid, NotFound
from marketplace import gold, guidelines, projects, review
from marketplace.models import Batch, Submission
from marketplace.models.judging import Reason
from marketplace.ops_queries import batches, golds, judging
from marketplace.views import images, words
from task_types import registry
from task_types.interface import island
from workers import access
from workers.access import PersonRequest

PAGE = 25


@require_GET
@access.ops("quality_lead")
def queue(request: PersonRequest) -> HttpResponse:
    """What waits for a verdict, the shortest clock first; of one batch where the address names it."""
    batch = _batch(request)
    rows = judging.waiting(batch_id=batch.pk if batch else None)
    page = paging.page(rows, order="judge_by", cursor=request.GET.get("cursor"), size=PAGE)
    columns = [
        {"label": _("Task")}, {"label": _("Accepted by silence in")}, {"label": _("Answer")}, {"label": _("By")},
        {"label": _("Who judges"), "rank": 2},
    ]
    return render(request, "ops/judge.html", {
        "rows": [_row(one, batch) for one in page.rows], "page": page, "columns": columns, "batch": batch,
        "first": page.rows[0] if page.rows else None, "within": _within(batch),
    })


def _batch(request: HttpRequest) -> Batch | None:
    """The batch that the address narrows to; raises NotFound, Invalid."""
    given = request.GET.get("batch")
    if not given:
        return None
    try:
        return batches.find(uuid.UUID(given))
    except ValueError:
        raise Invalid(_("Expected an identifier."), field="batch") from None


def _within(batch: Batch | None) -> str:
    """The part of an address that keeps to one batch."""
    return f"?batch={batch.pk}" if batch else ""


def _row(one: Submission, batch: Batch | None) -> dict[str, Any]:
    project = one.batch.project
    summary = registry.drawer(project.task_type).summarise(one.answer, settings=project.settings)
    return {
        "submission": one, "project": project, "answer": summary, "about": words.about(one.task.payload),
        "url": reverse("market:ops_judge_item", args=[one.pk]) + _within(batch), "by_client": _rule(one) == "client",
    }


def _rule(one: Submission) -> str:
    return str(one.batch.terms.get("review_rule", ""))


@require_http_methods(["GET", "POST"])
@access.ops("quality_lead")
def item(request: PersonRequest, submission_id: uuid.UUID) -> HttpResponse:
    """One submission: the task with its answer, the guideline it was made under, the verdict by keys, and straight on."""
    batch, one = _batch(request), judging.find(submission_id)
    problem = ""
    if request.method == "POST":
        following = judging.following(one, batch_id=batch.pk if batch else None)
        try:
            _judge(request, one)
        except review.RejectionLimit:
            problem = _("No more answers of this batch can be rejected. Accept, accept a share, or send back.")
        except Invalid as error:
            problem = str(error)
        else:
            return _straight_on(following, batch)
    return render(request, "ops/judge_item.html", _shown(request, one, batch) | {"problem": problem}, status=422 if problem else 200)


def _judge(request: PersonRequest, one: Submission) -> None:
    """Give the verdict; somebody who was faster is told, not an error."""
    judgement = _judgement(request)
    try:
        with transaction.atomic(durable=True):
            submission = review.find(submission_id=one.pk, organisation_id=None)
            if not review.may_judge(person_id=request.user.pk, submission=submission):
                raise Invalid(_("Somebody who is linked to the author cannot judge this."))
            review.judge(submission=submission, judgement=judgement, judge_id=request.user.pk, now=timezone.now())
    except review.AlreadyJudged as error:
        messages.warning(request, str(error))
        return
    messages.success(request, _("Judged: %(name)s is told.") % {"name": one.worker.name})


def _judgement(request: HttpRequest) -> review.Judgement:
    """The verdict of the form; raises Invalid for a share that is no number."""
    given, share_bp = request.POST, None
    if given.get("decision") == "accept_share":
        share = given.get("share", "")
        if not share.isascii() or not share.isdigit() or not 1 <= int(share[:4]) <= 99:
            raise Invalid(_("Expected a share from 1 to 99 percent."), field="share")
        share_bp = int(share) * 100
    if given.get("decision") == "accept":
        return review.Judgement("accept")
    texts = {name: given.get(name, "") for name in ("reason", "clause", "comment")}
    return review.Judgement(given.get("decision", ""), share_bp=share_bp, **texts)


def _straight_on(following: Submission | None, batch: Batch | None) -> HttpResponse:
    if following is None:
        return redirect(reverse("market:ops_judge") + _within(batch))
    return redirect(reverse("market:ops_judge_item", args=[following.pk]) + _within(batch))


def _shown(request: PersonRequest, one: Submission, batch: Batch | None) -> dict[str, Any]:
    project = one.batch.project
    number = one.lease.terms.get("guideline") or 0
    following = judging.following(one, batch_id=batch.pk if batch else None)
    return {
        "submission": one, "project": project, "batch": batch, "within": _within(batch), "reasons": Reason.choices,
        "guideline": guidelines.show(project_id=project.pk, number=number), "given": request.POST,
        "island": island(
            registry.drawer(project.task_type), settings=project.settings, payload=one.task.payload, answer=one.answer,
            seed=str(one.lease_id), read_only=True,
            image_url=lambda name: reverse("market:ops_judge_image", args=[one.pk, name.removeprefix("asset:")]),
        ),
        "verdicts": list(one.verdicts.select_related("judge").order_by("round")),
        "left": review.rejections_left(one.batch), "following": following,
        "may": one.state == "waiting" and review.may_judge(person_id=request.user.pk, submission=one),
    }


@require_GET
@access.ops("quality_lead")
def image(request: PersonRequest, submission_id: uuid.UUID, digest: str) -> HttpResponse:
    """An image of a task whose answer waits for a verdict: for those who may judge it."""
    one = judging.find(submission_id)
    if one.state not in {"waiting", "sent_back"} or f"asset:{digest}" not in one.task.payload.values():
        raise NotFound(_("There is no such image in an answer that waits."))
    return images.send(digest)


# --- known answers -----------------------------------------------------------------------------------------------------


@require_GET
@access.ops("quality_lead")
def gold_task(request: PersonRequest, task_id: int) -> HttpResponse:
    """A task with its known answer, what workers said instead, and voiding it."""
    found = golds.find(task_id)
    drawer, settings = registry.drawer(found.project.task_type), found.project.settings
    rows = [
        {"given": given, "answer": drawer.summarise(given.submission.answer, settings=settings)}
        for given in golds.answers_to(found)
    ]
    newest = projects.guideline_in_force(found.project)
    return render(request, "ops/judge_gold.html", {
        "gold": found, "project": found.project, "rows": rows, "known": drawer.summarise(found.answer, settings=settings),
        "guideline": guidelines.show(project_id=found.project.pk, number=newest.number) if newest else None,
        "island": island(
            drawer, settings=settings, payload=found.task.payload, answer=found.answer, seed="gold", read_only=True,
            image_url=lambda name: reverse("market:ops_gold_image", args=[found.pk, name.removeprefix("asset:")]),
        ),
        "crumbs": [{"label": _("Today"), "url": reverse("market:ops_today")}],
    })


@require_POST
@access.ops("quality_lead")
def void_gold(request: PersonRequest, task_id: int) -> HttpResponse:
    """Take a wrong known answer out of use; every score that it touched is counted again, no money is taken back."""
    why = request.POST.get("why", "")
    if why not in VOIDED:
        raise Invalid(_("Choose what is wrong with it."), field="why")
    found = golds.find(task_id)
    try:
        with transaction.atomic(durable=True):
            gold.void(project=found.project, task_id=found.pk, why=why, actor_id=request.user.pk, now=timezone.now())
    except NotFound as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Out of use. The scores that it touched are counted again."))
    return redirect("market:ops_gold", task_id=task_id)


VOIDED = ("answer_wrong", "several_right", "guideline_changed", "content_broken")


@require_GET
@access.ops("quality_lead")
def gold_image(request: PersonRequest, task_id: int, digest: str) -> HttpResponse:
    """An image of a task with a known answer."""
    found = golds.find(task_id)
    if f"asset:{digest}" not in found.task.payload.values():
        raise NotFound(_("There is no such image in this task."))
    return images.send(digest)
