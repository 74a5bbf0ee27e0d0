"""The API of ops for those who read free texts: how they read, who may, and taking the next text."""

from __future__ import annotations

import random
import uuid
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.errors import Invalid, NotFound
from qualification import known_readings, readers, skills
from qualification import serializers as shapes
from qualification.readings import find
from workers import access
from workers.models import OpsRole


class AgreementSerializer(serializers.Serializer[Any]):
    """Krippendorff's alpha with its 95 % interval: 1 is agreement, 0 what chance gives."""

    alpha = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    units = serializers.IntegerField(help_text="texts that two or more have read")


class ReaderSerializer(serializers.Serializer[Any]):
    """How somebody reads."""

    user = serializers.UUIDField(source="reader.pk")
    name = serializers.CharField(source="reader.name")
    read = serializers.IntegerField()
    known = serializers.IntegerField(help_text="texts met whose points are known")
    as_agreed_bp = serializers.IntegerField(source="as_agreed.mean", default=None, allow_null=True)
    as_agreed_low_bp = serializers.IntegerField(source="as_agreed.low", default=None, allow_null=True)
    as_agreed_high_bp = serializers.IntegerField(source="as_agreed.high", default=None, allow_null=True)
    agreement = AgreementSerializer(allow_null=True)
    lately = serializers.IntegerField(allow_null=True, help_text="basis points above what others gave the same texts, in four weeks")
    before = serializers.IntegerField(allow_null=True, help_text="the same, before that")
    paused_until = serializers.DateTimeField(source="pause.until", default=None, allow_null=True)


class ReaderGrantSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    user = serializers.UUIDField(source="user_id")
    skill = serializers.CharField(source="skill.slug", default=None, allow_null=True, help_text="null: all tests")
    given_at = serializers.DateTimeField(read_only=True)


class GiveReaderSerializer(serializers.Serializer[Any]):
    user = serializers.UUIDField(help_text="a quality lead")
    skill = serializers.CharField(max_length=80, required=False, allow_null=True, default=None, help_text="slug; null: all tests")


class ReadersSerializer(serializers.Serializer[Any]):
    agreement = AgreementSerializer(allow_null=True)
    readers = ReaderSerializer(many=True)
    rights = ReaderGrantSerializer(many=True)


class Readers(APIView):
    """Everybody who reads, how alike, and who may; giving the right to a colleague."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], responses=ReadersSerializer)
    def get(self, request: Request) -> Response:
        found = {
            "agreement": known_readings.of_all(), "readers": known_readings.measured(now=timezone.now()), "rights": readers.live(),
        }  # fmt: skip
        shown: Any = ReadersSerializer(found)
        return Response(shown.data)

    @extend_schema(tags=["exams"], request=GiveReaderSerializer, responses={201: ReaderGrantSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = GiveReaderSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        slug = given.validated_data["skill"]
        skill = skills.by_slug(slug) if slug else None
        if slug and skill is None:
            raise Invalid(_("There is no such skill."), field="skill")
        made = readers.give(
            user_id=given.validated_data["user"], skill=skill, by_id=access.user_of(request).pk, now=timezone.now()
        )
        shown: Any = ReaderGrantSerializer(made)
        return Response(shown.data, status=201)


class EndReader(APIView):
    """Take the right back."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, grant_id: uuid.UUID) -> Response:
        readers.end(grant_id=grant_id, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(status=204)


class TakeReading(APIView):
    """The next text, claimed for half an hour; 404 where nothing is free."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], request=None, responses=shapes.ReadingSerializer)
    @once
    def post(self, request: Request) -> Response:
        found = known_readings.take(by_id=access.user_of(request).pk, now=timezone.now(), luck=random.SystemRandom())
        if found is None:
            raise NotFound(_("Nothing is free to read."))
        shown: Any = shapes.ReadingSerializer(find(found.pk))
        return Response(shown.data)
