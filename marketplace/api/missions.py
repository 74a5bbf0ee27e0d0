"""Missions: rewards with a budget that a client, or ops for one, states for a batch in motion."""

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
from marketplace import bonuses
from marketplace.api import reach
from marketplace.api.reach import ClientView, OpsView
from marketplace.models import Mission
from payments import pools
from workers import access


class MissionSerializer(serializers.Serializer[Any]):
    """A reward for so many accepted answers (count) or full UTC days in a row (streak), while its budget lasts."""

    id = serializers.UUIDField()
    batch = serializers.UUIDField()
    kind = serializers.CharField(help_text="count or streak")
    name = serializers.CharField()
    count = serializers.IntegerField(help_text="Accepted answers, or days in a row")
    per_day = serializers.IntegerField(help_text="Of a streak: answers that make a day full")
    amount = MoneyField(help_text="What one reward pays a worker")
    budget = MoneyField(help_text="What is set aside for it, fees included")
    spent = MoneyField()
    rewards_left = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_why = serializers.CharField(help_text="budget, time or stopped")


class NewMissionSerializer(Body):
    """A mission; what it states never changes. A client's budget comes from the bonus pool and, beyond it, from prepaid."""

    kind = serializers.CharField(required=False, default="count", max_length=10)
    name = serializers.CharField(max_length=120)
    count = serializers.IntegerField(min_value=1)
    per_day = serializers.IntegerField(required=False, default=1, min_value=1)
    amount = MoneyField()
    budget = MoneyField()
    ends_at = serializers.DateTimeField()


def shown(mission: Mission) -> dict[str, Any]:
    pool, currency = pools.of(batch_id=mission.batch_id, name=bonuses.pool_of(mission)), mission.batch.currency
    return MissionSerializer({
        "id": mission.pk, "batch": mission.batch_id, "kind": mission.kind, "name": mission.name, "count": mission.count,
        "per_day": mission.per_day, "amount": Money(mission.amount_units, currency), "budget": Money(pool.given, currency),
        "spent": Money(pool.spent, currency), "starts_at": mission.starts_at, "ends_at": mission.ends_at,
        "rewards_left": 0 if mission.ended_at else pool.left // bonuses.cost_of(mission), "ended_at": mission.ended_at,
        "ended_why": mission.ended_why,
    }).data  # fmt: skip


class Missions(ClientView):
    """The missions of a batch, newest first."""

    top_up = True

    @extend_schema(parameters=PAGING, responses=paged(MissionSerializer))
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        rows = reach.batch(self.whose(request), batch_id).missions.select_related("batch")
        return listing(request, rows, order="-starts_at", show=lambda page: [shown(one) for one in page])

    @extend_schema(request=NewMissionSerializer, responses={201: MissionSerializer})
    def post(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """State a mission."""
        given = NewMissionSerializer.read(request)

        def work() -> HttpResponse:
            mission = bonuses.open_mission(
                batch=reach.batch(self.whose(request), batch_id), actor_id=access.user_of(request).pk, now=timezone.now(),
                top_up=self.top_up, **given,
            )
            return reply(shown(mission), 201)

        return change(request, work)


class EndMission(ClientView):
    """No more rewards; what is left of the budget goes back to the batch."""

    @extend_schema(request=None, responses=MissionSerializer)
    def post(self, request: Request, mission_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            found = Mission.objects.select_related("batch__project").filter(pk=mission_id)
            whose = self.whose(request)
            mission = (found.filter(batch__project__organisation_id=whose) if whose else found).first()
            if mission is None:
                raise NotFound(_("There is no such mission."))
            bonuses.end(mission=mission, why="stopped", actor_id=access.user_of(request).pk, now=timezone.now())
            mission.refresh_from_db()
            return reply(shown(mission))

        return change(request, work)


class OpsMissions(OpsView, Missions):
    """The missions of anybody's batch; ops state them out of the batch's bonus pool alone."""

    top_up = False


class OpsEndMission(OpsView, EndMission):
    """End anybody's mission."""
