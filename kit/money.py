"""Money: whole units of 1/10,000 of a currency's main unit, never a float, never two currencies at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Self

from django.utils.translation import gettext_lazy as _

from kit.errors import Invalid

UNITS = 10_000
"""Units in one main unit: 1 USD = 10,000, so that a rate of 0.0045 stays exact."""

BASIS = 10_000
"""Basis points in one whole."""

PAYABLE_STEP: dict[str, int] = {"USD": 100, "EUR": 100, "GBP": 100, "CAD": 100, "CHF": 100, "JPY": UNITS, "HUF": UNITS}
"""The smallest amount a rail can pay, in units, for each currency the marketplace bills in."""

MAX_UNITS = 9_000_000_000_000_000
"""A bound well inside a bigint; larger input is a mistake, not a price."""


class CurrencyMismatch(TypeError):
    """Two currencies met in one sum."""


def half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded to the nearest whole, ties to the even one; denominator > 0."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and whole % 2):
        return whole + 1
    return whole


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in units of 1/10,000 of the currency's main unit."""

    units: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.units, int) or isinstance(self.units, bool):
            raise TypeError("Money counts whole units")

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str | Decimal, currency: str, *, field: str | None = None) -> Self:
        """Read a decimal with at most four places; raises Invalid that names the field."""
        try:
            scaled = Decimal(str(text).strip()) * UNITS
            whole = scaled.to_integral_value()
        except (InvalidOperation, ValueError):
            raise Invalid(_("Expected an amount such as 0.25."), field=field) from None
        if not scaled.is_finite() or abs(scaled) > MAX_UNITS:
            raise Invalid(_("This amount is too large."), field=field)
        if whole != scaled:
            raise Invalid(_("Amounts have at most four decimal places."), field=field)
        return cls(int(whole), currency)

    def decimal(self) -> Decimal:
        """The amount in main units, with four places."""
        return (Decimal(self.units) / UNITS).quantize(Decimal("0.0001"))

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.units + other.units, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.units - other.units, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.units, self.currency)

    def __mul__(self, count: int) -> Money:
        if not isinstance(count, int):
            raise TypeError("Money is multiplied by whole numbers; use times_bp for shares")
        return Money(self.units * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.units < other.units

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.units <= other.units

    def __bool__(self) -> bool:
        return self.units != 0

    def times_bp(self, basis_points: int) -> Money:
        """This amount times basis_points / 10,000, rounded half-even."""
        return Money(half_even(self.units * basis_points, BASIS), self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Share out by weight with the largest remainder, so that the parts add up exactly (ties to the earlier part)."""
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be positive in sum and none negative")
        parts = [divmod(self.units * weight, total) for weight in weights]
        left = self.units - sum(whole for whole, _rest in parts)
        order = sorted(range(len(parts)), key=lambda at: (-parts[at][1], at))
        raised = set(order[:left])
        return [Money(whole + (at in raised), self.currency) for at, (whole, _rest) in enumerate(parts)]

    def payable(self) -> Money:
        """The part that a rail can pay: floored to the currency's payable step."""
        step = PAYABLE_STEP.get(self.currency, 100)
        return Money(self.units // step * step, self.currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts, all in `currency`; zero for none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result
