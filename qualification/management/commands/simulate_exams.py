"""`simulate_exams`: how few questions the adaptive form needs, and how often it errs, against 30 drawn at random, in one line of JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from qualification import adaptive, simulation


class Command(BaseCommand):
    """Needs no database, and prints the same figures for the same options and seed."""

    help = "Plays exams with people of known ability: questions asked and wrong tiers, fixed form against adaptive form."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=2_000)
        parser.add_argument("--seed", type=int, default=0, help=_("decides every draw"))
        parser.add_argument("--confidence", type=float, default=adaptive.STATED, help=_("from which a tier counts as decided"))
        parser.add_argument("--json", action="store_true", help=_("one line of JSON"))

    def handle(self, **options: Any) -> None:
        people, confidence = options["people"], options["confidence"]
        if not 1 <= people <= 1_000_000 or options["seed"] < 0:
            raise CommandError(_("Expected 1 to 1,000,000 people and a seed of 0 or above."), returncode=2)
        if not 0.5 <= confidence < 1:
            raise CommandError(_("Expected a confidence from 0.5 to below 1."), returncode=2)
        setting = simulation.Setting(people=people)
        setting = replace(setting, policy=replace(setting.policy, confidence=confidence))
        played = simulation.play(setting, seed=options["seed"])
        shown = {
            "items_fixed": played.items_fixed, "items_adaptive": round(played.items_adaptive, 3), "share": round(played.share, 4),
            "error_fixed": round(played.error_fixed, 4), "error_adaptive": round(played.error_adaptive, 4),
            "most_exposed": round(played.exposure, 4), "people": people, "seed": options["seed"], "confidence": confidence,
        }  # fmt: skip
        self.stdout.write(json.dumps(shown) if options["json"] else "\n".join(f"{name} {value}" for name, value in shown.items()))
