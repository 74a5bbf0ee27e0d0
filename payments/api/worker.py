"""What a worker's program may know and do: balances, earnings with every line, payouts, the payout account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, ApiView, Body, MoneyField, change, listing, paged, reply
from kit.errors import Conflict, NotFound
from kit.ids import uuid7
from kit.money import Money
from payments import payout_accounts, payout_requests, queries, rails, statements
from payments.models import Earning, Payout, PayoutAccount, Rhythm
from payments.states import EARNING, PAYOUT, PAYOUT_ACCOUNT
from workers import access, tokens


class BalancesSerializer(serializers.Serializer[Any]):
    """A worker's money in one currency, in four parts."""

    in_review = MoneyField(help_text="Earned, waits for a judgement or the clock")
    available = MoneyField(help_text="Confirmed, goes out with the next payout")
    on_its_way = MoneyField(help_text="Transferred, not yet at the bank")
    held = MoneyField(help_text="Stopped by a dispute or a case")


class MyMoneySerializer(serializers.Serializer[Any]):
    balances = BalancesSerializer(many=True)
    next_payout = serializers.DateTimeField(allow_null=True, help_text="The next weekly run; null for whoever is paid on demand")
    payout_minimum = serializers.CharField(help_text="In main units of any currency; less waits for the next run")


class LineSerializer(serializers.Serializer[Any]):
    """One reason of an earning."""

    kind = serializers.CharField()
    amount = MoneyField(help_text="May be negative")
    inputs = serializers.JSONField(help_text="What it was computed from")
    rule = serializers.CharField(help_text="Rule and version that made it")


class EarningSerializer(serializers.Serializer[Any]):
    """Money owed for one source; the lines add up to the amount."""

    id = serializers.UUIDField(source="earning_id")
    source_kind = serializers.CharField()
    source_id = serializers.UUIDField()
    state = serializers.CharField(help_text=", ".join(EARNING.states))
    amount = MoneyField()
    held = serializers.BooleanField()
    payout = serializers.UUIDField(source="payout_id", allow_null=True)
    lines = LineSerializer(many=True)
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


class PayoutSerializer(serializers.Serializer[Any]):
    """A transfer to the worker."""

    id = serializers.UUIDField()
    state = serializers.CharField(help_text=", ".join(PAYOUT.states))
    amount = MoneyField(help_text="What left the balance, without the cost")
    sends = MoneyField(help_text="What reaches the worker: the amount, or what it was exchanged into")
    rate = serializers.DecimalField(
        max_digits=18, decimal_places=9, source="rate.rate", default=None, allow_null=True, help_text="Of the exchange, if there was one"
    )
    cost = MoneyField(help_text="What the rail took for a payout on demand; zero for a weekly one")
    earnings = serializers.IntegerField(source="earnings_count")
    carry_in = MoneyField(help_text="Left by earlier payouts that were rounded down")
    carry_out = MoneyField(help_text="Left for the next")
    fault = serializers.CharField(help_text="Why it came back or failed at the bank")
    next_rail = serializers.CharField(allow_null=True, help_text="After one that came back: another rail that serves your country")
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)


class PayoutAccountSerializer(serializers.Serializer[Any]):
    """Where payouts go."""

    country = serializers.CharField()
    currency = serializers.CharField(help_text="What the bank receives; empty for what was earned")
    masked = serializers.CharField(help_text="The bank account, if we know it: its last four characters")
    state = serializers.CharField(help_text=", ".join(PAYOUT_ACCOUNT.states))
    wanted = serializers.ListField(child=serializers.CharField(), help_text="What the rail still asks for")
    rhythm = serializers.CharField(help_text=", ".join(Rhythm.values))
    rail = serializers.CharField()
    rail_account = serializers.CharField(allow_null=True)


class OpenAccountSerializer(Body):
    country = serializers.RegexField(r"^[A-Za-z]{2}$", help_text="ISO 3166-1, such as DE")


class RhythmSerializer(Body):
    rhythm = serializers.ChoiceField(choices=Rhythm.choices, help_text="weekly: free; on_demand: at the rail's cost")


class QuoteSerializer(serializers.Serializer[Any]):
    """What a payout on demand would be now."""

    amount = MoneyField(help_text="What would reach the worker")
    sends = MoneyField(allow_null=True, help_text="What the amount is sent as at today's rate, where it goes out in another currency")
    cost = MoneyField(help_text="What the rail takes of the balance")
    rest = MoneyField(help_text="What stays for the next payout")
    reason = serializers.CharField(help_text="Why none can be asked for now; empty when one can")


class AskSerializer(Body):
    most_cost = MoneyField(help_text="The cost from the quote; nothing is paid when it is higher by now. Its currency is paid out")


class LinkSerializer(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="The rail's page, for one visit")


def payout_shown(payout: Payout) -> dict[str, Any]:
    """A payout as plain data."""

    def money(units: int) -> Money:
        return Money(units, payout.currency)

    plain = {
        name: getattr(payout, name) for name in ("id", "state", "earnings_count", "fault", "created_at", "sent_at", "paid_at")
    }
    amounts = {
        "amount": money(payout.amount_units), "carry_in": money(payout.carry_in_units),
        "carry_out": money(payout.carry_out_units), "cost": money(payout.cost_units), "sends": payout.sends, "rate": payout.rate,
    }  # fmt: skip
    return dict(PayoutSerializer(plain | amounts | {"next_rail": rails.next_for(payout)}).data)


