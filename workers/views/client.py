"""A client's pages about itself: opening an organisation, settings, members, invitations."""

from __future__ import annotations

import uuid

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import NotFound
from workers import access, organisations, work_invitations
from workers.access import ClientRequest, PersonRequest
from workers.forms import INVITATION_IN_SESSION, InviteForm, OrganisationForm, RenameForm, RoleForm, carry_out
from workers.models import Invitation, Membership

MOST_SHOWN = 500


@require_http_methods(["GET", "POST"])
@access.signed_in
def new_organisation(request: PersonRequest) -> HttpResponse:
    """Open an organisation."""
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = carry_out(
            form,
            lambda: organisations.open_organisation(
                name=form.cleaned_data["name"],
                currency=form.cleaned_data["currency"],
                owner_id=request.user.pk,
                now=timezone.now(),
            ),
        )
        if made is not None:
            return redirect(made.home)
    return render(request, "client/organisation_new.html", {"form": form})


@require_http_methods(["GET", "POST"])
@access.client("viewer", agencies=True)
def organisation(request: ClientRequest, org: str) -> HttpResponse:
    """Settings of the organisation; only owners change them."""
    may_change = request.membership.role == Membership.OWNER
    form = RenameForm(request.POST or None, initial={"name": request.organisation.name})
    if request.method == "POST" and may_change and form.is_valid():
        done = carry_out(
            form,
            lambda: (
                organisations.rename(
                    organisation=request.organisation,
                    name=form.cleaned_data["name"],
                    by_id=request.user.pk,
                    now=timezone.now(),
                )
                or True
            ),
        )
        if done:
            messages.success(request, _("Saved."))
            return redirect("workers:organisation", org=org)
    context = {"organisation": request.organisation, "form": form, "may_change": may_change, "org": org}
    return render(
        request, "client/organisation.html", context, status=403 if request.method == "POST" and not may_change else 200
    )


@require_http_methods(["GET", "POST"])
@access.client("viewer", agencies=True)
def members(request: ClientRequest, org: str) -> HttpResponse:
    """Who belongs to the organisation, who was invited; managers invite."""
    may_manage = request.membership.role != Membership.VIEWER
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = carry_out(
            form,
            lambda: organisations.invite(
                organisation=request.organisation,
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                by=request.membership,
                now=timezone.now(),
            ),
        )
        if made is not None:
            organisations.mail_invitation(invitation=made[0], token=made[1])
            messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": made[0].email})
            return redirect("workers:members", org=org)
    rows = Membership.objects.filter(organisation=request.organisation).select_related("user").order_by("since")
    return render(
        request,
        "client/members.html",
        {
            "members": rows[:MOST_SHOWN],
            "invitations": organisations.open_invitations(request.organisation, now=timezone.now())[:MOST_SHOWN],
            "form": form,
            "may_manage": may_manage,
            "is_owner": request.membership.role == Membership.OWNER,
            "me": request.membership,
            "roles": Membership.ROLES,
            "org": org,
        },
    )


@require_POST
@access.client("manager", agencies=True)
def change_role(request: ClientRequest, org: str, member_id: uuid.UUID) -> HttpResponse:
    """Give a member another role."""
    form = RoleForm(request.POST)
    if form.is_valid():
        with transaction.atomic(durable=True):
            member = organisations.find_member(request.organisation, member_id)
            organisations.change_role(
                membership=member, role=form.cleaned_data["role"], by=request.membership, now=timezone.now()
            )
        messages.success(request, _("%(name)s has another role now.") % {"name": member.user.name})
    return redirect("workers:members", org=org)


@require_POST
@access.client("viewer", agencies=True)
def remove_member(request: ClientRequest, org: str, member_id: uuid.UUID) -> HttpResponse:
    """Take somebody out, or leave."""
    with transaction.atomic(durable=True):
        member = organisations.find_member(request.organisation, member_id)
        organisations.remove_member(membership=member, by=request.membership, now=timezone.now())
    if member.user_id == request.user.pk:
        return redirect("home")
    messages.success(request, _("%(name)s no longer belongs to the organisation.") % {"name": member.user.name})
    return redirect("workers:members", org=org)


@require_POST
@access.client("manager", agencies=True)
def withdraw_invitation(request: ClientRequest, org: str, invitation_id: uuid.UUID) -> HttpResponse:
    """Make the link of an invitation useless."""
    found = Invitation.objects.filter(organisation=request.organisation, pk=invitation_id).first()
    if found is None:
        raise NotFound(_("There is no such invitation."))
    with transaction.atomic(durable=True):
        organisations.withdraw_invitation(invitation=found, by_id=request.user.pk, now=timezone.now())
    return redirect("workers:members", org=org)


@require_http_methods(["GET", "POST"])
@access.public
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who invites, to what; joining for those who are signed in, the way to an account for others. Anybody with the link may say no."""
    now = timezone.now()
    found = organisations.find_invitation(token=token, now=now)
    to_work = found.role == Invitation.WORKER
    if to_work and request.method == "POST" and request.POST.get("decline"):
        with transaction.atomic(durable=True):
            work_invitations.decline(token=token, now=now)
        request.session.pop(INVITATION_IN_SESSION, None)
        messages.success(request, _("You will not be asked about this work again."))
        return redirect("home")
    shown = {"invitation": found, "token": token, "to_work": to_work, "offer": work_invitations.offer(found, now=now)}
    if request.user.is_authenticated:
        user = access.user_of(request)
        addresses = organisations.confirmed_addresses(user.pk)
        if request.method == "POST":
            request.session.pop(INVITATION_IN_SESSION, None)
            if to_work:
                with transaction.atomic(durable=True):
                    work_invitations.accept(token=token, user=user, addresses=addresses, now=now)
                messages.success(request, _("Welcome. What is left to set up stands here; then you can begin."))
                return redirect("/work/")
            with transaction.atomic(durable=True):
                made = organisations.accept_invitation(token=token, user=user, addresses=addresses, now=now)
            messages.success(request, _("Welcome to %(name)s.") % {"name": made.organisation.name})
            return redirect(made.organisation.home)
        return render(request, "people/invitation.html", shown | {"fits": found.email in addresses})
    # Whoever has this link reads the mail of that address, so a new account needs no second proof of it.
    request.session[INVITATION_IN_SESSION] = token
    get_adapter(request).stash_verified_email(request, found.email)
    return render(request, "people/invitation.html", shown | {"fits": False})
