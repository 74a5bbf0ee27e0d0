"""Prepaid money that a client does not need goes back to the card or bank that paid it: intent (committed), call, outcome."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext as _

from kit import due, outbox, states
from kit.errors import Invalid
from kit.money import Money
from payments import chargebacks, funding, gateway, ledger, locks, mismatches, payouts, receivables, stripe_gateway
from payments.chart import Account, platform
from payments.models import Chargeback, Funding, Refund
from payments.states import REFUND

AGAIN = timedelta(minutes=2)
"""How long a runner has for one call before another may repeat it, under the same key."""
GONE = ("refused", "failed")
"""States in which the money is back with the client's prepaid."""


def ask(*, organisation_id: uuid.UUID, amount: Money, actor_id: uuid.UUID, now: datetime) -> list[Refund]:
    """Take an amount off prepaid and send it back, split over the payments that it came from, the newest first.

    A runner makes the calls. Raises Invalid, chargebacks.AccountStopped, funding.InsufficientFunds; nothing moved then.
    """
    if amount.units <= 0 or amount.payable() != amount:
        raise Invalid(_("Expected an amount in whole cents above zero."), field="amount")
    locks.account_of(organisation_id)
    chargebacks.check(organisation_id=organisation_id)
    missing = amount - funding.prepaid(organisation_id=organisation_id, currency=amount.currency)
    if missing.units > 0:
        raise funding.InsufficientFunds(missing)
    made = [
        _intend(paid, Money(units, amount.currency), actor_id, now)
        for paid, units in _split(organisation_id, amount)
    ]
    for refund in made:
        _post(refund, "out", now)
    return made


def _split(organisation_id: uuid.UUID, amount: Money) -> list[tuple[Funding, int]]:
    """Which payments an amount goes back to. Raises Invalid when less than that was ever paid in through Stripe."""
    left, parts = amount.units, []
    rows = Funding.objects.filter(organisation_id=organisation_id, currency=amount.currency, state="settled")
    for paid in rows.order_by("-settled_at", "-id"):
        part = min(left, refundable(paid).units)
        if part > 0:
            parts.append((paid, part))
            left -= part
        if not left:
            return parts
    raise Invalid(_("Only money that was paid in here and is still there can go back."), field="amount")


def refundable(paid: Funding) -> Money:
    """What of a payment can still go back: less what went back, and what its bank took."""
    back = Refund.objects.filter(funding=paid).exclude(state__in=GONE).aggregate(units=Sum("amount_units"))
    taken = Chargeback.objects.filter(funding=paid).exclude(state="won").aggregate(units=Sum("amount_units"))
    return Money(paid.amount_units - int(back["units"] or 0) - int(taken["units"] or 0), paid.currency)


def _intend(paid: Funding, amount: Money, actor_id: uuid.UUID, now: datetime) -> Refund:
    return Refund.objects.create(
        funding=paid, organisation_id=paid.organisation_id, currency=amount.currency, amount_units=amount.units,
        asked_by=actor_id, created_at=now, due_at=now,
    )


def send_due(*, now: datetime, limit: int) -> int:
    """Make the calls that are due; returns how many were made. Safe to run twice at once: both use the same key."""
    with transaction.atomic(durable=True):
        taken = due.take(Refund.objects.filter(state="intended", due_at__lte=now).order_by("due_at"), limit=limit)
        ids = [refund.pk for refund in taken]
        Refund.objects.filter(pk__in=ids, first_sent_at__isnull=True).update(first_sent_at=now)
        Refund.objects.filter(pk__in=ids).update(due_at=now + AGAIN)
    for refund_id in ids:
        send(refund_id=refund_id, now=now)
    return len(ids)


def send(*, refund_id: uuid.UUID, now: datetime) -> None:
    """One try: the call under its key, or, when the key is too old to be remembered, a look whether it was made."""
    refund = Refund.objects.select_related("funding").get(pk=refund_id)
    amount = Money(refund.amount_units, refund.currency)
    charge = refund.funding.charge_id or ""
    try:
        if now - (refund.first_sent_at or now) < payouts.SAME_KEY:
            seen = stripe_gateway.refund(key=f"refund-{refund.pk}", charge=charge, amount=amount, refund_id=refund.pk)
        else:
            found = stripe_gateway.find_refund(charge=charge, refund_id=refund.pk)
            if found is None:
                _give_up(refund_id, "never_made", now)
                return
            seen = found
    except (gateway.InDoubt, gateway.BalanceShort, gateway.KeyRefused):
        return
    except gateway.Definite as error:
        _give_up(refund_id, error.code, now)
        return
    with transaction.atomic(durable=True):
        keep(seen=seen, now=now)


def _give_up(refund_id: uuid.UUID, fault: str, now: datetime) -> None:
    """Stripe will not do it: the money is prepaid again."""
    with transaction.atomic(durable=True):
        refund = locks.refund(refund_id)
        if refund.state == "intended":
            _return(refund, "refused", fault, now)


def read_again(*, refund_id: str, now: datetime) -> None:
    """Ask Stripe how a refund stands and keep it. Opens its own transaction; raises GatewayError."""
    seen = stripe_gateway.read_refund(refund_id)
    with transaction.atomic(durable=True):
        keep(seen=seen, now=now)


def keep(*, seen: gateway.Refund, now: datetime) -> None:
    """Keep what Stripe says of a refund; old news changes nothing. One that we never asked for is named for a person."""
    refund = locks.refund(seen.refund_id) if seen.refund_id and Refund.objects.filter(pk=seen.refund_id).exists() else None
    if refund is None:
        mismatches.name(kind="event_needs_person", subject=f"refund {seen.id}", now=now)
        return
    if refund.state == "intended":
        states.move(refund, chart=REFUND, to="sent", actor_id=None, now=now, refund_id=seen.id)
    if seen.state != refund.state and REFUND.allows(refund.state, seen.state):
        if seen.state == "failed":
            _return(refund, "failed", seen.fault, now)
        else:
            states.move(refund, chart=REFUND, to=seen.state, actor_id=None, now=now, settled_at=now)
            _tell(refund, "refund.arrived")


def _return(refund: Refund, state: str, fault: str, now: datetime) -> None:
    states.move(refund, chart=REFUND, to=state, actor_id=None, now=now, reason=fault[:80], fault=fault[:80], settled_at=now)
    _tell(refund, "refund.failed")
    _post(refund, "back", now)
    receivables.collect(
        organisation_id=refund.organisation_id, currency=refund.currency, source_kind="refund", source_id=refund.pk, now=now
    )


def _tell(refund: Refund, name: str) -> None:
    outbox.emit(name, organisation_id=str(refund.organisation_id), units=refund.amount_units, currency=refund.currency)


def _post(refund: Refund, way: str, now: datetime) -> None:
    """Client prepaid -> stripe clearing, or back."""
    prepaid = Account("client_prepaid", refund.organisation_id, refund.currency)
    clearing = platform("stripe_clearing", refund.currency)
    debit, credit = (prepaid, clearing) if way == "out" else (clearing, prepaid)
    ledger.post(
        ledger.Posting(
            idem=f"refund:{refund.pk}:{way}", kind="refund" if way == "out" else "refund_back", source_kind="refund",
            source_id=refund.pk, actor_id=refund.asked_by, now=now,
            legs=ledger.move(Money(refund.amount_units, refund.currency), debit=debit, credit=credit),
        )
    )  # fmt: skip


def of_client(organisation_id: uuid.UUID) -> QuerySet[Refund]:
    return Refund.objects.filter(organisation_id=organisation_id).order_by(F("created_at").desc(), "-id")
