"""A worker's pages besides the task itself: what can I do now, what have I done, how good am I."""

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
from django.views.decorators.http import require_GET, require_POST

from kit import paging
from kit.errors import Invalid, NotFound
from marketplace import cases, dispatch, disputes, doors, eligibility, outlook, pay_preview, pricing, queries, reviewers, routing
from marketplace.models import Course, Lease, Project, Ready, Submission, WorkerRecord
from marketplace.models.judging import Decision
from marketplace.quality import scores
from marketplace.views import words
from payments import queries as money
from payments import statements
from qualification import grants
from task_types import registry
from workers import access, onboarding
from workers.access import WorkerRequest
from workers.countries import COUNTRIES
from workers.models import WorkerProfile

TOP_OF_BANDS = pricing.BANDS[0][1]
MORE_MOST = 1_000
"""More answers than this are no advice."""


@require_GET
@access.worker
def home(request: WorkerRequest) -> HttpResponse:
    """What is mine already and what is due to me; what is open, and what would open more, come by themselves."""
    now, worker = timezone.now(), request.worker
    if worker.onboarded_at is None:
        return render(request, "worker/home.html", {"steps": _steps(worker), "standing": worker.standing})
    desk = queries.on_my_desk(worker_id=worker.pk)
    currency = next(iter(money.worker_currencies(worker.pk)), "USD")
    said = words.last_verdicts([back.pk for back in desk.sent_back]) if desk.sent_back else {}
    today = queries.since(worker_id=worker.pk, start=now.replace(hour=0, minute=0, second=0, microsecond=0))
    return render(request, "worker/home.html", {
        "desk": desk,
        "sent_back": [{"submission": back, "verdict": said.get(back.pk)} for back in desk.sent_back],
        "balances": money.worker_balances(worker_id=worker.pk, currency=currency),
        "today": today,
        "minutes": round(today.minutes),
        "steps": [] if worker.payout_ready_at else _steps(worker),
        "standing": worker.standing,
        "next_payout": statements.next_run(now),
    })


def _steps(worker: WorkerProfile) -> list[onboarding.Step]:
    """What the first task or the first payout waits for; the rest is on the page of the steps."""
    return [step for step in onboarding.steps(worker.pk) if not step.done and (step.needed or step.key == "payout")]


@require_GET
@access.worker
def offers(request: WorkerRequest) -> HttpResponse:
    """The projects open to me, with what they really pay an hour: a part of the home page that comes by itself."""
    now, worker_id = timezone.now(), request.user.pk
    if not _ready_is_fresh(request.worker, now):
        with transaction.atomic(durable=True):
            eligibility.make_ready(worker_id=worker_id, now=now)
    return render(request, "worker/_offers.html", {"projects": queries.open_projects(worker_id=worker_id)})


def _ready_is_fresh(worker: WorkerProfile, now: datetime) -> bool:
    """The same question that a claim asks (marketplace/sql.py, GATE)."""
    return Ready.objects.filter(
        worker_id=worker.pk, stale=False, facts_version=worker.facts_version, valid_until__gt=now
    ).exists()


@require_GET
@access.worker
def project_pay(request: WorkerRequest, project_id: uuid.UUID) -> HttpResponse:
    """What would I get: price, bands, extras, floor and bonuses of a project, before a task is taken."""
    project = Project.objects.select_related("organisation").filter(pk=project_id).first()
    if project is None or not pay_preview.may_look(worker_id=request.user.pk, project=project):
        raise NotFound(_("There is no such project."))
    found = pay_preview.offers(worker_id=request.user.pk, project=project, now=timezone.now())
    return render(request, "worker/pay.html", {
        "project": project, "course": Course.objects.filter(project=project, open=True).exists(),
        "crumbs": [{"label": _("My desk"), "url": reverse("market:work_home")}],
        "offers": [{"offer": one, "lines": words.pay_lines(one.lines, one.pay.currency), **_in_percent(one)} for one in found],
    })


def _in_percent(offer: pay_preview.Offer) -> dict[str, Any]:
    return {
        "bands": [(band, band.from_bp / 100, band.multiplier_bp / 10_000) for band in offer.bands],
        "low": offer.score_low_bp / 100 if offer.score_low_bp is not None else None,
        "least": offer.quality_bonus_least_bp / 100,
        "countries": [(COUNTRIES.get(code, code), share / 100, code == offer.country) for code, share in offer.countries.items()],
    }


@require_GET
@access.worker
def more(request: WorkerRequest) -> HttpResponse:
    """When more comes, and what would open more: which rule keeps me out of which project, by how much, what to do about it."""
    with transaction.atomic(durable=True):
        found = outlook.of(worker_id=request.user.pk, now=timezone.now())
    return render(request, "worker/_more.html", {
        "closed": words.named(found.closed[:6]), "openings": found.expected.openings,
        "wait": [words.span(found.expected.median), words.span(found.expected.low), words.span(found.expected.high)]
        if found.expected.median and found.expected.low and found.expected.high else None,
        "told": found.told, "slots": found.slots,
        "nothing_left": [fit for fit in found.fits if fit.why != "open" and fit.until is None],
        "later": [fit for fit in found.fits if fit.until is not None],
    })  # fmt: skip


