"""`simulate`: recorded work asked again through the policy of live dispatch, summed up in one line of JSON."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from marketplace.management.tables import report, unusable
from marketplace.quality import tables
from marketplace.quality.policy import Policy
from marketplace.quality.replay import NothingToGrade, replay


class Command(BaseCommand):
    """Needs no database, and prints the same line for the same files, options and seed."""

    help = "Replays recorded answers: how many of them would have been asked, and how good the result is."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("answers", type=Path, metavar="ANSWERS.csv", help=_("item_id, worker_id, answer"))
        parser.add_argument("truth", type=Path, metavar="TRUTH.csv", help=_("item_id, truth"))
        parser.add_argument("--gold-share", type=_share, default=0.05, help=_("share of the items given as gold"))
        parser.add_argument("--target", type=_target, default=0.99, help=_("belief at which an item is settled"))
        parser.add_argument("--seed", type=int, default=0, help=_("decides every draw"))

    def handle(self, **options: Any) -> None:
        try:
            read = tables.read_answers(options["answers"], kind="categorical")
            truth, faults = tables.read_truth(options["truth"])
        except tables.BadFile as error:
            raise unusable(error) from error
        report(read.faults, path=options["answers"], to=self.stderr)
        report(faults, path=options["truth"], to=self.stderr)
        rows = ((item, worker, answer) for (item, worker), answer in read.rows.items())
        policy = Policy(target=options["target"])
        try:
            outcome = replay(rows, truth, gold_share=options["gold_share"], policy=policy, seed=options["seed"])
        except NothingToGrade as error:
            message = _("No item of %(answers)s that is not gold has a truth in %(truth)s.")
            words = {"answers": options["answers"].name, "truth": options["truth"].name}
            raise CommandError(message % words, returncode=2) from error
        self.stdout.write(json.dumps({name: round(value, 6) for name, value in asdict(outcome).items()}))


def _share(text: str) -> float:
    return _between(text, 0.0, 0.9)


def _target(text: str) -> float:
    return _between(text, 0.5, 1.0)


def _between(text: str, low: float, high: float) -> float:
    """A number of the command line; argparse ends with status 2 if it is none or out of bounds."""
    try:
        value = float(text)
    except ValueError as error:
        raise ArgumentTypeError(_("“%(text)s” is not a number") % {"text": text}) from error
    if not low <= value <= high:
        raise ArgumentTypeError(_("must lie between %(low)s and %(high)s") % {"low": low, "high": high})
    return value
