"""The pages of an agency about its team and work, and of a worker about the agency whose team they are in or were asked to join."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.errors import Invalid, NotFound
from marketplace import agency_work, rules
from marketplace.forms import Styled
from payments import agency_fees, sheets
from workers import access, agencies, organisations, teams
from workers.access import ClientRequest, WorkerRequest
from workers.forms import carry_out
from workers.models import Membership, TeamInvitation, WorkerProfile

SPANS = {"7": 7, "30": 30, "90": 90}
"""Days that the team's numbers may be about."""


class InviteToTeam(Styled):
    """Whom to ask."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)


def _span(request: HttpRequest, now: datetime) -> tuple[str, datetime]:
    asked = request.GET.get("days", "")
    chosen = asked if asked in SPANS else "30"
    return chosen, now - timedelta(days=SPANS[chosen])


@require_http_methods(["GET", "POST"])
@access.agency("viewer")
def team(request: ClientRequest, org: str) -> HttpResponse:
    """Who is in the team, what they did lately, who was asked; managers ask."""
    now, form = timezone.now(), InviteToTeam(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = carry_out(form, lambda: _invite(request, form.cleaned_data["email"], now))
        if made is not None:
            teams.mail_invitation(invitation=made[0], token=made[1])
            messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": made[0].email})
            return redirect("market:agency_team", org=org)
    days, since = _span(request, now)
    people = agency_work.team(request.organisation, since=since, now=now)
    return render(request, "agency/team.html", {
        "people": people, "days": days, "spans": list(SPANS), "form": form, "org": org, "agency": agencies.of(request.organisation),
        "invitations": teams.open_invitations(request.organisation, now=now)[:200], "may_manage": _may_manage(request),
        "answers": sum(one.answers for one in people), "accepted": sum(one.accepted for one in people),
        "hours": round(sum(one.hours for one in people), 1),
        "never": teams.NEVER_SEES,
    }, status=422 if form.errors else 200)  # fmt: skip


def _may_manage(request: ClientRequest) -> bool:
    return bool(request.membership.role != Membership.VIEWER)


def _invite(request: ClientRequest, email: str, now: datetime) -> tuple[TeamInvitation, str]:
    if not _may_manage(request):
        raise Invalid(_("Only owners and managers invite."), field="email")
    return teams.invite(agency=request.organisation, email=email, by=request.membership, now=now)


@require_GET
@access.agency("viewer")
def team_csv(request: ClientRequest, org: str) -> StreamingHttpResponse:
    """What the page of the team shows, a line for each person and project."""
    now = timezone.now()
    _days, since = _span(request, now)
    head = ["name", "standing", "in_team_since", "skills", "project", "answers", "accepted", "hours"]
    lines = [head]
    for one in agency_work.team(request.organisation, since=since, now=now):
        skills = ", ".join(f"{name} {tier}" for name, tier in one.skills)
        who = [one.name, one.standing, one.since.date().isoformat(), skills]
        lines += [
            [*who, each.project, str(each.answers), str(each.accepted), f"{each.active_ms / 3_600_000:.2f}"] for each in one.done
        ] or [[*who, "", "0", "0", "0.00"]]  # fmt: skip
    response = StreamingHttpResponse((sheets.row(line) for line in lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="team-{org}.csv"'
    return response


@require_POST
@access.agency("manager")
def let_go(request: ClientRequest, org: str, worker_id: uuid.UUID) -> HttpResponse:
    """Take somebody out of the team."""
    with transaction.atomic(durable=True):
        place = teams.member(request.organisation.pk, worker_id)
        teams.let_go(place=place, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("%(name)s is no longer in your team.") % {"name": place.worker.user.name})
    return redirect("market:agency_team", org=org)


@require_POST
@access.agency("manager")
def withdraw(request: ClientRequest, org: str, invitation_id: uuid.UUID) -> HttpResponse:
    """Take an invitation back."""
    found = TeamInvitation.objects.filter(agency=request.organisation, pk=invitation_id).first()
    if found is None:
        raise NotFound(_("There is no such invitation."))
    with transaction.atomic(durable=True):
        teams.decline(invitation=found, by_id=request.user.pk, now=timezone.now())
    return redirect("market:agency_team", org=org)


@require_GET
@access.agency("viewer")
def work(request: ClientRequest, org: str) -> HttpResponse:
    """Open projects, and for whom of the team each goes first."""
    first = agency_work.people_by_project(request.organisation.pk)
    rows = [
        {"project": project, "first": first.get(project.pk, []), "asked_for_us": bool(rules.agencies_of(project.eligibility))}
        for project in agency_work.open_projects(request.organisation.pk)
    ]
    return render(request, "agency/work.html", {
        "rows": rows, "org": org, "agency": agencies.of(request.organisation), "may_manage": _may_manage(request),
        "people": list(teams.members(request.organisation.pk)[: agency_work.AT_ONCE]),
    })  # fmt: skip


@require_POST
@access.agency("manager")
def pick(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """Put a project first for people of the team, or, with `stop`, for nobody any more."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        if "stop" in request.POST:
            agency_work.unpick(agency=request.organisation, project_id=project_id, by_id=request.user.pk, now=now)
            messages.success(request, _("It is first for nobody of your team any more."))
        else:
            chosen = None if "all" in request.POST else _ids(request.POST.getlist("person"))
            made = agency_work.pick(
                agency=request.organisation, project_id=project_id, worker_ids=chosen, by_id=request.user.pk, now=now
            )
            said = ngettext("It goes first for %(n)s more person.", "It goes first for %(n)s more people.", len(made))
            messages.success(request, said % {"n": len(made)})
    return redirect("market:agency_work", org=org)


