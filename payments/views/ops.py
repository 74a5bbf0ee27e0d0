"""Finance's pages: payout runs from dry run to done, and the health of the books."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kit import paging
from kit.errors import Invalid, NotFound
from kit.money import Money
from payments import exchange, invariants, mismatches, payout_runs, payouts, queries, words
from payments.models import Attempt, LedgerCheck, Mismatch, Payout, PayoutRun
from payments.states import PAYOUT
from workers import access
from workers.access import PersonRequest


def find(run_id: uuid.UUID) -> PayoutRun:
    """Raises NotFound."""
    run = PayoutRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("There is no such payout run."))
    return run


@require_GET
@access.ops("finance")
def runs(request: PersonRequest) -> HttpResponse:
    """All runs, newest first; what is payable now; and the button for a dry run."""
    page = paging.page(PayoutRun.objects.all(), order="-drafted_at", cursor=request.GET.get("cursor"), size=30)
    names = queries.people([each for run in page.rows for each in (run.drafted_by, run.approved_by) if each])
    rows = [
        {"run": run, "total": Money(run.total_units, run.currency), "by": names.get(run.drafted_by) if run.drafted_by else None}
        for run in page.rows
    ]
    payable = queries.payable_now()
    return render(request, "ops/payouts.html", {
        "rows": rows, "page": page, "payable": payable, "currencies": _most_first(payable),
        "minimum": Money(settings.PAYOUT_MINIMUM_UNITS, "USD").decimal(),
        "columns": [
            {"label": _("Run")}, {"label": _("State")}, {"label": _("Payouts"), "num": True}, {"label": _("Total"), "num": True},
            {"label": _("By"), "rank": 2},
        ],
    })  # fmt: skip


def _most_first(payable: list[queries.Payable]) -> list[str]:
    """The platform's currencies, the one for which most workers wait first."""
    waiting = {each.amount.currency: each.workers for each in payable}
    return sorted(settings.PLATFORM_CURRENCIES, key=lambda currency: -waiting.get(currency, 0))


@require_POST
@access.ops("finance")
def plan(request: PersonRequest) -> HttpResponse:
    """A dry run: nothing moves before somebody approves it."""
    currency = request.POST.get("currency", "")
    if currency not in settings.PLATFORM_CURRENCIES:
        raise Invalid(_("Expected one of the platform's currencies."), field="currency")
    minimum = Money.parse(_number(request.POST.get("minimum", "")), currency, field="minimum").units
    if minimum < 0:
        raise Invalid(_("Expected an amount such as 1.00, or 0."), field="minimum")
    with transaction.atomic(durable=True):
        run = payout_runs.plan(currency=currency, actor_id=request.user.pk, now=timezone.now(), minimum_units=minimum)
    return redirect("payments:payout_run", run_id=run.pk)


def _number(text: str) -> str:
    try:
        return str(Decimal(text))
    except InvalidOperation:
        raise Invalid(_("Expected an amount such as 1.00, or 0."), field="minimum") from None


