"""What an empty queue has to say: what fits, what keeps the rest shut and by how much, when more comes; and being told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import change, reply
from marketplace import arrivals, outlook
from marketplace.api.reach import WorkerView
from marketplace.api.work import ClosedProjectSerializer, shown_closed
from workers import access


class FitSerializer(serializers.Serializer[Any]):
    """A project that lets you in."""

    project = serializers.UUIDField()
    name = serializers.CharField()
    slots = serializers.IntegerField(help_text="Funded slots that fit you now, counted up to 1,000 a queue")
    why = serializers.CharField(help_text="open, daily_cap, all_taken, fair_share or best_first")
    until = serializers.DateTimeField(
        allow_null=True, help_text="With fair_share and best_first: when it is your turn at the latest"
    )


class ExpectedSerializer(serializers.Serializer[Any]):
    """When more work is due whose rule lets you in, from the openings of the last 28 days."""

    openings = serializers.IntegerField()
    enough = serializers.BooleanField(help_text="False: too little data to say when")
    median_hours = serializers.FloatField(allow_null=True, help_text="In half of the cases sooner")
    low_hours = serializers.FloatField(allow_null=True, help_text="In one of ten cases sooner")
    high_hours = serializers.FloatField(allow_null=True, help_text="In one of ten cases later")


class OutlookSerializer(serializers.Serializer[Any]):
    slots = serializers.IntegerField(help_text="Funded slots that fit you now, over all projects")
    fits = FitSerializer(many=True)
    closed = ClosedProjectSerializer(many=True)
    expected = ExpectedSerializer()
    told = serializers.BooleanField(help_text="Whether you asked to be told when there is work")


class AlertSerializer(serializers.Serializer[Any]):
    told = serializers.BooleanField()


class WorkOutlook(WorkerView):
    """How much funded work fits you, which rule keeps you out elsewhere and by how much, and when more is expected."""

    @extend_schema(responses=OutlookSerializer)
    def get(self, request: Request) -> HttpResponse:
        with transaction.atomic(durable=True):
            found = outlook.of(worker_id=access.user_of(request).pk, now=timezone.now())
        return reply({
            "slots": found.slots,
            "fits": [
                {"project": fit.project_id, "name": fit.name, "slots": fit.slots, "why": fit.why, "until": fit.until}
                for fit in found.fits
            ],
            "closed": [shown_closed(closed) for closed in found.closed],
            "expected": _expected(found.expected),
            "told": found.told,
        })  # fmt: skip


def _expected(found: arrivals.Expected) -> dict[str, Any]:
    return {
        "openings": found.openings, "enough": found.median is not None, "median_hours": hours(found.median),
        "low_hours": hours(found.low), "high_hours": hours(found.high),
    }  # fmt: skip


def hours(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds() / 3600, 2)


class Alert(WorkerView):
    """Be told once when there is work for you: ask with POST, take it back with DELETE."""

    @extend_schema(request=None, responses=AlertSerializer)
    def post(self, request: Request) -> HttpResponse:
        return change(request, lambda: _told(request))

    @extend_schema(responses=AlertSerializer)
    def delete(self, request: Request) -> HttpResponse:
        return change(request, lambda: _not_told(request))


def _told(request: Request) -> HttpResponse:
    outlook.ask_to_be_told(worker_id=access.user_of(request).pk, now=timezone.now())
    return reply({"told": True})


def _not_told(request: Request) -> HttpResponse:
    outlook.stop_telling(worker_id=access.user_of(request).pk)
    return reply({"told": False})
