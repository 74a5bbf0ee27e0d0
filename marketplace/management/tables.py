"""What commands say about files of answers: sentences for faults, the end of the command for unusable files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from marketplace.quality.tables import BadFile, Fault


class _Stream(Protocol):
    def write(self, msg: str) -> Any: ...


def report(faults: Iterable[Fault], *, path: Path, to: _Stream) -> None:
    """One line per row that was left out."""
    for fault in faults:
        place = _("%(file)s, line %(line)d") % {"file": path.name, "line": fault.line}
        to.write(f"{place}: {_sentence(fault)}")


def unusable(error: BadFile) -> CommandError:
    """The error that ends a command with status 2 and says what the file should be like."""
    words = {"file": error.path.name, "about": error.about}
    sentences = {
        "unreadable": _("%(file)s cannot be read: %(about)s."),
        "encoding": _("%(file)s is not UTF-8, first seen in line %(about)s. Save it as UTF-8 and try again."),
        "empty": _("%(file)s is empty: it needs a header row with the names of the columns."),
        "columns": _("%(file)s has no column %(about)s. Columns are named in the first row, separated by commas."),
        "doubled_columns": _("%(file)s has more than one column %(about)s."),
        "no_rows": _("%(file)s holds no row that can be used (%(about)s left out)."),
    }
    return CommandError(sentences[error.reason] % words, returncode=2)


def _sentence(fault: Fault) -> str:
    words = {"about": fault.about}
    sentences = {
        "missing": _("nothing in column %(about)s; left out."),
        "cells": _("more cells than the header has columns (%(about)s); left out. Is a comma not in quotes?"),
        "number": _("“%(about)s” is not a number; left out."),
        "verdict": _("“%(about)s” is not left, right or tie; left out."),
        "itself": _("“%(about)s” is compared with itself; left out."),
        "broken": _("this row cannot be read (%(about)s); left out."),
        "contradiction": _("another truth stands in line %(about)s; neither is believed."),
    }
    return sentences[fault.reason] % words
