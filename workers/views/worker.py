"""A worker's pages about themselves: onboarding, profile, agreements, standing and appeals, their data."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import json as kit_json
from kit.errors import NotFound, Refused
from kit.limits import spend
from workers import access, agreements, appeals, country_exits, decisions, languages, my_data, onboarding, people, queries, standing
from workers.access import PersonRequest, WorkerRequest
from workers.countries import COUNTRIES
from workers.forms import AppealForm, ProfileForm, SignForm, carry_out
from workers.models import Agreement, Setup, Signature, StandingDecision
from workers.states import ACTIVE, PAUSED
from workers.views import setup

OWN_PAUSE_DAYS = 14


@require_GET
@access.worker
def onboarding_overview(request: WorkerRequest) -> HttpResponse:
    """The steps before the first paid task: what is done, what comes next, why it is asked, how long it takes."""
    steps = onboarding.steps(request.user.pk)
    left = [step for step in steps if not step.done]
    return render(
        request,
        "worker/onboarding.html",
        {
            "steps": steps,
            "next_step": onboarding.after(request.user.pk),
            "before_work": [step for step in left if step.needed],
            "minutes_left": sum(step.minutes for step in left if step.needed),
            "minutes_all": sum(step.minutes for step in steps),
            "done": len(steps) - len(left),
        },
    )


@require_http_methods(["GET", "POST"])
@access.worker
def onboarding_profile(request: WorkerRequest) -> HttpResponse:
    """The first step, and later the page to change it."""
    return _profile(request, "worker/onboarding_profile.html", then="workers:onboarding")


@require_http_methods(["GET", "POST"])
@access.worker
def profile(request: WorkerRequest) -> HttpResponse:
    """What a worker says of themselves."""
    return _profile(request, "worker/profile.html", then="workers:profile")


def _profile(request: WorkerRequest, template: str, *, then: str) -> HttpResponse:
    worker = request.worker
    kept = Setup.objects.filter(worker_id=worker.pk).first()
    form = ProfileForm(
        request.POST or None,
        spoken=worker.languages,
        draft=kept.drafts.get("profile") if kept else None,
        initial={"country": worker.country, "time_zone": worker.time_zone},
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        saved = carry_out(
            form,
            lambda: onboarding.save_profile(
                user_id=worker.pk,
                country=given["country"],
                spoken=given["languages"],
                time_zone=given["time_zone"],
                now=timezone.now(),
            ),
        )
        if saved is not None:
            request.session["time_zone"] = saved.time_zone
            messages.success(request, _("Your profile is saved."))
            return redirect(then)
    spoken = languages.describe(worker.languages)
    country = COUNTRIES.get(worker.country, "")
    context = {"form": form, "worker": worker, "spoken": spoken, "country": country}
    return render(request, template, setup.frame(request, "profile", context))


@require_http_methods(["GET", "POST"])
@access.worker
def agreement(request: WorkerRequest) -> HttpResponse:
    """Read and sign the version in force; what was signed before stays readable."""
    in_force = agreements.current(Agreement.WORKER)
    form = SignForm(request.POST or None, initial={"agreement": in_force.pk if in_force else None})
    if request.method == "POST" and form.is_valid():
        signed = carry_out(
            form,
            lambda: onboarding.sign_agreement(
                user_id=request.user.pk,
                agreement_id=form.cleaned_data["agreement"],
                ip=request.META.get("REMOTE_ADDR", ""),
                now=timezone.now(),
            ),
        )
        if signed is not None:
            messages.success(request, _("Signed. You find this version here whenever you want to read it again."))
            return redirect("workers:onboarding")
    signatures = Signature.objects.filter(user=request.user).select_related("agreement").order_by("-at")
    before = agreements.last_signed(user_id=request.user.pk, kind=Agreement.WORKER)
    is_news = before is not None and in_force is not None and before.agreement_id != in_force.pk
    return render(
        request,
        "worker/agreement.html",
        {
            "agreement": in_force,
            "html": agreements.as_html(in_force.text) if in_force else "",
            "signature": agreements.signed(user_id=request.user.pk, agreement=in_force) if in_force else None,
            "earlier": [one for one in signatures if in_force is None or one.agreement_id != in_force.pk],
            "form": form,
            "before": before if is_news else None,
            "changes": agreements.changes(before.agreement.text, in_force.text) if is_news and before and in_force else [],
        },
    )


@require_GET
@access.worker
def agreement_version(request: WorkerRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """A version that this person signed."""
    signature = Signature.objects.filter(user=request.user, agreement_id=agreement_id).select_related("agreement").first()
    if signature is None:
        raise NotFound(_("You have not signed such an agreement."))
    html = agreements.as_html(signature.agreement.text)
    return render(request, "worker/agreement_version.html", {"signature": signature, "html": html})


@require_GET
@access.worker
def standing_page(request: WorkerRequest) -> HttpResponse:
    """My standing and why, decisions and appeals with their clocks, my data."""
    own = {appeal.subject_id: appeal for appeal in appeals.of_people().filter(person=request.user)}
    now = timezone.now()
    about = list(StandingDecision.objects.filter(person=request.user).order_by("-at"))
    gone = country_exits.taken_back(about)
    made = [
        {
            "decision": decision,
            "appeal": own.get(decision.pk),
            "taken_back": decision.pk in gone,
            "may_appeal": decision.pk not in own and decision.pk not in gone and now < decision.appeal_until,
            "due_at": appeals.due_at(own[decision.pk]) if decision.pk in own else None,
        }
        for decision in about
    ]
    others = [
        {"appeal": appeal, "due_at": appeals.due_at(appeal)}
        for appeal in own.values()
        if appeal.subject_kind != decisions.SUBJECT
    ]
    worker = request.worker
    return render(
        request,
        "worker/profile_standing.html",
        {
            "worker": worker,
            "pause": standing.PAUSE_REASONS.get(worker.standing_reason) if worker.standing == PAUSED else None,
            "may_pause": worker.standing == ACTIVE,
            "may_resume": worker.standing == PAUSED and worker.standing_reason == standing.OWN_WISH,
            "decisions": made,
            "appeals": others,
            "spoken": languages.describe(worker.languages),
            "country": COUNTRIES.get(worker.country, ""),
        },
    )


@require_POST
@access.worker
def pause(request: WorkerRequest) -> HttpResponse:
    """Pause oneself for two weeks, or less: resuming is one click."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        standing.pause(
            worker_id=request.user.pk,
            reason=standing.OWN_WISH,
            until=now + timedelta(days=OWN_PAUSE_DAYS),
            by_id=request.user.pk,
            now=now,
        )
    return redirect("workers:standing")


