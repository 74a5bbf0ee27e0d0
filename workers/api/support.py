"""Help in the API: asking, reading the answer, and ops' answering."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.limits import spend
from workers import access, api_lists, support
from workers import serializers as shapes
from workers.models import SupportRequest


class SupportSerializer(serializers.ModelSerializer[SupportRequest]):
    class Meta:
        model = SupportRequest
        fields = ("id", "topic", "text", "state", "asked_at", "due_at", "answer", "answered_at")
        read_only_fields = ("state", "asked_at", "due_at", "answer", "answered_at")


class MySupport(api_lists.ListView):
    """One's requests for help, the latest first, and a new one."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(SupportSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = SupportRequest.objects.filter(user_id=access.user_of(request).pk)
        return api_lists.answer(request, rows, order="-asked_at", serializer=SupportSerializer)

    @extend_schema(tags=["me"], request=SupportSerializer, responses={201: SupportSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = SupportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        who = access.user_of(request).pk
        spend(support.ASKING, account=who, address=request.META.get("REMOTE_ADDR", ""))
        wanted = given.validated_data
        made = support.ask(user_id=who, topic=wanted["topic"], text=wanted["text"], now=timezone.now())
        return Response(SupportSerializer(made).data, status=201)


class AnswerSupport(APIView):
    """Answer a request for help."""

    permission_classes = [access.Ops("pool_manager", "quality_lead", "finance")]

    @extend_schema(tags=["ops"], request=shapes.AnswerSerializer, responses=SupportSerializer)
    @once
    def post(self, request: Request, request_id: uuid.UUID) -> Response:
        given = shapes.AnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        found = support.find(request_id)
        support.answer(request=found, by_id=access.user_of(request).pk, text=given.validated_data["text"], now=timezone.now())
        return Response(SupportSerializer(found).data)
