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
from marketplace.models import Batch, Dispute, Submission, Verdict
from payments import earnings, funding, queries

DISPUTE_WINDOW = timedelta(days=30)


def accrual(
    *, worker_id: uuid.UUID, terms: Mapping[str, Any], lines: Sequence[pricing.PriceLine], source_kind: str,
    source_id: uuid.UUID, confirmed: bool, now: datetime,
) -> earnings.Accrual:
    """The earning that these lines make under these terms, with the fee that was frozen at launch."""
    units = pricing.total(lines)
    return earnings.Accrual(
        earning_id=uuid7(),
        worker_id=worker_id,
        organisation_id=uuid.UUID(terms["organisation"]),
        batch_id=uuid.UUID(terms["batch"]),
        source_kind=source_kind,
        source_id=source_id,
        currency=terms["currency"],
        lines=[earnings.Line(line.kind, line.units, line.inputs, line.rule) for line in lines],
        fee_units=pricing.fee_on(units, terms["fee_bp"]),
        confirmed=confirmed,
        now=now,
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


def return_what_is_free(*, batch: Batch, actor_id: uuid.UUID | None, now: datetime) -> Money:
    """Give back what a closed batch cannot need any more: all of its reserve but what disputes may still claim."""
    free = funding.reserved(batch_id=batch.pk, currency=batch.currency) - disputable(batch=batch, now=now)
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
    terms = dict(rows.values_list("pk", "lease__terms"))
    kept = queries.earnings_of(source_kind="submission", source_ids=list(terms))
    cut = sum(_promised(terms[pk]) - kept[pk].amount.units - kept[pk].fee.units for pk in terms if pk in kept)
    return Money(cut, batch.currency)


def _promised(terms: Mapping[str, Any]) -> int:
    """Pay and fee that one submission under these terms would have cost."""
    units = pricing.total(pricing.quote(terms))
    return units + pricing.fee_on(units, terms["fee_bp"])
