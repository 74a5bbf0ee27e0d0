"""D8: the rail is down for ten minutes, refuses every second call, answers too late; nothing is wrong and all goes through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe

from payments import gateway, sending, stripe_gateway
from payments.models import Payout
from payments.states import OPEN_PAYOUT
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.faults import SEND
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import AtMost, held

BEAT = 5
"""Seconds between two rounds, as beat has it; a round is limited to what these seconds allow."""


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, stage.size(30, 1_000))
    groups = [payees[place::3] for place in range(3)]
    busiest, slowest = 0, 0.0
    with when(sabotaged, doubt_is_refusal()), impatient():
        for group, (trouble, beats) in zip(groups, _troubles(stage), strict=True):
            at.plan(stage, group)
            stage.rail.faults(trouble)
            busiest = max(busiest, _beats(stage, beats))
            stage.rail.call("DELETE", "/_control/faults")
            recovered, began = 0, stage.now()
            while Payout.objects.filter(state__in=OPEN_PAYOUT).exists() and recovered < 120:
                busiest, recovered = max(busiest, _beats(stage, 1)), recovered + 1
            slowest = max(slowest, (stage.now() - began).total_seconds())
    found = at.outcome(stage, payees) | {"per_s": busiest / BEAT, "recovered_s": round(slowest)}
    return held(found, at.all_paid_once(len(payees)) | {"per_s": AtMost(20), "recovered_s": AtMost(300)})


def _troubles(stage: Stage) -> list[tuple[dict[str, Any], int]]:
    """The faults, and for how many beats they last."""
    return [
        ({"kind": "drop_before", "path": "^/v1/transfers"}, 120),
        ({"kind": "429", "rate": 0.5, "seed": 8, "path": "^/v1/transfers"}, stage.size(12, 120)),
        ({"kind": "slow", "seconds": 0.9, "rate": 0.5, "seed": 8, "times": stage.size(5, 40), **SEND}, stage.size(12, 120)),
    ]


def _beats(stage: Stage, count: int) -> int:
    """Rounds of sending; returns the calls of the busiest one."""
    most = 0
    for _ in range(count):
        with counted() as calls:
            sending.send_round(clock=stage.now, limit=100)
        most = max(most, len(calls))
        stage.advance(BEAT)
    return most


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every request that leaves for the rail, retries of the package included."""
    calls: list[str] = []
    real = stripe.RequestsClient.request

    def request(self: Any, method: str, url: str, *rest: Any, **more: Any) -> Any:
        calls.append(url)
        return real(self, method, url, *rest, **more)

    with swapped(stripe.RequestsClient, request=request):
        yield calls


@contextmanager
def impatient() -> Iterator[None]:
    """A slow answer is one of 0.9 seconds here, and patience ends after 0.3; the ratio is that of 90 to 20 and more."""
    stripe_gateway._client_for.cache_clear()
    with swapped(stripe_gateway, TIMEOUT_SECONDS=(1, 0.3)):
        yield
    stripe_gateway._client_for.cache_clear()


def doubt_is_refusal() -> Any:
    """No answer is taken for a no."""
    real = stripe_gateway.send

    def send(**given: Any) -> Any:
        try:
            return real(**given)
        except gateway.InDoubt as error:
            raise gateway.Definite(error.code, error.detail) from error

    return swapped(stripe_gateway, send=send)
