"""Pure arithmetic of pay: frozen terms in, lines out, each with its inputs and the version of the rule that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marketplace.pace import Pace

BASIS = 10_000

RULE_BASE = "base-1"
RULE_UNITS = "units-1"
RULE_COUNTRY = "country-1"
RULE_BAND = "band-1"
RULE_KILL = "kill-1"
RULE_ROUND = "round-1"
RULE_FLOOR = "floor-1"
RULE_BONUS = "bonus-1"
RULE_MISSION = "mission-1"
RULE_TRAINING = "training-1"

BANDS: tuple[tuple[int, int], ...] = ((9_500, 11_000), (9_000, 10_500), (0, 10_000))
"""Quality bands, version band-1: lower end of the score (bp) -> multiplier (bp). Published; never below the base."""

HIGHEST_BAND_BP = max(multiplier for _low, multiplier in BANDS)
KILL_FEE_LEAST_BP = 2_500
ROUND_EXTRA_BP = 2_500
"""Each sending back beyond the first adds this share of the base."""

AGREES_BP = 9_000
"""An answer agrees with a result from this agreement on, as its task type measures it; labels agree wholly or not at all."""

PER_TASK = "task"
"""The unit of a price that does not depend on how much an answer holds."""


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


def counted(terms: Mapping[str, Any], units: Mapping[str, int] | None) -> int:
    """How many units of the lease's price an answer holds: as its drawer counts them, at least one, at most the stated most.

    One at least, since an empty picture had to be looked at as well.
    """
    if terms.get("unit", PER_TASK) == PER_TASK:
        return 1
    return min(max((units or {}).get(terms["unit"], 0), 1), int(terms.get("most_units", 1)))


def _threshold(multiplier: int) -> int:
    """The lower end of a score from which a band holds."""
    return next((low for low, of_band in BANDS if of_band == multiplier), 0)


def quote(terms: Mapping[str, Any], *, count: int = 1, round: int = 1) -> list[PriceLine]:
    """What one submission pays under its lease's terms: base, country, quality band, and extra for returned effort.

    `count` is what `counted` says; a price that is not known yet is quoted for one unit. The quality bonus comes later, with
    the result.
    """
    price, unit = terms["price_units"], terms.get("unit", PER_TASK)
    inputs = {"price_units": price, "count": count, "unit": unit}
    base = price * count
    lines = [PriceLine("base", base, RULE_BASE, inputs)]
    if unit != PER_TASK:
        lines = [PriceLine("base", base, RULE_UNITS, inputs | {"most": terms.get("most_units", 1)})]
    if (there := terms.get("country_bp", BASIS)) != BASIS:
        extra = half_even(base * there, BASIS) - base
        lines.append(PriceLine("country", extra, RULE_COUNTRY, {"multiplier_bp": there, "country": terms.get("country", "")}))
        base += extra
    if (multiplier := terms.get("multiplier_bp", BASIS)) != BASIS:
        extra = half_even(base * multiplier, BASIS) - base
        inputs = {"multiplier_bp": multiplier, "of_units": base, "from_bp": _threshold(multiplier)}
        lines.append(PriceLine("band", extra, RULE_BAND, inputs))
    if round > 2:
        share = ROUND_EXTRA_BP * (round - 2)
        lines.append(PriceLine("round", half_even(base * share, BASIS), RULE_ROUND, {"round": round, "share_bp": share}))
    return lines


@dataclass(frozen=True, slots=True)
class Most:
    """The most that one slot can come to: its base with every unit it may hold, in the dearest country; what it is billed at
    then (0 for pay + fee); and the least that it pays, which the hourly floor is held against."""

    base: int = 0
    bill: int = 0
    least: int = 0

    @property
    def pay(self) -> int:
        """At the highest band."""
        return most_pay(self.base)

    def cost(self, fee_bp: int) -> int:
        """What the reserve has to hold for the slot."""
        return max(self.bill, self.pay) if self.bill else self.pay + fee_on(self.pay, fee_bp) + 1

    def lacks(self, floor_per_hour_units: int, expected_seconds: int) -> int:
        """What the least pay at the expected time falls short of the floor."""
        return max(half_even(floor_per_hour_units * expected_seconds, 3_600) - self.least, 0)


def most_pay(base: int) -> int:
    """The most that a slot with this base pays: at the highest band."""
    return half_even(base * HIGHEST_BAND_BP, BASIS)


def most(terms: Mapping[str, Any]) -> Most:
    """The most that a slot of a queue can come to, by the queue's terms or the part of them that decides its price."""
    price, units, countries = terms["price_units"], terms.get("most_units", 1), terms.get("countries", {}).values()
    return Most(
        base=half_even(price * units * max([BASIS, *countries]), BASIS), bill=terms.get("bill_units", 0) * units,
        least=half_even(price * min([BASIS, *countries]), BASIS),
    )


def dearest(prices: Sequence[Mapping[str, Any]]) -> Most:
    """Of several prices of one kind, the most in every respect; nothing of none."""
    found = [most(terms) for terms in prices]
    return Most(
        base=max((one.base for one in found), default=0), bill=max((one.bill for one in found), default=0),
        least=min((one.least for one in found), default=0),
    )


def most_cost(terms: Mapping[str, Any]) -> int:
    """What the reserve has to hold for one slot of a queue."""
    return most(terms).cost(terms["fee_bp"])


