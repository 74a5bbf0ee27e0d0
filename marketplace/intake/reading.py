"""The job body that turns the next lines of a file into tasks: one chunk, one transaction, nothing lost or doubled."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

import psycopg
import psycopg.errors
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from kit import due, hot, outbox
from marketplace.intake import files, tables
from marketplace.intake.plan import Plan
from marketplace.intake.shaping import Shaper
from marketplace.intake.tables import Fault, Row
from marketplace.models import BadRow, Batch, Upload

logger = logging.getLogger(__name__)

LINES = 20_000
"""Lines of one chunk."""
BYTES = 16 * 1024 * 1024
"""A chunk ends early when its lines are this long in all."""
BAD_MOST = 100_000
"""Bad rows kept for an upload; beyond it they are only counted."""
RAW_MOST = 2_000
BLOCK = 64 * 1024

COPY_TASKS = "COPY marketplace_task (project_id, batch_id, line, external_id, payload, prelabel, extra) FROM STDIN"

FIND_IDS = "SELECT external_id, line FROM marketplace_task WHERE batch_id = %(batch)s AND external_id = ANY(%(ids)s)"

Taken = Mapping[str, str]
"""Ids that tasks of the batch have already, each with where it stands."""


@dataclass(slots=True)
class Chunk:
    """What a chunk came to."""

    good: int = 0
    bad: int = 0
    empty: int = 0
    waiting: int = 0
    faults: list[BadRow] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    offset: int = 0
    line: int = 0


def waiting_to_be_read() -> list[uuid.UUID]:
    """Uploads that have lines left, oldest first."""
    rows = Upload.objects.filter(status=Upload.Status.READING).order_by("created_at")
    return list(rows.values_list("pk", flat=True))


def read(*, upload_id: uuid.UUID, now: datetime) -> bool:
    """Read the next chunk of a file into tasks and bad rows, with the progress, in one transaction of its own.

    Returns whether there is more for the caller to do. False also while another runner reads a file of the same batch.
    """
    waiting = Upload.objects.filter(pk=upload_id, status=Upload.Status.READING).first()
    if waiting is None:
        return False
    beside = Plan.of(waiting).layout.beside
    name = files.table_of(waiting.stored_as) if beside else waiting.stored_as
    try:
        # Opened first: a storage elsewhere is asked over the network, which no transaction waits for.
        with files.opened(name) as file, transaction.atomic():
            more = _read(upload_id, file, now)
    except FileNotFoundError:
        with transaction.atomic():
            if upload := _taken_up(upload_id):
                _finish(upload, now, failure=_("The stored file is gone. Upload it again."))
        return False
    if not more:
        files.drop_copy(name)
    return more


def _read(upload_id: uuid.UUID, file: BinaryIO, now: datetime) -> bool:
    upload = _taken_up(upload_id)
    if upload is None:
        return False
    plan = Plan.of(upload)
    chunk = _copied(upload, plan, tables.Lines(file, offset=upload.bytes_read, line=plan.line))
    _keep(upload, plan, chunk)
    if chunk.offset < plan.layout.size:
        return True
    _finish(upload, now, failure="" if upload.rows_good + upload.rows_bad else _("The file has no rows."))
    return False


def _taken_up(upload_id: uuid.UUID) -> Upload | None:
    """The upload, with its batch locked: files of one batch are read one after the other."""
    drafts = Batch.objects.filter(uploads=upload_id, state="draft").select_related("project")
    batch = next(iter(due.take(drafts, limit=1)), None)
    if batch is None:
        return None
    upload = Upload.objects.select_for_update().filter(pk=upload_id, status=Upload.Status.READING).first()
    if upload is not None:
        upload.batch = batch
    return upload


def _copied(upload: Upload, plan: Plan, lines: tables.Lines) -> Chunk:
    """COPY the good rows of the next lines.

    That an id stands in an earlier chunk is rare, so nobody looks first: the unique constraint says so, the chunk is undone,
    the ids are looked up, and it is read once more without them.
    """
    shaper = Shaper(batch=upload.batch, plan=plan, from_zip=plan.layout.beside)
    room = BAD_MOST - upload.rows_bad
    chunk = Chunk()
    try:
        with transaction.atomic(), hot.cursor() as cursor:
            _copy(cursor, upload, plan, lines, shaper, {}, chunk, room)
    except psycopg.errors.UniqueViolation:
        with hot.cursor() as cursor:
            taken = _find(cursor, upload, plan, list(chunk.ids))
            lines.back_to(offset=upload.bytes_read, line=plan.line)
            chunk = Chunk()
            _copy(cursor, upload, plan, lines, shaper, taken, chunk, room)
    return chunk


def _copy(
    cursor: hot.Cursor, upload: Upload, plan: Plan, lines: tables.Lines, shaper: Shaper, taken: Taken,
    chunk: Chunk, room: int,
) -> None:  # fmt: skip
    start, last = lines.offset, lines.line + LINES
    names = [column["name"] for column in upload.columns]
    block: list[bytes] = []
    weight = 0
    with cursor.copy(COPY_TASKS) as copy:
        for row in tables.rows(lines, form=plan.layout.form, names=names, delimiter=plan.layout.delimiter):
            shaped = _judged(row, shaper, taken, chunk)
            if isinstance(shaped, bytes):
                block.append(shaped)
                weight += len(shaped)
                if weight > BLOCK:
                    copy.write(b"".join(block))
                    block.clear()
                    weight = 0
            elif shaped is not None:
                _refuse(row, shaped, upload, chunk, room)
            if lines.line >= last or lines.offset - start >= BYTES:
                break
        copy.write(b"".join(block))
    chunk.offset, chunk.line = lines.offset, lines.line


def _judged(row: Row, shaper: Shaper, taken: Taken, chunk: Chunk) -> bytes | Fault | None:
    """The line of a good row, what is wrong with a bad one, None for an empty one; counts good and empty ones."""
    line, cells, fault, raw = row
    if cells is None:
        chunk.empty += fault is None
        return fault
    try:
        shaped = shaper(line, cells, raw)
    except Exception:  # noqa: BLE001 - a mistake of ours with one row must not stop a million others
        logger.exception("row could not be checked", extra={"line": line})
        return Fault("", _("This row could not be checked; the fault is ours and was noted."))
    if isinstance(shaped, Fault):
        return shaped
    written, own, waits = shaped
    if own is not None:
        if own in chunk.ids:
            return _twin(own, _("in line %(line)d") % {"line": chunk.ids[own]}, shaper)
        if own in taken:
            return _twin(own, taken[own], shaper)
        chunk.ids[own] = line
    chunk.good += 1
    chunk.waiting += waits
    return written


def _twin(own: str, where: str, shaper: Shaper) -> Fault:
    values = {"id": own if len(own) <= 60 else f"{own[:60]}…", "where": where}
    return Fault(shaper.id_column, _("The id “%(id)s” stands %(where)s already.") % values)


def _refuse(row: Row, fault: Fault, upload: Upload, chunk: Chunk, room: int) -> None:
    chunk.bad += 1
    if chunk.bad <= room:
        raw = row[3][: RAW_MOST * 4].decode(errors="replace").rstrip("\r\n").replace("\x00", "\ufffd")[:RAW_MOST]
        chunk.faults.append(
            BadRow(upload=upload, line=row[0], field=fault.field[:80], reason=fault.reason[:300], raw=raw)
        )


def _find(cursor: hot.Cursor, upload: Upload, plan: Plan, ids: list[str]) -> Taken:
    """Which of these ids the batch has already, and where: in this file, or in another one by its name."""
    others = [(other, Plan.of(other)) for other in upload.batch.uploads.exclude(pk=upload.pk) if "layout" in other.mapping]
    taken: dict[str, str] = {}
    for own, line in cursor.execute(FIND_IDS, {"batch": upload.batch_id, "ids": ids}).fetchall():
        if plan.holds(line):
            taken[own] = _("in line %(line)d") % {"line": line - plan.first_line}
            continue
        holder = next((pair for pair in others if pair[1].holds(line)), None)
        taken[own] = _("in this batch") if holder is None else _("in line %(line)d of “%(file)s”") % {
            "line": line - holder[1].first_line, "file": holder[0].name[:60],
        }  # fmt: skip
    return taken


def _keep(upload: Upload, plan: Plan, chunk: Chunk) -> None:
    """Write the bad rows and how far the file is."""
    BadRow.objects.bulk_create(chunk.faults, batch_size=2_000)
    upload.bytes_read = chunk.offset
    upload.rows_good += chunk.good
    upload.rows_bad += chunk.bad
    upload.images_waiting += chunk.waiting
    upload.mapping = plan.changed(line=chunk.line, empty=plan.empty + chunk.empty).to_json()
    upload.save(update_fields=["bytes_read", "rows_good", "rows_bad", "images_waiting", "mapping"])
    Batch.objects.filter(pk=upload.batch_id).update(task_count=F("task_count") + chunk.good)


def _finish(upload: Upload, now: datetime, *, failure: str) -> None:
    upload.status = Upload.Status.FAILED if failure else Upload.Status.DONE
    upload.failure, upload.finished_at = failure, now
    upload.save(update_fields=["status", "failure", "finished_at"])
    outbox.emit("upload.read", upload_id=str(upload.pk), batch_id=str(upload.batch_id))
