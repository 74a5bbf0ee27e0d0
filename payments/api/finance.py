"""What a program of finance may know and do: payout runs from dry run to done, the ledger's health, mismatches."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kit.api import PAGING, ApiView, Body, MoneyField, change, listing, paged, reply
from kit.errors import NotFound
from kit.money import Money
from payments import mismatches, payout_runs
from payments.models import LedgerCheck, Mismatch, Payout, PayoutRun
from payments.states import ATTEMPT, PAYOUT, RUN
from workers import access, tokens


class LeftOutSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField()
    workers = serializers.IntegerField()
    amount = MoneyField()


class StateSumSerializer(serializers.Serializer[Any]):
    state = serializers.CharField(help_text=", ".join(PAYOUT.states))
    payouts = serializers.IntegerField()
    amount = MoneyField()


class RunSerializer(serializers.Serializer[Any]):
    """A payout run."""

    id = serializers.UUIDField()
    state = serializers.CharField(help_text=", ".join(RUN.states))
    paused_for = serializers.CharField(help_text="balance_short or key_refused")
    currency = serializers.CharField()
    payouts = serializers.IntegerField()
    total = MoneyField()
    minimum = MoneyField()
    second_person = serializers.BooleanField(help_text="Whether it is above the limit of one person")
    left_out = LeftOutSerializer(many=True)
    drafted_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)


class RunDetailSerializer(RunSerializer):
    """A payout run with how far it is."""

    progress = StateSumSerializer(many=True)
    in_doubt = serializers.IntegerField(help_text="Tries whose outcome is being found out")
    at_bank = serializers.IntegerField(help_text="Payments that wait for a bank file or for the bank's report")
    needs_person = serializers.IntegerField(help_text="Tries that a person has to decide")


class NewRunSerializer(Body):
    currency = serializers.ChoiceField(choices=settings.PLATFORM_CURRENCIES)
    minimum = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, required=False, help_text="In main units; the usual minimum if not given"
    )
    workers = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=10_000, help_text="Only these; everybody if not given"
    )


class AttemptSerializer(serializers.Serializer[Any]):
    """One try at a payout."""

    n = serializers.IntegerField()
    state = serializers.CharField(help_text=", ".join(ATTEMPT.states))
    calls = serializers.IntegerField()
    transfer = serializers.CharField(source="transfer_id", allow_null=True)
    fault = serializers.CharField()
    needs_person = serializers.BooleanField()


class RunPayoutSerializer(serializers.Serializer[Any]):
    """A payout of a run with every try at it."""

    id = serializers.UUIDField()
    worker = serializers.UUIDField()
    amount = MoneyField()
    sends = MoneyField(help_text="The amount, or what it is exchanged into for this worker")
    state = serializers.CharField(help_text=", ".join(PAYOUT.states))
    fault = serializers.CharField()
    attempts = AttemptSerializer(many=True)


class MismatchSerializer(serializers.Serializer[Any]):
    """A difference between the rail's books and ours."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    subject = serializers.CharField()
    currency = serializers.CharField()
    ours_units = serializers.IntegerField(allow_null=True, help_text="1/10,000 of the main unit")
    theirs_units = serializers.IntegerField(allow_null=True)
    found_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()


class CloseSerializer(Body):
    note = serializers.CharField(max_length=2000, help_text="What it was and what was done")


class CheckSerializer(serializers.Serializer[Any]):
    """One invariant of the books."""

    name = serializers.CharField()
    ok = serializers.BooleanField()
    detail = serializers.CharField()
    at = serializers.DateTimeField()


class HealthSerializer(serializers.Serializer[Any]):
    checks = CheckSerializer(many=True)
    open_mismatches = serializers.IntegerField()


def run_shown(run: PayoutRun) -> dict[str, Any]:
    """A run as plain data."""
    left_out = [
        {"reason": reason, "workers": each["workers"], "amount": Money(each["units"], run.currency)}
        for reason, each in sorted(run.left_out.items())
    ]
    plain = {
        name: getattr(run, name) for name in ("id", "state", "paused_for", "currency", "drafted_at", "approved_at", "done_at")
    }
    return plain | {
        "payouts": run.payouts_planned, "total": Money(run.total_units, run.currency), "left_out": left_out,
        "minimum": Money(run.minimum_units, run.currency), "second_person": payout_runs.needs_second_person(run),
    }  # fmt: skip


def detail_shown(run: PayoutRun) -> dict[str, Any]:
    """A run with its progress: two more statements."""
    far = payout_runs.progress(run)
    known = [state for state in PAYOUT.states if state in far.counts]
    states = [{"state": state, "payouts": far.counts[state], "amount": far.sums[state]} for state in known]
    shown = run_shown(run) | {"progress": states, "in_doubt": far.in_doubt, "at_bank": far.at_bank, "needs_person": far.needs_person}
    return dict(RunDetailSerializer(shown).data)


