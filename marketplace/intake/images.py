"""Images and recordings that rows name are brought in once: taken out of the ZIP or fetched by https, checked, kept by content."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from kit import assets, hot, outbox
from marketplace.intake import files
from marketplace.intake.archives import Images, NoSuchImage
from marketplace.intake.fetching import Door, NotFetched
from marketplace.intake.plan import Plan, Unreadable
from marketplace.intake.reading import BAD_MOST, RAW_MOST
from marketplace.models import BadRow, Batch, Upload
from task_types import registry
from task_types.contract import FILES, FieldKind

LIMIT = 200
"""Tasks whose images are brought in by one call."""
AT_ONCE = 8
"""Images fetched at the same time."""

ASSET = "asset:"
STORE = {"image": assets.store_image, "audio": assets.store_audio}

NEXT_WAITING = """
SELECT id, line, payload FROM marketplace_task
 WHERE batch_id = %(batch)s AND line > %(after)s AND line <= %(last)s
   AND EXISTS (SELECT 1 FROM unnest(%(fields)s::text[]) AS f(name) WHERE payload ->> f.name NOT LIKE 'asset:%%')
 ORDER BY line LIMIT %(limit)s
"""
"""A payload that lacks the field is NULL there, and so is the comparison: it waits for nothing."""

PUT_IN = """
UPDATE marketplace_task t SET payload = t.payload || new.images
  FROM unnest(%(ids)s::bigint[], %(olds)s::jsonb[], %(news)s::jsonb[]) AS new(id, old, images)
 WHERE t.id = new.id AND t.payload @> new.old
"""

TAKE_OUT = """
DELETE FROM marketplace_task t USING unnest(%(ids)s::bigint[], %(olds)s::jsonb[]) AS gone(id, old)
 WHERE t.id = gone.id AND t.payload @> gone.old RETURNING t.id
"""
"""Both touch a task only while it still names what was asked for: whoever comes second changes nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task that waits, and what it names by field; `kinds` says which of it are images."""

    task_id: int
    line: int
    sources: dict[str, str]
    kinds: Mapping[str, FieldKind]

    def asked(self) -> dict[str, tuple[FieldKind, str]]:
        """By field: what the content has to be, and where it is."""
        return {name: (self.kinds[name], source) for name, source in self.sources.items()}


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the images of a task: their new names by field, or the source that failed and why."""

    wanted: Wanted
    images: dict[str, str]
    source: str = ""
    fault: str = ""


def waiting_for_images() -> list[uuid.UUID]:
    """Uploads with images still to come, oldest first."""
    rows = Upload.objects.filter(images_waiting__gt=0).exclude(status=Upload.Status.RECEIVED).order_by("created_at")
    return list(rows.values_list("pk", flat=True))


def fetch_images(*, upload_id: uuid.UUID, now: datetime, door: Door | None = None, limit: int = LIMIT) -> bool:
    """Bring in the images of the next tasks; a task whose image cannot be had becomes a bad row.

    No transaction may be open: this waits for servers of others. Tasks are claimed by moving `images_line`, so runners share
    an upload; what a killed runner had claimed is asked for again in another lap. Returns whether to go on at once.
    """
    with transaction.atomic():
        claimed = _claim(upload_id, limit)
    if claimed is None:
        return False
    upload, wanted = claimed
    with transaction.atomic():
        _write(upload, list(_bring(upload, wanted, door or Door())), now)
    return True


def _claim(upload_id: uuid.UUID, limit: int) -> tuple[Upload, list[Wanted]] | None:
    """The next waiting tasks; None when the lap is over, and then the next one starts from the top."""
    upload = Upload.objects.select_for_update(of=("self",)).select_related("batch__project").filter(pk=upload_id).first()
    if upload is None or upload.images_waiting == 0:
        return None
    plan, fields = Plan.of(upload), _fields(upload)
    after = max(plan.images_line, plan.first_line)
    with hot.cursor() as cursor:
        rows = cursor.execute(NEXT_WAITING, {
            "batch": upload.batch_id, "after": after, "last": plan.first_line + plan.layout.lines, "fields": list(fields),
            "limit": limit,
        }).fetchall()  # fmt: skip
    upload.mapping = plan.changed(images_line=rows[-1][1] if rows else 0).to_json()
    upload.save(update_fields=["mapping"])
    return (upload, [_wanted(row, fields) for row in rows]) if rows else None


def _fields(upload: Upload) -> dict[str, FieldKind]:
    drawer, targets = registry.drawer(upload.batch.project.task_type), Plan.of(upload).targets.values()
    return {field.name: field.kind for field in drawer.fields if field.kind in FILES and field.name in targets}


