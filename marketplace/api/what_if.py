"""Before a rule is changed: what it would have done to the last 28 days of the project."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, reply
from kit.errors import Invalid
from marketplace import projects, what_if
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import Project
from workers import access


class ChangeSerializer(Body):
    """Any of these; what is not named stays as it is."""

    eligibility = serializers.JSONField(required=False, help_text='For example {"all": [{"fact": "accepted", "least": 20}]}')
    overlap = serializers.IntegerField(required=False, min_value=1, max_value=30)
    max_overlap = serializers.IntegerField(required=False, min_value=1, max_value=60)
    target_accuracy_bp = serializers.IntegerField(required=False, allow_null=True, min_value=5_000, max_value=9_999)


class ShareSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(help_text="Percent")
    low = serializers.FloatField()
    high = serializers.FloatField()


class RuleEffectSerializer(serializers.Serializer[Any]):
    """Of the answers of the last 28 days, those of people whom the rule lets in as they are today."""

    answers = serializers.IntegerField()
    answers_kept = serializers.IntegerField()
    people = serializers.IntegerField()
    people_kept = serializers.IntegerField()
    right = ShareSerializer(allow_null=True, help_text="How often everybody is right on known answers")
    right_kept = ShareSerializer(allow_null=True, help_text="How often those are whom the rule lets in")


class TermsEffectSerializer(serializers.Serializer[Any]):
    """The newest settled tasks asked again from their recorded answers."""

    tasks = serializers.IntegerField()
    answers = serializers.IntegerField()
    answers_then = serializers.IntegerField(help_text="At least so many had been asked")
    decided = serializers.IntegerField()
    same = serializers.IntegerField(help_text="Of the decided ones, those that had come to the result they have")
    beyond = serializers.IntegerField(help_text="Tasks of which more answers had been asked than were ever given")


class WhatIfSerializer(serializers.Serializer[Any]):
    rule = RuleEffectSerializer(allow_null=True)
    terms = TermsEffectSerializer(allow_null=True)


class WhatIf(ClientView):
    """What a change of who may answer, or of how many answers are asked, would have done to the last 28 days. Nothing is changed."""

    permission_classes = [access.Client("viewer")]

    @extend_schema(request=ChangeSerializer, responses=WhatIfSerializer)
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        project = reach.project(self.whose(request), project_id)
        wanted = ChangeSerializer.read(request)
        return reply({"rule": _rule(project, wanted), "terms": _terms(project, wanted)})


class OpsWhatIf(OpsView, WhatIf):
    """The same for anybody's project."""


def _rule(project: Project, wanted: dict[str, Any]) -> dict[str, Any] | None:
    if "eligibility" not in wanted:
        return None
    changed = projects.check_rule(
        wanted["eligibility"], organisation_id=project.organisation_id, field="eligibility"
    )
    return asdict(what_if.rule(project=project, changed=changed, now=timezone.now()))


def _terms(project: Project, wanted: dict[str, Any]) -> dict[str, Any] | None:
    if not wanted.keys() & {"overlap", "max_overlap", "target_accuracy_bp"}:
        return None
    overlap = wanted.get("overlap", project.overlap)
    most = wanted.get("max_overlap", max(project.max_overlap, overlap))
    if most < overlap:
        raise Invalid(_("The most answers cannot be fewer than the least."), field="max_overlap")
    return asdict(what_if.terms(
        project=project, overlap=overlap, max_overlap=most,
        target_accuracy_bp=wanted.get("target_accuracy_bp", project.target_accuracy_bp), now=timezone.now(),
    ))  # fmt: skip
