"""What workers earn: promised at submit with its reasons, confirmed or released once, and only ever added to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _

from kit import outbox
from kit.errors import Invalid, NotFound
from kit.ids import uuid7
from kit.money import BASIS, Money
from payments import funding, ledger, locks, receivables, sql
from payments.chart import PLATFORM, Account, platform
from payments.models import Earning

CHUNK = 500
"""Earnings settled by one statement; more of them hold locks for longer without being faster."""


@dataclass(frozen=True, slots=True)
class Line:
    """One reason of an earning: units (may be negative), the inputs it was computed from, and rule and version."""

    kind: str
    units: int
    inputs: Mapping[str, Any]
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """An earning about to be written. Its amount is the sum of its lines; the fee comes on top, from the same reserve.

    The platform pays `from_losses` what a reserve does not cover, and `from_revenue` what a bill price leaves to it: confirmed
    at once, without a fee. `from_programme` pays from the budget of a programme of our own, whose id stands for the batch's; no
    organisation is concerned. The column `from_losses` keeps that no client was charged.
    """

    earning_id: uuid.UUID
    worker_id: uuid.UUID
    organisation_id: uuid.UUID | None
    batch_id: uuid.UUID
    source_kind: str
    source_id: uuid.UUID
    currency: str
    lines: Sequence[Line]
    fee_units: int
    confirmed: bool
    now: datetime
    actor_id: uuid.UUID | None = None
    adjusts_id: uuid.UUID | None = None
    from_losses: bool = False
    from_revenue: bool = False
    from_programme: bool = False
    amount_units: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount_units", sum(line.units for line in self.lines))


def accrue(*, cursor: ledger.Cursor, accrual: Accrual) -> None:
    """Write an earning with its lines, the batch's tally and the posting: one statement that reads nothing back.

    Pending: batch reserved -> worker pending. Confirmed at once: batch reserved -> worker available and platform revenue.
    Made for a raw psycopg cursor in a pipeline; a second earning of one source violates `one_earning_per_source`.
    """
    cursor.execute(sql.EARN, _earn_params(accrual) | _posting(accrual).params())


def add(accrual: Accrual) -> bool:
    """Accrue on Django's own connection, for callers off the hot path; False when the source has its earning already."""
    if Earning.objects.filter(source_kind=accrual.source_kind, source_id=accrual.source_id).exists():
        return False
    with connection.cursor() as cursor:
        accrue(cursor=cursor, accrual=accrual)
    return True


def add_covered(accrual: Accrual) -> bool:
    """`add`, for what nobody reserved by name: where the batch's reserve is short, platform losses pay, without a fee."""
    locks.reserve_of(accrual.batch_id)
    reserved = funding.reserved(batch_id=accrual.batch_id, currency=accrual.currency)
    if reserved.units >= accrual.amount_units + accrual.fee_units:
        return add(accrual)
    made = add(replace(accrual, fee_units=0, from_losses=True))
    if made:
        tell_dry(accrual)
    return made


def tell_dry(accrual: Accrual) -> None:
    """Finance hears that the platform paid what a reserve or a pool did not cover."""
    outbox.emit("reserve.dry", batch_id=str(accrual.batch_id), units=accrual.amount_units, currency=accrual.currency)


def confirm(
    *, source_kind: str, source_ids: Sequence[uuid.UUID], actor_id: uuid.UUID | None, now: datetime, share_bp: int = BASIS
) -> list[uuid.UUID]:
    """Confirm the pending earnings of these sources, wholly or by a share of amount and fee alike (half-even).

    What is not kept goes back to the batch's reserve and gets a line of its own. Sources whose earning is no longer pending
    are left alone; returns those that were settled. One statement; the caller holds the sources.
    """
    if not 0 <= share_bp <= BASIS:
        raise Invalid(_("A share lies between 0 and 100 %."), field="share_bp")
    line = Line("share", 0, {"share_bp": share_bp}, "accepted_share/1")
    return _settle("confirmed", source_kind, source_ids, share_bp, line, actor_id, now)


