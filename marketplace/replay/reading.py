"""The folder of recorded work: items, who answered what, and what is true."""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from kit.errors import Invalid


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a folder holds. `answers` is by worker, then by item; `content` is the column that workers see."""

    folder: Path
    items: dict[str, str]
    content: str
    answers: dict[str, dict[str, str]]
    truth: dict[str, str]

    @property
    def is_image(self) -> bool:
        return self.content == "image"

    @property
    def labels(self) -> list[str]:
        given = {label for answers in self.answers.values() for label in answers.values()}
        return sorted(given | set(self.truth.values()))

    def possible(self, overlap: int) -> int:
        """How many answers can be handed in when each item wants `overlap` of them."""
        counts: dict[str, int] = defaultdict(int)
        for answers in self.answers.values():
            for item in answers:
                counts[item] += 1
        return sum(min(count, overlap) for count in counts.values())


def read(folder: Path) -> Recorded:
    """items.csv (item_id and text or image), answers.csv (item_id, worker_id, answer), truth.csv (item_id, truth) if any.

    Raises Invalid that names the file.
    """
    rows = list(_rows(folder / "items.csv", {"item_id"}))
    if not rows:
        raise Invalid(_("items.csv has no rows."))
    content = next((name for name in ("image", "text") if name in rows[0]), None)
    if content is None:
        raise Invalid(_("items.csv: expected a column text or image."))
    items = {row["item_id"]: row[content] for row in rows}
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    for row in _rows(folder / "answers.csv", {"item_id", "worker_id", "answer"}):
        if row["item_id"] in items:
            answers[row["worker_id"]].setdefault(row["item_id"], _label(row["answer"]))
    if not answers:
        raise Invalid(_("answers.csv has no answer to any item."))
    truth_file = folder / "truth.csv"
    truths = _rows(truth_file, {"item_id", "truth"}) if truth_file.exists() else ()
    truth = {row["item_id"]: _label(row["truth"]) for row in truths if row["item_id"] in items}
    recorded = Recorded(folder, items, content, dict(answers), truth)
    if len(recorded.labels) < 2:
        raise Invalid(_("The answers know one label only; a choice needs two."))
    return recorded


def _label(text: str) -> str:
    """As the task type will keep it."""
    return unicodedata.normalize("NFC", text).strip()


def _rows(path: Path, needed: set[str]) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := needed - set(reader.fieldnames or ()):
                raise Invalid(_("%(file)s lacks the columns: %(names)s.") % {
                    "file": path.name, "names": ", ".join(sorted(missing))
                })
            yield from reader
    except OSError as error:
        raise Invalid(_("%(file)s cannot be read: %(why)s") % {"file": path.name, "why": error.strerror}) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(_("%(file)s cannot be read: %(why)s") % {"file": path.name, "why": error}) from None
