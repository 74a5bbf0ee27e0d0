"""Gold: tasks with a known answer, added, listed with how they fare, voided."""

from __future__ import annotations

import random
import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from marketplace import gold
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import GoldAnswer
from workers import access

CHANCE = random.SystemRandom()


class GoldSerializer(serializers.Serializer[Any]):
    """A task with a known answer, and how often it was met and answered right."""

    task = serializers.IntegerField(source="task_id")
    payload = serializers.JSONField(source="task.payload")
    answer = serializers.JSONField()
    seen = serializers.IntegerField()
    right = serializers.IntegerField()
    added_at = serializers.DateTimeField()
    voided_at = serializers.DateTimeField(allow_null=True)
    voided_why = serializers.CharField()
    taught = serializers.BooleanField(help_text="Shown in the course as practice, so it is given out no more")


class GoldRowSerializer(Body):
    row = serializers.DictField(help_text="Fields of the task type")
    answer = serializers.JSONField(help_text="The known answer; what only a person at work can add may be missing")
    prelabel = serializers.JSONField(required=False, allow_null=True, help_text="What work that comes pre-labelled starts from")


class NewGoldSerializer(Body):
    rows = GoldRowSerializer(many=True, min_length=1, max_length=1_000)  # type: ignore[call-arg]


class GoldAddedSerializer(serializers.Serializer[Any]):
    added = serializers.IntegerField()


class VoidGoldSerializer(Body):
    why = serializers.CharField(max_length=40)


class Gold(ClientView):
    """The gold tasks of a project."""

    @extend_schema(
        parameters=[*PAGING, OpenApiParameter("voided", bool, description="Only voided ones, or only those in use")],
        responses=paged(GoldSerializer),
    )
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        rows = GoldAnswer.objects.filter(project=reach.project(self.whose(request), project_id)).select_related("task")
        if (voided := request.query_params.get("voided")) is not None:
            rows = rows.filter(voided_at__isnull=voided.lower() not in ("true", "1"))
        return listing(request, rows, order="task_id", show=lambda page: GoldSerializer(page, many=True).data)

    @extend_schema(request=NewGoldSerializer, responses={201: GoldAddedSerializer})
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Add gold tasks: all or none."""
        given = NewGoldSerializer.read(request)

        def work() -> HttpResponse:
            added = gold.add(
                project=reach.project(self.whose(request), project_id),
                rows=[(one["row"], one["answer"], one.get("prelabel")) for one in given["rows"]], actor_id=access.user_of(request).pk,
                now=timezone.now(), rng=CHANCE,
            )
            return reply({"added": added}, 201)

        return change(request, work)


class VoidGold(ClientView):
    """A known answer was wrong: it is given out no more, and every score that it touched is counted again."""

    @extend_schema(request=VoidGoldSerializer, responses=GoldSerializer)
    def post(self, request: Request, project_id: uuid.UUID, task_id: int) -> HttpResponse:
        given = VoidGoldSerializer.read(request)

        def work() -> HttpResponse:
            project = reach.project(self.whose(request), project_id)
            gold.void(
                project=project, task_id=min(task_id, 2**63 - 1), actor_id=access.user_of(request).pk, now=timezone.now(), **given
            )
            return reply(GoldSerializer(GoldAnswer.objects.select_related("task").get(pk=task_id)).data)

        return change(request, work)


class OpsGold(OpsView, Gold):
    """The gold tasks of anybody's project."""

    http_method_names = ["get", "head", "options"]


class OpsVoidGold(OpsView, VoidGold):
    """Void a gold task of anybody's project."""
