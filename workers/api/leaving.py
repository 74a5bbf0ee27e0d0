"""The API of ways out: one's own erasure, and for admins the countries in which work ends."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.errors import Refused
from workers import access, api_lists, country_exits, erasure
from workers.api.ops import fresh_authentication
from workers.api_auth import Claims
from workers.models import CountryExit, Erasure, OpsRole


class ErasureSerializer(serializers.Serializer[Any]):
    """Where one's wish to be erased stands; `obstacles` are sentences that say what has to be settled first."""

    asked_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    obstacles = serializers.ListField(child=serializers.CharField())


class CountryExitSerializer(serializers.ModelSerializer[CountryExit]):
    class Meta:
        model = CountryExit
        fields = ("id", "country", "clause", "why", "decided_at", "last_work_at", "people", "taken_back_at")
        read_only_fields = ("id", "decided_at", "people", "taken_back_at")


class MyErasure(APIView):
    """That one's personal data be erased: asking needs a browser session proved in the last 15 minutes, taking back does not."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], responses=ErasureSerializer)
    def get(self, request: Request) -> Response:
        return _state(access.user_of(request).pk)

    @extend_schema(tags=["me"], request=None, responses={201: ErasureSerializer})
    @once
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, Claims):
            raise Refused(_("A token cannot ask for this. Sign in and use the page."))
        fresh_authentication(request)
        erasure.ask(user_id=access.user_of(request).pk, now=timezone.now())
        return _state(access.user_of(request).pk, status=201)

    @extend_schema(tags=["me"], request=None, responses=ErasureSerializer)
    @once
    def delete(self, request: Request) -> Response:
        erasure.take_back(user_id=access.user_of(request).pk, now=timezone.now())
        return _state(access.user_of(request).pk)


def _state(user_id: uuid.UUID, *, status: int = 200) -> Response:
    waiting: Erasure | None = erasure.pending(user_id)
    shown: Any = ErasureSerializer({
        "asked_at": waiting.asked_at if waiting else None, "due_at": waiting.due_at if waiting else None,
        "obstacles": erasure.obstacles(user_id),
    })  # fmt: skip
    return Response(shown.data, status=status)


class CountryExits(api_lists.ListView):
    """Countries in which work ends, the latest first; ending it in one more needs a session proved in the last 15 minutes."""

    permission_classes = [access.Ops(OpsRole.ADMIN)]

    @extend_schema(tags=["ops"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(CountryExitSerializer))
    def get(self, request: Request) -> HttpResponse:
        return api_lists.answer(request, CountryExit.objects.all(), order="-decided_at", serializer=CountryExitSerializer)

    @extend_schema(tags=["ops"], request=CountryExitSerializer, responses={201: CountryExitSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = CountryExitSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = country_exits.announce(
            by_id=access.user_of(request).pk, reauthenticated_at=fresh_authentication(request), now=timezone.now(),
            **given.validated_data,
        )  # fmt: skip
        return Response(CountryExitSerializer(made).data, status=201)


class OneCountryExit(APIView):
    """Take an exit back before its last day."""

    permission_classes = [access.Ops(OpsRole.ADMIN)]

    @extend_schema(tags=["ops"], request=None, responses=CountryExitSerializer)
    @once
    def delete(self, request: Request, exit_id: uuid.UUID) -> Response:
        made = country_exits.take_back(exit_id=exit_id, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(CountryExitSerializer(made).data)
