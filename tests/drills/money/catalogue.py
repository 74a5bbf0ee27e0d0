"""The twenty drills by name: what each does, and its body. A sabotaged twin is the same body with one safeguard taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from tests.drills.figure import Figure

if TYPE_CHECKING:
    from tests.drills.money.stage import Stage


@dataclass(frozen=True)
class Drill:
    """A drill lives in `module` as `run(stage, sabotaged) -> Figure`; `sabotage` says what its twin goes without."""

    name: str
    module: str
    about: str
    sabotage: str

    def body(self) -> Callable[[Stage, bool], Figure]:
        """Imported late: Django has to be set up first."""
        found: Callable[[Stage, bool], Figure] = import_module(f"tests.drills.money.{self.module}").run
        return found


DRILLS = {
    each.name: each
    for each in (
        Drill("D1", "d01_killed_runners", "runners are killed in a payout run", "each call has a key of its own, nobody looks first"),
        Drill("D2", "d02_every_point", "a crash at every commit and call", "each call has a key of its own, nobody looks first"),
        Drill("D3", "d03_killed_servers", "database, broker and web are killed", "answers are lost, and each call has a key of its own"),
        Drill("D4", "d04_many_runs", "five runs at once over the same people", "each call has a key of its own, nobody looks first"),
        Drill("D5", "d05_webhooks", "webhooks doubled, shuffled, lost", "what an event says is believed, the lost are not asked for"),
        Drill("D6", "d06_forged", "forged webhooks", "the signature is not looked at"),
        Drill("D7", "d07_clocks", "a day passes in doubt, clocks go wrong", "a key is trusted for ever, nobody looks first"),
        Drill("D8", "d08_outage", "the rail is down, refuses, is slow", "no answer is taken for a no"),
        Drill("D9", "d09_short_balance", "the platform's balance runs out half-way", "a short balance is taken for a refusal"),
        Drill("D10", "d10_budget_race", "fifty hands launch over one balance", "the database does not guard accounts"),
        Drill("D11", "d11_lease_race", "a crowd leases, lets run out, hands in late", "late answers are taken unseen"),
        Drill("D12", "d12_double_submit", "twenty POSTs hand in one task", "a lease is taken in any state, the table takes a second answer"),
        Drill("D13", "d13_lapse", "a payout account lapses between hold and call", "a refusal is taken for doubt"),
        Drill("D14", "d14_money_life", "any order of events in the life of money", "what was sent is also given back"),
        Drill("D15", "d15_attack", "web and runner attack the ledger", "they act as the owner of the tables"),
        Drill("D16", "d16_restore", "a backup of half an hour ago comes back", "nobody asks the rail what it paid since"),
        Drill("D17", "d17_silence", "a client who never judges", "the clock that accepts is two hours late"),
        Drill("D18", "d18_rounding", "random rates, shares and payouts", "fractions are cut off"),
        Drill("D19", "d19_mismatches", "twenty differences from the rail's books", "amounts are not compared"),
        Drill("D20", "d20_deployment", "tables change, runners are replaced", "each call has a key of its own, nobody looks first"),
    )
}
