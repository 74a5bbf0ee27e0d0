"""Asking for a test at a newer version of the guideline, in the API: what waits, a dry run, announcing it, taking it back."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from marketplace import exam_rules
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.api.what_if import RuleEffectSerializer
from workers import access


class ExamRuleSerializer(serializers.Serializer[Any]):
    """From `starts_at` on, the project's rule asks for it."""

    id = serializers.UUIDField()
    exam = serializers.UUIDField(source="exam_series", help_text="the series that all versions of the test share")
    version = serializers.IntegerField(help_text="of the guideline")
    announced_at = serializers.DateTimeField()
    starts_at = serializers.DateTimeField()
    told = serializers.IntegerField()


class NewExamRuleSerializer(Body):
    exam = serializers.UUIDField()
    version = serializers.IntegerField(min_value=1, max_value=100_000)
    days = serializers.IntegerField(required=False, default=exam_rules.USUAL_GRACE)


class ExamOutlookSerializer(serializers.Serializer[Any]):
    """Active people whom the rule lets in now, and then, as they are today."""

    people = serializers.IntegerField()
    kept = serializers.IntegerField()
    shut_out = serializers.IntegerField()
    passed_before = serializers.IntegerField(help_text="of those shut out, who passed it for an older version")
    effect = RuleEffectSerializer()


class ExamRules(ClientView):
    """What is announced and has not begun, and announcing a newer version."""

    @extend_schema(responses=ExamRuleSerializer(many=True))
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        rows = exam_rules.waiting(reach.project(self.whose(request), project_id))
        return reply(ExamRuleSerializer(rows, many=True).data)

    @extend_schema(request=NewExamRuleSerializer, responses={201: ExamRuleSerializer})
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Everybody whom it would shut out is told at once."""
        given = NewExamRuleSerializer.read(request)

        def work() -> HttpResponse:
            made = exam_rules.announce(
                project=reach.project(self.whose(request), project_id), series=given["exam"], version=given["version"],
                days=given["days"], actor_id=access.user_of(request).pk, now=timezone.now(),
            )
            return reply(ExamRuleSerializer(made).data, 201)

        return change(request, work)


class ExamRuleOutlook(ClientView):
    """A dry run: how many people it would shut out. Nothing is changed and nobody told."""

    permission_classes = [access.Client("viewer")]

    @extend_schema(request=NewExamRuleSerializer, responses=ExamOutlookSerializer)
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        given = NewExamRuleSerializer.read(request)
        project = reach.project(self.whose(request), project_id)
        found = exam_rules.look(project=project, series=given["exam"], version=given["version"], now=timezone.now())
        return reply(ExamOutlookSerializer(found).data)


class ExamRuleDetail(ClientView):
    """One announcement."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, project_id: uuid.UUID, rule_id: uuid.UUID) -> HttpResponse:
        """It does not begin; whoever was told hears of it."""

        def work() -> HttpResponse:
            project = reach.project(self.whose(request), project_id)
            exam_rules.withdraw(project=project, rule_id=rule_id, actor_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class OpsExamRules(OpsView, ExamRules):
    """The same for anybody's project."""


class OpsExamRuleOutlook(OpsView, ExamRuleOutlook):
    """The same for anybody's project."""

    permission_classes = [access.Ops()]


class OpsExamRuleDetail(OpsView, ExamRuleDetail):
    """The same for anybody's project."""
