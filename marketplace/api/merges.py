"""Two accounts of one person in the API of ops: proposing that they become one, and a second person's word."""

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
from marketplace import merging
from marketplace.api.reach import OpsView
from workers import access
from workers.api.ops import fresh_authentication
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import Merge


class MergeSerializer(serializers.Serializer[Any]):
    """Two accounts of one person: `old` ends, `kept` goes on; `moved` counts what went over."""

    id = serializers.UUIDField()
    old = serializers.UUIDField(source="old_id")
    kept = serializers.UUIDField(source="kept_id")
    why = serializers.CharField()
    state = serializers.CharField(help_text="proposed, done or declined")
    proposed_by = serializers.UUIDField(source="proposed_by_id")
    proposed_at = serializers.DateTimeField()
    decided_by = serializers.UUIDField(source="decided_by_id", allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    moved = serializers.DictField(child=serializers.IntegerField())


class NewMergeSerializer(Body):
    """Which account ends, which is kept, and what shows that they are one person's."""

    old = serializers.UUIDField()
    kept = serializers.UUIDField()
    why = serializers.CharField(max_length=500)


class OpsMerges(OpsView):
    """Proposals and merges, the latest first."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(parameters=PAGING, responses=paged(MergeSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, Merge.objects.all(), order="-proposed_at", show=_shown)

    @extend_schema(request=NewMergeSerializer, responses={201: MergeSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Say that two accounts are one person's; nothing moves before a second person approves."""
        given = NewMergeSerializer.read(request)

        def work() -> HttpResponse:
            made = merging.propose(
                old_id=given["old"], kept_id=given["kept"], why=given["why"], by_id=access.user_of(request).pk, now=timezone.now()
            )
            return reply(MergeSerializer(made).data, 201)

        return change(request, work)


def _shown(rows: Sequence[Merge]) -> Any:
    return MergeSerializer(rows, many=True).data


class ApproveMerge(OpsView):
    """Carry a merge out, as a second person. Needs a browser session re-authenticated in the last 15 minutes."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(request=None, responses=MergeSerializer)
    def post(self, request: Request, merge_id: uuid.UUID) -> HttpResponse:
        fresh_authentication(request)

        def work() -> HttpResponse:
            found = merging.find(merge_id)
            return reply(MergeSerializer(merging.approve(merge=found, by_id=access.user_of(request).pk, now=timezone.now())).data)

        return change(request, work)


class DeclineMerge(OpsView):
    """They stay two accounts."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(request=None, responses=MergeSerializer)
    def post(self, request: Request, merge_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            found = merging.find(merge_id)
            merging.decline(merge=found, by_id=access.user_of(request).pk, now=timezone.now())
            return reply(MergeSerializer(found).data)

        return change(request, work)
