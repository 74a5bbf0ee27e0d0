"""Agencies in the API: an agency's team, what it puts first, its fees; a worker's own yes and leaving; ops' opening and terms."""

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
from kit.ids import uuid7
from kit.money import PAYABLE_STEP, Money
from marketplace import agency_work
from marketplace.api.reach import MarketView, OpsView, WorkerView
from payments import agency_fees, sheets
from payments.models.agencies import MOST_BP
from workers import access, agencies, organisations, teams
from workers.models import Agency, TeamInvitation, TeamPlace

DAYS_MOST = 90


class DoneSerializer(serializers.Serializer[Any]):
    project_id = serializers.UUIDField()
    project = serializers.CharField()
    answers = serializers.IntegerField()
    accepted = serializers.IntegerField()
    active_ms = serializers.IntegerField()


class ProvenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    tier = serializers.IntegerField()


class TeamMemberSerializer(serializers.Serializer[Any]):
    """All that an agency sees of somebody in its team."""

    worker_id = serializers.UUIDField()
    name = serializers.CharField()
    standing = serializers.CharField()
    since = serializers.DateTimeField()
    skills = ProvenSerializer(many=True)
    done = DoneSerializer(many=True)
    first = serializers.ListField(child=serializers.CharField(), help_text="Projects that the agency put first for them")


class TeamSerializer(serializers.Serializer[Any]):
    team = TeamMemberSerializer(many=True)


class TeamInvitationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    expires_at = serializers.DateTimeField()


class AskSerializer(Body):
    email = serializers.EmailField(max_length=254)


class OpenProjectSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    client = serializers.CharField()
    first_for = serializers.ListField(child=serializers.CharField())


class PickSerializer(Body):
    people = serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, required=False, default=None, max_length=agency_work.AT_ONCE,
        help_text="Ids of people of the team; null is all of it",
    )  # fmt: skip


class PickedSerializer(serializers.Serializer[Any]):
    people = serializers.IntegerField(help_text="For how many it was not first before")


class FeeDaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    currency = serializers.CharField()
    answers = serializers.IntegerField()
    our_fee = serializers.CharField()
    share_bp = serializers.IntegerField()
    fee = serializers.CharField()
    taken_back = serializers.CharField()
    posted = serializers.BooleanField()


class FeesSerializer(serializers.Serializer[Any]):
    share_bp = serializers.IntegerField(help_text="The share that holds today")
    payee = serializers.UUIDField(allow_null=True)
    waits_because = serializers.CharField()
    days = FeeDaySerializer(many=True)


class PlaceSerializer(serializers.Serializer[Any]):
    agency = serializers.CharField(source="agency.name")
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)


class MyAgencySerializer(serializers.Serializer[Any]):
    team = PlaceSerializer(allow_null=True)
    past = PlaceSerializer(many=True)
    invitations = TeamInvitationSerializer(many=True)


class AnswerSerializer(Body):
    invitation = serializers.UUIDField()
    accept = serializers.BooleanField()


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


class ShareSerializer(Body):
    share_bp = serializers.IntegerField(min_value=0, max_value=MOST_BP)
    from_day = serializers.DateField()
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class TakeBackSerializer(Body):
    amount = serializers.CharField(max_length=20)
    currency = serializers.ChoiceField(sorted(PAYABLE_STEP))
    why = serializers.CharField(max_length=300)


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

    @extend_schema(request=AskSerializer, responses={201: TeamInvitationSerializer})
    def post(self, request: Request, org: str) -> HttpResponse:
        given, mailed = AskSerializer.read(request), []

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

    @extend_schema(responses=OpenProjectSerializer(many=True))
    def get(self, request: Request, org: str) -> HttpResponse:
        agency = access.organisation_of(request)
        first = agency_work.people_by_project(agency.pk)
        rows = [
            {"id": one.pk, "name": one.name, "client": one.organisation.name, "first_for": first.get(one.pk, [])}
            for one in agency_work.open_projects(agency.pk)
        ]
        return reply(OpenProjectSerializer(rows, many=True).data)


class Picks(AgencyView):
    """Putting a project first for people of the team, and for nobody any more."""

    @extend_schema(request=PickSerializer, responses=PickedSerializer)
    def post(self, request: Request, org: str, project_id: uuid.UUID) -> HttpResponse:
        given, agency, who = PickSerializer.read(request), access.organisation_of(request), access.user_of(request).pk

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

    @extend_schema(responses=FeesSerializer)
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

    @extend_schema(request=AnswerSerializer, responses=MyAgencySerializer)
    def post(self, request: Request) -> HttpResponse:
        given, who = AnswerSerializer.read(request), access.user_of(request).pk

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
    }).data)  # fmt: skip


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

    @extend_schema(request=ShareSerializer, responses={201: ShareSerializer})
    def post(self, request: Request, agency_id: uuid.UUID) -> HttpResponse:
        given, who, agency = ShareSerializer.read(request), access.user_of(request).pk, agencies.find(agency_id)

        def work() -> HttpResponse:
            agency_fees.agree(agency=agency.organisation, by_id=who, now=timezone.now(), **given)
            return reply({"share_bp": given["share_bp"], "from_day": given["from_day"].isoformat(), "note": given["note"]}, 201)

        return change(request, work)


class AgencyTakeBacks(FinanceView):
    """Taking a fee that fell away off the next days' sums."""

    @extend_schema(request=TakeBackSerializer, responses={201: TakeBackSerializer})
    def post(self, request: Request, agency_id: uuid.UUID) -> HttpResponse:
        given, who, agency = TakeBackSerializer.read(request), access.user_of(request).pk, agencies.find(agency_id)
        amount = Money.parse(given["amount"], given["currency"], field="amount")

        def work() -> HttpResponse:
            agency_fees.take_back(
                agency=agency.organisation, amount=amount, source_kind="correction", source_id=uuid7(), why=given["why"], by_id=who,
                now=timezone.now(),
            )  # fmt: skip
            return reply({"amount": str(amount.decimal()), "currency": amount.currency, "why": given["why"]}, 201)

        return change(request, work)
