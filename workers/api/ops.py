"""The API of ops: people, pauses and endings, roles, appeals, agreements."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from workers import access, agreements, api_lists, appeals, decisions, people, queries, standing
from workers import serializers as shapes
from workers.models import Agreement, OpsRole


class People(api_lists.ListView):
    """Everybody, by name; `q` looks for the beginning of a name or e-mail address."""

    permission_classes = [access.Ops()]

    @extend_schema(
        tags=["ops"],
        parameters=[*api_lists.PARAMETERS, OpenApiParameter("q", str)],
        responses=api_lists.paged(shapes.PersonSerializer),
    )
    def get(self, request: Request) -> HttpResponse:
        rows = queries.find_people(request.query_params.get("q", ""), roles=queries.ops_roles(access.user_of(request).pk))
        return api_lists.answer(request, rows, order="-created_at", serializer=shapes.PersonSerializer)


class Pause(APIView):
    """Pause a worker."""

    permission_classes = [access.Ops(*decisions.LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=shapes.PauseSerializer, responses=shapes.ProfileSerializer)
    @once
    def post(self, request: Request, person_id: uuid.UUID) -> Response:
        given = shapes.PauseSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        worker = standing.pause(
            worker_id=person_id,
            reason=given.validated_data["reason"],
            until=given.validated_data["until"],
            by_id=access.user_of(request).pk,
            now=timezone.now(),
        )
        return Response(shapes.ProfileSerializer(worker).data)


class Resume(APIView):
    """End a worker's pause."""

    permission_classes = [access.Ops(*decisions.LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=None, responses=shapes.ProfileSerializer)
    @once
    def post(self, request: Request, person_id: uuid.UUID) -> Response:
        worker = standing.resume(worker_id=person_id, by_id=access.user_of(request).pk, reason="by_ops", now=timezone.now())
        return Response(shapes.ProfileSerializer(worker).data)


class End(APIView):
    """Decide to end a paused worker's work. Needs a browser session re-authenticated in the last 15 minutes."""

    permission_classes = [access.Ops(*decisions.LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=shapes.DecideSerializer, responses={201: shapes.DecisionSerializer})
    @once
    def post(self, request: Request, person_id: uuid.UUID) -> Response:
        decision = standing.decide_ending(worker_id=person_id, **decided(request))
        return Response(shapes.DecisionSerializer(decision).data, status=201)


def decided(request: Request) -> dict[str, Any]:
    """What every decision against a person needs, out of its request: by whom and when, reason, clause, evidence, and when they
    last proved who they are. Raises DRF's ValidationError, ReauthenticationTooOld."""
    given = shapes.DecideSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    return {
        "by_id": access.user_of(request).pk,
        "reason": given.validated_data["reason"],
        "clause": given.validated_data["clause"],
        "evidence": [dict(piece) for piece in given.validated_data["evidence"]],
        "reauthenticated_at": fresh_authentication(request),
        "now": timezone.now(),
    }


def fresh_authentication(request: Request) -> datetime:
    """When this session was re-authenticated. Raises ReauthenticationTooOld for programs and for sessions that never were."""
    moment = access.reauthenticated_at(request._request) if request.auth is None else None
    if moment is None:
        raise decisions.ReauthenticationTooOld(_("Confirm that it is you before you decide against a person."))
    return moment


class OpsRoles(api_lists.ListView):
    """Who is of ops."""

    permission_classes = [access.Ops(OpsRole.ADMIN)]

    @extend_schema(tags=["ops"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.OpsRoleSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = OpsRole.objects.select_related("user")
        return api_lists.answer(request, rows, order="given_at", serializer=shapes.OpsRoleSerializer)

    @extend_schema(tags=["ops"], request=shapes.OpsRoleSerializer, responses={201: shapes.OpsRoleSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = shapes.OpsRoleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = people.give_role(
            user_id=given.validated_data["user"].pk,
            role=given.validated_data["role"],
            by_id=access.user_of(request).pk,
            now=timezone.now(),
        )
        return Response(shapes.OpsRoleSerializer(row).data, status=201)


class OpsRoleDetail(APIView):
    """One role of one person."""

    permission_classes = [access.Ops(OpsRole.ADMIN)]

    @extend_schema(tags=["ops"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, person_id: uuid.UUID, role: str) -> Response:
        people.take_role(user_id=person_id, role=role, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(status=204)


class WaitingAppeals(api_lists.ListView):
    """Appeals that wait for an answer or a decision, the most urgent first."""

    permission_classes = [access.Ops(*decisions.LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.AppealSerializer))
    def get(self, request: Request) -> HttpResponse:
        return api_lists.answer(request, appeals.waiting(), order="decide_due_at", serializer=shapes.AppealSerializer)


class AnswerAppeal(APIView):
    """Give the first human answer to an appeal."""

    permission_classes = [access.Ops(*decisions.LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=shapes.AnswerSerializer, responses=shapes.AppealSerializer)
    @once
    def post(self, request: Request, appeal_id: uuid.UUID) -> Response:
        given = shapes.AnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        appeal = appeals.find(appeal_id)
        appeals.answer(appeal=appeal, by_id=access.user_of(request).pk, text=given.validated_data["text"], now=timezone.now())
        return Response(shapes.AppealSerializer(appeal).data)


class DecideAppeal(APIView):
    """Decide an appeal as a second person."""

    permission_classes = [access.Ops(*decisions.LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=shapes.VerdictSerializer, responses=shapes.AppealSerializer)
    @once
    def post(self, request: Request, appeal_id: uuid.UUID) -> Response:
        given = shapes.VerdictSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        appeal = appeals.find(appeal_id)
        appeals.decide(
            appeal=appeal,
            by_id=access.user_of(request).pk,
            overturn=given.validated_data["overturn"],
            grounds=given.validated_data["grounds"],
            now=timezone.now(),
        )
        return Response(shapes.AppealSerializer(appeal).data)


class PublishedAgreements(api_lists.ListView):
    """Every version of every agreement, and publishing the next one."""

    permission_classes = [access.Ops(write=(OpsRole.ADMIN,))]

    @extend_schema(tags=["ops"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.AgreementSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Agreement.objects.all()
        return api_lists.answer(request, rows, order="-published_at", serializer=shapes.AgreementSerializer)

    @extend_schema(tags=["ops"], request=shapes.AgreementSerializer, responses={201: shapes.AgreementSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = shapes.AgreementSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = agreements.publish(
            kind=given.validated_data["kind"],
            title=given.validated_data["title"],
            text=given.validated_data["text"],
            by_id=access.user_of(request).pk,
            now=timezone.now(),
        )
        return Response(shapes.AgreementSerializer(made).data, status=201)