def kill_fee(terms: Mapping[str, Any], *, active_ms: int) -> list[PriceLine]:
    """Base x active time / expected time, at least a quarter and at most the whole of the base."""
    expected_ms = max(terms["expected_seconds"], 1) * 1000
    share = min(max(half_even(active_ms * BASIS, expected_ms), KILL_FEE_LEAST_BP), BASIS)
    base = half_even(terms["price_units"] * terms.get("country_bp", BASIS), BASIS)
    units = half_even(base * share, BASIS)
    inputs = {"price_units": base, "active_ms": active_ms, "expected_ms": expected_ms, "share_bp": share}
    return [PriceLine("kill_fee", units, RULE_KILL, inputs)]


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a day's work: measured active time, what it was promised, the floor that its lease froze."""

    active_ms: int
    earned_units: int
    floor_per_hour_units: int
    pace: Pace


def top_up(pieces: Sequence[Piece], *, day: str) -> list[PriceLine]:
    """What a worker's day in a batch falls short of the hourly floor; no line where it does not.

    Active time x floor - promised pay, over the pieces that count: a piece quicker than anybody works is left out with its
    pay, of a slow one no more time counts than the slowest usual (`pace.usual`). Bonuses are on top and count for nothing.
    """
    kept = [piece for piece in pieces if piece.active_ms >= piece.pace.low_ms]
    counted = [min(piece.active_ms, piece.pace.high_ms) for piece in kept]
    wanted = half_even(
        sum(ms * piece.floor_per_hour_units for ms, piece in zip(counted, kept, strict=True)), 3_600_000
    )
    earned = sum(piece.earned_units for piece in kept)
    if wanted <= earned:
        return []
    return [PriceLine("floor", wanted - earned, RULE_FLOOR, {
        "day": day, "active_ms": sum(counted), "measured_ms": sum(piece.active_ms for piece in pieces), "pieces": len(pieces),
        "left_out": len(pieces) - len(kept), "floor_per_hour_units": max(piece.floor_per_hour_units for piece in kept),
        "wanted_units": wanted, "earned_units": earned,
    })]


def quality_bonus(terms: Mapping[str, Any], *, confidence_bp: int, agreement_bp: int, answers: int) -> list[PriceLine]:
    """What an answer gets on top once its task's result is settled: nothing unless the result is as sure as the lease states
    and rests on somebody else's answer as well, and the answer agrees with it.

    The line names what was asked and not what was found, which would tell known answers from others.
    """
    units = terms.get("quality_bonus_units", 0)
    if not units or answers < 2 or confidence_bp < terms["quality_bonus_least_bp"] or agreement_bp < AGREES_BP:
        return []
    inputs = {"least_bp": terms["quality_bonus_least_bp"], "agrees_from_bp": AGREES_BP}
    return [PriceLine("bonus", units, RULE_BONUS, inputs)]


def total(lines: Sequence[PriceLine]) -> int:
    return sum(line.units for line in lines)


def fee_on(units: int, fee_bp: int) -> int:
    """The platform's fee on an amount, in units."""
    return half_even(units * fee_bp, BASIS)


def fee_of(lines: Sequence[PriceLine], terms: Mapping[str, Any]) -> int:
    """What the client is charged beside these lines, as the lease froze it.

    Pay + fee: basis points of all lines. By a bill price, rule bill-1: what is left of price x count once the lines are paid,
    so bands cost the platform and not the client; other lines (a kill fee, returned effort) are charged as they are.
    """
    if not (bill := terms.get("bill_units")):
        return fee_on(total(lines), terms["fee_bp"])
    base = next((line for line in lines if line.kind == "base"), None)
    return max(int(bill) * int(base.inputs["count"]) - total(lines), 0) if base else 0


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
    answer_bill: int = 0, review_bill: int = 0, adjudication_bill: int = 0, bonus_each_units: int = 0, floor_gap_units: int = 0,
) -> Reserve:
    """The most that a batch can come to: every slot at its highest tier and band, fee included, plus the named pools.

    `*_units` are the most that a slot's base can be, `*_bill` the most that it is billed at, 0 for pay + fee (see `Most`).
    A pool holds its share of the base, and no less than the quality bonus of each slot, or what each slot at its expected time
    lacks to the hourly floor, with the fee on them.
    """
    slots = tasks * max_overlap
    gold_slots = -(-slots * gold_share_bp // max(BASIS - gold_share_bp, 1))
    reviewed = -(-slots * review_share_bp // BASIS)
    adjudicated = -(-tasks * adjudication_share_bp // BASIS)
    answer, review, adjudication = most_pay(answer_units), most_pay(review_units), most_pay(adjudication_units)
    fees = (
        _fees(slots + gold_slots, answer, answer_bill, fee_bp) + _fees(reviewed, review, review_bill, fee_bp)
        + _fees(adjudicated, adjudication, adjudication_bill, fee_bp)
    )
    return Reserve(
        answers=slots * answer, gold=gold_slots * answer, reviews=reviewed * review, adjudications=adjudicated * adjudication,
        fees=fees,
        bonus_pool=max(half_even(slots * answer_units * bonus_pool_bp, BASIS), slots * _with_fee(bonus_each_units, fee_bp)),
        floor_pool=max(half_even(slots * answer_units * floor_pool_bp, BASIS), slots * _with_fee(floor_gap_units, fee_bp)),
    )


def _with_fee(units: int, fee_bp: int) -> int:
    return units + fee_on(units, fee_bp) + 1 if units else 0


def _fees(slots: int, pay: int, bill: int, fee_bp: int) -> int:
    """One unit more for each payment: fees are rounded payment by payment, half-even."""
    return slots * max(bill - pay, 0) if bill else -(-slots * pay * fee_bp // BASIS) + slots
