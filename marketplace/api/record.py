"""A worker's signed record of work in the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import reply
from kit.limits import spend
from marketplace import work_record
from marketplace.api.reach import WorkerView
from marketplace.models import SlotKind
from workers import access


class RecordIssuerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    url = serializers.CharField()


class RecordPersonSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    since = serializers.DateField()


class RecordWorkSerializer(serializers.Serializer[Any]):
    """Accepted work of one kind; `accepted_share` is of what was judged, from 0 to 1."""

    task_type = serializers.CharField()
    kind = serializers.ChoiceField(SlotKind.choices)
    accepted = serializers.IntegerField()
    accepted_share = serializers.CharField()
    hours = serializers.CharField()
    first = serializers.CharField(help_text="Month, as 2026-11")
    last = serializers.CharField()


class RecordSkillSerializer(serializers.Serializer[Any]):
    skill = serializers.CharField()
    tier = serializers.IntegerField()
    how = serializers.CharField()
    since = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    score = serializers.CharField(allow_null=True, help_text="From 0 to 1, with the ends of its 95 % interval")
    low = serializers.CharField(allow_null=True)
    high = serializers.CharField(allow_null=True)


class RecordSerializer(serializers.Serializer[Any]):
    form = serializers.CharField()
    id = serializers.UUIDField()
    issued_by = RecordIssuerSerializer()
    issued_at = serializers.DateTimeField()
    person = RecordPersonSerializer()
    work = RecordWorkSerializer(many=True)
    skills = RecordSkillSerializer(many=True)


class RecordSignatureSerializer(serializers.Serializer[Any]):
    alg = serializers.CharField(help_text="Ed25519, over the record as JSON with sorted names and no spaces")
    key = serializers.CharField(help_text="Which of the keys at /record/keys.json")
    value = serializers.CharField(help_text="base64url")


class SignedRecordSerializer(serializers.Serializer[Any]):
    record = RecordSerializer()
    signature = RecordSignatureSerializer()


class MyRecord(WorkerView):
    """What you did here, signed by us, to show wherever you like."""

    @extend_schema(responses=SignedRecordSerializer)
    def get(self, request: Request) -> HttpResponse:
        worker_id = access.user_of(request).pk
        spend(work_record.MAKING, account=worker_id)
        return reply(work_record.signed(work_record.of(worker_id=worker_id, now=timezone.now())))
