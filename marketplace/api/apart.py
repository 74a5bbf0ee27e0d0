"""Do not pair in the API: workers ask for it, ops sets and ends it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, change, listing, paged, reply
from marketplace import apart
from marketplace.api.reach import OpsView, WorkerView
from marketplace.models import Apart, ApartWish
from marketplace.models.apart import Why
from workers import access

WHY = ", ".join(Why.values)


class ApartWishSerializer(serializers.Serializer[Any]):
    """A wish to be kept apart from somebody, and what became of it."""

    id = serializers.UUIDField()
    named = serializers.CharField(help_text="In your own words")
    why = serializers.CharField(help_text=WHY)
    asked_at = serializers.DateTimeField()
    outcome = serializers.CharField(help_text="Empty while it waits, then set or declined")
    in_force = serializers.BooleanField()


class MyApartSerializer(serializers.Serializer[Any]):
    """How many people you are kept apart from, and what you asked for. Whom ops found is not told."""

    people = serializers.IntegerField()
    most = serializers.IntegerField()
    wishes = ApartWishSerializer(many=True)


class NewApartWishSerializer(Body):
    """Somebody by name or e-mail address."""

    named = serializers.CharField(max_length=apart.NAMED_MOST)
    why = serializers.CharField(max_length=10, help_text=WHY)


class ApartSerializer(serializers.Serializer[Any]):
    """Two workers who are kept apart."""

    id = serializers.UUIDField()
    one = serializers.UUIDField(source="one_id")
    other = serializers.UUIDField(source="other_id")
    why = serializers.CharField(help_text=WHY)
    set_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class NewApartSerializer(Body):
    """Two workers, and the wish that this answers, if there is one."""

    one = serializers.UUIDField()
    other = serializers.UUIDField()
    why = serializers.CharField(max_length=10, help_text=WHY)
    wish = serializers.UUIDField(required=False, allow_null=True, default=None)


class WaitingApartWishSerializer(serializers.Serializer[Any]):
    """A wish that waits for ops."""

    id = serializers.UUIDField()
    worker = serializers.UUIDField(source="worker_id")
    named = serializers.CharField()
    why = serializers.CharField(help_text=WHY)
    asked_at = serializers.DateTimeField()


def shown_wish(wish: ApartWish) -> dict[str, Any]:
    return {
        "id": wish.pk, "named": wish.named, "why": wish.why, "asked_at": wish.asked_at, "outcome": wish.outcome,
        "in_force": wish.apart is not None and wish.apart.ended_at is None,
    }  # fmt: skip


class MyApart(WorkerView):
    """Whom you are not paired with."""

    @extend_schema(responses=MyApartSerializer)
    def get(self, request: Request) -> HttpResponse:
        worker_id = access.user_of(request).pk
        wishes = [shown_wish(wish) for wish in apart.wishes_of(worker_id)]
        return reply({"people": len(apart.of(worker_id)), "most": apart.MOST, "wishes": wishes})

    @extend_schema(request=NewApartWishSerializer, responses={201: ApartWishSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Ask to be kept apart from somebody; ops decides."""
        given = NewApartWishSerializer.read(request)

        def work() -> HttpResponse:
            return reply(shown_wish(apart.ask(worker_id=access.user_of(request).pk, now=timezone.now(), **given)), 201)

        return change(request, work)


class OpsApart(OpsView):
    """Pairs that are kept apart now, the newest first."""

    permission_classes = [access.Ops("pool_manager", "quality_lead")]

    @extend_schema(parameters=PAGING, responses=paged(ApartSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, apart.in_force(), order="-set_at", show=_shown)

    @extend_schema(request=NewApartSerializer, responses={201: ApartSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Keep two workers apart from now on."""
        given = NewApartSerializer.read(request)

        def work() -> HttpResponse:
            pair = apart.keep(
                one_id=given["one"], other_id=given["other"], why=given["why"], by_id=access.user_of(request).pk,
                now=timezone.now(), wish_id=given["wish"],
            )
            return reply(ApartSerializer(pair).data, 201)

        return change(request, work)


def _shown(rows: Sequence[Apart]) -> Any:
    return ApartSerializer(rows, many=True).data


class EndApart(OpsView):
    """Let two workers meet again."""

    permission_classes = [access.Ops("pool_manager", "quality_lead")]

    @extend_schema(request=None, responses=ApartSerializer)
    def post(self, request: Request, apart_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            pair = apart.end(apart_id=apart_id, by_id=access.user_of(request).pk, now=timezone.now())
            return reply(ApartSerializer(pair).data)

        return change(request, work)


class ApartWishes(OpsView):
    """Workers' wishes that wait, the oldest first."""

    permission_classes = [access.Ops("pool_manager", "quality_lead")]

    @extend_schema(parameters=PAGING, responses=paged(WaitingApartWishSerializer))
    def get(self, request: Request) -> HttpResponse:
        show = lambda rows: WaitingApartWishSerializer(rows, many=True).data  # noqa: E731
        return listing(request, apart.waiting(), order="asked_at", show=show)


class DeclineApartWish(OpsView):
    """Say no to a wish."""

    permission_classes = [access.Ops("pool_manager", "quality_lead")]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, wish_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            apart.decline(wish_id=wish_id, by_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)