@require_POST
@access.worker
def resume(request: WorkerRequest) -> HttpResponse:
    """End one's own pause; another's pause is not one's own to end."""
    with transaction.atomic(durable=True):
        standing.resume_own(worker_id=request.user.pk, now=timezone.now())
    return redirect("workers:standing")


@require_POST
@access.worker
@access.reauthenticated
def leave(request: WorkerRequest) -> HttpResponse:
    """End one's own work here for good."""
    with transaction.atomic(durable=True):
        standing.leave(worker_id=request.user.pk, now=timezone.now())
    return redirect("workers:standing")


@require_http_methods(["GET", "POST"])
@access.worker
def appeal(request: WorkerRequest, decision_id: uuid.UUID) -> HttpResponse:
    """Appeal a decision."""
    decision = StandingDecision.objects.filter(pk=decision_id, person=request.user).first()
    if decision is None:
        raise NotFound(_("There is no such decision."))
    form = AppealForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = carry_out(
            form,
            lambda: decisions.appeal(
                decision_id=decision_id,
                person_id=request.user.pk,
                text=form.cleaned_data["text"],
                now=timezone.now(),
            ),
        )
        if made is not None:
            messages.success(request, _("Your appeal is in. Two clocks now run against us, not against you."))
            return redirect("workers:standing")
    return render(request, "worker/profile_appeal.html", {"decision": decision, "form": form})


@require_GET
@access.signed_in
def data(request: PersonRequest) -> HttpResponse:
    """Everything that is kept about the person who asks, as a file."""
    spend(my_data.ASKING, account=request.user.pk)
    content = json.dumps(json.loads(kit_json.dumps(my_data.collect(request.user.pk))), indent=2, ensure_ascii=False)
    response = HttpResponse(content, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@require_POST
@access.signed_in
def join(request: PersonRequest) -> HttpResponse:
    """Become a worker, for somebody who signed up for something else."""
    if queries.ops_roles(request.user.pk):
        raise Refused(_("People of ops do no paid work."))
    with transaction.atomic(durable=True):
        people.become_worker(user_id=request.user.pk)
    return redirect("workers:onboarding")
