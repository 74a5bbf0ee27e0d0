"""The API of what a worker says of themselves: background, comfort, availability, credentials."""

from __future__ import annotations

import base64
import binascii
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

from kit import documents
from kit.api import KEY, once
from kit.errors import Invalid
from kit.limits import spend
from workers import access, api_lists, credentials, preferences
from workers.models import Credential, Setup
from workers.models.setup import DOMAINS, EDUCATION


class ExpertiseSerializer(serializers.Serializer[Any]):
    domain = serializers.ChoiceField(DOMAINS)
    years = serializers.IntegerField(min_value=0, max_value=preferences.MOST_YEARS)


class BackgroundSerializer(serializers.Serializer[Any]):
    education = serializers.ChoiceField(EDUCATION, allow_blank=True)
    expertise = ExpertiseSerializer(many=True)


class ComfortSerializer(serializers.Serializer[Any]):
    accessibility = serializers.ListField(child=serializers.ChoiceField(list(preferences.ACCESSIBILITY.items())))
    note = serializers.CharField(source="accessibility_note", max_length=500, allow_blank=True, default="")
    avoids = serializers.ListField(
        child=serializers.ChoiceField(list(preferences.CONTENT.items())), help_text="Work that shows it is not offered; no penalty"
    )


class AvailabilitySerializer(serializers.Serializer[Any]):
    hours_per_week = serializers.IntegerField(allow_null=True, min_value=1, max_value=preferences.MOST_HOURS)
    times = serializers.ListField(child=serializers.CharField(max_length=14), help_text="such as mon-evening, in your own zone")
    alerts_paused_until = serializers.DateTimeField(read_only=True, allow_null=True)
    quiet_days = serializers.IntegerField(write_only=True, default=0, min_value=0, max_value=preferences.LONGEST_QUIET.days)


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    class Meta:
        model = Credential
        fields = ("id", "kind", "domain", "title", "issuer", "year", "state", "refusal", "submitted_at", "due_at", "decided_at")
        read_only_fields = ("state", "refusal", "submitted_at", "due_at", "decided_at")


class NewCredentialSerializer(serializers.Serializer[Any]):
    """A credential and its document."""

    kind = serializers.ChoiceField(Credential.HANDED_IN)
    domain = serializers.ChoiceField(DOMAINS)
    title = serializers.CharField(max_length=120)
    issuer = serializers.CharField(max_length=120)
    year = serializers.IntegerField(required=False, allow_null=True, default=None)
    proof = serializers.CharField(help_text="A PDF, JPEG, PNG or WebP of at most 7 MB, in Base64", max_length=10_000_000)


def _given(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _kept(request: Request) -> Setup:
    user_id = access.user_of(request).pk
    return Setup.objects.filter(worker_id=user_id).first() or Setup(worker_id=user_id)


class Background(APIView):
    """Education, and fields in which one knows one's way."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], responses=BackgroundSerializer)
    def get(self, request: Request) -> Response:
        return Response(BackgroundSerializer(_kept(request)).data)

    @extend_schema(tags=["me"], request=BackgroundSerializer, responses=BackgroundSerializer)
    @once
    def put(self, request: Request) -> Response:
        given = _given(BackgroundSerializer, request)
        saved = preferences.save_background(
            worker_id=access.user_of(request).pk, education=given["education"],
            expertise=[dict(row) for row in given["expertise"]], now=timezone.now(),
        )  # fmt: skip
        return Response(BackgroundSerializer(saved).data)


class Comfort(APIView):
    """What makes work possible, and what one would rather not see."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], responses=ComfortSerializer)
    def get(self, request: Request) -> Response:
        return Response(ComfortSerializer(_kept(request)).data)

    @extend_schema(tags=["me"], request=ComfortSerializer, responses=ComfortSerializer)
    @once
    def put(self, request: Request) -> Response:
        given = _given(ComfortSerializer, request)
        saved = preferences.save_comfort(
            worker_id=access.user_of(request).pk, accessibility=given["accessibility"], note=given["accessibility_note"],
            avoids=given["avoids"], now=timezone.now(),
        )  # fmt: skip
        return Response(ComfortSerializer(saved).data)


class Availability(APIView):
    """Hours a week, times, and for how many days alerts are quiet."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], responses=AvailabilitySerializer)
    def get(self, request: Request) -> Response:
        return Response(AvailabilitySerializer(_kept(request)).data)

    @extend_schema(tags=["me"], request=AvailabilitySerializer, responses=AvailabilitySerializer)
    @once
    def put(self, request: Request) -> Response:
        saved = preferences.save_availability(
            worker_id=access.user_of(request).pk, now=timezone.now(), **_given(AvailabilitySerializer, request)
        )
        return Response(AvailabilitySerializer(saved).data)


class Credentials(api_lists.ListView):
    """One's credentials, the latest first, and handing one in."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(CredentialSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Credential.objects.filter(worker_id=access.user_of(request).pk)
        return api_lists.answer(request, rows, order="-submitted_at", serializer=CredentialSerializer)

    @extend_schema(tags=["me"], parameters=[KEY], request=NewCredentialSerializer, responses={201: CredentialSerializer})
    def post(self, request: Request) -> HttpResponse:
        given = _given(NewCredentialSerializer, request)
        try:
            content = base64.b64decode(given.pop("proof"), validate=True)
        except (binascii.Error, ValueError):
            raise Invalid(_("Expected the document in Base64."), field="proof") from None
        spend(credentials.HANDING_IN, account=access.user_of(request).pk, address=request.META.get("REMOTE_ADDR", ""))
        kept = documents.store(content, field="proof")

        @once
        def post(view: APIView, request: Request) -> Response:
            made = credentials.submit(worker_id=access.user_of(request).pk, proof=kept, now=timezone.now(), **given)
            return Response(CredentialSerializer(made).data, status=201)

        return post(self, request)


class OneCredential(APIView):
    """One of one's own credentials."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, credential_id: uuid.UUID) -> Response:
        mine = credentials.find(credential_id, worker_id=access.user_of(request).pk)
        credentials.withdraw(credential=mine, now=timezone.now())
        return Response(status=204)
