"""What a client's program may know and do: balances, payments, and starting one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, ApiView, Body, MoneyField, Once, change, listing, paged, reply
from kit.errors import NotFound
from kit.money import Money
from payments import chargebacks, funding, owed, queries, refunds
from payments.models import Funding, Refund
from payments.states import FUNDING, REFUND
from workers import access


class ClientMoneySerializer(serializers.Serializer[Any]):
    """A client's money in one currency."""

    prepaid = MoneyField(help_text="Paid in and not promised to any batch")
    reserved = MoneyField(help_text="Promised to batches and not yet spent")
    pending = MoneyField(help_text="Earned by workers and not yet judged")
    paid = MoneyField(help_text="Confirmed to workers")
    fees = MoneyField(help_text="Our fees")
    owed = MoneyField(help_text="Owed to us after a late decision or a chargeback; your next payment settles it first")


class BillingSerializer(serializers.Serializer[Any]):
    balances = ClientMoneySerializer(many=True)
    stopped = serializers.BooleanField(help_text="True while a payment taken back by your bank keeps new work waiting")


class FundingSerializer(serializers.Serializer[Any]):
    """A payment into the marketplace."""

    id = serializers.UUIDField()
    amount = MoneyField()
    state = serializers.CharField(help_text=", ".join(FUNDING.states))
    way = serializers.CharField(help_text="checkout or invoice")
    url = serializers.CharField(help_text="The page to pay on, or the invoice, while it is open")
    fault = serializers.CharField()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


class NewFundingSerializer(Body):
    amount = MoneyField()
    way = serializers.ChoiceField(
        choices=["checkout", "invoice"], default="checkout", help_text="An invoice is paid by bank transfer within 14 days"
    )
    success_url = serializers.URLField(required=False, max_length=400, help_text="{funding} becomes the payment's id")
    cancel_url = serializers.URLField(required=False, max_length=400)


def funding_shown(wish: Funding) -> dict[str, Any]:
    plain = {name: getattr(wish, name) for name in ("id", "way", "state", "fault", "created_at", "settled_at")}
    url = wish.url if wish.state == "open" else ""
    return dict(FundingSerializer(plain | {"amount": Money(wish.amount_units, wish.currency), "url": url}).data)


class ClientMoneyView(ApiView):
    """Members of a client: viewers read, managers pay."""

    permission_classes = [access.Client("viewer", write="manager")]


class Billing(ClientMoneyView):
    """What is prepaid, reserved and spent, by currency."""

    @extend_schema(responses=BillingSerializer)
    def get(self, request: Request) -> HttpResponse:
        organisation = access.organisation_of(request)
        held = [
            queries.client_money(organisation_id=organisation.pk, currency=currency)
            for currency in queries.client_currencies(organisation.pk) or [organisation.billing_currency]
        ]
        stopped = chargebacks.stops(organisation_id=organisation.pk)
        return reply(BillingSerializer({"balances": held, "stopped": stopped}).data)


class Fundings(ClientMoneyView):
    """Payments into the marketplace, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(FundingSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Funding.objects.filter(organisation=access.organisation_of(request))
        return listing(request, rows, order="-created_at", show=lambda page: [funding_shown(row) for row in page])

    @extend_schema(request=NewFundingSerializer, responses={201: FundingSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Start a payment: the answer holds the address of the page to pay on, or of the invoice."""
        given, organisation = NewFundingSerializer.read(request), access.organisation_of(request)
        page = settings.PUBLIC_URL + reverse("payments:billing", args=[organisation.slug])
        once = Once(request)

        def work() -> HttpResponse:
            who: dict[str, Any] = {
                "organisation_id": organisation.pk, "amount": given["amount"], "actor_id": access.user_of(request).pk,
                "now": timezone.now(),
            }  # fmt: skip
            wish = funding.ask_invoice(**who) if given["way"] == "invoice" else funding.start_checkout(
                **who, success_url=given.get("success_url", f"{page}?paid={{funding}}"),
                cancel_url=given.get("cancel_url", page),
            )  # fmt: skip
            response = reply(funding_shown(wish), 201)
            with transaction.atomic(durable=True):
                once.keep(response)
            return response

        return once.run(work)


