"""D18: random rates, multipliers, shares and payouts; every part adds up, and what rounding leaves behind stays below a step."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from django.db import connection

from kit.money import BASIS, PAYABLE_STEP, Money
from marketplace import pricing
from tests.drills.figure import Figure
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import AtMost, held

WORKERS = 100
STEP = PAYABLE_STEP["USD"]


def run(stage: Stage, sabotaged: bool) -> Figure:
    count = stage.size(20_000, 1_000_000)
    with when(sabotaged, cut_off()):
        found = _priced(stage.dice, count) | _split(stage.dice, count // 20) | _paid(stage.dice, count)
    found["database_differs"] = _database(stage.dice, count)
    wanted = {
        "priced": count, "worst_error": AtMost(0.5), "drift": AtMost(0.01), "split_lost": 0, "paid_lost": 0,
        "residue": AtMost(STEP - 1), "database_differs": 0,
    }  # fmt: skip
    return held(found, wanted)


def cut_off() -> Any:
    """Fractions are cut off instead of rounded, wherever money is multiplied."""
    return swapped(pricing, half_even=lambda numerator, denominator: numerator // denominator)


def _priced(dice: random.Random, count: int) -> dict[str, Any]:
    """The price lines of random terms against the exact figure: never half a unit off, and not to one side."""
    worst, drift = Fraction(0), Fraction(0)
    for _ in range(count):
        price, multiplier, units = dice.randint(1, 50_000), dice.randint(5_000, 20_000), dice.randint(1, 40)
        lines = pricing.quote({"price_units": price, "multiplier_bp": multiplier}, count=units)
        twice_off = 2 * (sum(line.units for line in lines) * BASIS - price * units * multiplier)
        worst, drift = max(worst, abs(twice_off)), drift + twice_off
    return {"priced": count, "worst_error": float(worst) / 2 / BASIS, "drift": abs(float(drift)) / 2 / BASIS / count}


def _split(dice: random.Random, count: int) -> dict[str, Any]:
    """Pools shared out by random weights."""
    lost = 0
    for _ in range(count):
        pool = Money(dice.randint(1, 10**9), "USD")
        weights = [dice.randint(0, 1_000) for _each in range(dice.randint(1, 30))] + [1]
        lost += abs(pool.units - sum(part.units for part in pool.split(weights)))
    return {"split_lost": lost}


def _paid(dice: random.Random, count: int) -> dict[str, Any]:
    """Earnings of a hundred workers, paid out week by week: amount = earned + carry, floored; the carry opens the next."""
    earned, carry, paid = [0] * WORKERS, [0] * WORKERS, [0] * WORKERS
    for at in range(count):
        who = at % WORKERS
        amount = Money(dice.randint(1, 90_000), "USD").times_bp(dice.randint(5_000, 20_000))
        earned[who] += amount.units
        carry[who] += amount.units
        if dice.random() < 0.2:
            out = Money(carry[who], "USD").payable().units
            paid[who], carry[who] = paid[who] + out, carry[who] - out
    lost = sum(earned[who] - paid[who] - carry[who] for who in range(WORKERS))
    residue = max(left - Money(left, "USD").payable().units for left in carry)
    return {"paid_lost": lost, "residue": residue}


def _database(dice: random.Random, count: int) -> int:
    """How often the database's own half-even share differs from ours."""
    differs = 0
    for _chunk in range(0, count, 20_000):
        rows = [(dice.randint(0, 10**7), dice.randint(0, BASIS)) for _each in range(20_000)]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) AS row (units, bp, ours)"
                " WHERE payments_share(units, bp) <> ours",
                [[u for u, _ in rows], [bp for _, bp in rows], [Money(u, "USD").times_bp(bp).units for u, bp in rows]],
            )
            differs += cursor.fetchone()[0]
    return differs
