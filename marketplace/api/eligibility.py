"""The live count beside an eligibility rule: how many active workers it lets in right now."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from marketplace import eligibility, projects
from marketplace.api.reach import ClientView
from workers import access


class EligibilityRuleSerializer(Body):
    rule = serializers.JSONField(help_text='For example {"all": [{"fact": "language", "code": "de", "level": "B2"}]}')


class EligibilityCountSerializer(serializers.Serializer[Any]):
    workers = serializers.IntegerField()
    rule = serializers.JSONField(help_text="The rule as it would be kept")


class EligibilityCount(ClientView):
    """How many people a rule lets in."""

    permission_classes = [access.Client("viewer")]

    @extend_schema(request=EligibilityRuleSerializer, responses=EligibilityCountSerializer)
    def post(self, request: Request) -> HttpResponse:
        rule = projects.check_rule(
            EligibilityRuleSerializer.read(request)["rule"], organisation_id=self.whose(request), field="rule"
        )
        return change(request, lambda: reply({"workers": eligibility.how_many(rule), "rule": rule}))
