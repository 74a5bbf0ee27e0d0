"""D10: fifty hands launch batches over one prepaid balance; never below zero, and what was given adds up exactly."""

from __future__ import annotations

from django.db import transaction

from kit.ids import uuid7
from kit.money import Money, total
from payments import funding, invariants
from tests import people
from tests.drills.figure import Figure
from tests.drills.money.crowd import at_once, unexpected
from tests.drills.money.sabotage import altered_function, when
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

HANDS = 50


def run(stage: Stage, sabotaged: bool) -> Figure:
    _mira, acme = people.client()
    amounts = [Money(stage.dice.randint(1, 90_000), "USD") for _ in range(stage.size(200, 2_000))]
    balance = Money(total(amounts, "USD").units // 3, "USD")
    people.pay_in(acme, balance)

    def launch(amount: Money) -> Money:
        batch_id = uuid7()
        with transaction.atomic(durable=True):
            funding.reserve(
                organisation_id=acme.pk, batch_id=batch_id, amount=amount, idem=f"r:{batch_id}", actor_id=None, now=stage.now()
            )
        return funding.prepaid(organisation_id=acme.pk, currency="USD")

    with when(sabotaged, altered_function("payments_entries_added", lambda words: words.replace("short IS NOT NULL", "false"))):
        outcomes = at_once(amounts, launch, hands=HANDS)
    given = total((a for a, done in zip(amounts, outcomes, strict=True) if isinstance(done, Money)), "USD")
    found = {
        "tries": len(outcomes), "below_zero": sum(isinstance(left, Money) and left.units < 0 for left in outcomes),
        "strange": len(unexpected(outcomes, funding.InsufficientFunds)),
        "given+left-paid_in": (given + funding.prepaid(organisation_id=acme.pk, currency="USD") - balance).units,
        "refused": sum(isinstance(each, funding.InsufficientFunds) for each in outcomes) > 0,
        "broken": sum(not each.ok for each in invariants.findings() if each.name != "clearing holds what is not yet seen at Stripe"),
    }  # fmt: skip
    wanted = {"tries": len(amounts), "below_zero": 0, "strange": 0, "given+left-paid_in": 0, "refused": True, "broken": 0}
    return held(found, wanted)
