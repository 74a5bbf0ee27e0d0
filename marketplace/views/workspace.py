"""The workspace: one task large, its guideline beside it, an honest clock, drafts, handing in, going on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from kit import problems
from kit.errors import Invalid, NotFound, ProductError
from kit.money import Money
from marketplace import cases, dispatch, doors, guidelines, pricing, results
from marketplace.models import Project, Submission, Verdict
from marketplace.models.judging import Reason
from marketplace.models.projects import AIUse
from marketplace.routing import shown
from marketplace.views import images, words
from payments import words as pay
from task_types import registry
from task_types.interface import island
from workers import access
from workers.access import WorkerRequest

SKIP_REASONS = {
    "unclear": gettext_lazy("The task is unclear"),
    "broken": gettext_lazy("Something does not show or load"),
    "not_mine": gettext_lazy("This is not my field"),
    "upsetting": gettext_lazy("I do not want to see this content"),
    "other": gettext_lazy("Another reason"),
}
OVER = {"expired", "withdrawn"}
"""Leases that ended without the worker's doing: their page says so instead of sending them away."""

Door = Callable[..., HttpResponse]


def answers_json(door: Door) -> Door:
    """Refusals of a door that the page's own script opens come as problem details, with their code."""

    @wraps(door)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return door(request, *args, **kwargs)
        except ProductError as error:
            return JsonResponse(problems.from_product_error(error), status=error.status, content_type=problems.CONTENT_TYPE)

    return cast(Door, wrapped)


def shows_what_became(door: Door) -> Door:
    """A form of the page comes too late: the task's own page says what became of it."""

    @wraps(door)
    def wrapped(request: HttpRequest, lease_id: uuid.UUID) -> HttpResponse:
        try:
            return door(request, lease_id=lease_id)
        except dispatch.LeaseGone:
            return redirect("market:workspace", lease_id=lease_id)

    return cast(Door, wrapped)


