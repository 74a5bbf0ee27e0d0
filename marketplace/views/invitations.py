"""Pages for inviting people by address: a client's for its own project, ops' for any; a dry run first, states, withdrawing."""

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
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import NotFound, ProductError
from marketplace import invitation_form, invitations
from marketplace.models import Project
from marketplace.views.client.frame import project_of, project_page, put_error
from marketplace.views.ops import projects as ops_projects
from workers import access, organisations
from workers.access import ClientRequest, PersonRequest
from workers.models import OpsRole, Organisation


@require_http_methods(["GET", "POST"])
@access.client("manager")
def client_page(request: ClientRequest, org: str, project_id: uuid.UUID) -> HttpResponse:
    """A client's own invitations to one of its projects."""
    project = project_of(request, project_id)
    done, context, status = _work(request, project, request.organisation)
    if done:
        return redirect("market:client_invitations", org=org, project_id=project.pk)
    context |= {"withdraw_url": "market:client_withdraw_work_invitation", "args": [org, project.pk]}
    return project_page(request, "client/project_invitations.html", project, "invitations", context, status=status)


@require_http_methods(["GET", "POST"])
@access.ops(OpsRole.POOL_MANAGER)
def ops_page(request: PersonRequest, project_id: uuid.UUID) -> HttpResponse:
    """Ops' invitations to a project."""
    project = ops_projects.project_of(project_id)
    done, context, status = _work(request, project, None)
    if done:
        return redirect("market:ops_invitations", project_id=project.pk)
    context |= {"crumbs": [{"label": _("Pools"), "url": reverse("market:ops_pools")},
                           {"label": project.name, "url": reverse("market:ops_project", args=[project.pk])}]}  # fmt: skip
    return render(request, "ops/project_invitations.html", context, status=status)


def _work(request: HttpRequest, project: Project, organisation: Organisation | None) -> tuple[bool, dict[str, Any], int]:
    """Whether the list was sent; else what the page shows, with the dry run or the errors."""
    now, form, found = timezone.now(), invitation_form.Inviting(request.POST or None, request.FILES or None), None
    text = ""
    if request.method == "POST" and form.is_valid():
        try:
            text = form.text()
            asked: dict[str, Any] = {"project": project, "text": text, "by_id": request.user.pk, "organisation": organisation, "now": now}
            if request.POST.get("apply"):
                with transaction.atomic(durable=True):
                    count = len(invitations.send(**asked).asked)
                messages.success(request, ngettext("%(n)s address is asked.", "%(n)s addresses are asked.", count) % {"n": count})
                return True, {}, 200
            found = invitations.look(**asked)
        except ProductError as error:
            put_error(form, error)
    context = invitation_form.shown(project, now, organisation) | {"form": form, "found": found, "lines": text}
    return False, context, 422 if form.errors else 200


@require_POST
@access.client("manager")
def client_withdraw(request: ClientRequest, org: str, project_id: uuid.UUID, invitation_id: uuid.UUID) -> HttpResponse:
    """Make a link useless."""
    project = project_of(request, project_id)
    _withdraw(request, project, invitation_id, request.organisation)
    return redirect("market:client_invitations", org=org, project_id=project.pk)


@require_POST
@access.ops(OpsRole.POOL_MANAGER)
def ops_withdraw(request: PersonRequest, project_id: uuid.UUID, invitation_id: uuid.UUID) -> HttpResponse:
    """Make a link useless, whoever sent it."""
    _withdraw(request, ops_projects.project_of(project_id), invitation_id, None)
    return redirect("market:ops_invitations", project_id=project_id)


def _withdraw(request: HttpRequest, project: Project, invitation_id: uuid.UUID, organisation: Organisation | None) -> None:
    rows = invitations.of_project(project)
    found = (rows.filter(organisation=organisation) if organisation else rows).filter(pk=invitation_id).first()
    if found is None:
        raise NotFound(_("There is no such invitation."))
    with transaction.atomic(durable=True):
        organisations.withdraw_invitation(invitation=found, by_id=request.user.pk, now=timezone.now())
    messages.success(request, _("The link no longer works."))
