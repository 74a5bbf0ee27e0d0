"""Before the launch: a task as a worker sees it, how long it took the client, and what the batch will cost."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit import assets
from kit.api import Body, MoneyField, change, reply
from kit.errors import Invalid, NotFound
from kit.models import Asset
from marketplace import estimates, projects
from marketplace.api import reach
from marketplace.api.reach import ClientView
from marketplace.models import Task
from task_types import registry
from task_types.interface import island
from workers import access

ASSET = "asset:"


class TaskTrySerializer(serializers.Serializer[Any]):
    """A task as a worker sees it: the form (SurveyJS) and what it shows."""

    task = serializers.IntegerField()
    drawer = serializers.CharField()
    form = serializers.JSONField()
    payload = serializers.JSONField()
    data = serializers.JSONField()  # type: ignore[assignment]
    readOnly = serializers.BooleanField()  # noqa: N815 - the name is the form's
    locale = serializers.CharField()


class TookSecondsSerializer(Body):
    """How long a try took you: the best guess of time before any worker has worked."""

    seconds = serializers.IntegerField(min_value=1, max_value=14_400)


class TriesNotedSerializer(serializers.Serializer[Any]):
    tries = serializers.IntegerField(help_text="Tries of this project so far")


class CountSpanSerializer(serializers.Serializer[Any]):
    """An expected number between its low and its high end."""

    expected = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class MoneySpanSerializer(serializers.Serializer[Any]):
    """An expected amount between its low and its high end."""

    expected = MoneyField()
    low = MoneyField()
    high = MoneyField()


class EstimateSerializer(serializers.Serializer[Any]):
    """What a batch will cost and how long it will take, and what that rests on; times in seconds."""

    tasks = serializers.IntegerField()
    answers = CountSpanSerializer()
    gold = CountSpanSerializer()
    reviews = CountSpanSerializer()
    expert_answers = CountSpanSerializer(help_text="Of the answers, those asked of experts")
    adjudications = CountSpanSerializer(help_text="Last words of experts who see all answers")
    seconds = CountSpanSerializer(help_text="Active time of one answer")
    pay = MoneySpanSerializer()
    review_pay = MoneySpanSerializer()
    expert_pay = MoneySpanSerializer(help_text="Adjudications, and what experts' answers cost beyond ordinary ones")
    fee = MoneySpanSerializer()
    total = MoneySpanSerializer()
    per_hour = MoneySpanSerializer(help_text="What a worker really earns in an hour at that pace")
    finish = CountSpanSerializer(allow_null=True, help_text="Until the last answer; null when nobody fits")
    reserve = MoneyField(help_text="What the launch sets aside: the most that the batch can come to")
    workers = serializers.IntegerField(help_text="People who fit right now")
    experts = serializers.IntegerField(allow_null=True, help_text="Experts among them; null where the project asks none")
    source = serializers.CharField(help_text="your last batches, your own tries, or a guess")  # type: ignore[assignment]
    based_on = serializers.IntegerField(help_text="Answers or tries behind it")


class Estimate(ClientView):
    """What a draft will cost and how long it will take."""

    @extend_schema(responses=EstimateSerializer)
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        found = estimates.before_launch(batch=reach.batch(self.whose(request), batch_id), now=timezone.now())
        shown: dict[str, Any] = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
        if found.finish is not None:
            ends = {name: getattr(found.finish, name) for name in ("expected", "low", "high")}
            shown["finish"] = {name: end.total_seconds() for name, end in ends.items()}
        return reply(shown)


class Try(ClientView):
    """Try a task of a batch before it is launched."""

    @extend_schema(
        parameters=[OpenApiParameter("n", int, description="Which task, from 1")], responses=TaskTrySerializer
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        batch, place = reach.batch(self.whose(request), batch_id), request.query_params.get("n", "1")
        if not place.isascii() or not place.isdigit() or not 1 <= int(place[:9]) <= 1_000:
            raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": 1, "high": 1_000}, field="n")
        task = Task.objects.filter(batch=batch).order_by("line")[int(place) - 1 :].first()
        if task is None:
            raise NotFound(_("The batch has no such task."))
        shown = island(
            registry.drawer(batch.project.task_type), settings=batch.project.settings, payload=task.payload,
            answer=task.prelabel, seed=str(task.pk), image_url=lambda name: image_url(batch.pk, task.pk, name),
        )
        return reply({"task": task.pk} | shown)

    @extend_schema(request=TookSecondsSerializer, responses={201: TriesNotedSerializer})
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """Say how many seconds a try took."""
        given = TookSecondsSerializer.read(request)

        def work() -> HttpResponse:
            project = reach.batch(self.whose(request), batch_id).project
            projects.note_try(
                project=project, person_id=access.user_of(request).pk, seconds=given["seconds"], now=timezone.now()
            )
            return reply({"tries": project.tries.count()}, 201)

        return change(request, work)


def image_url(batch_id: uuid.UUID, task_id: int, name: str) -> str:
    """Where a member of the client loads an image of a task; an address of the client's own stays what it is."""
    if not name.startswith(ASSET):
        return name
    return reverse("api_task_image", args=[batch_id, task_id, name.removeprefix(ASSET)])


class TaskImage(ClientView):
    """An image of a task, for members of the client."""

    @extend_schema(responses={(200, "image/*"): OpenApiTypes.BINARY})
    def get(self, request: Request, batch_id: uuid.UUID, task_id: int, digest: str) -> HttpResponse:
        batch = reach.batch(self.whose(request), batch_id)
        task = Task.objects.filter(batch=batch, pk=min(task_id, 2**63 - 1)).first()
        if task is None or f"{ASSET}{digest}" not in task.payload.values():
            raise NotFound(_("There is no such image."))
        return send(digest)


def send(digest: str) -> HttpResponse:
    """The bytes of a stored image; its name is its content, so it may be kept. Raises NotFound."""
    asset = Asset.objects.filter(sha256=digest).first()
    if asset is None:
        raise NotFound(_("There is no such image."))
    return HttpResponse(
        assets.read(asset), content_type=asset.content_type,
        headers={"Cache-Control": "private, max-age=86400, immutable", "Content-Disposition": "inline"},
    )
