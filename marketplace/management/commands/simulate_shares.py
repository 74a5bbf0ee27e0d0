"""`simulate_shares`: how scarce work is spread over those who ask, with and without the rule of dispatch, in one line of JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from marketplace import simulated_shares


class Command(BaseCommand):
    """Needs no database, and prints the same line for the same options and seed."""

    help = "Plays a day on which tasks are few: the share of the tenth of workers who took most, first come and shared out."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        for field in fields(simulated_shares.Market):
            kind = int if isinstance(field.default, int) else float
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
        parser.add_argument("--seed", type=int, default=0, help=_("decides every draw"))

    def handle(self, **options: Any) -> None:
        market = simulated_shares.Market(**{field.name: options[field.name] for field in fields(simulated_shares.Market)})
        if min(market.workers, market.tasks_per_hour, market.seconds, market.poll, market.hours) <= 0:
            raise CommandError(_("Numbers of people, tasks, seconds and hours have to be above zero."), returncode=2)
        if not 0 <= market.watchers <= market.workers or market.spread < 0:
            raise CommandError(_("Watchers are some of the workers, and a spread is not below zero."), returncode=2)
        day = simulated_shares.draw(market, seed=options["seed"])
        played = {
            "first_come": simulated_shares.play(market, day, most=None), "shared_out": simulated_shares.play(market, day),
        }  # fmt: skip
        self.stdout.write(json.dumps({"tasks": len(day.at)} | {name: _shown(one) for name, one in played.items()}))


def _shown(one: simulated_shares.Shared) -> dict[str, float]:
    return {"top_decile": round(one.top_decile, 4), "taken": one.taken, "wait": round(one.wait, 1)}
