"""Inviting people by address in the API: a client's for its own projects, ops' for any; a dry run unless it says otherwise."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import NotFound
from marketplace import invitations
from marketplace.api import reach
from marketplace.api.pools import BadLineSerializer
from marketplace.api.reach import ClientView, MarketView, OpsView
from marketplace.models import Project
from workers import access, organisations, work_invitations
from workers.models import Invitation, Organisation


class WorkInvitationSerializer(serializers.Serializer[Any]):
    """Somebody was asked to work on a project."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    state = serializers.SerializerMethodField(help_text="waiting, sent, accepted, declined, withdrawn or expired")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    def get_state(self, one: Invitation) -> str:
        return work_invitations.state_of(one, now=timezone.now())


class InviteSerializer(Body):
    people = serializers.ListField(child=serializers.CharField(max_length=254), max_length=invitations.MOST_LINES, help_text="Addresses")
    dry_run = serializers.BooleanField(required=False, default=True)


class InvitedSerializer(serializers.Serializer[Any]):
    """Who is asked, or would be, and which lines are not, with why."""

    asked = serializers.ListField(child=serializers.EmailField())
    bad = BadLineSerializer(many=True)
    room = serializers.IntegerField(help_text="How many more people the funded work carried before")
    open_slots = serializers.IntegerField()


class Invitations(MarketView):
    """Invitations to work on a project, and asking people by address: never more than its funded open work carries."""

    def project(self, request: Request, project_id: uuid.UUID) -> Project:
        raise NotImplementedError

    def organisation(self, request: Request) -> Organisation | None:
        raise NotImplementedError

    @extend_schema(parameters=PAGING, responses=paged(WorkInvitationSerializer))
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        rows, own = invitations.of_project(self.project(request, project_id)), self.organisation(request)
        rows = rows.filter(organisation=own) if own else rows
        return listing(request, rows, order="-created_at", show=lambda found: WorkInvitationSerializer(found, many=True).data)

    @extend_schema(request=InviteSerializer, responses=InvitedSerializer)
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        given, project = InviteSerializer.read(request), self.project(request, project_id)
        asked: dict[str, Any] = {
            "project": project, "text": "\n".join(given["people"]), "by_id": access.user_of(request).pk,
            "organisation": self.organisation(request), "now": timezone.now(),
        }  # fmt: skip
        if given["dry_run"]:
            return reply(_outcome(invitations.look(**asked)))
        return change(request, lambda: reply(_outcome(invitations.send(**asked))))

    def take_back(self, request: Request, project: Project, invitation_id: uuid.UUID) -> HttpResponse:
        own = self.organisation(request)
        rows = invitations.of_project(project)
        found = (rows.filter(organisation=own) if own else rows).filter(pk=invitation_id).first()
        if found is None:
            raise NotFound(_("There is no such invitation."))

        def work() -> HttpResponse:
            organisations.withdraw_invitation(invitation=found, by_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


def _outcome(found: invitations.Outcome) -> dict[str, Any]:
    return {
        "asked": found.asked, "bad": BadLineSerializer(found.bad, many=True).data, "room": found.room,
        "open_slots": found.demand.slots,
    }  # fmt: skip


class ClientInvitations(Invitations, ClientView):
    """Your own invitations to a project of yours."""

    permission_classes = [access.Client("manager")]
    audience = "client"

    def project(self, request: Request, project_id: uuid.UUID) -> Project:
        return reach.project(access.organisation_of(request).pk, project_id)

    def organisation(self, request: Request) -> Organisation | None:
        return access.organisation_of(request)


class OpsInvitations(Invitations, OpsView):
    """All invitations to a project."""

    permission_classes = [access.Ops("pool_manager")]
    audience = "ops"

    def project(self, request: Request, project_id: uuid.UUID) -> Project:
        return reach.project(None, project_id)

    def organisation(self, request: Request) -> Organisation | None:
        return None


class ClientInvitation(ClientInvitations):
    """Make a link useless."""

    http_method_names = ["delete", "options"]

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, project_id: uuid.UUID, invitation_id: uuid.UUID) -> HttpResponse:
        return self.take_back(request, self.project(request, project_id), invitation_id)


class OpsInvitation(OpsInvitations):
    """Make a link useless, whoever sent it."""

    http_method_names = ["delete", "options"]

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, project_id: uuid.UUID, invitation_id: uuid.UUID) -> HttpResponse:
        return self.take_back(request, self.project(request, project_id), invitation_id)
