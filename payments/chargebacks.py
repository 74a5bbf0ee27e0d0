"""A client's bank takes a payment back: the client's new leases stop, a worker's pay is never touched, a shortfall is owed."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from kit import outbox, states
from kit.errors import Conflict
from kit.ids import uuid7
from kit.money import Money
from payments import gateway, ledger, locks, mismatches, receivables, stripe_gateway
from payments.chart import Account, platform
from payments.models import Chargeback, Funding
from payments.states import CHARGEBACK


class AccountStopped(Conflict):
    """A payment of this client was taken back; new work waits until that is settled."""

    code = "account_stopped"


def read_again(*, dispute_id: str, now: datetime) -> None:
    """Ask Stripe how a disputed payment stands and keep it. Opens its own transaction; raises GatewayError."""
    seen = stripe_gateway.read_dispute(dispute_id)
    with transaction.atomic(durable=True):
        keep(seen=seen, now=now)


def keep(*, seen: gateway.Dispute, now: datetime) -> None:
    """Keep what Stripe says of a disputed payment; old news changes nothing. An inquiry moves no money and is nothing yet.

    What is not a settled payment of ours, or is in another currency, is named for a person.
    """
    if not seen.money_moved:
        return
    found = Funding.objects.filter(charge_id=seen.charge_id, state="settled").first()
    if found is None or found.currency != seen.amount.currency:
        mismatches.name(kind="event_needs_person", subject=f"charge.dispute {seen.id}", now=now)
        return
    locks.funding(found.pk)
    taken = Chargeback.objects.filter(pk=seen.id).first() or _take(found, seen, now)
    if seen.state in ("won", "lost") and taken.state == "open":
        _close(taken, seen.state, now)


def _take(found: Funding, seen: gateway.Dispute, now: datetime) -> Chargeback:
    taken = Chargeback.objects.create(
        id=seen.id, key=uuid7(), funding=found, organisation_id=found.organisation_id, currency=found.currency,
        amount_units=seen.amount.units, reason=seen.reason[:80], opened_at=now,
    )  # fmt: skip
    outbox.emit(
        "chargeback.opened", organisation_id=str(found.organisation_id), units=seen.amount.units, currency=found.currency
    )
    _post(taken, "taken", debit=_disputed(taken), credit=platform("stripe_clearing", taken.currency), now=now)
    return taken


def _close(taken: Chargeback, outcome: str, now: datetime) -> None:
    """Won: the money comes back. Lost: the client owes it, and what is prepaid settles that first."""
    states.move(taken, chart=CHARGEBACK, to=outcome, actor_id=None, now=now, closed_at=now)
    outbox.emit(
        f"chargeback.{outcome}", organisation_id=str(taken.organisation_id), units=taken.amount_units, currency=taken.currency,
        key=str(taken.key), at=now.isoformat(),
    )  # fmt: skip
    if outcome == "won":
        _post(taken, "won", debit=platform("stripe_clearing", taken.currency), credit=_disputed(taken), now=now)
        return
    owed = Account("client_receivable", taken.organisation_id, taken.currency)
    _post(taken, "lost", debit=owed, credit=_disputed(taken), now=now)
    receivables.collect(
        organisation_id=taken.organisation_id, currency=taken.currency, source_kind="chargeback", source_id=taken.key, now=now
    )


def _disputed(taken: Chargeback) -> Account:
    return Account("dispute", taken.organisation_id, taken.currency)


def _post(taken: Chargeback, what: str, *, debit: Account, credit: Account, now: datetime) -> None:
    ledger.post(
        ledger.Posting(
            idem=f"chargeback:{taken.key}:{what}", kind="chargeback", source_kind="chargeback", source_id=taken.key,
            actor_id=None, now=now, legs=ledger.move(Money(taken.amount_units, taken.currency), debit=debit, credit=credit),
        )
    )  # fmt: skip


def stops(*, organisation_id: uuid.UUID) -> bool:
    """Whether a client's new work waits: while a payment is disputed, or a lost one is still owed."""
    rows = Chargeback.objects.filter(organisation_id=organisation_id).exclude(state="won")
    found = set(rows.values_list("state", "currency").distinct())
    lost = {currency for state, currency in found if state == "lost"}
    return any(state == "open" for state, _currency in found) or any(
        receivables.owed(organisation_id=organisation_id, currency=currency).units > 0 for currency in lost
    )


def check(*, organisation_id: uuid.UUID) -> None:
    """Raises AccountStopped."""
    if stops(organisation_id=organisation_id):
        raise AccountStopped(_("Your bank took a payment back. New work waits until that is settled; work that is done is paid."))
