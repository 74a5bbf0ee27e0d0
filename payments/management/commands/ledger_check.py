"""`manage.py ledger_check`: one line per invariant of the books; exit 0 when all hold."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from payments import invariants


class Command(BaseCommand):
    """Prints `ok NAME` or `BROKEN NAME: what`; `guard off` where the database roles are missing."""

    help = "Check every invariant of the ledger."

    def handle(self, *args: Any, **options: Any) -> None:
        found = invariants.findings()
        invariants.keep(found, now=timezone.now())
        for finding in found:
            self.stdout.write(_line(finding))
        if not all(finding.ok for finding in found):
            sys.exit(1)


def _line(finding: invariants.Finding) -> str:
    if finding.name == "guard" and not finding.ok:
        return f"guard off: {finding.detail}"
    return f"ok {finding.name}" if finding.ok else f"BROKEN {finding.name}: {finding.detail}"
