"""Named parts of a batch's reserve: what may be paid out of each, and who pays when one runs dry."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from django.db.models import F

from payments import earnings
from payments.models import Earning, Pool


@dataclass(frozen=True, slots=True)
class PoolView:
    """Units that were set aside and that were paid of them, fees included."""

    given: int
    spent: int

    @property
    def left(self) -> int:
        return self.given - self.spent


def set_aside(*, batch_id: uuid.UUID, name: str, units: int) -> None:
    """Make a pool of a batch or add to it; the caller has reserved the money."""
    if units > 0:
        pool, _made = Pool.objects.get_or_create(batch_id=batch_id, name=name)
        Pool.objects.filter(pk=pool.pk).update(given_units=F("given_units") + units)


def move(*, batch_id: uuid.UUID, out_of: str, into: str, units: int) -> bool:
    """Set aside for one purpose what was set aside for another; False where so much is not left."""
    if units <= 0:
        return True
    taken = Pool.objects.filter(batch_id=batch_id, name=out_of, given_units__gte=F("spent_units") + units)
    if taken.update(given_units=F("given_units") - units) != 1:
        return False
    set_aside(batch_id=batch_id, name=into, units=units)
    return True


def of(*, batch_id: uuid.UUID, name: str) -> PoolView:
    """A pool as it stands; an empty one where there is none."""
    found = Pool.objects.filter(batch_id=batch_id, name=name).values_list("given_units", "spent_units").first()
    return PoolView(*found) if found else PoolView(0, 0)


def pay(accrual: earnings.Accrual, *, pool: str) -> bool:
    """Confirm an earning out of a pool of its batch, once per source; False when its source has one already.

    What the pool does not cover whole is paid from platform losses without a fee, and finance hears of it.
    """
    if Earning.objects.filter(source_kind=accrual.source_kind, source_id=accrual.source_id).exists():
        return False
    if _take(accrual.batch_id, pool, accrual.amount_units + accrual.fee_units):
        return earnings.add_covered(accrual)
    made = earnings.add(replace(accrual, fee_units=0, from_losses=True))
    if made:
        earnings.tell_dry(accrual)
    return made


def pay_if_covered(accrual: earnings.Accrual, *, pool: str) -> bool | None:
    """`pay` for what is promised only while the pool lasts: None, and nothing moved, where the pool does not cover it."""
    if Earning.objects.filter(source_kind=accrual.source_kind, source_id=accrual.source_id).exists():
        return False
    if not _take(accrual.batch_id, pool, accrual.amount_units + accrual.fee_units):
        return None
    return earnings.add_covered(accrual)


def _take(batch_id: uuid.UUID, name: str, units: int) -> bool:
    """The row is locked until the transaction ends, so that two payments cannot both have the last of it."""
    rows = Pool.objects.filter(batch_id=batch_id, name=name, given_units__gte=F("spent_units") + units)
    return rows.update(spent_units=F("spent_units") + units) == 1
