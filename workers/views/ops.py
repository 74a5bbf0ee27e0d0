"""Ops' pages about people: the list, pausing and ending, appeals, roles, agreements."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import paging
from kit.errors import NotFound, Text
from workers import access, agreements, appeals, decisions, people, queries, standing
from workers.access import PersonRequest
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.forms import (
    AgreementForm,
    AppealAnswerForm,
    AppealVerdictForm,
    DecisionForm,
    OpsRoleForm,
    PauseForm,
    carry_out,
)
from workers.models import Agreement, Appeal, OpsRole, StandingDecision, User
from workers.states import OPEN, PAUSED

SHOWN = 50


@require_GET
@access.ops()
def ops_people(request: PersonRequest) -> HttpResponse:
    """Everybody, found by anything: name, address, id, pseudonym, country, payout."""
    words = request.GET.get("q", "")
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    rows = queries.find_people(words, roles=held).prefetch_related("ops_roles", "memberships__organisation")
    page = paging.page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=SHOWN)
    columns = [
        {"label": _("Name")},
        {"label": _("Standing")},
        {"label": _("Country")},
        {"label": _("Belongs to")},
        {"label": _("Since"), "tight": True},
    ]
    context = {"page": page, "rows": page.rows, "q": words, "columns": columns, "pages": _pages(held)}
    return render(request, "ops/people.html", context)


def _pages(held: frozenset[str]) -> list[dict[str, str]]:
    """Other pages about people that these roles may open; those of the room above are found by name."""
    wanted: list[tuple[Text, str, frozenset[str]]] = [
        (gettext_lazy("Cases"), "market:ops_fraud", frozenset(LOOKS_AFTER_PEOPLE)),
        (gettext_lazy("Merges"), "market:ops_merges", frozenset(LOOKS_AFTER_PEOPLE)),
        (gettext_lazy("Countries"), "workers:ops_countries", frozenset()),
    ]
    return [{"label": str(label), "url": reverse(name)} for label, name, roles in wanted if held & {*roles, OpsRole.ADMIN}]


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def pause(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """Pause a worker for some days."""
    form = PauseForm(request.POST)
    if form.is_valid():
        now = timezone.now()
        with transaction.atomic(durable=True):
            standing.pause(
                worker_id=person_id,
                reason=form.cleaned_data["reason"],
                until=now + timedelta(days=form.cleaned_data["days"]),
                by_id=request.user.pk,
                now=now,
            )
        messages.success(request, _("Paused. The person reads why and until when."))
    else:
        messages.error(request, _("Choose a reason and 1 to 30 days."))
    return redirect("workers:ops_person_standing", person_id=person_id)


@require_POST
@access.ops(*LOOKS_AFTER_PEOPLE)
def resume(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """End a worker's pause."""
    with transaction.atomic(durable=True):
        standing.resume(worker_id=person_id, by_id=request.user.pk, reason="by_ops", now=timezone.now())
    messages.success(request, _("The pause is over."))
    return redirect("workers:ops_person_standing", person_id=person_id)


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
@access.reauthenticated
def person_standing(request: PersonRequest, person_id: uuid.UUID) -> HttpResponse:
    """A worker's standing: pausing, resuming, and the decision to end their work."""
    worker = standing.profile(person_id)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fresh = access.reauthenticated_at(request)
        decided = carry_out(
            form,
            lambda: standing.decide_ending(
                worker_id=person_id,
                by_id=request.user.pk,
                reason=form.cleaned_data["reason"],
                clause=form.cleaned_data["clause"],
                evidence=form.evidence(),
                reauthenticated_at=fresh or timezone.now() - timedelta(days=1),
                now=timezone.now(),
            ),
        )
        if decided is not None:
            messages.success(request, _("Decided. The person has 30 days to appeal, and is told now."))
            return redirect("workers:ops_person_standing", person_id=person_id)
    return render(
        request,
        "ops/people_standing.html",
        {
            "person": User.objects.get(pk=person_id),
            "worker": worker,
            "form": form,
            "pause_form": PauseForm(),
            "may_end": worker.standing == PAUSED,
            "decisions": StandingDecision.objects.filter(person_id=person_id).select_related("decided_by").order_by("-at"),
        },
    )


