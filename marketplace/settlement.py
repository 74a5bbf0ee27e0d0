"""Where prices become money: lines go down to payments, and what a batch no longer needs goes back to its client."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from kit.ids import uuid7
from kit.money import Money
from marketplace import pricing
from marketplace.models import Batch, Dispute, Seat, Submission, Verdict
from payments import earnings, funding, pools, queries
from task_types import registry

DISPUTE_WINDOW = timedelta(days=30)
BONUS_POOL, FLOOR_POOL = "bonus", "floor"
"""The named pools of every batch's reserve."""
POOLS_WAIT = timedelta(hours=48)
"""So long after its end a batch keeps its pools: the night for the top-ups of its last day, and the bonuses of its last results."""


def accrual(
    *, worker_id: uuid.UUID, terms: Mapping[str, Any], lines: Sequence[pricing.PriceLine], source_kind: str,
    source_id: uuid.UUID, confirmed: bool, now: datetime, from_revenue: bool = False, fee_units: int | None = None,
) -> earnings.Accrual:
    """The earning that these lines make under these terms, with the fee that was frozen at launch, unless one is named."""
    fee = pricing.fee_of(lines, terms) if fee_units is None else fee_units
    return earnings.Accrual(
        earning_id=uuid7(),
        worker_id=worker_id,
        organisation_id=uuid.UUID(terms["organisation"]),
        batch_id=uuid.UUID(terms["batch"]),
        source_kind=source_kind,
        source_id=source_id,
        currency=terms["currency"],
        lines=[earnings.Line(line.kind, line.units, line.inputs, line.rule) for line in lines],
        fee_units=0 if from_revenue else fee,
        confirmed=confirmed,
        now=now,
        from_revenue=from_revenue,
    )


def pay_at_once(
    *, worker_id: uuid.UUID, terms: Mapping[str, Any], lines: Sequence[pricing.PriceLine], source_kind: str,
    source_id: uuid.UUID, now: datetime,
) -> None:
    """Confirm a payment that nobody has to judge and no slot reserved (a kill fee, a round of extra effort); once
    per source."""
    earnings.add_covered(accrual(
        worker_id=worker_id, terms=terms, lines=lines, source_kind=source_kind, source_id=source_id, confirmed=True, now=now
    ))


def confirm_overdue(submission_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Confirm the earnings of submissions that silence accepted, set-based."""
    if submission_ids:
        earnings.confirm(source_kind="submission", source_ids=list(submission_ids), actor_id=None, now=now)
        pay_grown(submission_ids, now=now)


def pay_grown(submission_ids: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Of accepted work that came back once: pay the units by which its last answer is larger than the one first paid for.

    One statement where there is none; the promise of the first round is never lowered.
    """
    grown = Submission.objects.filter(pk__in=submission_ids, round__gt=1).exclude(lease__terms__unit=pricing.PER_TASK)
    rows = list(grown.select_related("lease", "task__project"))
    for row in rows:
        terms, drawer = row.lease.terms, registry.drawer(row.task.project.task_type)
        first = row.rounds.order_by("round").values_list("answer", flat=True)[0]
        before, after = (pricing.counted(terms, drawer.units(answer)) for answer in (first, row.answer))
        if after > before:
            lines = pricing.quote(terms, count=after - before)
            earnings.adjust(
                source_kind="submission", source_id=row.pk, adjustment_id=uuid.uuid5(row.pk, "units"), actor_id=None, now=now,
                lines=[earnings.Line(line.kind, line.units, line.inputs, line.rule) for line in lines],
                fee_units=pricing.fee_of(lines, terms),
            )  # fmt: skip


def return_what_is_free(*, batch: Batch, actor_id: uuid.UUID | None, now: datetime) -> Money:
    """Give back what a closed batch cannot need any more: all of its reserve but what disputes and pools may still claim."""
    kept = disputable(batch=batch, now=now) + promised_by_pools(batch=batch, now=now)
    free = funding.reserved(batch_id=batch.pk, currency=batch.currency) - kept
    if free.units > 0:
        funding.return_reserve(
            organisation_id=batch.project.organisation_id, batch_id=batch.pk, amount=free,
            idem=f"return:{batch.pk}:{now.isoformat()}", actor_id=actor_id, now=now,
        )
    return free


def disputable(*, batch: Batch, now: datetime) -> Money:
    """Rejected and cut amounts, fee included, whose 30 days are not over or whose dispute is not carried out."""
    recent = Q(pk__in=Verdict.objects.filter(at__gt=now - DISPUTE_WINDOW, submission__batch=batch).values("submission"))
    open_still = Q(pk__in=Dispute.objects.filter(batch=batch, closed_at__isnull=True).values("submission"))
    rows = Submission.objects.filter(recent | open_still, batch=batch, state__in=["rejected", "accepted_share"])
    kept = queries.earnings_of(source_kind="submission", source_ids=list(rows.values_list("pk", flat=True)))
    cut = sum(max(one.promised.units - one.amount.units - one.fee.units, 0) for one in kept.values())
    return Money(cut, batch.currency)


def promised_by_pools(*, batch: Batch, now: datetime) -> Money:
    """What is left in pools out of which the batch promised something, until its last promises are kept; paid seats in hand as
    long as they are held."""
    held = Money(promised_seats(batch=batch), batch.currency)
    if batch.closed_at is None or now >= batch.closed_at + POOLS_WAIT:
        return held
    names = [FLOOR_POOL] if batch.terms.get("floor_per_hour_units") else []
    names += [BONUS_POOL] if batch.terms.get("quality_bonus_units") else []
    names += [f"mission:{pk}" for pk in batch.missions.values_list("pk", flat=True)]
    return held + Money(sum(pools.of(batch_id=batch.pk, name=name).left for name in names), batch.currency)


def promised_seats(*, batch: Batch) -> int:
    """Units, fees included, that people still get who hold a paid seat of the batch and pass."""
    rows = Seat.objects.filter(offer__batch=batch, state="held").values_list("terms", flat=True)
    fees = [(int(terms["fee_units"]), int(terms["fee_bp"])) for terms in rows]
    return sum(fee + pricing.fee_on(fee, share) for fee, share in fees)

