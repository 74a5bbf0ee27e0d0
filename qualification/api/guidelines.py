"""An exam and its guideline in the API of those who make exams: named, what changed since, found still right."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kit.api import once
from kit.errors import NotFound
from qualification import guidelines
from qualification.api.makers import Maker
from qualification.models import Exam
from workers import access


class ChangedSectionSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(source="changed.title")
    lines = serializers.SerializerMethodField(help_text="what came and what went")
    questions = serializers.SerializerMethodField(help_text="ids of the questions that belong to it")

    def get_lines(self, one: guidelines.Concerned) -> list[list[str]]:
        return [list(pair) for pair in one.changed.lines]

    def get_questions(self, one: guidelines.Concerned) -> list[str]:
        return [str(item.pk) for item in one.questions]


class StandSerializer(serializers.Serializer[Any]):
    """How an exam stands to its guideline."""

    project = serializers.UUIDField(source="guideline.project")
    version = serializers.IntegerField(help_text="that it was written for, or last found right for")
    newest = serializers.IntegerField(source="guideline.newest")
    behind = serializers.BooleanField()
    sections = serializers.ListField(child=serializers.CharField(), source="guideline.sections")
    unplaced = serializers.IntegerField(help_text="questions that belong to no section")
    changes = ChangedSectionSerializer(many=True)


class TieSerializer(serializers.Serializer[Any]):
    """The project whose guideline it is written for; null for none."""

    project = serializers.UUIDField(allow_null=True)
    recheck = serializers.BooleanField(default=False, help_text="who passed an older version sits what changed alone")


class PlaceSerializer(serializers.Serializer[Any]):
    sections = serializers.DictField(child=serializers.CharField(max_length=200, allow_blank=True), help_text="question: section")

    def validate_sections(self, given: dict[str, str]) -> dict[uuid.UUID, str]:
        return {serializers.UUIDField().to_internal_value(item): title for item, title in given.items()}


class PlacedSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


class StillRightSerializer(serializers.Serializer[Any]):
    """Every question of a changed section is named."""

    version = serializers.IntegerField(min_value=1)
    questions = serializers.ListField(child=serializers.UUIDField(), max_length=2_000)
    recheck = serializers.BooleanField(required=False)


def shown(exam: Exam) -> Response:
    """Raises NotFound for an exam that names no guideline."""
    found = guidelines.stand(exam)
    if found is None:
        raise NotFound(_("This test names no guideline."))
    stand: Any = StandSerializer(found)
    return Response(stand.data)


class ExamGuideline(Maker):
    """The guideline that an exam was written for, with what changed since."""

    @extend_schema(tags=["exams"], responses=StandSerializer)
    def get(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        return shown(self.exam(request, exam_id))

    @extend_schema(tags=["exams"], request=TieSerializer, responses={200: StandSerializer, 204: None})
    @once
    def put(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        given = TieSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        exam = guidelines.tie(
            exam=self.exam(request, exam_id), by_id=access.user_of(request).pk, now=timezone.now(), **given.validated_data
        )
        return shown(exam) if exam.project else Response(status=204)


class Sections(Maker):
    """To which section of the guideline each question belongs."""

    @extend_schema(tags=["exams"], request=PlaceSerializer, responses=PlacedSerializer)
    @once
    def put(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        given = PlaceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        changed = guidelines.place(
            exam=self.exam(request, exam_id), by_id=access.user_of(request).pk, now=timezone.now(), **given.validated_data
        )
        return Response({"changed": changed})


class StillRight(Maker):
    """A person finds the exam right for the newest version; attempts from now on are for that one."""

    @extend_schema(tags=["exams"], request=StillRightSerializer, responses=StandSerializer)
    @once
    def post(self, request: Request, exam_id: uuid.UUID, org: str | None = None) -> Response:
        given = StillRightSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        exam = self.exam(request, exam_id)
        guidelines.still_right(exam=exam, by_id=access.user_of(request).pk, now=timezone.now(), **given.validated_data)
        return shown(self.exam(request, exam_id))
