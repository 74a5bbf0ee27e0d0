"""D19: twenty seeded differences between our books and the rail's, among honest payouts: all named, none mended."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from kit.money import Money
from payments import gateway, payouts, reconciliation
from payments.models import LedgerTx, Mismatch, Payout
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import Payee, Stage
from tests.drills.money.verdict import held

EACH = 4
"""Of each of the five kinds."""


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, 3 * EACH + stage.size(4, 200))
    honest, crooked = payees[3 * EACH :], payees[: 3 * EACH]
    at.plan(stage, honest)
    at.rounds(stage, 50)
    stage.rail.fund(10_000_000, "eur")
    reconciliation.pull(now=stage.now())
    planted = _plant(stage, crooked)
    before = LedgerTx.objects.count()
    stage.advance(hours=25)
    with when(sabotaged, swapped(reconciliation, _agrees=lambda *_: True)):
        for _night in range(2):
            reconciliation.check(now=stage.now())
            stage.advance(hours=24)
    named = set(Mismatch.objects.filter(closed_at__isnull=True).values_list("kind", "subject"))
    of_planted = {subject for _kind, subject in planted} | _also_theirs(stage, crooked)
    false = {(kind, subject) for kind, subject in named if not subject.startswith("topup")} - planted
    found = {
        "planted": len(planted), "named": len(planted & named), "mended": LedgerTx.objects.count() - before,
        "false_alarms": sum(kind != "balance_differs" and subject not in of_planted for kind, subject in false),
    }  # fmt: skip
    return held(found, {"planted": 5 * EACH, "named": 5 * EACH, "mended": 0, "false_alarms": 0})


def _also_theirs(stage: Stage, payees: list[Payee]) -> set[str]:
    """A planted difference may be named in more than one way: by its transfer, and by the payout that nothing clears."""
    payouts_of = Payout.objects.filter(worker_id__in=[each.user_id for each in payees])
    transfers = {line["id"] for line in stage.rail.control("transfers")["transfers"] if not line["transfer_group"]}
    return {f"payout {payout.pk}" for payout in payouts_of} | transfers


def _plant(stage: Stage, payees: list[Payee]) -> set[tuple[str, str]]:
    """The differences, each with the name it has to get."""
    at.plan(stage, payees)
    planted: set[tuple[str, str]] = set()
    for place, payee in enumerate(payees):
        payout = Payout.objects.select_related("account").get(worker_id=payee.user_id)
        planted.add(_crooked(stage, payout, ("missing", "amount", "currency")[place % 3]))
    for _ in range(EACH):
        extra = stage.rail.pay(payees[0].rail_account, stage.dice.randint(100, 9_000))
        planted.add(("extra_at_rail", extra.balance_transaction))
        fee = stage.rail.control("fee", {"amount": stage.dice.randint(1, 500)})
        planted.add(("movement_unexplained", f"stripe_fee {fee['id']}"))
    return planted


def _crooked(stage: Stage, payout: Payout, how: str) -> tuple[str, str]:
    """A payout that we call sent, though the rail has nothing of the kind, another amount, or another currency."""
    with transaction.atomic():
        attempt = payouts.open_try(payout_id=payout.pk, now=stage.now())
    assert attempt is not None
    account = payout.account.rail_account or ""
    if how == "missing":
        seen: Any = gateway.Transfer(
            id=f"tr_{payout.pk.hex}", amount=Money(payout.amount_units, "USD"), destination=account, group="",
            payment=f"py_{payout.pk.hex}", reversed=False,
        )  # fmt: skip
        name = ("missing_at_rail", f"payout {payout.pk}")
    else:
        currency, more = ("usd", 100) if how == "amount" else ("eur", 0)
        made = stage.rail.pay(account, payout.amount_units // 100 + more, currency=currency)
        seen = gateway.Transfer(
            id=made.id, amount=Money(made.amount * 100, currency.upper()), destination=account, group="",
            payment=str(made.destination_payment), reversed=False,
        )  # fmt: skip
        name = (f"{how}_differs", made.balance_transaction)
    payouts.record_known(attempt_id=attempt.pk, transfers=[seen], now=stage.now())
    return name
