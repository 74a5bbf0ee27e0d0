"""The API of organisations: their settings, members and invitations."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.errors import NotFound
from workers import access, api_lists, organisations, queries
from workers import serializers as shapes
from workers.models import Invitation, Membership, Organisation


class Organisations(APIView):
    """The organisations that one belongs to, and opening one."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["organisations"], responses=shapes.BelongingSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(shapes.BelongingSerializer(queries.memberships(access.user_of(request).pk), many=True).data)

    @extend_schema(tags=["organisations"], request=shapes.OrganisationSerializer, responses={201: shapes.OrganisationSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = shapes.OrganisationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = organisations.open_organisation(
            name=given.validated_data["name"],
            currency=given.validated_data["billing_currency"],
            owner_id=access.user_of(request).pk,
            now=timezone.now(),
        )
        return Response(shapes.OrganisationSerializer(made).data, status=201)


class OrganisationDetail(APIView):
    """One organisation."""

    permission_classes = [access.Client("viewer", write="owner", agencies=True)]

    @extend_schema(tags=["organisations"], responses=shapes.OrganisationSerializer)
    def get(self, request: Request, org: str) -> Response:
        return Response(shapes.OrganisationSerializer(access.organisation_of(request)).data)

    @extend_schema(tags=["organisations"], request=shapes.RenameSerializer, responses=shapes.OrganisationSerializer)
    @once
    def patch(self, request: Request, org: str) -> Response:
        given = shapes.RenameSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        organisation: Organisation = access.organisation_of(request)
        organisations.rename(
            organisation=organisation,
            name=given.validated_data["name"],
            by_id=access.user_of(request).pk,
            now=timezone.now(),
        )
        return Response(shapes.OrganisationSerializer(organisation).data)


class Members(api_lists.ListView):
    """The people of an organisation."""

    permission_classes = [access.Client("viewer", agencies=True)]

    @extend_schema(tags=["organisations"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.MemberSerializer))
    def get(self, request: Request, org: str) -> HttpResponse:
        rows = Membership.objects.select_related("user").filter(organisation=access.organisation_of(request))
        return api_lists.answer(request, rows, order="since", serializer=shapes.MemberSerializer)


class Member(APIView):
    """One member."""

    permission_classes = [access.Client("manager", agencies=True)]

    @extend_schema(tags=["organisations"], request=shapes.MemberSerializer, responses=shapes.MemberSerializer)
    @once
    def patch(self, request: Request, org: str, member_id: uuid.UUID) -> Response:
        given = shapes.MemberSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        member = organisations.find_member(access.organisation_of(request), member_id)
        organisations.change_role(
            membership=member,
            role=given.validated_data["role"],
            by=access.membership_of(request),
            now=timezone.now(),
        )
        return Response(shapes.MemberSerializer(member).data)

    @extend_schema(tags=["organisations"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, org: str, member_id: uuid.UUID) -> Response:
        member = organisations.find_member(access.organisation_of(request), member_id)
        organisations.remove_member(membership=member, by=access.membership_of(request), now=timezone.now())
        return Response(status=204)


class Invitations(api_lists.ListView):
    """Open invitations, and inviting somebody by e-mail."""

    permission_classes = [access.Client("manager", agencies=True)]

    @extend_schema(
        tags=["organisations"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.InvitationSerializer)
    )
    def get(self, request: Request, org: str) -> HttpResponse:
        rows = organisations.open_invitations(access.organisation_of(request), now=timezone.now())
        return api_lists.answer(request, rows, order="-created_at", serializer=shapes.InvitationSerializer)

    @extend_schema(tags=["organisations"], request=shapes.InvitationSerializer, responses={201: shapes.InvitationSerializer})
    @once
    def post(self, request: Request, org: str) -> Response:
        given = shapes.InvitationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        invitation, token = organisations.invite(
            organisation=access.organisation_of(request),
            email=given.validated_data["email"],
            role=given.validated_data["role"],
            by=access.membership_of(request),
            now=timezone.now(),
        )
        organisations.mail_invitation(invitation=invitation, token=token)
        return Response(shapes.InvitationSerializer(invitation).data, status=201)


class InvitationDetail(APIView):
    """One invitation."""

    permission_classes = [access.Client("manager", agencies=True)]

    @extend_schema(tags=["organisations"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, org: str, invitation_id: uuid.UUID) -> Response:
        found = Invitation.objects.filter(organisation=access.organisation_of(request), pk=invitation_id).first()
        if found is None:
            raise NotFound(_("There is no such invitation."))
        organisations.withdraw_invitation(invitation=found, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(status=204)