@require_POST
@access.worker
def alert(request: WorkerRequest) -> HttpResponse:
    """Ask to be told when there is work, or no longer."""
    with transaction.atomic(durable=True):
        if request.POST.get("stop"):
            outlook.stop_telling(worker_id=request.user.pk)
            messages.success(request, _("You will not be told of new work."))
        else:
            outlook.ask_to_be_told(worker_id=request.user.pk, now=timezone.now())
            messages.success(request, _("You will be told once, here and by mail, as soon as there is a task for you."))
    return redirect("market:work_home")


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
    if project and not leased.fresh and not Lease.objects.filter(pk=leased.lease_id, queue__project_id=project).exists():
        messages.info(request, _("This task is on your desk already. Hand it in or skip it, then the other project is free to start."))
    return redirect("market:workspace", lease_id=leased.lease_id)


def _uuid(text: str, field: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Invalid(_("Expected an identifier."), field=field) from None


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
    """Go on with a task whose time ran out, while nobody else has it.

    A task with a known answer is never given out again: it is refused in the words of a task that somebody else took.
    """
    try:
        with transaction.atomic(durable=True):
            leased = dispatch.resume_lapsed(
                worker_id=request.user.pk, assignment_id=assignment_id, now=timezone.now(), rng=doors.CHANCE
            )
    except (dispatch.LeaseGone, NotFound):
        messages.warning(request, _("Somebody else has this task now. Your draft stays for 30 days."))
        return redirect("market:work_home")
    return redirect("market:workspace", lease_id=leased.lease_id)


@require_GET
@access.worker
def history(request: WorkerRequest) -> HttpResponse:
    """All that I handed in, with its state, its clock and every line of its pay."""
    rows = Submission.objects.filter(worker_id=request.user.pk).select_related("batch__project", "task")
    page = paging.page(rows, order="-submitted_at", cursor=request.GET.get("cursor"), size=30)
    ids = [row.pk for row in page.rows]
    known = disputes.of_submissions(ids)
    earned, said = money.earnings_of(source_kind="submission", source_ids=ids), words.last_verdicts(ids)
    may = disputes.open_to(rows=page.rows, verdicts=said, known=known, now=timezone.now())
    shown = [
        _shown(row, earned.get(row.pk), said.get(row.pk)) | {"dispute": known.get(row.pk), "may_dispute": row.pk in may}
        for row in page.rows
    ]
    return render(request, "worker/history.html", {"rows": shown, "page": page})


def _shown(row: Submission, earning: money.EarningView | None, verdict: Any) -> dict[str, Any]:
    """A line of the history; a plain acceptance needs no words."""
    project = row.batch.project
    if row.kind == "review":
        answer = str(dict(Decision.choices).get(row.answer.get("decision", ""), ""))
    else:
        answer = registry.drawer(project.task_type).summarise(row.answer, settings=project.settings)
    return {
        "submission": row, "day": timezone.localdate(row.submitted_at), "project": project, "earning": earning,
        "answer": answer, "about": words.about(row.task.payload),
        "verdict": verdict if verdict and verdict.decision != "accept" else None, "corrected": words.corrected(verdict, project),
        "lines": words.pay_lines(earning.lines, earning.amount.currency) if earning else [],
    }


@require_GET
@access.worker
def quality(request: WorkerRequest) -> HttpResponse:
    """How well I do in each project, how that was measured, and what it pays."""
    records, now = queries.my_records(worker_id=request.user.pk), timezone.now()
    return render(request, "worker/quality.html", {
        "rows": [{"record": record, "band": _band(record), "kind": registry.drawer(record.project.task_type).name} for record in records],
        "skills": [
            {"grant": grant, "score": [one / 100 for one in (grant.score_bp, grant.low_bp, grant.high_bp) if one is not None]}
            for grant in grants.live_of(worker_id=request.user.pk, now=now).select_related("skill__organisation").order_by("skill__name")
        ],
        "cases": cases.of_worker(request.user.pk)[:5],
        "reviews": [
            (record, found if found and found.based_on >= routing.REVIEWER_KNOWN else None)
            for record, found in reviewers.records_of(request.user.pk)
        ],
        "bands": [(low / 100, multiplier / 10_000) for low, multiplier in pricing.BANDS],
    })


def _band(record: WorkerRecord) -> dict[str, Any]:
    """The band of a score's lower end, how far the next one is (in points of a hundred), and what would lead there: so many
    more answers that are right as often as so far, or being right more often."""
    low_bp, score = record.score_low_bp, record.percent
    now = pricing.band_of(low_bp)
    above = [(low, multiplier) for low, multiplier in pricing.BANDS if multiplier > now]
    missing = (above[-1][0] - low_bp) / 100 if above and low_bp is not None else None
    more = None
    if above and score:
        mean, low, high = (one / 100 for one in score)
        more = scores.answers_until(mean=mean, low=low, high=high, target=above[-1][0] / 10_000)
    return {
        "multiplier": now / 10_000, "next": above[-1][1] / 10_000 if above else None, "missing": missing, "top": now == TOP_OF_BANDS,
        "more": more if more is None or more <= MORE_MOST else None, "from": above[-1][0] / 100 if above else None,
    }  # fmt: skip
