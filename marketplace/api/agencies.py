"""Agencies in the API: an agency's team, what it puts first, its fees; a worker's own yes, with all that follows from it, and leaving."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, change, reply
from kit.errors import NotFound
from kit.money import Money
from marketplace import agency_work
from marketplace.api.reach import MarketView, WorkerView
from payments import agency_fees, sheets
from workers import access, organisations, teams
from workers.models import TeamInvitation, TeamPlace

DAYS_MOST = 90


class DoneInTeamSerializer(serializers.Serializer[Any]):
    project_id = serializers.UUIDField()
    project = serializers.CharField()
    answers = serializers.IntegerField()
    accepted = serializers.IntegerField()
    active_ms = serializers.IntegerField()


class ProvenInTeamSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    tier = serializers.IntegerField()


class TeamMemberSerializer(serializers.Serializer[Any]):
    """All that an agency sees of somebody in its team."""

    worker_id = serializers.UUIDField()
    name = serializers.CharField()
    standing = serializers.CharField()
    since = serializers.DateTimeField()
    skills = ProvenInTeamSerializer(many=True)
    done = DoneInTeamSerializer(many=True)
    first = serializers.ListField(child=serializers.CharField(), help_text="Projects that the agency put first for them")


class TeamSerializer(serializers.Serializer[Any]):
    team = TeamMemberSerializer(many=True)


class TeamInvitationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    expires_at = serializers.DateTimeField()


class AskToTeamSerializer(Body):
    email = serializers.EmailField(max_length=254)


class ProjectForAgencySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    client = serializers.CharField()
    first_for = serializers.ListField(child=serializers.CharField())


class PutFirstSerializer(Body):
    people = serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, required=False, default=None, max_length=agency_work.AT_ONCE,
        help_text="Ids of people of the team; null is all of it",
    )  # fmt: skip


class PutFirstForSerializer(serializers.Serializer[Any]):
    people = serializers.IntegerField(help_text="For how many it was not first before")


class AgencyDaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    currency = serializers.CharField()
    answers = serializers.IntegerField()
    our_fee = serializers.CharField()
    share_bp = serializers.IntegerField()
    fee = serializers.CharField()
    taken_back = serializers.CharField()
    posted = serializers.BooleanField()


class AgencyFeesSerializer(serializers.Serializer[Any]):
    share_bp = serializers.IntegerField(help_text="The share that holds today")
    payee = serializers.UUIDField(allow_null=True)
    waits_because = serializers.CharField()
    days = AgencyDaySerializer(many=True)


class TeamPlaceSerializer(serializers.Serializer[Any]):
    agency = serializers.CharField(source="agency.name")
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)


class AskedToTeamSerializer(TeamInvitationSerializer):
    """An invitation as whom it is for sees it."""

    agency = serializers.CharField(source="agency.name")
    share_bp = serializers.SerializerMethodField(help_text="What the agency gets of our own fee; neither you nor the client pays for it")

    def get_share_bp(self, row: TeamInvitation) -> int:
        return agency_fees.share_on(row.agency_id, timezone.now().date())


class MyAgencySerializer(serializers.Serializer[Any]):
    team = TeamPlaceSerializer(allow_null=True)
    past = TeamPlaceSerializer(many=True)
    invitations = AskedToTeamSerializer(many=True)
    sees = serializers.ListField(child=serializers.CharField(), help_text="What an agency sees of somebody in its team")
    never_sees = serializers.ListField(child=serializers.CharField())


class AnswerTeamSerializer(Body):
    invitation = serializers.UUIDField()
    accept = serializers.BooleanField()


class AgencyView(MarketView):
    """Members of an agency: viewers read, managers change."""

    permission_classes = [access.AgencyMember("viewer", write="manager")]
    audience = "agency"


class Team(AgencyView):
    """An agency's team, and asking somebody to join it."""

    @extend_schema(responses=TeamSerializer)
    def get(self, request: Request, org: str) -> HttpResponse:
        now = timezone.now()
        found = agency_work.team(access.organisation_of(request), since=now - dt.timedelta(days=DAYS_MOST), now=now)
        rows = [
            {
                "worker_id": one.worker_id, "name": one.name, "standing": one.standing, "since": one.since,
                "skills": [{"name": name, "tier": tier} for name, tier in one.skills],
                "done": one.done, "first": one.first,
            }
            for one in found
        ]  # fmt: skip
        return reply(TeamSerializer({"team": rows}).data)

    @extend_schema(request=AskToTeamSerializer, responses={201: TeamInvitationSerializer})
    def post(self, request: Request, org: str) -> HttpResponse:
        given, mailed = AskToTeamSerializer.read(request), []

        def work() -> HttpResponse:
            made = teams.invite(
                agency=access.organisation_of(request), email=given["email"], by=access.membership_of(request), now=timezone.now()
            )
            mailed.append(made)
            return reply(TeamInvitationSerializer(made[0]).data, 201)

        answer = change(request, work)
        for invitation, token in mailed:
            teams.mail_invitation(invitation=invitation, token=token)
        return answer


