"""The kinds of work that a project can be made of: their fields, settings and units."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import reply
from marketplace.api.reach import MarketView
from task_types import registry
from task_types.contract import TaskType
from workers import access


class TaskFieldSerializer(serializers.Serializer[Any]):
    """One thing that a task is made of; a column of a file is mapped to it."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="text, image, json, list or number")
    required = serializers.BooleanField()  # type: ignore[assignment]
    help = serializers.CharField()


class TaskSettingSerializer(serializers.Serializer[Any]):
    """One thing that a project decides about its tasks."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="text, long_text, number, yes_no, select, labels or criteria")
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()
    default = serializers.JSONField()
    options = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    low = serializers.IntegerField(allow_null=True)
    high = serializers.IntegerField(allow_null=True)


class TaskTypeSerializer(serializers.Serializer[Any]):
    """A kind of work."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    aggregation = serializers.CharField(help_text="How answers become one: categorical, pairwise, boxes, numeric or text")
    gold_is_possible = serializers.BooleanField()
    default_seconds = serializers.IntegerField(help_text="What a task takes as long as nobody has measured it: a guess")
    units = serializers.ListField(child=serializers.CharField(), help_text="What can be counted in an answer")
    exports = serializers.ListField(child=serializers.CharField(), help_text="Formats beyond csv and jsonl")
    fields = TaskFieldSerializer(many=True)  # type: ignore[assignment]
    settings = TaskSettingSerializer(many=True)


def shown(drawer: TaskType) -> dict[str, Any]:
    return {
        "slug": drawer.slug, "name": drawer.name, "description": drawer.description, "aggregation": drawer.aggregation,
        "gold_is_possible": drawer.gold_is_possible, "default_seconds": drawer.default_seconds,
        "units": [unit.name for unit in drawer.unit_kinds], "exports": sorted(drawer.extra_exports),
        "fields": [
            {"name": field.name, "kind": field.kind, "required": field.required, "help": field.help}
            for field in drawer.fields
        ],
        "settings": [
            {
                "name": field.name, "kind": field.kind, "label": field.label, "help": field.help, "default": field.default,
                "options": field.options, "low": field.low, "high": field.high,
            }
            for field in drawer.settings_fields()
        ],
    }


class TaskTypes(MarketView):
    """The kinds of work there are."""

    permission_classes = [access.SignedIn]
    audience = "client"

    @extend_schema(responses=TaskTypeSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply([shown(drawer) for drawer in registry.drawers().values()])


class TaskTypeDetail(MarketView):
    """One kind of work."""

    permission_classes = [access.SignedIn]
    audience = "client"

    @extend_schema(responses=TaskTypeSerializer)
    def get(self, request: Request, slug: str) -> HttpResponse:
        return reply(shown(registry.drawer(slug)))
