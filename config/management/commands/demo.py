"""`manage.py demo`: fills an empty installation, so that no page is bare; under the embedded default alone."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo import market, people, reach, teams
from workers.models import User


class Command(BaseCommand):
    help = "Fill an empty installation with a small market to try."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing where somebody has signed up already")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("The demo exists under the embedded default alone.")
        if User.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("This installation has people in it already.")
        cast = people.make()
        market.make(cast)
        reach.make(cast)
        teams.make(cast)
        teams.write_templates(cast)
