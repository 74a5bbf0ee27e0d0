"""What becomes of a transfer between Stripe and the worker's bank: paid, failed, and paid after all, in any order of news."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from kit import outbox, states
from payments import gateway, locks, stripe_gateway
from payments.models import Attempt, BankPayout, Payout, PayoutAccount
from payments.states import PAYOUT

RANK = {"pending": 0, "in_transit": 1, "paid": 2, "failed": 3, "canceled": 3}
"""News of a lower rank than what is known is old news; `paid` is not the end, a bank may still send it back."""


def read_again(*, rail_account: str, bank_payout_id: str, now: dt.datetime) -> None:
    """Ask Stripe how a payout to a bank stands and which transfers it carried, and keep it. Raises GatewayError."""
    account = PayoutAccount.objects.filter(rail_account=rail_account).first()
    if account is None:
        return
    seen = stripe_gateway.read_bank_transfer(account=rail_account, bank_transfer_id=bank_payout_id)
    sources = stripe_gateway.payments_in(account=rail_account, bank_transfer_id=bank_payout_id)
    with transaction.atomic(durable=True):
        keep(account=account, seen=seen, sources=sources, now=now)


def keep(
    *, account: PayoutAccount, seen: gateway.BankTransfer, sources: Sequence[str], now: dt.datetime
) -> None:
    """Keep news of a bank payout unless it is old, and move the payouts that it carried."""
    locks.payout_account(account.pk)
    known = BankPayout.objects.filter(pk=seen.id).first()
    if known is not None and RANK.get(known.status, 0) > RANK.get(seen.status, 0):
        return
    kept, _made = BankPayout.objects.update_or_create(
        pk=seen.id,
        defaults={
            "account": account, "amount_units": seen.amount.units, "currency": seen.amount.currency, "status": seen.status,
            "failure_code": seen.failure_code, "arrives_at": seen.arrives_at, "created_at": seen.created_at,
        },
    )  # fmt: skip
    kept.payouts.add(*_carried(account, sources))
    for payout in Payout.objects.filter(bank_payouts=kept).order_by("id"):
        _follow(payout, now)


def _carried(account: PayoutAccount, sources: Sequence[str]) -> list[Payout]:
    """Our payouts among the sources: transfers by the name they bear there, and those of an earlier, failed bank payout."""
    attempts = Attempt.objects.filter(state="known", destination_payment__in=list(sources), payout__account=account)
    again = Payout.objects.filter(bank_payouts__in=[source for source in sources if source.startswith("po_")])
    return list({payout.pk: payout for payout in [*(a.payout for a in attempts.select_related("payout")), *again]}.values())


def _follow(payout: Payout, now: dt.datetime) -> None:
    """Bring a payout to where its latest bank payout is."""
    payout = locks.payout(payout.pk)
    latest = payout.bank_payouts.order_by("-created_at", "-pk").first()
    if latest is None or payout.state not in ("sent", "paid", "failed"):
        return
    target = {"paid": "paid", "failed": "failed", "canceled": "failed"}.get(latest.status)
    if target is None or target == payout.state:
        return
    changes = {"paid_at": now, "fault": ""} if target == "paid" else {"fault": latest.failure_code or latest.status}
    states.move(payout, chart=PAYOUT, to=target, actor_id=None, now=now, reason=latest.failure_code, **changes)
    outbox.emit(f"payout.{target}", payout_id=str(payout.pk), user_id=str(payout.worker_id))