def _wanted(row: hot.Row, fields: Mapping[str, FieldKind]) -> Wanted:
    payload: dict[str, Any] = hot.from_json(row[2])
    sources = {name: payload[name] for name in fields if payload.get(name)}
    return Wanted(row[0], row[1], {name: source for name, source in sources.items() if not source.startswith(ASSET)}, fields)


# Outside any transaction


def _bring(upload: Upload, wanted: list[Wanted], door: Door) -> Iterator[Brought]:
    """Ask for each source once, a few at a time so that little lies in memory, and keep what is what it should be."""
    asked = list(dict.fromkeys(one for task in wanted for one in task.asked().values()))
    outcome: dict[tuple[FieldKind, str], str | Exception] = {}
    with ExitStack() as stack:
        read = _reader(upload, door, stack)
        threads = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        for start in range(0, len(asked), AT_ONCE):
            group = asked[start : start + AT_ONCE]
            contents = threads.map(read, [source for _kind, source in group])
            for one, content in zip(group, contents, strict=True):
                outcome[one] = _stored(content, one[0])
    for task in wanted:
        failed = next((one for one in task.asked().values() if isinstance(outcome[one], Exception)), None)
        if failed is not None:
            yield Brought(task, {}, failed[1], str(outcome[failed]))
        else:
            yield Brought(task, {name: str(outcome[one]) for name, one in task.asked().items()})


def _reader(upload: Upload, door: Door, stack: ExitStack) -> Callable[[str], bytes | Exception]:
    """How a source is read: an https address through the door, anything else from the upload's ZIP."""
    archive: Images | None = None
    if upload.kind == "zip":
        try:
            archive = Images(stack.enter_context(files.opened(upload.stored_as)), folder=Plan.of(upload).layout.folder)
        except (FileNotFoundError, Unreadable):
            archive = None

    def read(source: str) -> bytes | Exception:
        try:
            if source.startswith("https://"):
                return door.fetch(source)
            if archive is None:
                raise NoSuchImage(_("The ZIP cannot be opened any more."))
            return archive.read(source)
        except (NotFetched, NoSuchImage) as fault:
            return fault

    return read


def _stored(content: bytes | Exception, kind: FieldKind) -> str | Exception:
    if isinstance(content, Exception):
        return content
    try:
        return ASSET + STORE[kind](content).sha256
    except (assets.BadImage, assets.BadAudio) as fault:
        return fault


# What came of it


def _write(upload: Upload, brought: list[Brought], now: datetime) -> None:
    """Name the stored images in the tasks, turn failures into bad rows, and count, all at once."""
    Batch.objects.select_for_update().get(pk=upload.batch_id)
    present = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if present is None:
        return
    upload = present
    good, failed = [one for one in brought if not one.fault], [one for one in brought if one.fault]
    with hot.cursor() as cursor:
        put_in = cursor.execute(PUT_IN, _params(good) | {"news": [_json(one.images) for one in good]}).rowcount
        taken_out = {row[0] for row in cursor.execute(TAKE_OUT, _params(failed)).fetchall()}
    gone = [one for one in failed if one.wanted.task_id in taken_out]
    _report(upload, gone)
    counts = {
        "images_waiting": F("images_waiting") - put_in - len(gone),
        "rows_good": F("rows_good") - len(gone),
        "rows_bad": F("rows_bad") + len(gone),
    }
    Upload.objects.filter(pk=upload.pk).update(**counts)
    Batch.objects.filter(pk=upload.batch_id).update(task_count=F("task_count") - len(gone))
    upload.refresh_from_db()
    if upload.images_waiting == 0 and upload.status == Upload.Status.DONE:
        Upload.objects.filter(pk=upload.pk).update(finished_at=now)
        outbox.emit("upload.images_in", upload_id=str(upload.pk), batch_id=str(upload.batch_id))


def _params(brought: Sequence[Brought]) -> dict[str, Any]:
    return {
        "ids": [one.wanted.task_id for one in brought],
        "olds": [_json(one.wanted.sources) for one in brought],
    }


def _report(upload: Upload, gone: Sequence[Brought]) -> None:
    plan, room = Plan.of(upload), max(BAD_MOST - upload.rows_bad, 0)
    columns = {target: column for column, target in plan.targets.items()}
    BadRow.objects.bulk_create(
        BadRow(
            upload=upload, line=one.wanted.line - plan.first_line, raw=one.source[:RAW_MOST], reason=one.fault[:300],
            field=next(columns[name] for name, source in one.wanted.sources.items() if source == one.source)[:80],
        )
        for one in gone[:room]
    )  # fmt: skip


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


