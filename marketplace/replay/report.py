"""What a replay came to: counts, accuracy, and money that has to add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from kit.money import Money
from payments import ledger
from payments.chart import platform

CURRENCY = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Money is in units of the one currency of the replay; `accuracy` is None without truths."""

    items: int
    answers: int
    results: int
    accuracy: float | None
    cost: Money
    paid_out: Money
    residue: Money
    fees: Money
    ledger_sum: Money
    rail_balance: Money
    seconds: float

    @property
    def adds_up(self) -> bool:
        """What the client was charged is what workers got, what is left to them, and our fee; and the books are even."""
        return self.cost == self.paid_out + self.residue + self.fees and not self.ledger_sum

    def as_json(self) -> str:
        shown: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        shown |= {name: str(value.decimal()) for name, value in shown.items() if isinstance(value, Money)}
        accuracy = self.accuracy
        shown |= {"accuracy": round(accuracy, 4) if accuracy is not None else None, "seconds": round(self.seconds, 1)}
        return orjson.dumps(shown).decode()


def ledger_sum() -> Money:
    """How far the ledger is from zero, currency by currency: nothing, if it is sound."""
    statement = """
        SELECT coalesce(sum(abs(part.sum)), 0) FROM (
            SELECT sum(entry.amount) AS sum FROM payments_ledgerentry entry
              JOIN payments_ledgeraccount account ON account.id = entry.account_id GROUP BY account.currency) part
    """
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return Money(int(cursor.fetchone()[0]), CURRENCY)


def rail_in_our_books() -> Money:
    """What our ledger says lies with the rail."""
    accounts = [platform(kind, CURRENCY) for kind in ("stripe_available", "stripe_clearing")]
    held = ledger.balances(accounts)
    return held[accounts[0]] + held[accounts[1]]
