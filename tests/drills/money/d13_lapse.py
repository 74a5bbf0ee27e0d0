"""D13: an account's capability lapses between the hold and the call; nothing is sent, and its owner hears why."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from config.reactions import REACTIONS
from kit import outbox
from payments import gateway, ledger, payouts, sending
from payments.chart import Account
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Payee, Stage
from tests.drills.money.verdict import held
from workers.models import Notice

REASON = "insufficient_capabilities_for_transfer"


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, stage.size(8, 200))
    at.plan(stage)
    for payout_id in payouts.to_open(limit=1000):
        with transaction.atomic():
            payouts.open_try(payout_id=payout_id, now=stage.now())
    held_first = sum(_in(each, "in_transit") == each.units for each in payees)
    for each in payees:
        stage.rail.control(f"accounts/{each.rail_account}/restrict", {})
    with when(sabotaged, refusal_is_doubt()):
        sending.send_round(clock=stage.now, limit=1000)
    while outbox.deliver_due(reactions=REACTIONS, now=stage.now()):
        continue
    told = Notice.objects.filter(kind="payout.returned", params__fault=REASON)
    found = {
        "held": held_first, "transfers": len(stage.rail.control("transfers")["transfers"]),
        "available_again": sum(_in(each, "available") >= each.units and not _in(each, "in_transit") for each in payees),
        "told": told.filter(user_id__in=[each.user_id for each in payees]).values("user_id").distinct().count(),
    }  # fmt: skip
    everybody = len(payees)
    return held(found, {"held": everybody, "transfers": 0, "available_again": everybody, "told": everybody})


def _in(payee: Payee, kind: str) -> int:
    return ledger.balance(Account(f"worker_{kind}", payee.user_id, "USD")).units


def refusal_is_doubt() -> Any:
    """A refusal for good is looked at again and again."""

    def again(*, attempt_id: Any, error: gateway.GatewayError, now: Any) -> None:
        payouts.record_doubt(attempt_id=attempt_id, error=error, now=now)

    return swapped(payouts, record_refused=again)
