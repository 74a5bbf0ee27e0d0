"""`manage.py payouts_recover --hours 48`: after a restore, writes down what the rail paid and the books forgot; exit 1 if unexplained."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from payments import recovery


class Command(BaseCommand):
    help = "After a restore and before runners start: write down the transfers that the restored books do not know."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hours", type=int, default=72, help="how far back to look; further than the age of the backup")

    def handle(self, *_args: Any, hours: int, **_options: Any) -> None:
        now = timezone.now()
        found = recovery.take_up_lost(since=now - dt.timedelta(hours=hours), now=now)
        self.stdout.write(f"{found.known} known, {found.restored} written down again, {len(found.unexplained)} unexplained")
        for ident in found.unexplained:
            self.stdout.write(f"unexplained: {ident}")
        if found.unexplained:
            raise SystemExit(1)