@require_GET
@access.ops(*LOOKS_AFTER_PEOPLE)
def ops_appeals(request: PersonRequest) -> HttpResponse:
    """Appeals that wait, by clock."""
    rows = [
        {"appeal": appeal, "due_at": appeals.due_at(appeal), "mine": appeal.against_id == request.user.pk}
        for appeal in appeals.waiting()[:SHOWN]
    ]
    return render(request, "ops/people_appeals.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@access.ops(*LOOKS_AFTER_PEOPLE)
def ops_appeal(request: PersonRequest, appeal_id: uuid.UUID) -> HttpResponse:
    """One appeal: what was decided, what the person says, the answer, the verdict."""
    appeal = appeals.find(appeal_id)
    answering = appeal.state == OPEN
    form = AppealAnswerForm(request.POST or None) if answering else AppealVerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = carry_out(form, lambda: _act(appeal, form.cleaned_data, request.user.pk, answering=answering))
        if done is not None:
            messages.success(request, _("Answered.") if answering else _("Decided. The person is told now."))
            return redirect("workers:ops_appeals")
    decision = StandingDecision.objects.filter(pk=appeal.subject_id).select_related("decided_by").first()
    return render(
        request,
        "ops/people_appeal.html",
        {
            "appeal": appeal,
            "person": appeal.person,
            "decision": decision if appeal.subject_kind == decisions.SUBJECT else None,
            "due_at": appeals.due_at(appeal),
            "about": appeals.page_of(appeal),
            "answering": answering,
            "form": form,
        },
    )


def _act(appeal: Appeal, given: dict[str, str], by_id: uuid.UUID, *, answering: bool) -> Appeal:
    if answering:
        appeals.answer(appeal=appeal, by_id=by_id, text=given["text"], now=timezone.now())
    else:
        overturn = given["verdict"] == "overturn"
        appeals.decide(appeal=appeal, by_id=by_id, overturn=overturn, grounds=given["grounds"], now=timezone.now())
    return appeal


@require_http_methods(["GET", "POST"])
@access.ops(OpsRole.ADMIN)
@access.reauthenticated
def roles(request: PersonRequest) -> HttpResponse:
    """Who is of ops, and making somebody part of it."""
    form = OpsRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = carry_out(form, lambda: _give_role(given["email"], given["role"], request.user.pk))
        if made is not None:
            messages.success(request, _("%(name)s is part of ops now.") % {"name": made.user.name})
            return redirect("workers:ops_roles")
    rows = OpsRole.objects.select_related("user", "given_by").order_by("user__name", "role")
    return render(request, "ops/people_roles.html", {"rows": rows, "form": form})


def _give_role(email: str, role: str, by_id: uuid.UUID) -> OpsRole:
    """Raises NotFound(email) when nobody has that address."""
    user = User.objects.filter(email=email).first()
    if user is None:
        raise NotFound(_("Nobody has an account with this address."), field="email")
    return people.give_role(user_id=user.pk, role=role, by_id=by_id, now=timezone.now())


@require_POST
@access.ops(OpsRole.ADMIN)
def take_role(request: PersonRequest, person_id: uuid.UUID, role: str) -> HttpResponse:
    """Take an ops role back."""
    with transaction.atomic(durable=True):
        people.take_role(user_id=person_id, role=role, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The role is gone."))
    return redirect("workers:ops_roles")


@require_GET
@access.ops()
def ops_agreements(request: PersonRequest) -> HttpResponse:
    """Every version of every agreement."""
    rows = Agreement.objects.select_related("published_by").order_by("-published_at")[:SHOWN]
    may_publish = queries.has_ops_role(request.user.pk, OpsRole.ADMIN)
    return render(request, "ops/agreements.html", {"rows": rows, "may_publish": may_publish})


@require_http_methods(["GET", "POST"])
@access.ops(OpsRole.ADMIN)
def new_agreement(request: PersonRequest) -> HttpResponse:
    """Write, look at and publish the next version; it starts from the one in force."""
    kind = request.GET.get("kind", Agreement.WORKER)
    before = agreements.current(kind) if kind in dict(Agreement.KINDS) else None
    start = {"kind": kind, "title": before.title, "text": before.text} if before else {"kind": Agreement.WORKER}
    form = AgreementForm(request.POST or None, initial=start)
    preview = ""
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = agreements.as_html(form.cleaned_data["text"])
        else:
            given = form.cleaned_data
            made = carry_out(form, lambda: agreements.publish(by_id=request.user.pk, now=timezone.now(), **given))
            if made is not None:
                messages.success(request, _("Version %(version)d is in force.") % {"version": made.version})
                return redirect("workers:ops_agreements")
    return render(request, "ops/agreements_new.html", {"form": form, "preview": preview, "before": before})


@require_GET
@access.ops()
def ops_agreement(request: PersonRequest, agreement_id: uuid.UUID) -> HttpResponse:
    """One version, as people signed it."""
    found = Agreement.objects.filter(pk=agreement_id).first()
    if found is None:
        raise NotFound(_("There is no such agreement."))
    context = {"agreement": found, "html": agreements.as_html(found.text), "signed": found.signatures.count()}
    return render(request, "ops/agreements_one.html", context)
