"""Who is ready for more, in the API of ops: the evidence, and giving the next tier."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from marketplace import promotions
from marketplace.api.reach import OpsView
from workers import access


class PromotionSerializer(serializers.Serializer[Any]):
    """A worker and the next tier of a skill, with the evidence. Shares in percent."""

    worker = serializers.UUIDField()
    skill = serializers.UUIDField()
    name = serializers.CharField(help_text="The skill's")
    held = serializers.IntegerField(allow_null=True, help_text="The tier that is proven now")
    tier = serializers.IntegerField()
    answers = serializers.IntegerField()
    right = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    right_an_hour = serializers.FloatField(help_text="By the lower end")
    usual = serializers.FloatField(help_text="Of everybody who answered the same projects")


class PromoteSerializer(Body):
    """Whom and in what, as the list says."""

    worker = serializers.UUIDField()
    skill = serializers.UUIDField()


class PromotedSerializer(serializers.Serializer[Any]):
    """The tier that was given."""

    tier = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)


class Promotions(OpsView):
    """Efficient experts that the figures found."""

    permission_classes = [access.Ops(write=("pool_manager", "quality_lead"))]

    @extend_schema(responses=PromotionSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply([
            {
                "worker": one.worker_id, "skill": one.skill.pk, "name": one.skill.name, "held": one.held, "tier": one.tier,
                "answers": one.answers, "right": round(one.value, 2), "low": round(one.low, 2), "high": round(one.high, 2),
                "right_an_hour": round(one.right_an_hour, 1), "usual": round(one.usual, 1),
            }
            for one in promotions.offers(now=timezone.now())
        ])  # fmt: skip

    @extend_schema(request=PromoteSerializer, responses={201: PromotedSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Give the next tier; 409 `not_offered` when the evidence does not stand any more."""
        given = PromoteSerializer.read(request)

        def work() -> HttpResponse:
            made = promotions.accept(
                worker_id=given["worker"], skill_id=given["skill"], by_id=access.user_of(request).pk, now=timezone.now()
            )
            return reply({"tier": made.tier, "expires_at": made.expires_at}, 201)

        return change(request, work)
