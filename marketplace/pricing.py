"""Pure arithmetic of pay: frozen terms in, lines out, each with its inputs and the version of the rule that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BASIS = 10_000

RULE_BASE = "base-1"
RULE_BAND = "band-1"
RULE_KILL = "kill-1"
RULE_ROUND = "round-1"

BANDS: tuple[tuple[int, int], ...] = ((9_500, 11_000), (9_000, 10_500), (0, 10_000))
"""Quality bands, version band-1: lower end of the score (bp) -> multiplier (bp). Published; never below the base."""

HIGHEST_BAND_BP = max(multiplier for _low, multiplier in BANDS)
KILL_FEE_LEAST_BP = 2_500
ROUND_EXTRA_BP = 2_500
"""Each sending back beyond the first adds this share of the base."""


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One reason for an amount: `units` are 1/10,000 of the currency's main unit, `inputs` what it was computed from."""

    kind: str
    units: int
    rule: str
    inputs: dict[str, Any] = field(default_factory=dict)


def half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator, ties to the even neighbour; denominator > 0."""
    whole, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        return whole + 1
    return whole


def band_of(score_low_bp: int | None) -> int:
    """The multiplier in basis points that the lower end of a score gives; the base for who has no score yet."""
    if score_low_bp is None:
        return BASIS
    return next(multiplier for low, multiplier in BANDS if score_low_bp >= low)


def quote(terms: Mapping[str, Any], *, count: int = 1, round: int = 1) -> list[PriceLine]:
    """What one submission pays under its lease's terms: base, quality band, and extra for returned effort."""
    price, multiplier = terms["price_units"], terms.get("multiplier_bp", BASIS)
    base = price * count
    lines = [PriceLine("base", base, RULE_BASE, {"price_units": price, "count": count, "unit": terms.get("unit", "task")})]
    if multiplier != BASIS:
        extra = half_even(base * multiplier, BASIS) - base
        lines.append(PriceLine("band", extra, RULE_BAND, {"multiplier_bp": multiplier}))
    if round > 2:
        share = ROUND_EXTRA_BP * (round - 2)
        lines.append(PriceLine("round", half_even(base * share, BASIS), RULE_ROUND, {"round": round, "share_bp": share}))
    return lines


def kill_fee(terms: Mapping[str, Any], *, active_ms: int) -> list[PriceLine]:
    """Base x active time / expected time, at least a quarter and at most the whole of the base."""
    expected_ms = max(terms["expected_seconds"], 1) * 1000
    share = min(max(half_even(active_ms * BASIS, expected_ms), KILL_FEE_LEAST_BP), BASIS)
    units = half_even(terms["price_units"] * share, BASIS)
    inputs = {"price_units": terms["price_units"], "active_ms": active_ms, "expected_ms": expected_ms, "share_bp": share}
    return [PriceLine("kill_fee", units, RULE_KILL, inputs)]


def total(lines: Sequence[PriceLine]) -> int:
    return sum(line.units for line in lines)


def fee_on(units: int, fee_bp: int) -> int:
    """The platform's fee on an amount, in units."""
    return half_even(units * fee_bp, BASIS)


@dataclass(frozen=True, slots=True)
class Reserve:
    """What a launch sets aside, part by part, in units."""

    answers: int
    gold: int
    reviews: int
    adjudications: int
    fees: int
    bonus_pool: int
    floor_pool: int

    @property
    def total(self) -> int:
        return (
            self.answers + self.gold + self.reviews + self.adjudications + self.fees + self.bonus_pool + self.floor_pool
        )


def reserve(
    *, tasks: int, max_overlap: int, gold_share_bp: int, review_share_bp: int, adjudication_share_bp: int,
    answer_units: int, review_units: int, adjudication_units: int, fee_bp: int, bonus_pool_bp: int, floor_pool_bp: int,
) -> Reserve:
    """The most that a batch can come to: every slot at its highest tier and band, fee included, plus the named pools."""
    highest = half_even(answer_units * HIGHEST_BAND_BP, BASIS)
    slots = tasks * max_overlap
    gold_slots = -(-slots * gold_share_bp // max(BASIS - gold_share_bp, 1))
    answers = slots * highest
    gold = gold_slots * highest
    reviews = -(-slots * review_share_bp // BASIS) * half_even(review_units * HIGHEST_BAND_BP, BASIS)
    adjudicated = -(-tasks * adjudication_share_bp // BASIS)
    adjudications = adjudicated * half_even(adjudication_units * HIGHEST_BAND_BP, BASIS)
    paid = answers + gold + reviews + adjudications
    # One unit more for each payment: fees are rounded payment by payment, half-even.
    fees = -(-paid * fee_bp // BASIS) + slots + gold_slots + adjudicated
    return Reserve(
        answers=answers, gold=gold, reviews=reviews, adjudications=adjudications, fees=fees,
        bonus_pool=half_even(slots * answer_units * bonus_pool_bp, BASIS),
        floor_pool=half_even(slots * answer_units * floor_pool_bp, BASIS),
    )
