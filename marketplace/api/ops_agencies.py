"""Agencies in the API of ops: opening one, pausing it with a reason, agreeing on its share, taking a fee back."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from kit.ids import uuid7
from kit.money import PAYABLE_STEP, Money
from marketplace.api.reach import OpsView
from payments import agency_fees
from payments.models.agencies import MOST_BP
from workers import access, agencies
from workers.models import Agency


class AgencySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="pk")
    name = serializers.CharField(source="organisation.name")
    slug = serializers.CharField(source="organisation.slug")
    opened_at = serializers.DateTimeField()
    paused_at = serializers.DateTimeField(allow_null=True)
    pause_reason = serializers.CharField()


class NewAgencySerializer(Body):
    name = serializers.CharField(max_length=120)
    owner = serializers.EmailField(max_length=254)


class PauseAgencySerializer(Body):
    paused = serializers.BooleanField()
    reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class AgencyShareSerializer(Body):
    share_bp = serializers.IntegerField(min_value=0, max_value=MOST_BP)
    from_day = serializers.DateField()
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class AgencyTakeBackSerializer(Body):
    amount = serializers.CharField(max_length=20)
    currency = serializers.ChoiceField(sorted(PAYABLE_STEP))
    why = serializers.CharField(max_length=300)


class Agencies(OpsView):
    """All agencies, and opening one."""

    @extend_schema(responses=AgencySerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply(AgencySerializer(agencies.listing()[:200], many=True).data)

    @extend_schema(request=NewAgencySerializer, responses={201: AgencySerializer})
    def post(self, request: Request) -> HttpResponse:
        given, who = NewAgencySerializer.read(request), access.user_of(request).pk

        def work() -> HttpResponse:
            made = agencies.open_agency(name=given["name"], owner_email=given["owner"], by_id=who, now=timezone.now())
            return reply(AgencySerializer(agencies.find(made.pk)).data, 201)

        return change(request, work)


class PauseAgency(OpsView):
    """Pausing an agency with a reason, and letting it go on."""

    @extend_schema(request=PauseAgencySerializer, responses=AgencySerializer)
    def post(self, request: Request, agency_id: uuid.UUID) -> HttpResponse:
        given, who, agency = PauseAgencySerializer.read(request), access.user_of(request).pk, agencies.find(agency_id)

        def work() -> HttpResponse:
            if given["paused"]:
                agencies.pause(agency=agency, reason=given["reason"], by_id=who, now=timezone.now())
            else:
                agencies.resume(agency=agency, by_id=who, now=timezone.now())
            return reply(AgencySerializer(Agency.objects.select_related("organisation").get(pk=agency.pk)).data)

        return change(request, work)


class FinanceView(OpsView):
    """What finance alone agrees."""

    permission_classes = [access.Ops(write=("finance",))]


class AgencyShares(FinanceView):
    """Agreeing on another share of our fee from a day on."""

    @extend_schema(request=AgencyShareSerializer, responses={201: AgencyShareSerializer})
    def post(self, request: Request, agency_id: uuid.UUID) -> HttpResponse:
        given, who, agency = AgencyShareSerializer.read(request), access.user_of(request).pk, agencies.find(agency_id)

        def work() -> HttpResponse:
            agency_fees.agree(agency=agency.organisation, by_id=who, now=timezone.now(), **given)
            return reply({"share_bp": given["share_bp"], "from_day": given["from_day"].isoformat(), "note": given["note"]}, 201)

        return change(request, work)


class AgencyTakeBacks(FinanceView):
    """Taking a fee that fell away off the next days' sums."""

    @extend_schema(request=AgencyTakeBackSerializer, responses={201: AgencyTakeBackSerializer})
    def post(self, request: Request, agency_id: uuid.UUID) -> HttpResponse:
        given, who, agency = AgencyTakeBackSerializer.read(request), access.user_of(request).pk, agencies.find(agency_id)
        amount = Money.parse(given["amount"], given["currency"], field="amount")

        def work() -> HttpResponse:
            agency_fees.take_back(
                agency=agency.organisation, amount=amount, source_kind="correction", source_id=uuid7(), why=given["why"], by_id=who,
                now=timezone.now(),
            )  # fmt: skip
            return reply({"amount": str(amount.decimal()), "currency": amount.currency, "why": given["why"]}, 201)

        return change(request, work)
