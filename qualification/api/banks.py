"""The API of banks in use: health, estimating anew, resting questions, files in and out; for ops and for organisations alike."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from kit.api import KEY, change, once, reply
from qualification import attempts, bank, bank_files, exams
from qualification import serializers as shapes
from qualification.api.makers import Maker
from qualification.views.bank import download
from workers import access


class Health(Maker):
    """What all answers say about each question: doubtful keys and worn questions first."""

    @extend_schema(tags=["exams"], operation_id="exam_health", responses=shapes.HealthSerializer(many=True))
    def get(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        rows: Any = shapes.HealthSerializer(bank.look(self.exam(request, exam_id)), many=True)
        return Response(rows.data)


class Calibrate(Maker):
    """Estimate discrimination and difficulty from everybody's answers; it holds for attempts from now on."""

    @extend_schema(tags=["exams"], request=None, responses=shapes.CalibratedSerializer)
    @once
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        exam = self.exam(request, exam_id)
        return Response({"estimated": bank.calibrate(exam=exam, by_id=access.user_of(request).pk, now=timezone.now())})


class RestItem(Maker):
    """Stop drawing a question for now, or draw it again; where it was drawn it counts."""

    @extend_schema(tags=["exams"], request=shapes.RestSerializer, responses=shapes.RestSerializer)
    @once
    def post(self, request: Request, exam_id: uuid.UUID, item_id: uuid.UUID, org: str | None = None) -> Response:
        given = shapes.RestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        item = exams.find_item(self.exam(request, exam_id), item_id)
        rest: bool = given.validated_data["rest"]
        attempts.rest_item(item=item, rest=rest, by_id=access.user_of(request).pk, now=timezone.now())
        return Response({"rest": rest})


class Import(Maker):
    """Questions from a CSV, JSON or MTurk file into a draft: good rows are kept, bad ones come back with line and reason."""

    parser_classes = [MultiPartParser]

    @extend_schema(tags=["exams"], parameters=[KEY], request=shapes.BankUploadSerializer, responses={201: shapes.BroughtSerializer})
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> HttpResponse:
        given = shapes.BankUploadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        file, key = given.validated_data["file"], given.validated_data.get("key")
        content, answers = file.read(), key.read() if key else None
        exam = self.exam(request, exam_id)

        def work() -> HttpResponse:
            brought = bank_files.bring_in(
                exam=exam, name=file.name, content=content, key=answers, by_id=access.user_of(request).pk, now=timezone.now()
            )
            return reply({"added": brought.added, "bad": brought.bad}, 201)

        return change(request, work, body=content + (answers or b""))


class Export(Maker):
    """All questions with their keys, as JSON or CSV that the import reads again."""

    @extend_schema(tags=["exams"], responses={(200, "application/json"): OpenApiTypes.BINARY, (200, "text/csv"): OpenApiTypes.BINARY})
    def get(self, request: Request, exam_id: uuid.UUID, form: str, org: str | None = None) -> HttpResponse:
        return download(self.exam(request, exam_id), form)