def release(
    *, source_kind: str, source_ids: Sequence[uuid.UUID], actor_id: uuid.UUID | None, now: datetime, reason: str
) -> list[uuid.UUID]:
    """Release the pending earnings of these sources: the money goes back to the batch's reserve, `reason` is a code."""
    line = Line("released", 0, {"reason": reason}, "release/1")
    return _settle("released", source_kind, source_ids, 0, line, actor_id, now)


def confirm_many(
    *, source_kind: str, source_ids: Iterable[uuid.UUID], actor_id: uuid.UUID | None, now: datetime, chunk: int = CHUNK
) -> int:
    """Confirm any number of earnings, each chunk in its own transaction; returns how many were confirmed."""
    ids, done = list(source_ids), 0
    for start in range(0, len(ids), chunk):
        with transaction.atomic(durable=True):
            done += len(
                confirm(source_kind=source_kind, source_ids=ids[start : start + chunk], actor_id=actor_id, now=now)
            )
    return done


def adjust(
    *,
    source_kind: str,
    source_id: uuid.UUID,
    adjustment_id: uuid.UUID,
    lines: Sequence[Line],
    fee_units: int = 0,
    actor_id: uuid.UUID | None,
    now: datetime,
) -> bool:
    """Add to the earning of a source, confirmed at once; recomputation only ever adds.

    Paid from the batch's reserve where that still covers it with the fee, else from platform losses without one. The
    adjustment's own id makes it happen once: False when it was made before. Raises NotFound, Invalid.
    """
    first = Earning.objects.filter(source_kind=source_kind, source_id=source_id).first()
    if first is None:
        raise NotFound(_("There is no earning for this."))
    amount = sum(line.units for line in lines)
    if amount <= 0 or fee_units < 0:
        raise Invalid(_("An adjustment adds money; nothing is ever taken away."), field="amount")
    return add_covered(
        Accrual(
            earning_id=uuid7(), worker_id=first.worker_id, organisation_id=first.organisation_id, batch_id=first.batch_id,
            source_kind="adjustment", source_id=adjustment_id, currency=first.currency, lines=lines, fee_units=fee_units,
            confirmed=True, now=now, actor_id=actor_id, adjusts_id=first.id,
        )
    )  # fmt: skip


def make_whole(
    *, source_kind: str, source_id: uuid.UUID, adjustment_id: uuid.UUID, actor_id: uuid.UUID | None, now: datetime, reason: str
) -> Money:
    """Pay what a judgement kept from the earning of a source, as an adjustment; returns how much was added.

    From the batch's reserve; where that went back to the client, from platform losses, and the client owes it with the
    fee (`receivables`). Once per `adjustment_id`. Raises NotFound.
    """
    first = Earning.objects.select_for_update().filter(source_kind=source_kind, source_id=source_id).first()
    if first is None:
        raise NotFound(_("There is no earning for this."))
    missing, fee = _kept_back(first)
    nothing = Money.zero(first.currency)
    if missing.units <= 0:
        return nothing
    line = Line("dispute", missing.units, {"promised_units": first.amount_units, "reason": reason}, "dispute/1")
    made = adjust(
        source_kind=source_kind, source_id=source_id, adjustment_id=adjustment_id, lines=[line], fee_units=fee.units,
        actor_id=actor_id, now=now,
    )  # fmt: skip
    from_us = Earning.objects.filter(source_kind="adjustment", source_id=adjustment_id, from_losses=True)
    if made and first.organisation_id and from_us.exists():
        receivables.charge(
            organisation_id=first.organisation_id, pay=missing, fee=fee, source_kind="adjustment", source_id=adjustment_id,
            actor_id=actor_id, now=now,
        )  # fmt: skip
    return missing if made else nothing


