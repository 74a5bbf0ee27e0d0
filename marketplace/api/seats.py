"""Paid courses and exams in the API: seats that a batch pays, opened, watched and ended by its client."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, MoneyField, change, listing, paged, reply
from kit.errors import NotFound
from kit.money import Money
from marketplace import seats
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import SeatOffer, TrainingKind
from marketplace.seats import DAYS_MOST, SEATS_MOST
from payments import pools
from workers import access


class SeatOfferSerializer(serializers.Serializer[Any]):
    """So many people get a fixed fee, once each, when they pass the project's course or an exam."""

    id = serializers.UUIDField()
    batch = serializers.UUIDField(source="batch_id")
    kind = serializers.CharField(help_text="course or exam")
    exam_series = serializers.UUIDField(allow_null=True, help_text="The exam in all its versions")
    fee = MoneyField(help_text="What one person gets")
    seats = serializers.IntegerField()
    left = serializers.IntegerField(help_text="Seats that can still be taken")
    held = serializers.IntegerField(help_text="Begun and not passed yet")
    passed = serializers.IntegerField(help_text="Passed and paid")
    hold_days = serializers.IntegerField(help_text="How long a seat is kept for who began")
    set_aside = MoneyField(help_text="For it, our fee included")
    spent = MoneyField()
    opened_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class NewSeatOfferSerializer(Body):
    """Seats to be paid; fee and number never change. The money comes from prepaid at once, our fee on top."""

    kind = serializers.ChoiceField(TrainingKind.choices)
    exam = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="A published exam, for kind exam")
    fee = MoneyField()
    seats = serializers.IntegerField(min_value=1, max_value=SEATS_MOST)
    hold_days = serializers.IntegerField(required=False, default=14, min_value=1, max_value=DAYS_MOST)


def shown(offer: SeatOffer) -> dict[str, Any]:
    """An offer as plain data."""
    pool, currency = pools.of(batch_id=offer.batch_id, name=seats.pool_of(offer)), offer.batch.currency
    held, passed = seats.counted(offer)
    return SeatOfferSerializer({
        "id": offer.pk, "batch_id": offer.batch_id, "kind": offer.kind, "exam_series": offer.exam_series,
        "fee": Money(offer.fee_units, currency), "seats": offer.seats, "left": seats.left(offer), "held": held, "passed": passed,
        "hold_days": offer.hold_days, "set_aside": Money(pool.given, currency), "spent": Money(pool.spent, currency),
        "opened_at": offer.opened_at, "ended_at": offer.ended_at,
    }).data  # fmt: skip


class SeatOffers(ClientView):
    """The paid seats of a batch, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(SeatOfferSerializer))
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        rows = SeatOffer.objects.filter(batch=reach.batch(self.whose(request), batch_id)).select_related("batch")
        return listing(request, rows, order="-opened_at", show=lambda page: [shown(one) for one in page])

    @extend_schema(request=NewSeatOfferSerializer, responses={201: SeatOfferSerializer})
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """Pay people who pass."""
        given = NewSeatOfferSerializer.read(request)

        def work() -> HttpResponse:
            batch = reach.batch(self.whose(request), batch_id)
            offer = seats.open_offer(
                batch=batch, kind=given["kind"], fee=given["fee"], seats=given["seats"], hold_days=given["hold_days"],
                exam=seats.exam_for(batch, given["exam"]), actor_id=access.user_of(request).pk, now=timezone.now(),
            )  # fmt: skip
            return reply(shown(offer), 201)

        return change(request, work)


class EndSeatOffer(ClientView):
    """No more seats; who has one keeps it, the rest of the money goes back to the batch."""

    @extend_schema(request=None, responses=SeatOfferSerializer)
    def post(self, request: Request, offer_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            whose, found = self.whose(request), SeatOffer.objects.select_related("batch__project").filter(pk=offer_id)
            offer = (found.filter(batch__project__organisation_id=whose) if whose else found).first()
            if offer is None:
                raise NotFound(_("There are no such seats."))
            seats.end(offer=offer, actor_id=access.user_of(request).pk, now=timezone.now())
            return reply(shown(offer))

        return change(request, work)


class OpsSeatOffers(OpsView, SeatOffers):
    """The paid seats of anybody's batch."""

    http_method_names = ["get", "head", "options"]


class OpsEndSeatOffer(OpsView, EndSeatOffer):
    """End anybody's paid seats."""
