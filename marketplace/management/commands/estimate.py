"""`estimate`: labels with confidences and workers with scores from a file of answers."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from marketplace.management.tables import report, unusable
from marketplace.quality import tables
from marketplace.quality.estimate import WORKERS, estimate


class Command(BaseCommand):
    """Needs no database: the answers are in the file, the mathematics in marketplace.quality."""

    help = "Says which label each item has, how sure that is, and how often each worker is right."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("answers", type=Path, metavar="ANSWERS.csv", help=_("item_id, worker_id, answer"))
        parser.add_argument("--gold", type=Path, metavar="GOLD.csv", help=_("items with a known truth: item_id, truth"))
        parser.add_argument(
            "--truth", type=Path, metavar="TRUTH.csv", help=_("says how many labels are right: item_id, truth; never used to find them")
        )
        parser.add_argument("--kind", choices=["categorical", "pairwise", "text", "numeric"], default="categorical")
        parser.add_argument("--out", type=Path, required=True, metavar="LABELS.csv")
        parser.add_argument("--workers", type=Path, required=True, metavar="WORKERS.csv")

    def handle(self, **options: Any) -> None:
        kind = options["kind"]
        try:
            read = tables.read_answers(options["answers"], kind=kind)
            gold, faults = tables.read_truth(options["gold"], kind=kind) if options["gold"] else ({}, [])
            truth, doubts = tables.read_truth(options["truth"]) if options["truth"] else ({}, [])
        except tables.BadFile as error:
            raise unusable(error) from error
        report(read.faults, path=options["answers"], to=self.stderr)
        report(faults, path=options["gold"] or Path(), to=self.stderr)
        report(doubts, path=options["truth"] or Path(), to=self.stderr)
        result = estimate(read, kind=kind, gold=gold)
        _write(options["out"], result.header, result.labels)
        _write(options["workers"], WORKERS, result.workers)
        words = {"labels": len(result.labels), "workers": len(result.workers)}
        self.stdout.write(_("%(labels)d labels, %(workers)d workers.") % words)
        labels = {row[0]: row[1] for row in result.labels}
        if graded := [labels[item] == truth[item] for item in truth if item in labels and item not in gold]:
            right = {"right": sum(graded), "graded": len(graded), "share": f"{sum(graded) / len(graded):.4f}"}
            self.stdout.write(_("%(right)d of %(graded)d labels are right: %(share)s.") % right)


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    except OSError as error:
        words = {"file": path, "reason": error.strerror}
        raise CommandError(_("%(file)s cannot be written: %(reason)s.") % words, returncode=2) from error
