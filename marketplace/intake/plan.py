"""How an upload is to be read and how far the reading is: one small value, kept as JSON in `Upload.mapping`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from kit.errors import Conflict, Invalid
from marketplace.models import Batch, Upload

Form = Literal["csv", "jsonl"]

EXTERNAL_ID = "external_id"
PRELABEL = "prelabel"
SPECIAL = (EXTERNAL_ID, PRELABEL)
"""What a column may become besides a field of the task type; every other column is kept and returned."""


class Unreadable(Invalid):
    """Nothing of this file can become tasks; the message says why and what to do."""

    code = "unreadable_file"


class NotADraft(Conflict):
    """The batch was launched: its files are what they are."""

    code = "not_a_draft"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows of a file are: found once from its head.

    `start` and `start_line` are the byte and the number of lines before the first row; `size` and `lines` are those of the
    whole table. A ZIP's table lies in a file of its own (`beside`); `folder` is where it lay in the ZIP.
    """

    form: Form
    start: int
    start_line: int
    size: int
    lines: int
    delimiter: str = ","
    beside: bool = False
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The layout, which column becomes what, and the place reached.

    A task's `line` is `first_line` + its line in this file, so that the lines of several files of a batch follow each
    other. `line` is the last line read, `empty` counts rows without any content, `images_line` the last task line whose images
    were asked for.
    """

    layout: Layout
    targets: dict[str, str] = field(default_factory=dict)
    first_line: int = 0
    line: int = 0
    empty: int = 0
    images_line: int = 0

    @classmethod
    def of(cls, upload: Upload) -> Plan:
        """The plan kept with an upload that could be understood. Raises Conflict for one that failed at once."""
        kept: Mapping[str, Any] = upload.mapping
        if "layout" not in kept:
            raise Conflict(_("This file cannot be read: %(why)s") % {"why": upload.failure})
        return cls(**{**kept, "layout": Layout(**kept["layout"])})

    def holds(self, line: int) -> bool:
        """Whether a task's line comes from this file."""
        return self.first_line < line <= self.first_line + self.layout.lines and bool(self.targets)

    def changed(self, **changes: Any) -> Plan:
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is: `share` of its bytes (0..1), and the counts so far."""

    share: float
    good: int
    bad: int
    empty: int
    images_waiting: int


def progress(upload: Upload) -> Progress:
    """What a page shows while a file is read."""
    kept = upload.mapping.get("layout")
    share = min(upload.bytes_read / max(kept["size"], 1), 1.0) if kept else 0.0
    if upload.status == Upload.Status.DONE:
        share = 1.0
    return Progress(share, upload.rows_good, upload.rows_bad, upload.mapping.get("empty", 0), upload.images_waiting)


def must_be_draft(batch: Batch) -> None:
    """Raise NotADraft for a batch that takes no rows any more."""
    if batch.state != "draft":
        raise NotADraft(_("Rows can be added to a draft only; this batch was launched."))
