"""The versions of a project's guideline: published, read."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import NotFound
from marketplace import projects
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from workers import access


class GuidelineSerializer(serializers.Serializer[Any]):
    """A version of the guideline; published ones never change."""

    number = serializers.IntegerField()
    markdown = serializers.CharField()
    what_changed = serializers.CharField()
    published_at = serializers.DateTimeField()


class NewGuidelineSerializer(Body):
    """The next version."""

    markdown = serializers.CharField(trim_whitespace=False, max_length=200_000)
    what_changed = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)


class Guidelines(ClientView):
    """The versions of a project's guideline, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(GuidelineSerializer))
    def get(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        rows = reach.project(self.whose(request), project_id).guidelines.all()
        return listing(request, rows, order="-number", show=lambda page: GuidelineSerializer(page, many=True).data)

    @extend_schema(request=NewGuidelineSerializer, responses={201: GuidelineSerializer})
    def post(self, request: Request, project_id: uuid.UUID) -> HttpResponse:
        """Publish the next version."""
        given = NewGuidelineSerializer.read(request)

        def work() -> HttpResponse:
            version = projects.publish_guideline(
                project=reach.project(self.whose(request), project_id), actor_id=access.user_of(request).pk,
                now=timezone.now(), **given,
            )
            return reply(GuidelineSerializer(version).data, 201)

        return change(request, work)


class GuidelineDetail(ClientView):
    """One version of a guideline."""

    @extend_schema(responses=GuidelineSerializer)
    def get(self, request: Request, project_id: uuid.UUID, number: int) -> HttpResponse:
        project = reach.project(self.whose(request), project_id)
        version = project.guidelines.filter(number=number).first()
        if version is None:
            raise NotFound(_("There is no such version."))
        return reply(GuidelineSerializer(version).data)


class OpsGuidelines(OpsView, Guidelines):
    """The guideline versions of anybody's project."""

    http_method_names = ["get", "head", "options"]
