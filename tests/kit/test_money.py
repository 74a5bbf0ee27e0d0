"""Money adds up: no floats, no mixed currencies, no unit lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from kit.money import CurrencyMismatch, Money, half_even

UNITS = st.integers(-(10**12), 10**12)


def test_four_places_stay_exact_and_a_fifth_is_refused_by_name() -> None:
    assert Money.parse("0.0045", "USD").units == 45
    with pytest.raises(Invalid) as refused:
        Money.parse("0.00451", "USD", field="rate")
    assert refused.value.field == "rate"


@pytest.mark.parametrize("text", ["", "abc", "1,5", "NaN", "Infinity", "1e30", "--1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Money.parse(text, "USD")


def test_two_currencies_never_meet_in_a_sum() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        _ = Money(1, "USD") < Money(2, "EUR")


def test_a_float_is_no_money() -> None:
    with pytest.raises(TypeError):
        Money(1.5, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(1, "USD") * 1.5  # type: ignore[operator]


@given(units=UNITS, weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_the_parts_of_a_split_add_up_to_the_whole(units: int, weights: list[int]) -> None:
    parts = Money(units, "USD").split(weights)
    assert sum(part.units for part in parts) == units
    exact = [units * weight / sum(weights) for weight in weights]
    assert all(abs(part.units - share) <= 1 + abs(share) * 1e-9 for part, share in zip(parts, exact, strict=True))


@given(numerator=UNITS, denominator=st.integers(1, 10**6))
def test_rounding_is_half_even(numerator: int, denominator: int) -> None:
    rounded = half_even(numerator, denominator)
    off = 2 * abs(numerator - rounded * denominator)
    assert off <= denominator
    if off == denominator:
        assert rounded % 2 == 0


@given(units=st.integers(0, 10**12))
def test_what_a_rail_can_pay_and_what_is_left_make_the_whole(units: int) -> None:
    whole = Money(units, "USD")
    assert whole.payable().units % 100 == 0
    assert 0 <= (whole - whole.payable()).units < 100
