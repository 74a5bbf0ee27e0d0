"""A worker's pages: what can I do now, the task itself, and what I have done."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit import assets, paging
from kit.errors import Invalid, NotFound
from kit.models import Asset
from kit.money import Money
from marketplace import dispatch, doors, eligibility, guidelines, pricing, queries
from marketplace.models import Project, Submission
from marketplace.routing import shown
from payments import queries as money
from task_types import registry
from task_types.interface import island
from workers import access, onboarding
from workers.access import WorkerRequest

SKIP_REASONS = {
    "unclear": _("The task is unclear"),
    "broken": _("Something does not show or load"),
    "not_mine": _("This is not my field"),
    "upsetting": _("I do not want to see this content"),
    "other": _("Another reason"),
}


@require_GET
@access.worker
def home(request: WorkerRequest) -> HttpResponse:
    """What can I do now, what does it pay an hour, what is mine already, what would open more."""
    now, worker_id = timezone.now(), request.user.pk
    with transaction.atomic():
        eligibility.make_ready(worker_id=worker_id, now=now)
    currency = next(iter(money.worker_currencies(worker_id)), "USD")
    steps = onboarding.steps(worker_id)
    return render(request, "worker/home.html", {
        "desk": queries.on_my_desk(worker_id=worker_id),
        "projects": queries.open_projects(worker_id=worker_id),
        "closed": eligibility.why_not(worker_id=worker_id, now=now, limit=6),
        "balances": money.worker_balances(worker_id=worker_id, currency=currency),
        "today": queries.since(worker_id=worker_id, start=now.replace(hour=0, minute=0, second=0, microsecond=0)),
        "steps": [step for step in steps if not step.done],
        "standing": request.worker.standing,
        "next_payout": _next_monday(now),
    })


def _next_monday(now: Any) -> Any:
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=7 - day.weekday())


@require_POST
@access.worker
def next_task(request: WorkerRequest) -> HttpResponse:
    """Take the next task, or go back home with the reason why there is none."""
    project = request.POST.get("project") or None
    leased = doors.ask(
        worker_id=request.user.pk, kind=request.POST.get("kind") or "answer",
        project_id=_uuid(project, "project") if project else None, now=timezone.now(),
    )
    if leased is None:
        messages.info(request, _("No task is open to you right now. New ones show here as soon as they come."))
        return redirect("market:work_home")
    return redirect("market:workspace", lease_id=leased.lease_id)


def _uuid(text: str, field: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Invalid(_("Expected an identifier."), field=field) from None


@require_GET
@access.worker
def workspace(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """The task large, the guideline beside it, the terms in one line, an honest clock."""
    with transaction.atomic():
        leased = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
    if leased.state not in {"live", "paused"}:
        messages.info(request, _("That task is over."))
        return redirect("market:work_home")
    project = Project.objects.select_related("organisation").get(pk=leased.terms["project"])
    lines = pricing.quote(leased.terms, round=leased.round)
    return render(request, "worker/workspace.html", {
        "lease": leased,
        "project": project,
        "guideline": guidelines.show(project_id=project.pk, number=leased.terms["guideline"]),
        "terms": shown(leased.terms),
        "price": Money(pricing.total(lines), leased.terms["currency"]),
        "lines": pay_lines(lines, leased.terms["currency"]),
        "island": _island(leased, project),
        "review": _under_review(leased) if leased.kind == "review" else None,
        "skip_reasons": SKIP_REASONS,
        "paused": leased.state == "paused",
    })


def pay_lines(lines: Any, currency: str) -> list[dict[str, Any]]:
    """Lines as the pay components show them."""
    names = {
        "base": _("Base"), "band": _("Quality band"), "round": _("Extra effort"), "kill_fee": _("Time of a lost task"),
    }
    return [
        {
            "name": names.get(line.kind, line.kind), "amount": Money(line.units, currency), "rule": line.rule,
            "reason": reason(line.kind, line.inputs, currency),
        }
        for line in lines
    ]


def reason(kind: str, inputs: Any, currency: str) -> str:
    """What a line was computed from, in words."""
    match kind:
        case "base":
            return _("%(price)s for each %(unit)s") % {
                "price": Money(inputs["price_units"], currency), "unit": inputs.get("unit", "task")
            }
        case "band":
            return _("base times %(share)s %%") % {"share": (inputs["multiplier_bp"] - 10_000) / 100}
        case "round":
            return _("sent back more than once")
        case "kill_fee":
            return _("active time against expected time, at least a quarter")
        case _:
            return ""


def _island(leased: dispatch.LeasedTask, project: Project) -> dict[str, Any]:
    """The task for the browser; a reviewer sees the answer under review, read-only."""
    drawer = registry.drawer(project.task_type)
    review = leased.kind == "review"
    answer = _under_review(leased).answer if review else leased.draft or leased.prelabel
    return island(
        drawer, settings=project.settings, payload=leased.payload, answer=answer, seed=str(leased.lease_id), read_only=review,
        image_url=lambda name: reverse("market:lease_image", args=[leased.lease_id, name.removeprefix("asset:")]),
    )


def _under_review(leased: dispatch.LeasedTask) -> Submission:
    if leased.subject_id is None:
        raise NotFound(_("There is no answer to review."))
    return Submission.objects.get(pk=leased.subject_id)


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
def pause(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """Stop the clock, honestly."""
    with transaction.atomic(durable=True):
        dispatch.pause(worker_id=request.user.pk, lease_id=lease_id, now=timezone.now())
    return redirect("market:workspace", lease_id=lease_id)


@require_POST
@access.worker
def resume(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    with transaction.atomic(durable=True):
        dispatch.resume(worker_id=request.user.pk, lease_id=lease_id, now=timezone.now())
    return redirect("market:workspace", lease_id=lease_id)


@require_POST
@access.worker
def submit(request: WorkerRequest, lease_id: uuid.UUID) -> JsonResponse:
    """Hand in, and say where to go on: the next task of the same project, or home."""
    body, now = _body(request), timezone.now()
    with transaction.atomic():
        held = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
    made = doors.hand_in(worker_id=request.user.pk, lease_id=lease_id, answer=body.get("answer"), now=now)
    paid = Money(made.units, made.currency)
    text = _("%(money)s earned") if made.state == "accepted" else _("%(money)s in review")
    following = None
    if body.get("then") != "home":
        following = doors.ask(
            worker_id=request.user.pk, kind=held.kind, project_id=uuid.UUID(held.terms["project"]), now=timezone.now()
        )
    where = reverse("market:workspace", args=[following.lease_id]) if following else reverse("market:work_home")
    messages.success(request, text % {"money": paid})
    return JsonResponse({"next": where, "state": made.state, "paid": str(paid.decimal())})


@require_POST
@access.worker
def skip(request: WorkerRequest, lease_id: uuid.UUID) -> HttpResponse:
    """Give the task back for good, with a reason, and go on."""
    why = request.POST.get("why", "")
    if why not in SKIP_REASONS:
        raise Invalid(_("Choose why you skip this task."), field="why")
    with transaction.atomic(durable=True):
        held = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
        dispatch.give_back(worker_id=request.user.pk, lease_id=lease_id, now=timezone.now(), why=why)
    following = doors.ask(
        worker_id=request.user.pk, kind=held.kind, project_id=uuid.UUID(held.terms["project"]), now=timezone.now()
    )
    if following is None:
        return redirect("market:work_home")
    return redirect("market:workspace", lease_id=following.lease_id)


@require_POST
@access.worker
def take_up(request: WorkerRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Improve work that came back."""
    with transaction.atomic(durable=True):
        leased = dispatch.take_up_sent_back(worker_id=request.user.pk, submission_id=submission_id, now=timezone.now())
    return redirect("market:workspace", lease_id=leased.lease_id)


