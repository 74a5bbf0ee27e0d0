"""D9: the platform's balance runs out half-way; the run pauses, fails nobody, and goes on when money is there."""

from __future__ import annotations

from typing import Any

from payments import gateway, stripe_events, stripe_gateway
from payments.models import Payout, PayoutRun
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, stage.size(12, 300))
    leave_half(stage, sum(each.units for each in payees) // 2)
    with when(sabotaged, refusals_instead()):
        at.plan(stage)
        at.rounds(stage, 20)
        paused = PayoutRun.objects.filter(state="paused", paused_for="balance_short").exists()
        returned = Payout.objects.filter(state="returned").count()
        stage.rail.fund(10_000_000)
        stage.advance(hours=1)
        stripe_events.resume_paused(now=stage.now())
        at.finish(stage)
    found = at.outcome(stage, payees)
    # What was topped up or paid out by hand is no posting of ours; it is named, and that is all of the difference.
    kinds = {"paused": paused, "returned": returned, "once": found["once"], "broken": found["broken"]}
    return held(kinds, {"paused": True, "returned": 0, "once": len(payees), "broken": 0})


def leave_half(stage: Stage, units: int) -> None:
    """Money leaves the platform's balance at Stripe until so many units are left."""
    surplus = stage.rail.available("usd") - units // 100
    stage.rail.client.v1.payouts.create({"amount": surplus, "currency": "usd"})


def refusals_instead() -> Any:
    """A gateway that does not tell a short balance from a refusal for good."""
    real = stripe_gateway.send

    def send(**given: Any) -> Any:
        try:
            return real(**given)
        except gateway.BalanceShort as error:
            raise gateway.Definite(error.code, error.detail) from error

    return swapped(stripe_gateway, send=send)
