"""Referrals in the API: a worker's link while people are missing, and finance's programmes with their budgets."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import Body, MoneyField, change, reply
from kit.money import Money
from marketplace import referral_programmes as programmes
from marketplace import referrals
from marketplace.api.reach import OpsView, WorkerView
from marketplace.models import Referral, ReferralProgramme
from payments import programmes as money
from workers import access


class WantedSerializer(serializers.Serializer[Any]):
    """Funded work that carries more people than wait for it here."""

    project = serializers.CharField(source="demand.project.name")
    open_slots = serializers.IntegerField(source="demand.slots")
    price = MoneyField(source="demand.price")
    people = serializers.IntegerField(help_text="How many are missing")


class PersonBroughtSerializer(serializers.Serializer[Any]):
    """Somebody came by your link; who is not told."""

    joined_at = serializers.DateTimeField()
    until = serializers.DateTimeField()
    state = serializers.CharField(help_text="promised, held, paid, lapsed or refused")
    amount = serializers.SerializerMethodField()
    accepted = serializers.SerializerMethodField(help_text="Accepted answers so far that count")
    answers = serializers.IntegerField(source="terms.answers")

    def get_amount(self, row: Referral) -> dict[str, str]:
        amount = Money(int(row.terms["referrer_units"]), row.terms["currency"])
        return {"amount": str(amount.decimal()), "currency": amount.currency}

    def get_accepted(self, row: Referral) -> int:
        return referrals.counted(row)


class MyReferralsSerializer(serializers.Serializer[Any]):
    """`link` is null while nobody is needed, or once you brought as many as may be paid for."""

    link = serializers.CharField(allow_null=True)
    referrer = MoneyField(allow_null=True, help_text="What you would get for the next one")
    newcomer = MoneyField(allow_null=True, help_text="What they would get")
    answers = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField(allow_null=True)
    left = serializers.IntegerField(help_text="For how many more people you may be paid")
    wanted = WantedSerializer(many=True)
    brought = PersonBroughtSerializer(many=True)


class MyReferrals(WorkerView):
    """Your link, whom it is for, and who came by it."""

    @extend_schema(responses=MyReferralsSerializer)
    def get(self, request: Request) -> HttpResponse:
        now, worker_id = timezone.now(), access.user_of(request).pk
        offer = referrals.offered(now=now)
        programme = offer.programme if offer.open else None
        left = referrals.places_left(worker_id=worker_id, programme=programme) if programme else 0
        link = None
        if left:
            with transaction.atomic(durable=True):
                link = referrals.link_of(worker_id=worker_id, now=now)
        return reply(MyReferralsSerializer({
            "link": link, "left": left, "wanted": offer.wanted, "brought": referrals.of_referrer(worker_id)[:200],
            "referrer": offer.referrer if programme else None, "newcomer": offer.newcomer if programme else None,
            "answers": programme.answers if programme else None, "days": programme.days if programme else None,
        }).data)  # fmt: skip


class ProgrammeSerializer(serializers.Serializer[Any]):
    """A programme with its money: what is left, what of it is promised, what was paid."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    referrer = MoneyField()
    newcomer = MoneyField()
    answers = serializers.IntegerField()
    days = serializers.IntegerField()
    most = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    left = MoneyField()
    promised = MoneyField()
    paid = MoneyField()


class NewProgrammeSerializer(Body):
    name = serializers.CharField(max_length=80)
    referrer = MoneyField()
    newcomer = MoneyField()
    answers = serializers.IntegerField(min_value=1, max_value=10_000)
    days = serializers.IntegerField(min_value=1, max_value=365)
    most = serializers.IntegerField(min_value=1, max_value=1_000)
    budget = MoneyField()


class FundsSerializer(Body):
    amount = MoneyField(help_text="Below zero takes back what is promised to nobody")


def _shown(one: ReferralProgramme) -> dict[str, Any]:
    return dict(ProgrammeSerializer({
        "id": one.pk, "name": one.name, "answers": one.answers, "days": one.days, "most": one.most, "opened_at": one.opened_at,
        "ended_at": one.ended_at, "referrer": Money(one.referrer_units, one.currency), "newcomer": Money(one.newcomer_units, one.currency),
        "left": money.left(programme_id=one.pk, currency=one.currency), "promised": programmes.promised(one),
        "paid": programmes.paid_of(one),
    }).data)  # fmt: skip


class Programmes(OpsView):
    """Referral programmes, and opening one with its budget."""

    permission_classes = [access.Ops("finance")]

    @extend_schema(responses=ProgrammeSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        return reply([_shown(one) for one in ReferralProgramme.objects.order_by("-opened_at")[:50]])

    @extend_schema(request=NewProgrammeSerializer, responses={201: ProgrammeSerializer})
    def post(self, request: Request) -> HttpResponse:
        given, who = NewProgrammeSerializer.read(request), access.user_of(request).pk
        return change(request, lambda: reply(_shown(programmes.open_programme(by_id=who, now=timezone.now(), **given)), 201))


class ProgrammeFunds(OpsView):
    """Set more aside for a programme, or take some back."""

    permission_classes = [access.Ops("finance")]

    @extend_schema(request=FundsSerializer, responses=ProgrammeSerializer)
    def post(self, request: Request, programme_id: uuid.UUID) -> HttpResponse:
        given, who, one = FundsSerializer.read(request), access.user_of(request).pk, programmes.find(programme_id)

        def work() -> HttpResponse:
            programmes.fund(programme=one, amount=given["amount"], by_id=who, now=timezone.now())
            return reply(_shown(one))

        return change(request, work)


class EndProgramme(OpsView):
    """No new promises; those that were made stand."""

    permission_classes = [access.Ops("finance")]

    @extend_schema(request=None, responses=ProgrammeSerializer)
    def post(self, request: Request, programme_id: uuid.UUID) -> HttpResponse:
        who = access.user_of(request).pk

        def work() -> HttpResponse:
            programmes.end(programme=programmes.find(programme_id), by_id=who, now=timezone.now())
            return reply(_shown(programmes.find(programme_id)))

        return change(request, work)