def kept_back(*, source_kind: str, source_id: uuid.UUID) -> tuple[Money, Money]:
    """Pay and fee that a judgement kept from the earning of a source: what `make_whole` would move. Raises NotFound."""
    first = Earning.objects.filter(source_kind=source_kind, source_id=source_id).first()
    if first is None:
        raise NotFound(_("There is no earning for this."))
    return _kept_back(first)


def _kept_back(first: Earning) -> tuple[Money, Money]:
    if first.state == "pending":
        return Money.zero(first.currency), Money.zero(first.currency)
    pay, fee = first.amount_units - (first.confirmed_units or 0), first.fee_units - (first.confirmed_fee_units or 0)
    return Money(pay, first.currency), Money(fee, first.currency)


def _settle(
    state: str, source_kind: str, source_ids: Sequence[uuid.UUID], share_bp: int, line: Line,
    actor_id: uuid.UUID | None, now: datetime,
) -> list[uuid.UUID]:  # fmt: skip
    with ledger.overdraft_guard(), connection.cursor() as cursor:
        cursor.execute(
            sql.SETTLE,
            {
                "state": state, "kind": "confirm" if state == "confirmed" else "release", "share": share_bp,
                "source_kind": source_kind, "source_ids": list(source_ids), "tx_ids": [uuid7() for _id in source_ids],
                "platform": PLATFORM, "actor": actor_id, "now": now, "line_kind": line.kind,
                "line_inputs": orjson.dumps(line.inputs).decode(), "line_rule": line.rule,
            },
        )  # fmt: skip
        return [row[0] for row in cursor.fetchall()]


def _earn_params(accrual: Accrual) -> dict[str, Any]:
    amount, fee, settled = accrual.amount_units, accrual.fee_units, accrual.confirmed
    return {
        "id": accrual.earning_id, "worker": accrual.worker_id, "organisation": accrual.organisation_id,
        "batch": accrual.batch_id, "source_kind": accrual.source_kind, "source_id": accrual.source_id,
        "adjusts": accrual.adjusts_id, "currency": accrual.currency, "amount": amount, "fee": fee,
        "state": "confirmed" if settled else "pending", "confirmed": amount if settled else None,
        "confirmed_fee": fee if settled else None, "from_losses": accrual.from_losses or accrual.from_revenue or accrual.from_programme,
        "now": accrual.now,
        "settled_at": accrual.now if settled else None, "lines": orjson.dumps(accrual.lines).decode(),
        "pending": 0 if settled else amount, "paid": amount if settled else 0, "paid_fee": fee if settled else 0,
    }  # fmt: skip


def _posting(accrual: Accrual) -> ledger.Posting:
    currency, amount = accrual.currency, Money(accrual.amount_units, accrual.currency)
    reserve = Account("batch_reserved", accrual.batch_id, currency)
    if accrual.from_programme:
        budget = Account("programme_reserved", accrual.batch_id, currency)
        legs = ledger.move(amount, debit=budget, credit=Account("worker_available", accrual.worker_id, currency))
    elif accrual.from_losses or accrual.from_revenue:
        payer = platform("platform_losses" if accrual.from_losses else "platform_revenue", currency)
        legs = ledger.move(
            amount, debit=payer, credit=Account("worker_available", accrual.worker_id, currency)
        )
    elif accrual.confirmed:
        legs = [
            ledger.Leg(reserve, accrual.amount_units + accrual.fee_units),
            ledger.Leg(Account("worker_available", accrual.worker_id, currency), -accrual.amount_units),
            ledger.Leg(platform("platform_revenue", currency), -accrual.fee_units),
        ]
    else:
        legs = ledger.move(amount, debit=reserve, credit=Account("worker_pending", accrual.worker_id, currency))
    return ledger.Posting(
        idem=f"earn:{accrual.earning_id}", kind="adjust" if accrual.adjusts_id else "earn", source_kind="earning",
        source_id=accrual.earning_id, legs=legs, actor_id=accrual.actor_id or accrual.worker_id, now=accrual.now,
    )  # fmt: skip