def _ids(texts: Sequence[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text) for text in texts]
    except ValueError:
        raise Invalid(_("Expected people of your team."), field="person") from None


# --- a worker's pages --------------------------------------------------------------------------------------------------


@require_GET
@access.worker
def mine(request: WorkerRequest) -> HttpResponse:
    """The agency whose team one is in, what it sees and gets, what it put first; invitations; teams of the past."""
    now, place = timezone.now(), teams.place_of(request.user.pk)
    asked = teams.invitations_for(organisations.confirmed_addresses(request.user.pk), now=now)
    return render(request, "worker/agency.html", {
        "place": place, "picks": agency_work.picks_for(request.user.pk), "invitations": asked[:20],
        "past": teams.places_of(request.user.pk).filter(until__isnull=False)[:20], **_terms(place.agency_id if place else None, now),
    })  # fmt: skip


def _terms(agency_id: uuid.UUID | None, now: datetime) -> dict[str, object]:
    """What an agency sees and gets, for somebody who is asked or is in its team."""
    share = agency_fees.share_on(agency_id, now.date()) if agency_id else 0
    return {"sees": teams.SEES, "never": teams.NEVER_SEES, "share": f"{share / 100:g}"}


@require_http_methods(["GET", "POST"])
@access.worker
def answer(request: WorkerRequest, invitation_id: uuid.UUID) -> HttpResponse:
    """An invitation to a team with all that follows from a yes; yes, or no."""
    now, addresses = timezone.now(), organisations.confirmed_addresses(request.user.pk)
    found = teams.for_person(invitation_id=invitation_id, addresses=addresses, now=now)
    if request.method == "POST":
        with transaction.atomic(durable=True):
            if request.POST.get("answer") == "yes":
                teams.accept(invitation=found, worker_id=request.user.pk, addresses=addresses, now=now)
                messages.success(request, _("You are in the team of %(agency)s.") % {"agency": found.agency.name})
            else:
                teams.decline(invitation=found, by_id=request.user.pk, now=now)
                messages.success(request, _("You said no. Nothing changes for you."))
        return redirect("market:my_agency")
    return render(request, "worker/agency_invitation.html", {
        "invitation": found, "place": teams.place_of(request.user.pk), **_terms(found.agency_id, now)
    })  # fmt: skip


@require_POST
@access.worker
def leave(request: WorkerRequest) -> HttpResponse:
    """Leave the team at once."""
    with transaction.atomic(durable=True):
        teams.leave(worker_id=request.user.pk, now=timezone.now())
    messages.success(request, _("You left the team. Your account, work, skills and money are as they were."))
    return redirect("market:my_agency")


@require_GET
@access.public
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link of an invitation leads: on to the answer for whom it is meant, to an account for who has none."""
    now = timezone.now()
    found = teams.by_link(token=token, now=now)
    fits = False
    if request.user.is_authenticated:
        user = access.user_of(request)
        fits = found.email in organisations.confirmed_addresses(user.pk)
        if fits and WorkerProfile.objects.filter(pk=user.pk).exists():
            return redirect("market:team_answer", invitation_id=found.pk)
    return render(request, "people/team_invitation.html", {"invitation": found, "fits": fits, **_terms(found.agency_id, now)})
