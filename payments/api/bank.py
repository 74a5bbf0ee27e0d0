"""What programs may do on the rail of bank files: finance writes and fetches files and hands in reports; workers see their rails."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, Body, MoneyField, change, listing, paged, reply
from payments import bank_files, bank_reports, rails
from payments.api.finance import FinanceView
from payments.api.worker import WorkerMoneyView
from payments.models import BankFile
from workers import access
from workers.models import WorkerProfile


class BankStateSerializer(serializers.Serializer[Any]):
    state = serializers.CharField(help_text="filed, accepted, settled or rejected")
    payments = serializers.IntegerField()


class BankFileSerializer(serializers.Serializer[Any]):
    """A payment file (pain.001.001.09) for our bank."""

    id = serializers.UUIDField()
    run = serializers.UUIDField()
    message_id = serializers.CharField(help_text="What the bank's reports call it")
    payments = serializers.IntegerField()
    total = MoneyField()
    states = BankStateSerializer(many=True)
    written_at = serializers.DateTimeField()
    downloaded_at = serializers.DateTimeField(allow_null=True)


class NewBankFileSerializer(Body):
    run = serializers.UUIDField(help_text="An approved payout run of which payments wait")


class NewReportSerializer(Body):
    report = serializers.CharField(max_length=5_000_000, help_text="The pain.002 file as text")


class ReportSerializer(serializers.Serializer[Any]):
    """What a report changed."""

    file = serializers.UUIDField(source="file_id")
    settled = serializers.IntegerField()
    rejected = serializers.IntegerField()
    noted = serializers.IntegerField()
    read_at = serializers.DateTimeField()


class RailSerializer(serializers.Serializer[Any]):
    rail = serializers.CharField(help_text="stripe or bank_file")


def files_shown(files: list[BankFile]) -> list[dict[str, Any]]:
    """Files as plain data."""
    return [
        {
            "id": row.file.pk, "run": row.file.run_id, "message_id": row.file.message_id, "total": row.total,
            "payments": row.file.payments_count, "states": [{"state": state, "payments": n} for state, n in row.states],
            "written_at": row.file.written_at, "downloaded_at": row.file.downloaded_at,
        }
        for row in bank_files.progress(files)
    ]  # fmt: skip


class BankFiles(FinanceView):
    """Payment files, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(BankFileSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = BankFile.objects.all()
        return listing(
            request, rows, order="-written_at", show=lambda page: BankFileSerializer(files_shown(list(page)), many=True).data
        )

    @extend_schema(request=NewBankFileSerializer, responses={201: BankFileSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Put a run's waiting payments into a file."""
        given = NewBankFileSerializer.read(request)

        def work() -> HttpResponse:
            file = bank_files.write(run_id=given["run"], actor_id=access.user_of(request).pk, now=timezone.now())
            return reply(BankFileSerializer(files_shown([file])[0]).data, 201)

        return change(request, work)


class BankFileDownload(FinanceView):
    """The file itself."""

    @extend_schema(request=None, responses={(200, "application/xml"): OpenApiResponse(OpenApiTypes.BINARY)})
    def post(self, request: Request, file_id: uuid.UUID) -> HttpResponse:
        """Fetch it; the same bytes each time, and each time in the audit trail. Its answer is never kept for a replay."""
        with transaction.atomic(durable=True):
            body = bank_files.download(file_id=file_id, actor_id=access.user_of(request).pk, now=timezone.now())
        return HttpResponse(body, content_type="application/xml", headers={"Cache-Control": "no-store"})


class BankReports(FinanceView):
    """The bank's status reports (pain.002)."""

    @extend_schema(request=NewReportSerializer, responses={201: ReportSerializer, 200: ReportSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Hand one in; 200 with what it said the first time when it was read before."""
        given = NewReportSerializer.read(request)

        def work() -> HttpResponse:
            made, new = bank_reports.apply(
                body=given["report"].encode(), actor_id=access.user_of(request).pk, now=timezone.now()
            )
            return reply(ReportSerializer(made).data, 201 if new else 200)

        return change(request, work)


class MyPayoutRails(WorkerMoneyView):
    """The rails that reach the worker's country, the better one first. Bank details are entered on the page alone."""

    @extend_schema(responses=RailSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        country = WorkerProfile.objects.values_list("country", flat=True).get(pk=access.user_of(request).pk)
        return reply(RailSerializer([{"rail": rail} for rail in rails.serving(country)], many=True).data)
