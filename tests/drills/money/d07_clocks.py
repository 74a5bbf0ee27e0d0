"""D7: what is in doubt while a day passes and the application's clock goes wrong by minutes and by days."""

from __future__ import annotations

from typing import Any

from payments import payouts, rails, sending
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.faults import SEND
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

SKEWS = (0, 600, -600, 86_400, -86_400)
"""Seconds by which our clock is wrong; the rail's is right."""


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, stage.size(20, 400))
    with when(sabotaged, same_key_for_ever()):
        for place, skew in enumerate(SKEWS):
            stage.rail.faults(
                {"kind": "drop_after", "rate": 0.6, "seed": place, **SEND}, {"kind": "drop_before", "rate": 0.6, "seed": place, **SEND}
            )
            with skewed(stage, skew):
                at.plan(stage, payees[place :: len(SKEWS)])
                sending.send_round(clock=stage.now, limit=1000)
        stage.rail.call("DELETE", "/_control/faults")
        stage.advance(hours=25)
        for skew in SKEWS:
            with skewed(stage, skew):
                at.rounds(stage, 3, every=700, limit=1000)
        at.finish(stage)
    return held(at.outcome(stage, payees), at.all_paid_once(len(payees)))


def skewed(stage: Stage, seconds: int) -> Any:
    """Our clock alone is wrong for a while."""
    return swapped(stage.clock, now=lambda right=stage.clock.now: right() + _seconds(seconds))


def _seconds(count: int) -> Any:
    import datetime as dt

    return dt.timedelta(seconds=count)


def same_key_for_ever() -> Any:
    """The key is trusted however old it is, and nobody looks first."""

    def ask(attempt: Any, payout: Any, now: Any) -> Any:
        rail = rails.of(payout.account.rail)
        return [rail.send(
            key=attempt.key, group=payouts.group_of(payout), destination=payout.account.rail_account or "",
            amount=at_amount(payout), payout_id=payout.pk,
        )]  # fmt: skip

    return swapped(sending, _ask=ask)


def at_amount(payout: Any) -> Any:
    from kit.money import Money

    return Money(payout.amount_units, payout.currency)