class FinanceView(ApiView):
    """People of finance."""

    permission_classes = [access.Ops("finance", scope=tokens.PAYMENTS)]

    def find(self, run_id: uuid.UUID) -> PayoutRun:
        """Raises NotFound."""
        run = PayoutRun.objects.filter(pk=run_id).first()
        if run is None:
            raise NotFound(_("There is no such payout run."))
        return run


class Runs(FinanceView):
    """Payout runs, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(RunSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = PayoutRun.objects.all()
        return listing(
            request, rows, order="-drafted_at", show=lambda page: RunSerializer([run_shown(run) for run in page], many=True).data
        )

    @extend_schema(request=NewRunSerializer, responses={201: RunDetailSerializer})
    def post(self, request: Request) -> HttpResponse:
        """A dry run: who would be paid what, who is left out and why. No money moves before it is approved."""
        given, now = NewRunSerializer.read(request), timezone.now()
        minimum = Money.parse(given["minimum"], given["currency"]).units if "minimum" in given else None

        def work() -> HttpResponse:
            run = payout_runs.plan(
                currency=given["currency"], actor_id=access.user_of(request).pk, now=now, minimum_units=minimum,
                worker_ids=given.get("workers"),
            )  # fmt: skip
            return reply(detail_shown(run), 201)

        return change(request, work)


class RunDetail(FinanceView):
    """One run, with how far it is; may be asked while it runs."""

    @extend_schema(responses=RunDetailSerializer)
    def get(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        return reply(detail_shown(self.find(run_id)))


class ApproveRun(FinanceView):
    """Let a drafted run go; above the limit a second person has to."""

    @extend_schema(request=None, responses=RunDetailSerializer)
    def post(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            run = payout_runs.approve(run_id=run_id, actor_id=access.user_of(request).pk, now=timezone.now())
            return reply(detail_shown(run))

        return change(request, work)


class CancelRun(FinanceView):
    """Forget a draft; its earnings wait for the next run."""

    @extend_schema(request=None, responses=RunDetailSerializer)
    def post(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            payout_runs.cancel(run_id=run_id, actor_id=access.user_of(request).pk, now=timezone.now())
            return reply(detail_shown(self.find(run_id)))

        return change(request, work)


class ResumeRun(FinanceView):
    """Go on with a paused run."""

    @extend_schema(request=None, responses=RunDetailSerializer)
    def post(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            payout_runs.resume(run_id=run_id, actor_id=access.user_of(request).pk, now=timezone.now())
            return reply(detail_shown(self.find(run_id)))

        return change(request, work)


class RunPayouts(FinanceView):
    """The payouts of a run, each with its tries."""

    @extend_schema(parameters=PAGING, responses=paged(RunPayoutSerializer))
    def get(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        rows = Payout.objects.filter(run=self.find(run_id)).prefetch_related("attempts")
        return listing(request, rows, order="created_at", show=lambda page: [_payout_of_run(row) for row in page])


def _payout_of_run(payout: Payout) -> dict[str, Any]:
    shown = {
        "id": payout.pk, "worker": payout.worker_id, "amount": payout.amount, "sends": payout.sends,
        "state": payout.state, "fault": payout.fault, "attempts": sorted(payout.attempts.all(), key=lambda each: each.n),
    }  # fmt: skip
    return dict(RunPayoutSerializer(shown).data)


class Health(FinanceView):
    """What every invariant of the books said when it was last looked at."""

    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request) -> HttpResponse:
        waiting = Mismatch.objects.filter(closed_at__isnull=True).count()
        checks = LedgerCheck.objects.order_by("place")
        return reply(HealthSerializer({"checks": checks, "open_mismatches": waiting}).data)


class Mismatches(FinanceView):
    """Differences between the rail's books and ours, newest first."""

    @extend_schema(parameters=PAGING, responses=paged(MismatchSerializer))
    def get(self, request: Request) -> HttpResponse:
        rows = Mismatch.objects.all()
        return listing(request, rows, order="-found_at", show=lambda page: MismatchSerializer(page, many=True).data)


class CloseMismatch(FinanceView):
    """Say what a difference was; software never mends one."""

    @extend_schema(request=CloseSerializer, responses=MismatchSerializer)
    def post(self, request: Request, mismatch_id: uuid.UUID) -> HttpResponse:
        given = CloseSerializer.read(request)

        def work() -> HttpResponse:
            mismatches.close(
                mismatch_id=mismatch_id, note=given["note"], actor_id=access.user_of(request).pk, now=timezone.now()
            )
            return reply(MismatchSerializer(Mismatch.objects.get(pk=mismatch_id)).data)

        return change(request, work)
