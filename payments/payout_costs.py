"""What a payout on demand costs: the rail's own price, taken from what is paid out; a weekly payout costs its worker nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kit.money import BASIS, Money

WRITTEN = re.compile(r"(?P<rail>[a-z_]+):(?P<currency>[A-Z]{3}):(?P<fixed>\d{1,9}):(?P<share>\d{1,4})")


@dataclass(frozen=True, slots=True)
class Price:
    """What a rail charges for one payout: a fixed part in units, and a share of the amount in basis points."""

    fixed_units: int
    share_bp: int


@cache
def read(rows: tuple[str, ...]) -> dict[tuple[str, str], Price]:
    """The prices of `settings.PAYOUT_COSTS` by rail and currency. Raises ImproperlyConfigured, which names what cannot be read."""
    found = {}
    for row in rows:
        named = WRITTEN.fullmatch(row)
        if named is None or (named["rail"], named["currency"]) in found:
            raise ImproperlyConfigured(f"PAYOUT_COSTS: {row!r} is not a rail:currency:units:basis points of its own, as stripe:USD:2500:25")
        found[named["rail"], named["currency"]] = Price(int(named["fixed"]), int(named["share"]))
    return found


@dataclass(frozen=True, slots=True)
class Split:
    """What there is, parted: `amount` reaches the worker, `cost` the rail, `rest` (below a payable step) stays theirs."""

    amount: Money
    cost: Money
    rest: Money


def price(rail: str, currency: str) -> Price | None:
    """The price of one payout; None where none is known."""
    return read(tuple(settings.PAYOUT_COSTS)).get((rail, currency))


def split(have: Money, known: Price) -> Split:
    """The largest payable amount that `have` covers together with its cost; the three parts add up to `have`.

    cost = fixed + share of the amount, rounded up to a unit. Nothing is payable where the fixed part is not covered.
    """
    spendable = max(0, have.units - known.fixed_units)
    amount = Money(spendable * BASIS // (BASIS + known.share_bp), have.currency).payable()
    if not amount:
        return Split(amount, Money.zero(have.currency), have)
    cost = Money(known.fixed_units - (-amount.units * known.share_bp // BASIS), have.currency)
    return Split(amount, cost, have - amount - cost)
