"""Pay explains itself, and a reserve always covers what can come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from marketplace import pricing

PRICE = st.integers(1, 1_000_000)


@given(price=PRICE, low=st.one_of(st.none(), st.integers(0, 10_000)), round=st.integers(1, 6))
def test_lines_add_up_and_no_band_pays_below_the_base(price: int, low: int | None, round: int) -> None:
    lines = pricing.quote({"price_units": price, "multiplier_bp": pricing.band_of(low)}, round=round)
    assert pricing.total(lines) == sum(line.units for line in lines) >= price
    assert all(line.rule and line.inputs for line in lines)


@given(
    price=PRICE, tasks=st.integers(1, 500), overlap=st.integers(1, 5), fee=st.integers(0, 3_000), low=st.integers(0, 10_000)
)
def test_the_reserve_covers_every_slot_at_every_band_with_its_fee(price: int, tasks: int, overlap: int, fee: int, low: int) -> None:
    reserve = pricing.reserve(
        tasks=tasks, max_overlap=overlap, gold_share_bp=0, review_share_bp=0, adjudication_share_bp=0, answer_units=price,
        review_units=0, adjudication_units=0, fee_bp=fee, bonus_pool_bp=0, floor_pool_bp=0,
    )
    each = pricing.total(pricing.quote({"price_units": price, "multiplier_bp": pricing.band_of(low)}))
    assert tasks * overlap * (each + pricing.fee_on(each, fee)) <= reserve.total


@given(price=PRICE, active=st.integers(0, 10**8), expected=st.integers(1, 10_000))
def test_a_kill_fee_lies_between_a_quarter_and_the_whole_of_the_base(price: int, active: int, expected: int) -> None:
    (line,) = pricing.kill_fee({"price_units": price, "expected_seconds": expected}, active_ms=active)
    assert pricing.half_even(price * 2_500, 10_000) <= line.units <= price
