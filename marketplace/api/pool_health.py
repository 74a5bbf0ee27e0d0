"""The health of each project's crowd in the API, and the bounds of its bands."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from marketplace import pool_health
from marketplace.api.reach import OpsView
from marketplace.models import PoolHealth
from marketplace.quality import bands
from workers import access


class PoolHealthSerializer(serializers.Serializer[Any]):
    project = serializers.UUIDField(source="project_id")
    name = serializers.CharField(source="project.name")
    band = serializers.ChoiceField(bands.BANDS)
    since = serializers.DateTimeField()
    why = serializers.CharField()
    figure = serializers.FloatField()
    bound = serializers.FloatField()
    sentence = serializers.SerializerMethodField()

    def get_sentence(self, row: PoolHealth) -> str:
        return pool_health.sentence(row.why, row.figure, row.bound)


class HealthBoundsSerializer(Body):
    most_hours_each = serializers.FloatField()
    least_hours_each = serializers.FloatField()
    most_days = serializers.FloatField()
    least_accepted = serializers.FloatField(help_text="percent")
    from_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="null: at once")


class PoolsHealth(OpsView):
    """The band of every crowd as it was last read, the gravest first."""

    @extend_schema(responses=PoolHealthSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        rows = PoolHealth.objects.select_related("project").filter(project__archived_at__isnull=True)[:500]
        return reply(PoolHealthSerializer(sorted(rows, key=lambda row: (bands.BANDS.index(row.band), row.since)), many=True).data)


class PoolBounds(OpsView):
    """The bounds that were published, the latest first, and publishing others."""

    @extend_schema(responses=HealthBoundsSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply(HealthBoundsSerializer(pool_health.published()[:100], many=True).data)

    @extend_schema(request=HealthBoundsSerializer, responses={201: HealthBoundsSerializer})
    def post(self, request: Request) -> HttpResponse:
        given, who, now = HealthBoundsSerializer.read(request), access.user_of(request).pk, timezone.now()
        begins = given.pop("from_at") or now

        def work() -> HttpResponse:
            made = pool_health.publish(wanted=bands.Bounds(**given), from_at=begins, by_id=who, now=now)
            return reply(HealthBoundsSerializer(made).data, 201)

        return change(request, work)
