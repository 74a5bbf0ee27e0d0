"""The API of one's own account: profile, onboarding, agreements, standing, notices, tokens, data."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.errors import Invalid, Refused
from kit.limits import spend
from workers import (
    access,
    agreements,
    api_lists,
    appeals,
    decisions,
    my_data,
    notices,
    onboarding,
    organisations,
    queries,
    second_factor,
    standing,
    tokens,
)
from workers import serializers as shapes
from workers.api_auth import Claims
from workers.models import Agreement, ApiToken, Notice


def client_ip(request: Request) -> str:
    """The address of the other end; behind a proxy that is what the proxy says in REMOTE_ADDR."""
    return str(request.META.get("REMOTE_ADDR", ""))


class Me(APIView):
    """Who is asking."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], responses=shapes.MeSerializer)
    def get(self, request: Request) -> Response:
        user, rights = access.user_of(request), queries.rights(access.user_of(request).pk)
        return Response(
            {
                "id": user.pk,
                "name": user.name,
                "email": user.email,
                "is_worker": rights.is_worker,
                "ops_roles": sorted(rights.ops_roles),
                "organisations": shapes.BelongingSerializer(queries.memberships(user.pk), many=True).data,
            }
        )


class Profile(APIView):
    """A worker's own profile."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], responses=shapes.ProfileSerializer)
    def get(self, request: Request) -> Response:
        return Response(shapes.ProfileSerializer(standing.profile(access.user_of(request).pk)).data)

    @extend_schema(tags=["me"], request=shapes.ProfileSerializer, responses=shapes.ProfileSerializer)
    @once
    def put(self, request: Request) -> Response:
        given = shapes.ProfileSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        worker = onboarding.save_profile(
            user_id=access.user_of(request).pk,
            country=given.validated_data["country"],
            spoken=[dict(row) for row in given.validated_data["languages"]],
            time_zone=given.validated_data["time_zone"],
            now=timezone.now(),
        )
        return Response(shapes.ProfileSerializer(worker).data)


class Onboarding(APIView):
    """The steps before the first paid task."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], responses=shapes.StepSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(shapes.StepSerializer(onboarding.steps(access.user_of(request).pk), many=True).data)


class Agreements(APIView):
    """The agreements in force."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], responses=shapes.AgreementSerializer(many=True))
    def get(self, request: Request) -> Response:
        in_force = [found for kind, _name in Agreement.KINDS if (found := agreements.current(kind)) is not None]
        return Response(shapes.AgreementSerializer(in_force, many=True).data)


class Sign(APIView):
    """Sign an agreement."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], request=None, responses=shapes.SignatureSerializer)
    @once
    def post(self, request: Request, agreement_id: uuid.UUID) -> Response:
        signature = onboarding.sign_agreement(
            user_id=access.user_of(request).pk, agreement_id=agreement_id, ip=client_ip(request), now=timezone.now()
        )
        return Response(shapes.SignatureSerializer(signature).data)


class Standing(APIView):
    """One's standing, decisions and appeals."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], responses=shapes.StandingSerializer)
    def get(self, request: Request) -> Response:
        worker = standing.profile(access.user_of(request).pk)
        shown: Any = shapes.StandingSerializer(
            {
                "standing_reason": worker.standing_reason,
                "standing": worker.standing,
                "standing_since": worker.standing_since,
                "standing_until": worker.standing_until,
                "decisions": access.user_of(request).decisions.order_by("-at"),
                "appeals": appeals.of_people().filter(person_id=access.user_of(request).pk).order_by("-opened_at"),
            }
        )
        return Response(shown.data)


class Leave(APIView):
    """End one's own work here for good; what was earned stays payable."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], request=None, responses=shapes.ProfileSerializer)
    @once
    def post(self, request: Request) -> Response:
        worker = standing.leave(worker_id=access.user_of(request).pk, now=timezone.now())
        return Response(shapes.ProfileSerializer(worker).data)


