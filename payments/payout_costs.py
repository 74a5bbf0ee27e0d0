"""What a payout on demand costs: the rail's own price, taken from what is paid out; a weekly payout costs its worker nothing."""

from __future__ import annotations

from dataclasses import dataclass

from kit.money import BASIS, Money


@dataclass(frozen=True, slots=True)
class Price:
    """What a rail charges for one payout: a fixed part in units, and a share of the amount in basis points."""

    fixed_units: int
    share_bp: int


PRICES: dict[str, dict[str, Price]] = {
    "stripe": {"USD": Price(2_500, 25), "EUR": Price(1_000, 25), "GBP": Price(1_000, 25)},
}
"""Rail -> currency -> price, as Stripe lists it for platforms that pay Connect's fees: 0.25 % of a payout and a fixed 0.25 USD,
0.10 EUR or 0.10 GBP. A currency without a price has no payouts on demand."""


@dataclass(frozen=True, slots=True)
class Split:
    """What there is, parted: `amount` reaches the worker, `cost` the rail, `rest` (below a payable step) stays theirs."""

    amount: Money
    cost: Money
    rest: Money


def price(rail: str, currency: str) -> Price | None:
    """The price of one payout; None where none is known."""
    return PRICES.get(rail, {}).get(currency)


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
