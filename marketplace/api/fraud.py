"""The account graph and cases about accounts in the API of ops: neighbours, opening, holding what is disputed, closing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from kit.errors import NotFound
from marketplace import fraud
from marketplace.api.reach import OpsView
from workers import access, graph
from workers.api.ops import fresh_authentication
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import PersonCase, User


class EdgeSerializer(serializers.Serializer[Any]):
    """Why two people are neighbours."""

    a = serializers.UUIDField()
    b = serializers.UUIDField()
    kind = serializers.CharField(help_text="device, document, network, payout, like or link")
    words = serializers.CharField()
    weight = serializers.IntegerField(help_text="3 very telling, 1 little")


class FraudCaseSerializer(serializers.Serializer[Any]):
    """A case about several accounts; it changes nothing by itself."""

    id = serializers.UUIDField()
    person = serializers.UUIDField(source="person_id")
    others = serializers.ListField(child=serializers.UUIDField())
    reasons = serializers.ListField(child=serializers.DictField())
    note = serializers.CharField()
    opened_by = serializers.UUIDField(source="opened_by_id", allow_null=True, help_text="Empty for the duplicate check")
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    holds = serializers.ListField(child=serializers.UUIDField())
    outcome = serializers.CharField()
    finding = serializers.CharField()
    closed_at = serializers.DateTimeField(allow_null=True)


class NewFraudCaseSerializer(Body):
    """Whom it is about, and what made you look."""

    person = serializers.UUIDField()
    note = serializers.CharField(max_length=2_000, allow_blank=True, default="")


class HoldSerializer(Body):
    """The earnings to hold, and no others."""

    earnings = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)


class CloseFraudCaseSerializer(Body):
    """What it was."""

    outcome = serializers.ChoiceField([code for code, _words in PersonCase.OUTCOMES])
    finding = serializers.CharField(max_length=2_000)


class Neighbours(OpsView):
    """Who shares something with a person, and why."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(responses=EdgeSerializer(many=True))
    def get(self, request: Request, person_id: uuid.UUID) -> HttpResponse:
        if not User.objects.filter(pk=person_id).exists():
            raise NotFound(_("There is no such person."))
        return reply(EdgeSerializer(graph.around(person_id), many=True).data)


class FraudCases(OpsView):
    """Cases about accounts, the latest first."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(parameters=PAGING, responses=paged(FraudCaseSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, PersonCase.objects.all(), order="-opened_at", show=_shown)

    @extend_schema(request=NewFraudCaseSerializer, responses={201: FraudCaseSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Open a case with the neighbours as they are now."""
        given = NewFraudCaseSerializer.read(request)

        def work() -> HttpResponse:
            made = fraud.open_case(
                person_id=given["person"], note=given["note"], by_id=access.user_of(request).pk, now=timezone.now()
            )
            return reply(FraudCaseSerializer(made).data, 201)

        return change(request, work)


def _shown(rows: Sequence[PersonCase]) -> Any:
    return FraudCaseSerializer(rows, many=True).data


class HoldInFraudCase(OpsView):
    """Hold single earnings of the people in a case. Needs a browser session re-authenticated in the last 15 minutes."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(request=HoldSerializer, responses=FraudCaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        given = HoldSerializer.read(request)
        fresh_authentication(request)

        def work() -> HttpResponse:
            case = fraud.hold(
                case=fraud.find(case_id), earning_ids=given["earnings"], by_id=access.user_of(request).pk, now=timezone.now()
            )
            return reply(FraudCaseSerializer(case).data)

        return change(request, work)


class CloseFraudCase(OpsView):
    """Say what was found; what is held goes free."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(request=CloseFraudCaseSerializer, responses=FraudCaseSerializer)
    def post(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        given = CloseFraudCaseSerializer.read(request)

        def work() -> HttpResponse:
            case = fraud.close(case=fraud.find(case_id), by_id=access.user_of(request).pk, now=timezone.now(), **given)
            return reply(FraudCaseSerializer(case).data)

        return change(request, work)
