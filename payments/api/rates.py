"""Exchange rates: read by finance and set by it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from payments import exchange
from payments.api.finance import FinanceView
from payments.models import ExchangeRate
from workers import access


class ExchangeRateSerializer(serializers.Serializer[Any]):
    """One unit of `base` is `rate` units of `quote`, from a moment on; a rate older than a week is not used."""

    id = serializers.IntegerField()
    base = serializers.CharField()
    quote = serializers.CharField()
    rate = serializers.DecimalField(max_digits=18, decimal_places=9)
    valid_from = serializers.DateTimeField()


class NewExchangeRateSerializer(Body):
    """The next rate of a pair; payouts that are drafted keep theirs."""

    base = serializers.CharField(max_length=3)
    quote = serializers.CharField(max_length=3)
    rate = serializers.CharField(max_length=30)
    sure = serializers.BooleanField(required=False, default=False, help_text="Needed for a rate far from the last one")


class ExchangeRates(FinanceView):
    """Every rate that ever was, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(ExchangeRateSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = ExchangeRate.objects.all()
        return listing(request, rows, order="-valid_from", show=lambda page: ExchangeRateSerializer(page, many=True).data)

    @extend_schema(request=NewExchangeRateSerializer, responses={201: ExchangeRateSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Set a rate from now on."""
        given = NewExchangeRateSerializer.read(request)

        def work() -> HttpResponse:
            made = exchange.put(actor_id=access.user_of(request).pk, now=timezone.now(), **given)
            return reply(ExchangeRateSerializer(made).data, 201)

        return change(request, work)
