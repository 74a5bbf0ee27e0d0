"""Batches: opened, read with their progress, launched, paused, resumed, closed, put in another place of the order."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, MoneyField, change, listing, paged, reply
from kit.money import Money
from marketplace import batches, progress
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import Batch
from marketplace.states import BATCH
from payments import queries as money
from workers import access

READ_ONLY = ["get", "head", "options"]


class BatchSerializer(serializers.Serializer[Any]):
    """Tasks launched together with a budget."""

    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    name = serializers.CharField()
    state = serializers.CharField(help_text=", ".join(BATCH.states))
    paused_why = serializers.CharField()
    priority = serializers.IntegerField()
    pilot_size = serializers.IntegerField(allow_null=True)
    tasks = serializers.IntegerField(source="task_count")
    currency = serializers.CharField()
    terms = serializers.JSONField(help_text="What the launch froze; empty before")
    created_at = serializers.DateTimeField()
    launched_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class SlotCountsSerializer(serializers.Serializer[Any]):
    open = serializers.IntegerField()
    leased = serializers.IntegerField()
    filled = serializers.IntegerField()


class BatchProgressSerializer(serializers.Serializer[Any]):
    """Counts of one moment; on large batches they may be up to a minute old (`counted_at`)."""

    tasks = serializers.IntegerField()
    slots = SlotCountsSerializer()
    submissions = serializers.DictField(child=serializers.IntegerField(), help_text="By state, gold and reviews included")
    results = serializers.IntegerField(help_text="Settled ones")
    counted_at = serializers.DateTimeField()


class BatchSpendSerializer(serializers.Serializer[Any]):
    """Where the batch's money is."""

    reserved = MoneyField(help_text="Promised to the batch and not yet spent")
    pending = MoneyField(help_text="Earned and not yet judged")
    paid = MoneyField(help_text="Confirmed to workers")
    fees = MoneyField(help_text="Confirmed to the platform")


class BatchDetailSerializer(BatchSerializer):
    """A batch with its progress and its money."""

    progress = BatchProgressSerializer()
    spend = BatchSpendSerializer()


class NewBatchSerializer(Body):
    project = serializers.UUIDField()
    name = serializers.CharField(max_length=200)


class LaunchBatchSerializer(Body):
    pilot_size = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="Open only so many tasks at first"
    )


class BatchPrioritySerializer(Body):
    priority = serializers.IntegerField(min_value=0, max_value=100)


class CloseBatchSerializer(Body):
    why = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)


def shown(batch: Batch, *, now: datetime) -> dict[str, Any]:
    """A batch in full: three statements at most."""
    counted = progress.of(batch, now=now)
    spend = money.batch_spend(batch.pk)
    nothing = Money.zero(batch.currency)
    funded = spend.paid.currency == batch.currency
    return dict(BatchSerializer(batch).data) | {
        "progress": {
            "tasks": counted.tasks,
            "slots": {"open": counted.open_slots, "leased": counted.leased_slots, "filled": counted.filled_slots},
            "submissions": counted.submissions, "results": counted.results, "counted_at": counted.counted_at,
        },
        "spend": {
            name: getattr(spend, name) if funded else nothing for name in ("reserved", "pending", "paid", "fees")
        },
    }  # fmt: skip


class Batches(ClientView):
    """Batches, newest first."""

    @extend_schema(
        parameters=[
            *PAGING, OpenApiParameter("project", uuid.UUID), OpenApiParameter("state", str, enum=BATCH.states),
        ],
        responses=paged(BatchSerializer),
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponse:
        rows = Batch.objects.all()
        if whose := self.whose(request):
            rows = rows.filter(project__organisation_id=whose)
        if asked := request.query_params.get("project"):
            rows = rows.filter(project_id=reach.as_uuid(asked, field="project"))
        if state := request.query_params.get("state"):
            rows = rows.filter(state=reach.one_of(state, BATCH.states, field="state"))
        return listing(request, rows, order="-created_at", show=lambda page: BatchSerializer(page, many=True).data)

    @extend_schema(request=NewBatchSerializer, responses={201: BatchDetailSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Open a draft."""
        given, now = NewBatchSerializer.read(request), timezone.now()

        def work() -> HttpResponse:
            project = reach.project(self.whose(request), given["project"])
            made = batches.open_draft(
                project=project, name=given["name"], actor_id=access.user_of(request).pk, now=now
            )
            made.refresh_from_db()
            return reply(shown(made, now=now), 201)

        return change(request, work)


class BatchDetail(ClientView):
    """One batch with its progress and its money."""

    @extend_schema(responses=BatchDetailSerializer)
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        return reply(shown(reach.batch(self.whose(request), batch_id), now=timezone.now()))


class _Verb(ClientView):
    """Something done to a batch; answers with the batch."""

    def do(self, request: Request, batch_id: uuid.UUID, verb: Callable[[Batch, uuid.UUID, datetime], None]) -> HttpResponse:
        now = timezone.now()

        def work() -> HttpResponse:
            batch = reach.batch(self.whose(request), batch_id)
            verb(batch, access.user_of(request).pk, now)
            return reply(shown(batch, now=now))

        return change(request, work)


class Launch(_Verb):
    """Freeze the terms, reserve the money, open the slots."""

    @extend_schema(request=LaunchBatchSerializer, responses=BatchDetailSerializer)
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """409 `insufficient_funds` says how much is missing; nothing has moved then."""
        given = LaunchBatchSerializer.read(request)
        return self.do(
            request, batch_id, lambda batch, actor, now: batches.launch(batch=batch, actor_id=actor, now=now, **given)
        )


class Pause(_Verb):
    """No new leases; live ones go on."""

    @extend_schema(request=None, responses=BatchDetailSerializer)
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        return self.do(request, batch_id, lambda batch, actor, now: batches.pause(batch=batch, actor_id=actor, now=now))


class Resume(_Verb):
    """Give out leases again; after a pilot, the rest opens too."""

    @extend_schema(request=None, responses=BatchDetailSerializer)
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        return self.do(request, batch_id, lambda batch, actor, now: batches.go_on(batch=batch, actor_id=actor, now=now))


class Close(_Verb):
    """No new leases, live ones are honoured, open slots are cancelled; what is not needed goes back to prepaid."""

    @extend_schema(request=CloseBatchSerializer, responses=BatchDetailSerializer)
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        given = CloseBatchSerializer.read(request)
        return self.do(
            request, batch_id, lambda batch, actor, now: batches.close(batch=batch, actor_id=actor, now=now, **given)
        )


class Priority(_Verb):
    """Another place in the order of queues: 0 to 100, higher comes first."""

    @extend_schema(request=BatchPrioritySerializer, responses=BatchDetailSerializer)
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        given = BatchPrioritySerializer.read(request)
        return self.do(
            request, batch_id,
            lambda batch, actor, now: batches.reprioritise(batch=batch, actor_id=actor, now=now, **given),
        )  # fmt: skip


class OpsBatches(OpsView, Batches):
    """Everybody's batches."""

    http_method_names = READ_ONLY


class OpsBatch(OpsView, BatchDetail):
    """Anybody's batch."""


class OpsPause(OpsView, Pause):
    """No new leases of this batch."""


class OpsResume(OpsView, Resume):
    """Give out leases of this batch again."""


class OpsClose(OpsView, Close):
    """Close anybody's batch."""


class OpsPriority(OpsView, Priority):
    """Another place in the order for anybody's batch."""
