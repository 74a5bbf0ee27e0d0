"""The API of ops for free texts that wait to be read, evidence that waits for a look, and the time that a person has at tests."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from qualification import accommodations, exams, looks, outcomes, readings
from qualification import serializers as shapes
from workers import access, api_lists
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import OpsRole


class Readings(api_lists.ListView):
    """Free texts that wait for you, the shortest clock first; who wrote them does not show, nor what another reader gave."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.ReadingSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = readings.waiting_for(access.user_of(request).pk, now=timezone.now())
        return api_lists.answer(request, rows, order="due_at", serializer=shapes.ReadingSerializer)


class Claim(APIView):
    """Have a text to oneself for half an hour."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], request=None, responses=shapes.ReadingSerializer)
    @once
    def post(self, request: Request, reading_id: uuid.UUID) -> Response:
        found = readings.find(reading_id)
        readings.claim(reading=found, by_id=access.user_of(request).pk, now=timezone.now())
        shown: Any = shapes.ReadingSerializer(found)
        return Response(shown.data)


class Grade(APIView):
    """Points for each line of the rubric of a claimed text, and a sentence for whoever wrote it."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], request=shapes.PointsSerializer, responses={204: None})
    @once
    def post(self, request: Request, reading_id: uuid.UUID) -> Response:
        given = shapes.PointsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        outcomes.read(
            reading=readings.find(reading_id), points=wanted["points"], note=wanted["note"], by_id=access.user_of(request).pk,
            now=timezone.now(),
        )  # fmt: skip
        return Response(status=204)


class Evidence(APIView):
    """Attempts at an exam that ring a signal, and how often each signal was a false alarm."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], responses=shapes.EvidenceSerializer)
    def get(self, request: Request, exam_id: uuid.UUID) -> Response:
        rung, measured = looks.look_through(exams.find(exam_id=exam_id, organisation=None))
        shown: Any = shapes.EvidenceSerializer({"attempts": rung, "signals": measured})
        return Response(shown.data)


class Decide(APIView):
    """What a person found when they looked; nothing follows by itself."""

    permission_classes = [access.Ops(OpsRole.QUALITY_LEAD)]

    @extend_schema(tags=["exams"], request=shapes.LookSerializer, responses={201: shapes.LookSerializer})
    @once
    def post(self, request: Request, exam_id: uuid.UUID, attempt_id: uuid.UUID) -> Response:
        given = shapes.LookSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        attempt = looks.find(exam=exams.find(exam_id=exam_id, organisation=None), attempt_id=attempt_id)
        made = looks.decide(attempt=attempt, by_id=access.user_of(request).pk, now=timezone.now(), **given.validated_data)
        shown: Any = shapes.LookSerializer(made)
        return Response(shown.data, status=201)


class ExamTime(APIView):
    """The time that a person has at tests: giving more, and the usual again."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=shapes.ExamTimeSerializer, responses=shapes.ExamTimeSerializer)
    @once
    def put(self, request: Request, person_id: uuid.UUID) -> Response:
        given = shapes.ExamTimeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = accommodations.give(
            worker_id=person_id, by_id=access.user_of(request).pk, now=timezone.now(), **given.validated_data
        )
        shown: Any = shapes.ExamTimeSerializer(made)
        return Response(shown.data)

    @extend_schema(tags=["ops"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, person_id: uuid.UUID) -> Response:
        accommodations.end(worker_id=person_id, by_id=access.user_of(request).pk, now=timezone.now())
        return Response(status=204)
