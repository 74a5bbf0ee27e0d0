"""Stripe's balance transactions as the books take them: which kinds have a match of their own, and how one is cleared."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q

from payments import ledger
from payments.chart import platform
from payments.models import RailMovement

PAID_IN = ("charge", "payment")
PAID_OUT = ("transfer",)
REFUNDED, REFUND_FAILED = ("refund", "payment_refund"), "refund_failure"
CHARGED_BACK = "adjustment"
SOURCE = dict.fromkeys(PAID_IN, "funding") | dict.fromkeys(PAID_OUT, "payout") | {CHARGED_BACK: "chargeback"}
SOURCE |= dict.fromkeys((*REFUNDED, REFUND_FAILED), "refund")
"""What answers for a balance transaction of a type, in the ledger's words."""
UNEXPLAINED = ~Q(type__in=[*PAID_IN, *PAID_OUT, *REFUNDED, REFUND_FAILED]) & ~Q(type=CHARGED_BACK, source__startswith="du_")
"""Balance transactions that no payment, transfer, refund or chargeback of ours can be the reason of."""


def subject(movement: RailMovement) -> str:
    """What a difference that nothing explains is known by."""
    return f"{movement.type} {movement.id}"


def post_cleared(movement: RailMovement, *, source_kind: str, source_id: uuid.UUID, now: datetime) -> bool:
    """Clearing -> available, less Stripe's fee: once per balance transaction."""
    currency, gross, fee = movement.currency, movement.amount_units, movement.fee_units
    RailMovement.objects.filter(pk=movement.pk).update(cleared_at=now)
    return ledger.post(
        ledger.Posting(
            idem=f"rail:{movement.pk}", kind="clear", source_kind=source_kind, source_id=source_id, actor_id=None, now=now,
            legs=[
                ledger.Leg(platform("stripe_available", currency), gross - fee),
                ledger.Leg(platform("platform_fees", currency), fee),
                ledger.Leg(platform("stripe_clearing", currency), -gross),
            ],
        )
    )  # fmt: skip
