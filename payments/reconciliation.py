"""Our books against Stripe's: each of its balance transactions is cleared against what we posted, or named as a mismatch."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import transaction

from kit.money import Money
from payments import ledger, mismatches, movements, own_exchange, stripe_gateway
from payments.chart import platform
from payments.models import Attempt, Chargeback, Funding, RailMovement, Refund

OVERLAP = dt.timedelta(minutes=10)
"""How far behind the newest known movement the next look begins."""
BEGINNING = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
GRACE = dt.timedelta(hours=24)
"""How long the two books may differ before the difference is named; clearing accounts age to zero within it."""
EXCHANGE_GRACE = dt.timedelta(days=5)
"""The same for an exchange of our own, which may go by way of a bank."""


def pull(*, now: dt.datetime) -> int:
    """Read Stripe's new balance transactions and clear what has its match; returns how many were new. Raises GatewayError."""
    newest = RailMovement.objects.order_by("-created_at").values_list("created_at", flat=True).first()
    seen = list(stripe_gateway.movements(since=newest - OVERLAP if newest else BEGINNING))
    known = set(RailMovement.objects.filter(pk__in=[each.id for each in seen]).values_list("pk", flat=True))
    new = [each for each in reversed(seen) if each.id not in known]
    RailMovement.objects.bulk_create(
        [
            RailMovement(
                id=each.id, type=each.type, amount_units=each.amount.units, fee_units=each.fee.units,
                currency=each.amount.currency, source=each.source, created_at=each.created_at,
            )
            for each in new
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    clear_open(now=now)
    return len(new)


def clear_open(*, now: dt.datetime) -> int:
    """Clear every movement that has its match by now, each in its own transaction; returns how many were cleared."""
    cleared = 0
    for movement in RailMovement.objects.filter(cleared_at__isnull=True).order_by("created_at"):
        with transaction.atomic(durable=True):
            cleared += _clear(movement, now)
    return cleared


def _clear(movement: RailMovement, now: dt.datetime) -> bool:
    if movement.type in movements.PAID_IN:
        return _clear_payment(movement, now)
    if movement.type in movements.PAID_OUT:
        return _clear_transfer(movement, now)
    if movement.type in (*movements.REFUNDED, movements.REFUND_FAILED):
        return _clear_refund(movement, now)
    if movement.type == movements.CHARGED_BACK and movement.source.startswith("du_"):
        return _clear_chargeback(movement, now)
    if own_exchange.clear(movement, now=now):
        return True
    mismatches.name(
        kind="movement_unexplained", subject=movements.subject(movement), currency=movement.currency,
        theirs_units=movement.amount_units, now=now,
    )  # fmt: skip
    return False


def _clear_payment(movement: RailMovement, now: dt.datetime) -> bool:
    wish = Funding.objects.filter(charge_id=movement.source, state="settled").first()
    if wish is None:
        return _unmatched(movement, now)
    ours = Money(wish.amount_units, wish.currency)
    if not _agrees(movement, ours, movement.amount_units, now):
        return False
    Funding.objects.filter(pk=wish.pk).update(cleared_at=now)
    return _post(movement, wish.pk, now)


def _clear_transfer(movement: RailMovement, now: dt.datetime) -> bool:
    attempt = Attempt.objects.select_related("payout").filter(transfer_id=movement.source, state="known").first()
    if attempt is None:
        return _unmatched(movement, now)
    ours = attempt.payout.sends
    if not _agrees(movement, ours, -movement.amount_units, now):
        return False
    Attempt.objects.filter(pk=attempt.pk).update(cleared_at=now)
    return _post(movement, attempt.payout_id, now)


def _clear_refund(movement: RailMovement, now: dt.datetime) -> bool:
    """What left with a refund, or came back with one that failed."""
    back = movement.amount_units > 0
    refund = Refund.objects.filter(refund_id=movement.source).first()
    if refund is None or (back and refund.state != "failed"):
        return _unmatched(movement, now)
    if not _agrees(movement, Money(refund.amount_units, refund.currency), abs(movement.amount_units), now):
        return False
    cleared = {"back_cleared_at" if back else "cleared_at": now}
    Refund.objects.filter(pk=refund.pk).update(**cleared)
    return _post(movement, refund.pk, now)


def _clear_chargeback(movement: RailMovement, now: dt.datetime) -> bool:
    """What left with a chargeback, or came back with one that was won; Stripe's fee for it is ours."""
    taken = Chargeback.objects.filter(pk=movement.source).first()
    if taken is None or (movement.amount_units > 0 and taken.state != "won"):
        return _unmatched(movement, now)
    back = movement.amount_units > 0
    if not _agrees(movement, Money(taken.amount_units, taken.currency), abs(movement.amount_units), now):
        return False
    cleared = {"back_cleared_at" if back else "taken_cleared_at": now}
    Chargeback.objects.filter(pk=taken.pk).update(**cleared)
    return _post(movement, taken.key, now)


def _agrees(movement: RailMovement, ours: Money, theirs_units: int, now: dt.datetime) -> bool:
    """Whether amount and currency are the same; if not, it is named and stays uncleared."""
    if (ours.units, ours.currency) == (theirs_units, movement.currency):
        return True
    kind = "currency_differs" if ours.currency != movement.currency else "amount_differs"
    mismatches.name(kind=kind, subject=movement.id, ours=ours, theirs_units=theirs_units, now=now)
    return False


def _unmatched(movement: RailMovement, now: dt.datetime) -> bool:
    """Stripe knows of something that we do not: news may still be on its way, for a day."""
    if now - movement.created_at >= GRACE:
        mismatches.name(
            kind="extra_at_rail", subject=movement.id, currency=movement.currency, theirs_units=movement.amount_units, now=now
        )
    return False


def _post(movement: RailMovement, source_id: uuid.UUID, now: dt.datetime) -> bool:
    return movements.post_cleared(movement, source_kind=movements.SOURCE[movement.type], source_id=source_id, now=now)


def check(*, now: dt.datetime) -> list[str]:
    """The nightly look: new movements, what did not age to zero, and the balance as a whole. Returns the kinds named.

    Everything found is named, nothing is corrected. Raises GatewayError when Stripe cannot be asked.
    """
    pull(now=now)
    named = [_missing(now)] + [_balance_differs(currency, now) for currency in settings.PLATFORM_CURRENCIES]
    return [kind for kind in named if kind]


def _missing(now: dt.datetime) -> str:
    """What we posted a day ago and Stripe's books do not show."""
    fundings = Funding.objects.filter(state="settled", cleared_at__isnull=True, settled_at__lte=now - GRACE)
    attempts = Attempt.objects.filter(state="known", cleared_at__isnull=True, settled_at__lte=now - GRACE)
    lost = [(f"funding {wish.pk}", Money(wish.amount_units, wish.currency)) for wish in fundings]
    lost += [
        (f"payout {attempt.payout_id}", attempt.payout.sends) for attempt in attempts.select_related("payout")
    ]
    taken = Chargeback.objects.filter(taken_cleared_at__isnull=True, opened_at__lte=now - GRACE)
    back = Chargeback.objects.filter(state="won", back_cleared_at__isnull=True, closed_at__lte=now - GRACE)
    lost += [(f"chargeback {each.pk}", Money(each.amount_units, each.currency)) for each in taken.union(back)]
    sent = Refund.objects.filter(refund_id__isnull=False, cleared_at__isnull=True, created_at__lte=now - GRACE)
    lost += [(f"refund {each.pk}", Money(each.amount_units, each.currency)) for each in sent]
    lost += [(f"exchange {each.pk} {ours.currency}", ours) for each, ours in own_exchange.open_sides(since=now - EXCHANGE_GRACE)]
    for subject, ours in lost:
        with transaction.atomic(durable=True):
            mismatches.name(kind="missing_at_rail", subject=subject, ours=ours, now=now)
    return "missing_at_rail" if lost else ""


def _balance_differs(currency: str, now: dt.datetime) -> str:
    """Stripe's balance against our account of it, unless it moved while we looked."""
    before = stripe_gateway.balance(currency)
    arrived = pull(now=now)
    ours = ledger.balance(platform("stripe_available", currency))
    if arrived or ours == before or stripe_gateway.balance(currency) != before:
        return ""
    with transaction.atomic(durable=True):
        mismatches.name(kind="balance_differs", subject=currency, ours=ours, theirs_units=before.units, now=now)
    return "balance_differs"