@require_POST
@access.worker
def go_on(request: WorkerRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Go on with a task whose time ran out, while nobody else has it."""
    with transaction.atomic(durable=True):
        leased = dispatch.resume_lapsed(
            worker_id=request.user.pk, assignment_id=assignment_id, now=timezone.now(), rng=doors.CHANCE
        )
    return redirect("market:workspace", lease_id=leased.lease_id)


@require_GET
@access.worker
def image(request: WorkerRequest, lease_id: uuid.UUID, digest: str) -> HttpResponse:
    """An image of the task in hand: for the holder of the live lease alone."""
    with transaction.atomic():
        leased = dispatch.read_lease(worker_id=request.user.pk, lease_id=lease_id)
    if leased.state not in {"live", "paused"} or f"asset:{digest}" not in leased.payload.values():
        raise NotFound(_("There is no such image in the task you hold."))
    return send_asset(digest)


def send_asset(digest: str) -> HttpResponse:
    """The bytes of a stored image, cached by the browser: its name is its content."""
    asset = Asset.objects.filter(sha256=digest).first()
    if asset is None:
        raise NotFound(_("There is no such image."))
    return HttpResponse(
        assets.read(asset), content_type=asset.content_type,
        headers={"Cache-Control": "private, max-age=86400, immutable", "Content-Disposition": "inline"},
    )


@require_GET
@access.worker
def history(request: WorkerRequest) -> HttpResponse:
    """All that I handed in, with its state, its clock and every line of its pay."""
    rows = Submission.objects.filter(worker_id=request.user.pk).select_related("batch__project")
    page = paging.page(rows, order="-submitted_at", cursor=request.GET.get("cursor"), size=30)
    earned = money.earnings_of(source_kind="submission", source_ids=[row.pk for row in page.rows])
    verdicts = {row.pk: row.verdicts.order_by("-round").first() for row in page.rows if row.state != "accepted"}
    shown_rows = [
        {"submission": row, "earning": earned.get(row.pk), "verdict": verdicts.get(row.pk), "project": row.batch.project}
        for row in page.rows
    ]
    return render(request, "worker/history.html", {"rows": shown_rows, "page": page})


@require_GET
@access.worker
def quality(request: WorkerRequest) -> HttpResponse:
    """How well I do in each project, how that was measured, and what it pays."""
    return render(request, "worker/quality.html", {
        "records": queries.my_records(worker_id=request.user.pk),
        "bands": [(low / 100, multiplier / 10_000) for low, multiplier in pricing.BANDS],
    })
