"""`simulate_experts`: how long experts' work waits under load, against first come first served, in one line of JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from marketplace.quality import tiers


class Command(BaseCommand):
    """Needs no database, and prints the same line for the same options and seed."""

    help = "Plays a market of crowd and experts: queue times per tier, and how many experts had better stay free."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        for field in fields(tiers.Market):
            kind = int if isinstance(field.default, int) else float
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
        parser.add_argument("--within", type=float, default=90.0, help=_("seconds in which nine of ten experts' tasks are taken"))
        parser.add_argument("--seed", type=int, default=0, help=_("decides every draw"))

    def handle(self, **options: Any) -> None:
        market = tiers.Market(**{field.name: options[field.name] for field in fields(tiers.Market)})
        if min(market.crowd, market.experts) < 1 or min(
            market.ordinary_per_hour, market.expert_per_hour, market.ordinary_seconds, market.expert_seconds, market.hours
        ) <= 0:
            raise CommandError(_("Numbers of people, tasks, seconds and hours have to be above zero."), returncode=2)
        tasks, seed = tiers.draw(market, seed=options["seed"]), options["seed"]
        free = tiers.best_kept_free(market, tasks, seed=seed, within=options["within"])
        self.stdout.write(json.dumps({
            "load": round(market.load, 4), "tasks": len(tasks.tier),
            "first_come": _shown(tiers.first_come(market, tasks, seed=seed)),
            "experts_first": _shown(tiers.by_tier(market, tasks, kept_free=0, seed=seed)),
            "kept_free": free, "with_kept_free": _shown(tiers.by_tier(market, tasks, kept_free=free, seed=seed)),
        }))  # fmt: skip


def _shown(waits: tuple[tiers.Waits, tiers.Waits]) -> dict[str, dict[str, float]]:
    """Seconds of waiting by tier."""
    return {
        name: {"mean": round(one.mean, 1), "p90": round(one.p90, 1)}
        for name, one in zip(("ordinary", "expert"), waits, strict=True)
    }
