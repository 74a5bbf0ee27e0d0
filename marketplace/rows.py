"""Rows that a program sends: up to a thousand at once, checked on the spot; the good ones become tasks of the draft."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import F, Max
from django.utils.translation import gettext as _

from kit import hot
from kit.errors import Invalid
from marketplace.intake.plan import EXTERNAL_ID, PRELABEL, Layout, Plan, must_be_draft
from marketplace.intake.reading import COPY_TASKS, FIND_IDS, RAW_MOST
from marketplace.intake.shaping import Shaped, Shaper
from marketplace.intake.tables import COLUMNS_MOST, Fault
from marketplace.models import BadRow, Batch, Task, Upload
from task_types import registry

ROWS_MOST = 1_000


@dataclass(frozen=True, slots=True)
class BadOne:
    """A row that could not become a task: its place in what was sent, from 0, and what is wrong."""

    index: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the rows."""

    added: int
    bad: list[BadOne]


def add(*, batch: Batch, rows: Sequence[Any], actor_id: uuid.UUID, now: datetime) -> Added:
    """Turn rows (fields of the task type, `external_id`, `prelabel`; anything else is kept and returned) into tasks.

    Images named by https addresses are fetched later by a runner, like those of a file. Raises NotADraft, Invalid.
    """
    if not 1 <= len(rows) <= ROWS_MOST:
        raise Invalid(_("Expected 1 to 1,000 rows."), field="rows")
    locked = Batch.objects.select_for_update(of=("self",)).select_related("project").get(pk=batch.pk)
    must_be_draft(locked)
    plan = _plan(locked, len(rows))
    good, bad = _shape(locked, plan, rows)
    with hot.cursor() as cursor:
        good, twins = _without_twins(good, cursor.execute(FIND_IDS, {"batch": batch.pk, "ids": _ids(good)}).fetchall())
        with cursor.copy(COPY_TASKS) as copy:
            copy.write(b"".join(line for _index, (line, _own, _waits) in good))
    Batch.objects.filter(pk=batch.pk).update(task_count=F("task_count") + len(good))
    bad = sorted(bad + twins, key=lambda one: one.index)
    _note_arrival(locked, plan, rows, good, bad, actor_id, now)
    return Added(len(good), bad)


def _plan(batch: Batch, count: int) -> Plan:
    """Each field comes under its own name; the lines begin behind every task and every file of the batch."""
    names = [*(field.name for field in registry.drawer(batch.project.task_type).fields), EXTERNAL_ID, PRELABEL]
    last = Task.objects.filter(batch=batch).aggregate(line=Max("line"))["line"] or 0
    plans = [
        Plan.of(other)
        for other in batch.uploads.exclude(status__in=[Upload.Status.RECEIVED, Upload.Status.FAILED])
    ]
    first_line = max([last, *(plan.first_line + plan.layout.lines for plan in plans)])
    layout = Layout(form="jsonl", start=0, start_line=0, size=0, lines=count)
    return Plan(layout, targets={name: name for name in names}, first_line=first_line)


Good = list[tuple[int, Shaped]]


def _shape(batch: Batch, plan: Plan, rows: Sequence[Any]) -> tuple[Good, list[BadOne]]:
    """An id is needed only where one is given: rows with and without share a batch."""
    with_id = Shaper(batch=batch, plan=plan, from_zip=False)
    nameless = plan.changed(targets={name: name for name in plan.targets if name != EXTERNAL_ID})
    without = Shaper(batch=batch, plan=nameless, from_zip=False)
    good: Good = []
    bad: list[BadOne] = []
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            bad.append(BadOne(index, "", _("Expected an object.")))
            continue
        cells = {name: cell for name, cell in row.items() if name != EXTERNAL_ID or cell is not None}
        shaped = (with_id if EXTERNAL_ID in cells else without)(index + 1, cells, orjson.dumps(row))
        if isinstance(shaped, Fault):
            bad.append(BadOne(index, shaped.field, shaped.reason))
        else:
            good.append((index, shaped))
    return good, bad


def _ids(good: Good) -> list[str]:
    return [own for _index, (_line, own, _waits) in good if own is not None]


def _without_twins(good: Good, taken: Sequence[tuple[Any, ...]]) -> tuple[Good, list[BadOne]]:
    """A client's own id is unique in the batch: the first row with it is kept."""
    seen = {row[0] for row in taken}
    kept: Good = []
    twins: list[BadOne] = []
    for index, shaped in good:
        own = shaped[1]
        if own is not None and own in seen:
            twins.append(BadOne(index, EXTERNAL_ID, _("A task of this batch has this id already.")))
            continue
        seen.add(own)
        kept.append((index, shaped))
    return kept, twins


def _note_arrival(
    batch: Batch, plan: Plan, rows: Sequence[Any], added: Good, bad: Sequence[BadOne], actor_id: uuid.UUID, now: datetime
) -> None:
    """What came together is kept as an upload: exports find its columns there, and the runner the images to fetch."""
    raw = orjson.dumps(rows)
    names = dict.fromkeys(name for row in rows if isinstance(row, Mapping) for name in row)
    upload = Upload.objects.create(
        batch=batch, name=_("rows by API"), kind="rows", stored_as="", sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw), bytes_read=len(raw), columns=[{"name": name[:200]} for name in list(names)[:COLUMNS_MOST]],
        mapping=plan.to_json(), status=Upload.Status.DONE, rows_good=len(added), rows_bad=len(bad),
        images_waiting=sum(waits for _index, (_line, _own, waits) in added), uploaded_by_id=actor_id, created_at=now,
        finished_at=now,
    )  # fmt: skip
    BadRow.objects.bulk_create(
        BadRow(
            upload=upload, line=one.index + 1, field=one.field[:80], reason=one.reason[:300],
            raw=orjson.dumps(rows[one.index]).decode()[:RAW_MOST].replace("\x00", "\ufffd"),
        )
        for one in bad
    )
