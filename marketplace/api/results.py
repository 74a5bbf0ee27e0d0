"""Results: a task's final answer with its confidence."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, listing, paged
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import Result
from marketplace.states import RESULT


class ResultSerializer(serializers.Serializer[Any]):
    """A final answer. `confidence_bp` is the probability that it is right, in basis points; where answers are numbers, texts
    or boxes it is the weight that agrees with it."""

    task = serializers.IntegerField(source="task_id")
    external_id = serializers.CharField(source="task.external_id", allow_null=True)
    state = serializers.CharField(help_text=", ".join(RESULT.states))
    answer = serializers.JSONField(allow_null=True)
    confidence_bp = serializers.IntegerField(allow_null=True)
    ambiguous = serializers.BooleanField()
    distribution = serializers.JSONField(help_text="By question: the probability of each category")
    low = serializers.FloatField(allow_null=True, help_text="Lower end of a number's 95 % interval")
    high = serializers.FloatField(allow_null=True, help_text="Upper end of a number's 95 % interval")
    answers = serializers.IntegerField(help_text="How many answers it rests on")
    by = serializers.CharField()
    settled_at = serializers.DateTimeField(allow_null=True)


class Results(ClientView):
    """The results of a batch in the order of its tasks: settled ones, or those of another state."""

    @extend_schema(
        parameters=[*PAGING, OpenApiParameter("state", str, enum=RESULT.states)], responses=paged(ResultSerializer)
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        state = reach.one_of(request.query_params.get("state", "settled"), RESULT.states, field="state")
        batch = reach.batch(self.whose(request), batch_id)
        rows = Result.objects.filter(batch=batch, state=state).select_related("task")
        return listing(request, rows, order="task_id", show=lambda page: ResultSerializer(page, many=True).data)


class OpsResults(OpsView, Results):
    """The results of anybody's batch."""