@require_GET
@access.ops("finance")
def run(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """One run: totals, oddities and who is left out before; progress and outcomes after."""
    found = find(run_id)
    state = request.GET.get("state", "")
    rows = found.payouts.select_related("account", "rate").prefetch_related("attempts")
    if state in PAYOUT.states:
        rows = rows.filter(state=state)
    page = paging.page(rows, order="created_at", cursor=request.GET.get("cursor"), size=50)
    odd = payout_runs.oddities(found) if found.state == "draft" else []
    ids = [payout.worker_id for payout in page.rows] + [each.payout.worker_id for each in odd]
    names = queries.people([*ids, *(each for each in (found.drafted_by, found.approved_by) if each)])
    return render(request, "ops/payout_run.html", {
        **_shown(found), "page": page, "rows": [_payout_row(payout, names) for payout in page.rows], "state": state,
        "oddities": [{"kind": each.kind, "usual": each.usual, **_payout_row(each.payout, names)} for each in odd],
        "drafter": names.get(found.drafted_by) if found.drafted_by else None,
        "approver": names.get(found.approved_by) if found.approved_by else None,
        "own_draft": found.drafted_by == request.user.pk,
        "crumbs": [{"label": _("Payouts"), "url": reverse("payments:payout_runs")}],
        "columns": [
            {"label": _("Worker")}, {"label": _("State")}, {"label": _("Earnings"), "num": True, "rank": 2},
            {"label": _("Tries"), "rank": 2}, {"label": _("Amount"), "num": True},
        ],
    })  # fmt: skip


def _shown(run: PayoutRun) -> dict[str, Any]:
    """What the head and the live part of a run's page show."""
    far = payout_runs.progress(run)
    left_out = [
        {"reason": words.LEFT_OUT.get(reason, reason), "workers": each["workers"], "amount": Money(each["units"], run.currency)}
        for reason, each in sorted(run.left_out.items())
    ]
    known = [state for state in PAYOUT.states if state in far.counts]
    states = [{"state": state, "count": far.counts[state], "amount": far.sums[state]} for state in known]
    return {
        "run": run, "far": far, "abroad": exchange.sent_abroad(run),
        "states": states, "left_out": left_out, "total": Money(run.total_units, run.currency),
        "minimum": Money(run.minimum_units, run.currency), "second_person": payout_runs.needs_second_person(run),
        "moving": run.state == "approved" and far.settled + far.at_bank < far.total,
    }  # fmt: skip


def _payout_row(payout: Payout, names: dict[uuid.UUID, queries.Person]) -> dict[str, Any]:
    tries = sorted(payout.attempts.all(), key=lambda each: each.n)
    return {
        "payout": payout, "person": names.get(payout.worker_id), "amount": payout.amount,
        "tries": tries, "decide": next((each for each in tries if each.needs_person and each.state == "in_doubt"), None),
        "fault": payout.fault.replace("_", " "),
    }  # fmt: skip


@require_GET
@access.ops("finance")
def run_progress(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """The live part of a run's page."""
    shown = _shown(find(run_id))
    response = render(request, "ops/payout_progress.html", shown)
    if not shown["moving"]:
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
@access.ops("finance")
@access.reauthenticated
def approve(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """Let a run go."""
    with transaction.atomic(durable=True):
        payout_runs.approve(run_id=run_id, actor_id=request.user.pk, now=timezone.now())
    messages.success(request, _("Approved. Payouts are being sent."))
    return redirect("payments:payout_run", run_id=run_id)


@require_POST
@access.ops("finance")
def cancel(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """Forget a draft."""
    with transaction.atomic(durable=True):
        payout_runs.cancel(run_id=run_id, actor_id=request.user.pk, now=timezone.now())
    messages.info(request, _("The draft is gone. Its earnings wait for the next run."))
    return redirect("payments:payout_runs")


@require_POST
@access.ops("finance")
def resume(request: PersonRequest, run_id: uuid.UUID) -> HttpResponse:
    """Go on with a paused run."""
    with transaction.atomic(durable=True):
        payout_runs.resume(run_id=run_id, actor_id=request.user.pk, now=timezone.now())
    return redirect("payments:payout_run", run_id=run_id)


@require_POST
@access.ops("finance")
@access.reauthenticated
def decide_absent(request: PersonRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """A person has looked at the rail: this transfer was never made, another try may be opened."""
    attempt = Attempt.objects.select_related("payout").filter(pk=attempt_id, needs_person=True).first()
    if attempt is None:
        raise NotFound(_("There is no such try to decide."))
    payouts.decide_absent(attempt_id=attempt_id, actor_id=request.user.pk, now=timezone.now())
    return redirect("payments:payout_run", run_id=attempt.payout.run_id)


@require_GET
@access.ops("finance")
def ledger_health(request: PersonRequest) -> HttpResponse:
    """Do the books hold: every invariant, Stripe's balance against ours, and what differs."""
    waiting = Mismatch.objects.filter(closed_at__isnull=True)
    page = paging.page(
        Mismatch.objects.all() if "all" in request.GET else waiting, order="-found_at", cursor=request.GET.get("cursor"), size=30
    )
    checks = list(LedgerCheck.objects.order_by("place"))
    return render(request, "ops/ledger.html", {
        "checks": checks, "checked_at": min((check.at for check in checks), default=None),
        "broken": [check for check in checks if not check.ok], "accounts": queries.platform_accounts(),
        "rows": [_mismatch_row(each) for each in page.rows],
        "page": page, "everything": "all" in request.GET, "open_count": waiting.count(),
        "columns": [
            {"label": _("Difference")}, {"label": _("Ours"), "num": True}, {"label": _("Stripe"), "num": True},
            {"label": _("Found"), "rank": 2}, {"label": _("Close"), "hidden": True},
        ],
    })  # fmt: skip


def _mismatch_row(mismatch: Mismatch) -> dict[str, Any]:
    def money(units: int | None) -> Money | None:
        return Money(units, mismatch.currency) if units is not None and mismatch.currency else None

    return {
        "mismatch": mismatch, "dom_id": mismatch.pk.hex, "what": words.MISMATCHES.get(mismatch.kind, mismatch.kind),
        "ours": money(mismatch.ours_units), "theirs": money(mismatch.theirs_units),
    }  # fmt: skip


@require_POST
@access.ops("finance")
def check_now(request: PersonRequest) -> HttpResponse:
    """Look at every invariant now."""
    found = invariants.findings()
    with transaction.atomic(durable=True):
        invariants.keep(found, now=timezone.now())
    if all(each.ok for each in found):
        messages.success(request, _("Every invariant holds."))
    else:
        messages.error(request, _("Something does not hold. See below."))
    return redirect("payments:ledger_health")


@require_POST
@access.ops("finance")
def close_mismatch(request: PersonRequest, mismatch_id: uuid.UUID) -> HttpResponse:
    """Say what a difference was."""
    with transaction.atomic(durable=True):
        mismatches.close(
            mismatch_id=mismatch_id, note=request.POST.get("note", ""), actor_id=request.user.pk, now=timezone.now()
        )
    return redirect("payments:ledger_health")
