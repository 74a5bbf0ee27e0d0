"""What finance adds to the books by program: corrections, which a second person posts, and exchanges of our own money."""

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
from payments import corrections, own_exchange
from payments.api.finance import FinanceView
from payments.chart import BY_NAME
from payments.models import Correction, OwnExchange
from payments.states import CORRECTION
from workers import access


class CorrectionSerializer(serializers.Serializer[Any]):
    """A movement between two accounts that makes a wrong posting good."""

    id = serializers.UUIDField()
    state = serializers.CharField(help_text=", ".join(CORRECTION.states))
    debit_kind = serializers.CharField()
    debit_owner = serializers.UUIDField()
    credit_kind = serializers.CharField()
    credit_owner = serializers.UUIDField()
    amount = MoneyField()
    reason = serializers.CharField()
    mismatch = serializers.UUIDField(allow_null=True, source="mismatch_id")
    drafted_by = serializers.UUIDField()
    drafted_at = serializers.DateTimeField()
    decided_by = serializers.UUIDField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class SideSerializer(serializers.Serializer[Any]):
    """One account of a correction, and what it would hold."""

    kind = serializers.CharField(source="account.kind")
    owner = serializers.UUIDField(source="account.owner_id")
    debit = serializers.BooleanField()
    before = MoneyField()
    after = MoneyField()


class TrialSerializer(CorrectionSerializer):
    """A draft with its dry run."""

    sides = SideSerializer(many=True, help_text="Empty once it is decided")
    breaks = serializers.ListField(child=serializers.CharField(), help_text="Invariants that would not hold any more; then it is refused")
    mends = serializers.ListField(child=serializers.CharField(), help_text="Invariants that would hold again")


class NewCorrectionSerializer(Body):
    """A draft; nothing moves before a second person posts it."""

    debit_kind = serializers.ChoiceField(choices=list(BY_NAME))
    debit_owner = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=254, help_text="Nothing for our own accounts"
    )
    credit_kind = serializers.ChoiceField(choices=list(BY_NAME))
    credit_owner = serializers.CharField(required=False, allow_blank=True, default="", max_length=254)
    amount = MoneyField()
    reason = serializers.CharField(max_length=corrections.REASON[1])
    mismatch = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="The difference that it explains; closed with it"
    )


def _shown(row: Correction) -> dict[str, Any]:
    row.amount = Money(row.amount_units, row.currency)  # type: ignore[attr-defined]
    return dict(CorrectionSerializer(row).data)


def _tried(row: Correction) -> dict[str, Any]:
    trial = corrections.try_out(row, now=timezone.now()) if row.state == "draft" else None
    return _shown(row) | {
        "sides": SideSerializer(trial.sides, many=True).data if trial else [], "breaks": trial.breaks if trial else [],
        "mends": trial.mends if trial else [],
    }  # fmt: skip


class Corrections(FinanceView):
    """Corrections, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(CorrectionSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, Correction.objects.all(), order="-drafted_at", show=lambda page: [_shown(row) for row in page])

    @extend_schema(request=NewCorrectionSerializer, responses={201: TrialSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Draft one, with its dry run."""
        given = NewCorrectionSerializer.read(request)

        def work() -> HttpResponse:
            plain = {name: value for name, value in given.items() if name != "mismatch"}
            made = corrections.draft(
                actor_id=access.user_of(request).pk, now=timezone.now(), mismatch_id=given["mismatch"], **plain
            )
            return reply(_tried(made), 201)

        return change(request, work)


class CorrectionDetail(FinanceView):
    """One correction; while it is a draft, with its dry run as of now."""

    @extend_schema(responses=TrialSerializer)
    def get(self, request: Request, correction_id: uuid.UUID) -> HttpResponse:
        found = Correction.objects.filter(pk=correction_id).first()
        if found is None:
            raise NotFound(_("There is no such correction."))
        return reply(_tried(found))


class PostCorrection(FinanceView):
    """Let it happen, as a second person."""

    @extend_schema(request=None, responses=CorrectionSerializer)
    def post(self, request: Request, correction_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            return reply(_shown(corrections.post(
                correction_id=correction_id, actor_id=access.user_of(request).pk, now=timezone.now()
            )))

        return change(request, work)


class DropCorrection(FinanceView):
    """It is not needed any more."""

    @extend_schema(request=None, responses=CorrectionSerializer)
    def post(self, request: Request, correction_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            return reply(_shown(corrections.drop(
                correction_id=correction_id, actor_id=access.user_of(request).pk, now=timezone.now()
            )))

        return change(request, work)


class OwnExchangeSerializer(serializers.Serializer[Any]):
    """Money of the platform that became another currency at the rail."""

    id = serializers.UUIDField()
    out = MoneyField()
    into = MoneyField()
    note = serializers.CharField()
    made_at = serializers.DateTimeField()
    out_movement = serializers.CharField(allow_null=True, source="out_movement_id", help_text="Stripe's balance transaction")
    into_movement = serializers.CharField(allow_null=True, source="into_movement_id")
    out_cleared_at = serializers.DateTimeField(allow_null=True)
    into_cleared_at = serializers.DateTimeField(allow_null=True)


class NewOwnExchangeSerializer(Body):
    """What left and what came: amounts, or the balance transactions that no payment or payout explains."""

    out = MoneyField(required=False, default=None, allow_null=True)
    into = MoneyField(required=False, default=None, allow_null=True)
    out_movement = serializers.CharField(required=False, allow_blank=True, default="", max_length=255)
    into_movement = serializers.CharField(required=False, allow_blank=True, default="", max_length=255)
    note = serializers.CharField(max_length=300)
    sure = serializers.BooleanField(required=False, default=False, help_text="Needed for a rate far from the last one")


def _exchanged(row: OwnExchange) -> dict[str, Any]:
    row.out, row.into = Money(row.out_units, row.out_currency), Money(row.into_units, row.into_currency)  # type: ignore[attr-defined]
    return dict(OwnExchangeSerializer(row).data)


class OwnExchanges(FinanceView):
    """Exchanges of our own money, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(OwnExchangeSerializer))
    def get(self, request: Request) -> HttpResponse:
        return listing(request, OwnExchange.objects.all(), order="-made_at", show=lambda page: [_exchanged(row) for row in page])

    @extend_schema(request=NewOwnExchangeSerializer, responses={201: OwnExchangeSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Record one."""
        given = NewOwnExchangeSerializer.read(request)

        def work() -> HttpResponse:
            sides = {side: given[side] or Money.zero("") for side in ("out", "into")}
            made = own_exchange.record(actor_id=access.user_of(request).pk, now=timezone.now(), **given | sides)
            made.refresh_from_db()
            return reply(_exchanged(made), 201)

        return change(request, work)
