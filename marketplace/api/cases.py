"""Cases of AI use in the API: a worker reads, answers and appeals, ops decides."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from marketplace import cases
from marketplace.api.reach import OpsView, WorkerView
from marketplace.models import AICase
from workers import access
from workers import serializers as shapes
from workers.decisions import LOOKS_AFTER_PEOPLE


class AICaseSerializer(serializers.Serializer[Any]):
    """A question whether AI tools were used against a project's policy; it changes nothing by itself."""

    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    signs = serializers.ListField(child=serializers.CharField(), help_text="pasted, not_typed, too_fast")
    evidence = serializers.JSONField(help_text="Figures of the answers that show them")
    looked_at = serializers.IntegerField(help_text="Long answers that were looked at")
    opened_at = serializers.DateTimeField()
    decide_by = serializers.DateTimeField(help_text="Without a decision by then it ends for the worker")
    said = serializers.CharField(help_text="The worker's word")
    outcome = serializers.CharField(help_text="Empty while open; unfounded, founded, by_silence or overturned")
    grounds = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)


class OpsAICaseSerializer(AICaseSerializer):
    """The same with whose work it is about."""

    worker = serializers.UUIDField(source="worker_id")


class CaseAnswerSerializer(Body):
    """How the work was done."""

    text = serializers.CharField(max_length=cases.LONGEST)


class CaseDecisionSerializer(Body):
    """What a person finds, and why."""

    founded = serializers.BooleanField()
    grounds = serializers.CharField(max_length=cases.LONGEST)


def _shown(rows: Sequence[AICase]) -> Any:
    return AICaseSerializer(rows, many=True).data


def _theirs(rows: Sequence[AICase]) -> Any:
    return OpsAICaseSerializer(rows, many=True).data


class MyCases(WorkerView):
    """What was asked about your work, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(AICaseSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, cases.of_worker(access.user_of(request).pk), order="-opened_at", show=_shown)


class AnswerCase(WorkerView):
    """Say how you worked; the last word before the decision stands."""

    @extend_schema(request=CaseAnswerSerializer, responses=AICaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        given, worker_id = CaseAnswerSerializer.read(request), access.user_of(request).pk

        def work() -> HttpResponse:
            return reply(_shown([cases.answer(case_id=case_id, worker_id=worker_id, text=given["text"], now=timezone.now())])[0])

        return change(request, work)


class AppealCase(WorkerView):
    """Have a decision against you looked at again, within 30 days: answered in 48 hours, decided in 5 days by somebody else."""

    @extend_schema(request=CaseAnswerSerializer, responses={201: shapes.AppealSerializer})
    def post(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        given, worker_id = CaseAnswerSerializer.read(request), access.user_of(request).pk

        def work() -> HttpResponse:
            made = cases.appeal(case_id=case_id, worker_id=worker_id, text=given["text"], now=timezone.now())
            return reply(shapes.AppealSerializer(made).data, status=201)

        return change(request, work)


class OpsCases(OpsView):
    """Open cases, the most urgent first."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(parameters=PAGING, responses=paged(OpsAICaseSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, cases.waiting(), order="decide_by", show=_theirs)


class DecideCase(OpsView):
    """Decide a case, with grounds that the worker reads."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(request=CaseDecisionSerializer, responses=OpsAICaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        given = CaseDecisionSerializer.read(request)

        def work() -> HttpResponse:
            case = cases.decide(case_id=case_id, by_id=access.user_of(request).pk, now=timezone.now(), **given)
            return reply(_theirs([case])[0])

        return change(request, work)