class OneMember(AgencyView):
    """Somebody in the team."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, org: str, worker_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            place = teams.member(access.organisation_of(request).pk, worker_id)
            teams.let_go(place=place, by_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class OneAsked(AgencyView):
    """An open invitation of the agency."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, org: str, invitation_id: uuid.UUID) -> HttpResponse:
        found = TeamInvitation.objects.filter(agency=access.organisation_of(request), pk=invitation_id).first()
        if found is None:
            raise NotFound(_("There is no such invitation."))

        def work() -> HttpResponse:
            teams.decline(invitation=found, by_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class OpenProjects(AgencyView):
    """Projects with open, funded work that the agency may put first."""

    @extend_schema(responses=ProjectForAgencySerializer(many=True))
    def get(self, request: Request, org: str) -> HttpResponse:
        agency = access.organisation_of(request)
        first = agency_work.people_by_project(agency.pk)
        rows = [
            {"id": one.pk, "name": one.name, "client": one.organisation.name, "first_for": first.get(one.pk, [])}
            for one in agency_work.open_projects(agency.pk)
        ]
        return reply(ProjectForAgencySerializer(rows, many=True).data)


class Picks(AgencyView):
    """Putting a project first for people of the team, and for nobody any more."""

    @extend_schema(request=PutFirstSerializer, responses=PutFirstForSerializer)
    def post(self, request: Request, org: str, project_id: uuid.UUID) -> HttpResponse:
        given, agency, who = PutFirstSerializer.read(request), access.organisation_of(request), access.user_of(request).pk

        def work() -> HttpResponse:
            made = agency_work.pick(
                agency=agency, project_id=project_id, worker_ids=given["people"], by_id=who, now=timezone.now()
            )
            return reply({"people": len(made)})

        return change(request, work)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, org: str, project_id: uuid.UUID) -> HttpResponse:
        agency, who = access.organisation_of(request), access.user_of(request).pk

        def work() -> HttpResponse:
            agency_work.unpick(agency=agency, project_id=project_id, by_id=who, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


class Fees(AgencyView):
    """A month's fees; the payee is named on the page, after proving who one is."""

    @extend_schema(responses=AgencyFeesSerializer)
    def get(self, request: Request, org: str) -> HttpResponse:
        now, agency = timezone.now(), access.organisation_of(request)
        payee = agency_fees.payee_of(agency.pk)
        days = agency_fees.days(agency.pk, start=sheets.read_month(request.GET.get("month"), now=now))
        return reply({
            "share_bp": agency_fees.share_on(agency.pk, now.astimezone(dt.UTC).date()), "payee": payee.user_id if payee else None,
            "waits_because": agency_fees.why_waiting(agency.pk, now=now),
            "days": [
                {
                    "day": each.day.isoformat(), "currency": each.currency, "answers": each.answers,
                    "our_fee": str(Money(each.our_fee_units, each.currency).decimal()), "share_bp": each.share_bp,
                    "fee": str(Money(each.fee_units, each.currency).decimal()),
                    "taken_back": str(Money(each.taken_units, each.currency).decimal()), "posted": each.earning_id is not None,
                }
                for each in days
            ],
        })  # fmt: skip


class MyAgency(WorkerView):
    """The team that one is in, those of the past, open invitations; yes or no to one; leaving."""

    @extend_schema(responses=MyAgencySerializer)
    def get(self, request: Request) -> HttpResponse:
        return reply(_mine(access.user_of(request).pk))

    @extend_schema(request=AnswerTeamSerializer, responses=MyAgencySerializer)
    def post(self, request: Request) -> HttpResponse:
        given, who = AnswerTeamSerializer.read(request), access.user_of(request).pk

        def work() -> HttpResponse:
            now, addresses = timezone.now(), organisations.confirmed_addresses(who)
            found = teams.for_person(invitation_id=given["invitation"], addresses=addresses, now=now)
            if given["accept"]:
                teams.accept(invitation=found, worker_id=who, addresses=addresses, now=now)
            else:
                teams.decline(invitation=found, by_id=who, now=now)
            return reply(_mine(who))

        return change(request, work)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            teams.leave(worker_id=access.user_of(request).pk, now=timezone.now())
            return HttpResponse(status=204)

        return change(request, work)


def _mine(worker_id: uuid.UUID) -> dict[str, Any]:
    places: list[TeamPlace] = list(teams.places_of(worker_id)[:50])
    asked = teams.invitations_for(organisations.confirmed_addresses(worker_id), now=timezone.now())
    return dict(MyAgencySerializer({
        "team": next((each for each in places if each.until is None), None),
        "past": [each for each in places if each.until is not None], "invitations": list(asked[:50]),
        "sees": [str(each) for each in teams.SEES], "never_sees": [str(each) for each in teams.NEVER_SEES],
    }).data)  # fmt: skip