@require_GET
@access.worker
def workspace(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """The task large, the guideline beside it, the terms in one line, an honest clock."""
    with transaction.atomic():
        leased = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
    if leased.state not in {"live", "paused", *OVER}:
        messages.info(request, _("That task is handed in.") if leased.state == "submitted" else _("That task is over."))
        return redirect("market:work_home")
    project = Project.objects.select_related("organisation").get(pk=leased.terms["project"])
    frame = {"lease": leased, "project": project, "over": leased.state in OVER}
    if frame["over"]:
        return render(request, "worker/workspace.html", frame)
    lines = pricing.quote(leased.terms, round=leased.round)
    return render(request, "worker/workspace.html", frame | {
        "guideline": guidelines.show(project_id=project.pk, number=leased.terms["guideline"]),
        "terms": shown(leased.terms),
        "multiplier": leased.terms.get("multiplier_bp", 10_000) / 10_000,
        "price": Money(pricing.total(lines), leased.terms["currency"]),
        "lines": words.pay_lines(lines, leased.terms["currency"]),
        "island": _island(leased, project),
        "fix_island": _island(leased, project, to_fix=True) if leased.kind == "review" else None,
        "reviewing": leased.kind == "review",
        "counts_signs": (counts := leased.kind == "answer" and leased.terms.get("ai_use") == AIUse.FORBIDDEN),
        "from_empty": counts and leased.draft is None and leased.prelabel is None,
        "others": _others(leased, project),
        "reasons": Reason.choices,
        "sent_back": _sent_back(leased),
        "skip_reasons": SKIP_REASONS,
        "paused": leased.state == "paused",
    })


def _island(leased: dispatch.LeasedTask, project: Project, *, to_fix: bool = False) -> dict[str, Any]:
    """The task for the browser; a reviewer sees the answer under review, read-only, or once more to correct it."""
    drawer = registry.drawer(project.task_type)
    review = leased.kind == "review"
    answer = _under_review(leased).answer if review else leased.draft or leased.prelabel
    return island(
        drawer, settings=project.settings, payload=leased.payload, answer=answer, seed=str(leased.lease_id),
        read_only=review and not to_fix,
        image_url=lambda name: _image_url(leased, name),
    )


def _others(leased: dispatch.LeasedTask, project: Project) -> list[dict[str, Any]]:
    """All answers of the task for who has the last word, read-only and without a name; nothing on any other lease."""
    if leased.kind != "adjudication":
        return []
    drawer = registry.drawer(project.task_type)
    answers = results.counted(leased.task_id).values_list("answer", flat=True)
    return [
        {
            "id": f"answer-{number}", "number": number, "said": drawer.summarise(answer, settings=project.settings),
            "island": island(
                drawer, settings=project.settings, payload=leased.payload, answer=answer, seed=str(leased.lease_id),
                read_only=True, image_url=lambda name: _image_url(leased, name),
            ),
        }
        for number, answer in enumerate(answers, start=1)
    ]  # fmt: skip


def _image_url(leased: dispatch.LeasedTask, name: str) -> str:
    return reverse("market:lease_image", args=[leased.lease_id, name.removeprefix("asset:")])


def _under_review(leased: dispatch.LeasedTask) -> Submission:
    if leased.subject_id is None:
        raise NotFound(_("There is no answer to review."))
    return Submission.objects.get(pk=leased.subject_id)


def _sent_back(leased: dispatch.LeasedTask) -> Verdict | None:
    """What the judge of the round before said, for work that came back."""
    if leased.round < 2:
        return None
    return Verdict.objects.filter(submission__assignment_id=leased.assignment_id, round=leased.round - 1).first()


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise Invalid(_("Expected a JSON body.")) from None
    if not isinstance(body, dict):
        raise Invalid(_("Expected a JSON object."))
    return body


@require_POST
@access.worker
@answers_json
def beat(request: WorkerRequest, lease_id: uuid.UUID) -> JsonResponse:
    """The page says that somebody is working; the answer is the honest clock."""
    had_input = bool(_body(request).get("input"))
    with transaction.atomic(durable=True):
        expires_at, active_ms = dispatch.beat(
            worker_id=request.user.pk, lease_id=lease_id, now=timezone.now(), had_input=had_input
        )
    return JsonResponse({"expires_at": expires_at.isoformat(), "active_ms": active_ms})


@require_POST
@access.worker
@answers_json
def draft(request: WorkerRequest, lease_id: uuid.UUID) -> JsonResponse:
    """Keep what is there so far."""
    answer = _body(request).get("answer")
    if not isinstance(answer, dict):
        raise Invalid(_("Expected an answer."), field="answer")
    now = timezone.now()
    with transaction.atomic(durable=True):
        dispatch.save_draft(worker_id=request.user.pk, lease_id=lease_id, answer=answer, now=now)
    return JsonResponse({"saved_at": now.isoformat()})


@require_POST
@access.worker
@shows_what_became
def pause(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """Stop the clock, honestly."""
    with transaction.atomic(durable=True):
        dispatch.pause(worker_id=request.user.pk, lease_id=lease_id, now=timezone.now())
    return redirect("market:workspace", lease_id=lease_id)


@require_POST
@access.worker
@shows_what_became
def resume(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """Let the clock go on with the time that was left."""
    with transaction.atomic(durable=True):
        dispatch.resume(worker_id=request.user.pk, lease_id=lease_id, now=timezone.now())
    return redirect("market:workspace", lease_id=lease_id)


@require_POST
@access.worker
@answers_json
def submit(request: WorkerRequest, lease_id: uuid.UUID) -> JsonResponse:
    """Hand in, and say where to go on: the next task of the same project, or home."""
    body, now = _body(request), timezone.now()
    with transaction.atomic():
        held = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
    made = doors.hand_in(worker_id=request.user.pk, lease_id=lease_id, answer=body.get("answer"), now=now)
    with transaction.atomic(durable=True):
        cases.note(worker_id=request.user.pk, lease_id=lease_id, counted=body.get("signs"), now=now)
    paid = Money(made.units, made.currency)
    said = _("%(money)s earned") if made.state == "accepted" else _("Handed in: %(money)s in review")
    messages.success(request, said % {"money": pay.amount(paid)})
    where = reverse("market:work_home") if body.get("then") == "home" else _straight_on(request, held)
    return JsonResponse({"next": where, "state": made.state, "paid": str(paid.decimal())})


def _straight_on(request: WorkerRequest, held: dispatch.LeasedTask) -> str:
    """The address of the next task of the same project and kind; home, with a word, when there is none."""
    following = doors.ask(
        worker_id=request.user.pk, kind=held.kind, project_id=uuid.UUID(held.terms["project"]), now=timezone.now()
    )
    if following is None:
        messages.info(request, _("That was the last task of this project that is open to you now."))
        return reverse("market:work_home")
    return reverse("market:workspace", args=[following.lease_id])


@require_POST
@access.worker
@shows_what_became
def skip(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """Give the task back for good, with a reason, and go on; work that came back returns to the desk instead."""
    why = request.POST.get("why", "")
    if why not in SKIP_REASONS:
        raise Invalid(_("Choose why you skip this task."), field="why")
    with transaction.atomic(durable=True):
        held = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
        dispatch.give_back(worker_id=request.user.pk, lease_id=lease_id, now=timezone.now(), why=why)
    return redirect("market:work_home") if held.round > 1 else redirect(_straight_on(request, held))


@require_GET
@access.worker
def image(request: WorkerRequest, lease_id: uuid.UUID, digest: str) -> HttpResponse:
    """An image of the task in hand: for the holder of the live lease alone."""
    with transaction.atomic():
        leased = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
    if leased.state not in {"live", "paused"} or f"asset:{digest}" not in leased.payload.values():
        raise NotFound(_("There is no such image in the task you hold."))
    return images.send(digest)