class RefundSerializer(serializers.Serializer[Any]):
    """Prepaid money on its way back to where it was paid from."""

    id = serializers.UUIDField()
    funding = serializers.UUIDField(help_text="The payment that it goes back to")
    amount = MoneyField()
    state = serializers.CharField(help_text=", ".join(REFUND.states))
    fault = serializers.CharField()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


class NewRefundSerializer(Body):
    amount = MoneyField()


def refunds_shown(rows: Sequence[Refund]) -> list[dict[str, Any]]:
    return [
        dict(RefundSerializer({
            "id": row.pk, "funding": row.funding_id, "amount": Money(row.amount_units, row.currency), "state": row.state,
            "fault": row.fault, "created_at": row.created_at, "settled_at": row.settled_at,
        }).data)
        for row in rows
    ]  # fmt: skip


class Refunds(ApiView):
    """Prepaid money that goes back, newest first; owners ask for it."""

    permission_classes = [access.Client("viewer", write="owner")]

    @extend_schema(parameters=PAGING, responses=paged(RefundSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Refund.objects.filter(organisation=access.organisation_of(request))
        return listing(request, rows, order="-created_at", show=refunds_shown)

    @extend_schema(request=NewRefundSerializer, responses={201: RefundSerializer(many=True)})
    def post(self, request: Request) -> HttpResponse:
        """Send an amount of unused prepaid money back: one refund for each payment that it came from."""
        given, organisation = NewRefundSerializer.read(request), access.organisation_of(request)
        return change(request, lambda: reply(refunds_shown(refunds.ask(
            organisation_id=organisation.pk, amount=given["amount"], actor_id=access.user_of(request).pk, now=timezone.now()
        )), 201))


class ChargePartSerializer(serializers.Serializer[Any]):
    what = serializers.CharField()
    amount = MoneyField()


class ChargeSerializer(serializers.Serializer[Any]):
    """Something that was charged after its money was gone."""

    number = serializers.CharField(help_text="Of the invoice")
    at = serializers.DateTimeField()
    about = serializers.CharField()
    parts = ChargePartSerializer(many=True)
    amount = MoneyField()
    settled = MoneyField()
    open = MoneyField()
    settled_on = serializers.DateTimeField(allow_null=True, help_text="When the last of it was settled")
    pdf = serializers.CharField(help_text="The invoice as a paper, for people who are signed in")


class OwedSerializer(serializers.Serializer[Any]):
    charges = ChargeSerializer(many=True)


class Owed(ClientMoneyView):
    """What you owe or owed after a late decision or a chargeback, the newest first; your next payment settles the oldest first."""

    http_method_names = ["get", "head", "options"]

    @extend_schema(responses=OwedSerializer)
    def get(self, request: Request) -> HttpResponse:
        organisation = access.organisation_of(request)
        found = [
            one for currency in queries.client_currencies(organisation.pk)
            for one in owed.charges(organisation=organisation, currency=currency)
        ]
        return reply(OwedSerializer({"charges": [_charged(one, organisation.slug) for one in found]}).data)


def _charged(one: owed.Charge, slug: str) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in ("number", "at", "about", "amount", "settled", "open", "settled_on")}
    return plain | {
        "parts": [{"what": label, "amount": amount} for label, amount in one.parts],
        "pdf": settings.PUBLIC_URL + reverse("payments:invoice", args=[slug, one.number]),
    }  # fmt: skip


class FundingDetail(ClientMoneyView):
    """One payment."""

    @extend_schema(responses=FundingSerializer)
    def get(self, request: Request, funding_id: uuid.UUID) -> HttpResponse:
        wish = Funding.objects.filter(pk=funding_id, organisation=access.organisation_of(request)).first()
        if wish is None:
            raise NotFound(_("There is no such payment."))
        return reply(funding_shown(wish))
