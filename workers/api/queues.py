"""The API of ops' work queues: what waits, claiming, handing over, and the word on a credential."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kit.api import once
from kit.errors import Refused
from workers import access, credentials, queries, work_queues
from workers.api.setup import CredentialSerializer
from workers.decisions import LOOKS_AFTER_PEOPLE
from workers.models import Credential, OpsRole


class QueueSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    about = serializers.CharField()
    count = serializers.IntegerField(help_text="stops at 200")


class WaitingItemSerializer(serializers.Serializer[Any]):
    """One thing that waits, and who holds it."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    note = serializers.CharField()
    url = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    held_by = serializers.CharField(allow_null=True)
    held_until = serializers.DateTimeField(allow_null=True)
    mine = serializers.BooleanField()


class HandOverSerializer(serializers.Serializer[Any]):
    to = serializers.EmailField()
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class DecideCredentialSerializer(serializers.Serializer[Any]):
    verified = serializers.BooleanField()
    reason = serializers.ChoiceField(Credential.REASONS, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=1000, allow_blank=True, default="")


def _queue(request: Request, key: str) -> work_queues.WorkQueue:
    """The queue, for who may work in it. Raises NotFound, Refused."""
    queue = work_queues.find(key)
    if not queries.ops_roles(access.user_of(request).pk) & {*queue.roles, OpsRole.ADMIN}:
        raise Refused(_("This queue is worked by ops staff with another role."))
    return queue


def _shown(row: work_queues.Row) -> dict[str, Any]:
    item, claim = row.item, row.claim
    return {
        "id": item.id, "title": item.title, "note": item.note, "url": item.url, "until": item.until, "since": item.since,
        "held_by": claim.by.name if claim else None, "held_until": claim.until if claim else None, "mine": row.mine,
    }  # fmt: skip


class Queues(APIView):
    """The queues that one may work in."""

    permission_classes = [access.Ops()]

    @extend_schema(tags=["ops"], responses=QueueSerializer(many=True))
    def get(self, request: Request) -> Response:
        open_to = work_queues.open_to(queries.ops_roles(access.user_of(request).pk))
        rows = [{"key": one.key, "title": str(one.title), "about": str(one.about), "count": one.count()} for one in open_to]
        return Response(QueueSerializer(rows, many=True).data)


class Waiting(APIView):
    """What waits in one queue, the most urgent first; at most 200."""

    permission_classes = [access.Ops()]

    @extend_schema(operation_id="ops_queue_items_list", tags=["ops"], responses=WaitingItemSerializer(many=True))
    def get(self, request: Request, queue: str) -> Response:
        found = work_queues.rows(_queue(request, queue), by_id=access.user_of(request).pk, now=timezone.now())
        return Response(WaitingItemSerializer([_shown(row) for row in found], many=True).data)


class Claim(APIView):
    """Hold an item for two hours, or let go of it."""

    permission_classes = [access.Ops()]

    @extend_schema(tags=["ops"], request=None, responses=WaitingItemSerializer)
    @once
    def post(self, request: Request, queue: str, item: uuid.UUID) -> Response:
        found, now = _queue(request, queue), timezone.now()
        work_queues.claim(queue=queue, item=item, by_id=access.user_of(request).pk, now=now)
        rows = work_queues.rows(found, by_id=access.user_of(request).pk, now=now)
        return Response(WaitingItemSerializer(next(_shown(row) for row in rows if row.item.id == item)).data)

    @extend_schema(tags=["ops"], request=None, responses={204: None})
    @once
    def delete(self, request: Request, queue: str, item: uuid.UUID) -> Response:
        _queue(request, queue)
        work_queues.release(queue=queue, item=item, by_id=access.user_of(request).pk)
        return Response(status=204)


class HandOver(APIView):
    """Give an item to a colleague, who is told."""

    permission_classes = [access.Ops()]

    @extend_schema(tags=["ops"], request=HandOverSerializer, responses={204: None})
    @once
    def post(self, request: Request, queue: str, item: uuid.UUID) -> Response:
        _queue(request, queue)
        given = HandOverSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        work_queues.hand_over(
            queue=queue, item=item, by_id=access.user_of(request).pk, to_email=given.validated_data["to"],
            note=given.validated_data["note"], now=timezone.now(),
        )  # fmt: skip
        return Response(status=204)


class DecideCredential(APIView):
    """Say whether a credential holds."""

    permission_classes = [access.Ops(*LOOKS_AFTER_PEOPLE)]

    @extend_schema(tags=["ops"], request=DecideCredentialSerializer, responses=CredentialSerializer)
    @once
    def post(self, request: Request, credential_id: uuid.UUID) -> Response:
        given = DecideCredentialSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        found = credentials.find(credential_id)
        credentials.decide(credential=found, by_id=access.user_of(request).pk, now=timezone.now(), **given.validated_data)
        return Response(CredentialSerializer(found).data)