class Appeals(APIView):
    """Appeal a decision."""

    permission_classes = [access.Worker]

    @extend_schema(tags=["me"], request=shapes.NewAppealSerializer, responses={201: shapes.AppealSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = shapes.NewAppealSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        appeal = decisions.appeal(
            decision_id=given.validated_data["decision"],
            person_id=access.user_of(request).pk,
            text=given.validated_data["text"],
            now=timezone.now(),
        )
        return Response(shapes.AppealSerializer(appeal).data, status=201)


class Notices(api_lists.ListView):
    """Notices, the newest first."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.NoticeSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Notice.objects.filter(user_id=access.user_of(request).pk, shown=True)
        return api_lists.answer(request, rows, order="-created_at", serializer=shapes.NoticeSerializer)


class ReadNotices(APIView):
    """Mark notices as read, all or the named ones."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], request=shapes.ReadNoticesSerializer, responses=shapes.CountSerializer)
    @once
    def post(self, request: Request) -> Response:
        given = shapes.ReadNoticesSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        count = notices.mark_read(user_id=access.user_of(request).pk, ids=given.validated_data.get("ids"), now=timezone.now())
        return Response({"count": count})


class NoticePreferences(APIView):
    """How one wants to hear of each group of notices that can be switched."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], responses=shapes.NoticePreferenceSerializer(many=True))
    def get(self, request: Request) -> Response:
        wanted = notices.preferences(access.user_of(request).pk)
        rows = [
            {"group": key, "title": str(notices.GROUPS[key].title), "in_app": in_app, "mail": mail}
            for key, (in_app, mail) in wanted.items()
        ]  # fmt: skip
        return Response(shapes.NoticePreferenceSerializer(rows, many=True).data)

    @extend_schema(tags=["me"], request=shapes.NoticePreferenceSerializer, responses=shapes.NoticePreferenceSerializer)
    @once
    def put(self, request: Request) -> Response:
        given = shapes.NoticePreferenceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        notices.prefer(
            user_id=access.user_of(request).pk, group=wanted["group"], in_app=wanted["in_app"], mail=wanted["mail"]
        )
        title = str(notices.GROUPS[wanted["group"]].title)
        return Response(shapes.NoticePreferenceSerializer(dict(wanted) | {"title": title}).data)


class Tokens(api_lists.ListView):
    """One's API tokens. Making one needs a browser session: a token cannot make another."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.TokenSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = ApiToken.objects.filter(user_id=access.user_of(request).pk).select_related("organisation")
        return api_lists.answer(request, rows, order="-created_at", serializer=shapes.TokenSerializer)

    @extend_schema(tags=["me"], request=shapes.NewTokenSerializer, responses={201: shapes.MadeTokenSerializer})
    def post(self, request: Request) -> Response:
        if isinstance(request.auth, Claims):
            raise Refused(_("A token cannot make another one. Sign in and use the page of your tokens."))
        if second_factor.lacks_second_factor(request.user) and queries.ops_roles(access.user_of(request).pk):
            raise second_factor.NeedsSecondFactor(_("Add a passkey or an authenticator app to your account first."))
        given = shapes.NewTokenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        with transaction.atomic(durable=True):
            made = tokens.make(
                user_id=access.user_of(request).pk,
                name=wanted["name"],
                scopes=wanted["scopes"],
                days=wanted["days"],
                organisation_id=_own_organisation(request, wanted.get("organisation")),
                now=timezone.now(),
            )
        return Response({"key": made.key, "token": shapes.TokenSerializer(made.token).data}, status=201)


def _own_organisation(request: Request, slug: str | None) -> uuid.UUID | None:
    """The id of one of the person's organisations. Raises Invalid for any other."""
    if not slug:
        return None
    found = next((one.organisation_id for one in queries.memberships(access.user_of(request).pk) if one.slug == slug), None)
    if found is None:
        raise Invalid(_("You do not belong to such an organisation."), field="organisation")
    return found


class Token(APIView):
    """One token."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, token_id: uuid.UUID) -> Response:
        tokens.revoke(user_id=access.user_of(request).pk, token_id=token_id, now=timezone.now())
        return Response(status=204)


class MyData(APIView):
    """Everything that is kept about the person who asks."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["me"], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        spend(my_data.ASKING, account=access.user_of(request).pk)
        return Response(my_data.collect(access.user_of(request).pk))


class AcceptInvitation(APIView):
    """Join the organisation that an invitation is for."""

    permission_classes = [access.SignedIn]

    @extend_schema(tags=["organisations"], request=shapes.AcceptSerializer, responses=shapes.BelongingSerializer)
    @once
    def post(self, request: Request) -> Response:
        given = shapes.AcceptSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = access.user_of(request)
        membership = organisations.accept_invitation(
            token=given.validated_data["token"],
            user=user,
            addresses=organisations.confirmed_addresses(user.pk),
            now=timezone.now(),
        )
        belonging = queries.membership(user.pk, membership.organisation_id)
        return Response(shapes.BelongingSerializer(belonging).data)
