"""The API of ops for grants: a person's, giving one, taking one away."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.errors import Invalid
from qualification import grants, skills
from qualification import serializers as shapes
from qualification.models import Grant
from workers import access, api_lists
from workers.api.ops import decided
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.serializers import DecideSerializer, DecisionSerializer


class PersonGrants(api_lists.ListView):
    """All grants of a person, those that ended included."""

    permission_classes = [access.Ops()]

    @extend_schema(tags=["ops"], parameters=api_lists.PARAMETERS, responses=api_lists.paged(shapes.GrantSerializer))
    def get(self, request: Request, person_id: uuid.UUID) -> HttpResponse:
        rows = Grant.objects.select_related("skill").filter(worker_id=person_id)
        return api_lists.answer(request, rows, order="-valid_from", serializer=shapes.GrantSerializer)


class Grants(APIView):
    """Give a skill to a person."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=shapes.NewGrantSerializer, responses={201: shapes.GrantSerializer})
    @once
    def post(self, request: Request) -> Response:
        given = shapes.NewGrantSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        skill = skills.by_slug(wanted["skill"])
        if skill is None:
            raise Invalid(_("There is no such skill."), field="skill")
        held = grants.give(
            worker_id=wanted["worker"], skill=skill, tier=wanted["tier"], source=wanted["source"], by_id=access.user_of(request).pk,
            valid_days=wanted.get("valid_days"), now=timezone.now(),
        )  # fmt: skip
        return Response(shapes.GrantSerializer(held).data, status=201)


class TakeAway(APIView):
    """Take a grant away. Needs a browser session re-authenticated in the last 15 minutes."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=DecideSerializer, responses={201: DecisionSerializer})
    @once
    def post(self, request: Request, grant_id: uuid.UUID) -> Response:
        decision = grants.take_away(held=grants.find(grant_id), **decided(request))
        return Response(DecisionSerializer(decision).data, status=201)
