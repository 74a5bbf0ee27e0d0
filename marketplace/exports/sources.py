"""Which file a task came from, and how its cells were called there: what makes an export read like the upload."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from marketplace.intake.plan import Plan
from marketplace.models import Batch, Task
from task_types import registry
from task_types.contract import FILES


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a batch: `fields` maps the task type's fields to the client's columns, `others` are those kept beside."""

    file: str = ""
    first_line: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    images: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()

    def as_given(self, payload: dict[str, Any], extra: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Payload and extra with the client's own names of images where they were."""
        given, left = dict(payload), dict(extra)
        for name in self.images:
            if (column := self.fields[name]) in left:
                given[name] = left.pop(column)
        return given, left


class Sources:
    """The files of a batch, found by a task's line."""

    def __init__(self, batch: Batch) -> None:
        kinds = {known.name: known.kind for known in registry.drawer(batch.project.task_type).fields}
        self.all: list[Source] = []
        for upload in batch.uploads.order_by("created_at"):
            if not upload.mapping.get("targets"):
                continue
            plan = Plan.of(upload)
            fields = {target: column for column, target in plan.targets.items() if target in kinds}
            self.all.append(
                Source(
                    file=upload.name, first_line=plan.first_line, fields=fields,
                    images=frozenset(name for name in fields if kinds[name] in FILES),
                    others=tuple(one["name"] for one in upload.columns if one["name"] not in plan.targets),
                )
            )  # fmt: skip
        self.all.sort(key=lambda source: source.first_line)
        self._starts = [source.first_line for source in self.all]

    def of(self, task: Task) -> Source:
        """The file that a task came from; a nameless one for gold and for tasks that came without a file."""
        place = bisect_right(self._starts, task.line - 1) - 1
        return self.all[place] if place >= 0 and task.batch_id else _NONE


_NONE = Source()
