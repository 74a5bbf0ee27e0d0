"""The wait-list in the API: a worker's places with number and forecast, ops' lists and telling the next people."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from kit.errors import Invalid
from marketplace import demand, outlook, waitlist
from marketplace.api.outlook import hours
from marketplace.api.reach import OpsView, WorkerView
from marketplace.models import WaitPlace
from marketplace.ops_queries import waiting
from qualification.models import Skill
from workers import access


class WaitPlaceSerializer(serializers.Serializer[Any]):
    """Your place on a list: everybody before you joined earlier and stands there still."""

    id = serializers.UUIDField()
    skill = serializers.CharField(allow_null=True, help_text="By its slug; null: any work")
    language = serializers.CharField(help_text="ISO 639-1; empty: any")
    state = serializers.CharField(help_text="waiting, paused or told")
    joined_at = serializers.DateTimeField()
    number = serializers.IntegerField()
    total = serializers.IntegerField()
    told_before = serializers.IntegerField(help_text="Of those before you: told, and free to begin")
    paused_before = serializers.IntegerField(help_text="Would stand before you again if they went on")
    found_work_by_week = serializers.ListField(child=serializers.IntegerField(), help_text="The last four weeks, the latest first")
    open_slots = serializers.IntegerField(help_text="Funded open work of this list right now, whoever may do it")
    enough = serializers.BooleanField(help_text="False: too little data to say when")
    median_hours = serializers.FloatField(allow_null=True)
    low_hours = serializers.FloatField(allow_null=True, help_text="In one of ten cases sooner")
    high_hours = serializers.FloatField(allow_null=True, help_text="In one of ten cases later")


class NewPlaceSerializer(Body):
    skill = serializers.CharField(max_length=80, required=False, default="", allow_blank=True, help_text="A skill's slug; empty: any work")
    language = serializers.CharField(max_length=8, required=False, default="", allow_blank=True)


class PlaceChangeSerializer(Body):
    state = serializers.ChoiceField(["paused", "waiting"])


def _shown(places: list[WaitPlace]) -> list[dict[str, Any]]:
    now = timezone.now()
    open_now = demand.now_open(now=now) if places else []
    return [_one(waitlist.standing(place=place, now=now, open_now=open_now)) for place in places]


def _one(found: waitlist.Standing) -> dict[str, Any]:
    place, turn = found.place, found.forecast
    return {
        "id": place.pk, "skill": place.skill.slug if place.skill else None, "language": place.language, "state": place.state,
        "joined_at": place.joined_at, "number": found.number, "total": found.total, "told_before": found.told_before,
        "paused_before": found.paused_before, "found_work_by_week": found.weeks, "open_slots": sum(one.slots for one in found.demand),
        "enough": turn.median is not None, "median_hours": hours(turn.median), "low_hours": hours(turn.low),
        "high_hours": hours(turn.high),
    }  # fmt: skip


class MyPlaces(WorkerView):
    """Where you stand on the wait-list; joining a list."""

    @extend_schema(responses=WaitPlaceSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply(_shown(list(waitlist.mine(access.user_of(request).pk))))

    @extend_schema(request=NewPlaceSerializer, responses={201: WaitPlaceSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Joining again gives the place that you have. Refused with work_is_open while work of this list fits you."""
        given, worker_id = NewPlaceSerializer.read(request), access.user_of(request).pk
        skill = Skill.objects.filter(slug=given["skill"], organisation=None).first() if given["skill"] else None
        if given["skill"] and skill is None:
            raise Invalid(_("Expected a skill of the platform."), field="skill")

        def work() -> HttpResponse:
            now = timezone.now()
            outlook.refresh(worker_id, now)
            place = waitlist.join(worker_id=worker_id, skill=skill, language=given["language"], now=now)
            return reply(_shown([place])[0], 201)

        return change(request, work)


class MyPlace(WorkerView):
    """One place: paused, gone on with, left."""

    @extend_schema(request=PlaceChangeSerializer, responses=WaitPlaceSerializer)
    def patch(self, request: Request, place_id: uuid.UUID) -> HttpResponse:
        given, worker_id = PlaceChangeSerializer.read(request), access.user_of(request).pk

        def work() -> HttpResponse:
            place = waitlist.find(worker_id=worker_id, place_id=place_id)
            (waitlist.pause if given["state"] == "paused" else waitlist.go_on)(place=place, now=timezone.now())
            return reply(_shown([place])[0])

        return change(request, work)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, place_id: uuid.UUID) -> HttpResponse:
        worker_id = access.user_of(request).pk

        def work() -> HttpResponse:
            waitlist.leave(place=waitlist.find(worker_id=worker_id, place_id=place_id), now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class WaitListSerializer(serializers.Serializer[Any]):
    """A list, who stands on it, and the funded work that it is for."""

    skill = serializers.CharField(source="skill.slug", allow_null=True, default=None)
    language = serializers.CharField()
    waiting = serializers.IntegerField()
    told = serializers.IntegerField()
    paused = serializers.IntegerField()
    found_work_by_week = serializers.ListField(source="weeks", child=serializers.IntegerField())
    open_slots = serializers.IntegerField(source="slots")
    open_hours = serializers.FloatField(source="hours")
    carries_more = serializers.IntegerField(source="room", help_text="More people for whom there is a share of the work")
    holders = serializers.IntegerField()
    active = serializers.IntegerField()


class TellSerializer(Body):
    project = serializers.UUIDField()
    people = serializers.IntegerField(min_value=1, max_value=waitlist.AT_ONCE)
    dry_run = serializers.BooleanField(required=False, default=True)


class ToldSerializer(serializers.Serializer[Any]):
    """Who was told, or would be, and why no more."""

    people = serializers.ListField(child=serializers.UUIDField())
    fitting = serializers.IntegerField()
    passed_over = serializers.IntegerField(help_text="On its lists, but outside the rule, told within the week, or without alerts")
    open_slots = serializers.IntegerField()
    carries = serializers.IntegerField()
    at_work = serializers.IntegerField()
    called = serializers.IntegerField(help_text="Told within 48 hours, not begun")
    room = serializers.IntegerField()


class OpsWaitList(OpsView):
    """The lists, and telling the next people of a project's work: never more than its funded slots carry."""

    @extend_schema(responses=WaitListSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply(WaitListSerializer(waiting.lists(now=timezone.now()), many=True).data)

    @extend_schema(request=TellSerializer, responses=ToldSerializer)
    def post(self, request: Request) -> HttpResponse:
        """A dry run unless `dry_run` is false."""
        given, who = TellSerializer.read(request), access.user_of(request).pk
        what: dict[str, Any] = {"project_id": given["project"], "people": given["people"], "now": timezone.now()}
        if given["dry_run"]:
            return reply(_round(waitlist.look(**what)))
        return change(request, lambda: reply(_round(waitlist.invite(by_id=who, **what))))


def _round(found: waitlist.Round) -> dict[str, Any]:
    one = found.demand
    return {
        "people": [place.worker_id for place in found.people], "fitting": found.fitting, "passed_over": found.passed_over,
        "open_slots": one.slots, "carries": one.carries, "at_work": one.at_work, "called": one.called, "room": one.room,
    }  # fmt: skip