class WorkerMoneyView(ApiView):
    """A door for workers, with tokens that may see money."""

    permission_classes = [access.WorkerWith(tokens.PAYMENTS)]


class MyMoney(WorkerMoneyView):
    """What is mine."""

    @extend_schema(responses=MyMoneySerializer)
    def get(self, request: Request) -> HttpResponse:
        worker_id = access.user_of(request).pk
        held = [
            queries.worker_balances(worker_id=worker_id, currency=currency)
            for currency in queries.worker_currencies(worker_id)
        ]
        minimum = Money(settings.PAYOUT_MINIMUM_UNITS, "USD").decimal()
        account = queries.payout_account(worker_id)
        weekly = account is None or account.rhythm == Rhythm.WEEKLY
        next_payout = statements.next_run(timezone.now()) if weekly else None
        shown = {"balances": held, "next_payout": next_payout, "payout_minimum": str(minimum)}
        return reply(MyMoneySerializer(shown).data)


class MyEarnings(WorkerMoneyView):
    """Earnings with every line, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(EarningSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Earning.objects.filter(worker_id=access.user_of(request).pk)
        return listing(
            request, rows, order="-created_at",
            show=lambda page: EarningSerializer(queries.single_views(page), many=True).data,
        )  # fmt: skip


class MyPayouts(WorkerMoneyView):
    """Payouts, newest first; drafts are nobody's business yet."""

    @extend_schema(parameters=PAGING, responses=paged(PayoutSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Payout.objects.filter(worker_id=access.user_of(request).pk).exclude(state="draft").select_related("account", "rate")
        return listing(request, rows, order="-created_at", show=lambda page: [payout_shown(row) for row in page])


    @extend_schema(request=AskSerializer, responses={201: PayoutSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Ask for a payout on demand. With an Idempotency-Key the same request pays once, however often it comes."""
        most = AskSerializer.read(request)["most_cost"]

        def work() -> HttpResponse:
            payout = payout_requests.ask(
                request_id=uuid7(), worker_id=access.user_of(request).pk, most=most, now=timezone.now()
            )
            return reply(payout_shown(payout), 201)

        return change(request, work)


class MyPayoutQuote(WorkerMoneyView):
    """What a payout on demand would cost now, in each of the worker's currencies."""

    @extend_schema(responses=QuoteSerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        worker_id, now = access.user_of(request).pk, timezone.now()
        quotes = [
            payout_requests.quote(worker_id=worker_id, currency=currency, now=now)
            for currency in queries.worker_currencies(worker_id)
        ]
        return reply(QuoteSerializer(quotes, many=True).data)


class MyPayoutRhythm(WorkerMoneyView):
    """Weekly and free, or on demand at the rail's cost."""

    @extend_schema(request=RhythmSerializer, responses=PayoutAccountSerializer)
    def post(self, request: Request) -> HttpResponse:
        """Choose; it holds from the next run."""
        given = RhythmSerializer.read(request)

        def work() -> HttpResponse:
            account = payout_requests.choose_rhythm(
                worker_id=access.user_of(request).pk, rhythm=given["rhythm"], now=timezone.now()
            )
            return reply(PayoutAccountSerializer(account).data)

        return change(request, work)


def _own_account(request: Request) -> PayoutAccount:
    account = queries.payout_account(access.user_of(request).pk)
    if account is None:
        raise NotFound(_("You have no payout account yet."))
    return account


class MyPayoutAccount(WorkerMoneyView):
    """The payout account: read it, or open it with the country of your bank."""

    @extend_schema(responses=PayoutAccountSerializer)
    def get(self, request: Request) -> HttpResponse:
        return reply(PayoutAccountSerializer(_own_account(request)).data)

    @extend_schema(request=OpenAccountSerializer, responses={201: PayoutAccountSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Open the account; asking again gives the one there is."""
        given, user_id = OpenAccountSerializer.read(request), access.user_of(request).pk
        if rails.was_ready(user_id) and getattr(queries.payout_account(user_id), "rail", "") != "stripe":
            raise Conflict(_("Change how you are paid on the page of your payout account."))
        account = payout_accounts.open_account(
            user=access.user_of(request), country=given["country"], now=timezone.now()
        )
        return reply(PayoutAccountSerializer(account).data, 201)


class MyPayoutLink(WorkerMoneyView):
    """The rail's own page, on which onboarding goes on or bank details are changed."""

    @extend_schema(request=None, responses=LinkSerializer)
    def post(self, request: Request) -> HttpResponse:
        """Make a link for one visit."""
        page = settings.PUBLIC_URL + reverse("payments:payout_account")
        url = payout_accounts.link(
            account=_own_account(request), refresh_url=settings.PUBLIC_URL + reverse("payments:payout_link"),
            return_url=f"{page}?back=1",
        )  # fmt: skip
        return reply({"url": url})
