"""`manage.py replay FOLDER --base-url URL`: recorded work of real people through a running installation, to the transfers."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kit.errors import Invalid
from marketplace.replay import cast, reading
from marketplace.replay.gateway import Gateway, Unexpected
from marketplace.replay.progress import Bar
from marketplace.replay.story import Story


class Command(BaseCommand):
    """One JSON line on stdout; exit 0 when the money adds up and the ledger is even, else 1."""

    help = "Replay recorded work through the public API of a running installation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="items.csv, answers.csv and, if known, truth.csv")
        parser.add_argument("--base-url", required=True, help="where the installation listens")
        parser.add_argument("--overlap", type=int, default=5, help="answers that each item gets, at most")
        parser.add_argument("--json", action="store_true", help="no progress bar, the JSON line alone")

    def handle(self, *args: Any, folder: Path, base_url: str, overlap: int, **options: Any) -> None:
        began = time.monotonic()
        if not 1 <= overlap <= 30:
            raise CommandError("--overlap: expected 1 to 30")
        _find_double(base_url)
        bar = Bar(shown=not options["json"])
        try:
            recorded = reading.read(folder)
            gateway = Gateway(base_url)
            if gateway.send("GET", "/health/").status != 200:
                raise Unexpected(f"{base_url} is not well; see {base_url}/health/")
            made = cast.make(worker_ids=sorted(recorded.answers), bar=bar)
            told = Story(recorded, gateway, made, overlap, bar).tell(began=began)
        except (Invalid, Unexpected) as error:
            raise CommandError(str(error)) from error
        finally:
            bar.close()
        self.stdout.write(told.as_json())
        if not told.adds_up:
            sys.exit(1)


def _find_double(base_url: str) -> None:
    """The double listens on the next port, unless the environment says otherwise; the real Stripe is never replayed to."""
    if not settings.EMBEDDED:
        raise CommandError("replay works on the embedded installation alone: it makes people and plays their payments.")
    if not settings.STRIPE_API_BASE:
        parts = urlsplit(base_url)
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{(parts.port or 80) + 1}"
