"""Which column of a file becomes which field of a task: proposed by name, checked once, and then reading may begin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from kit import outbox
from kit.errors import Conflict, Invalid
from marketplace.intake.plan import EXTERNAL_ID, PRELABEL, SPECIAL, Plan, must_be_draft
from marketplace.models import Batch, Task, Upload
from task_types import registry
from task_types.contract import Field

ALIKE_FROM = 0.8
"""Likeness of two names (0..1) from which one is proposed for the other."""

_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    EXTERNAL_ID: ("id", "itemid", "taskid", "rowid", "uid", "uuid", "key", "externalid", "questionid", "sampleid", "name"),
    PRELABEL: ("prelabel", "prediction", "predicted", "modelanswer", "suggestion", "suggestedlabel"),
}
# A ZIP without a table gets one whose column is called `image`, also where its files are recordings.
_OTHER_NAMES_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "imageurl", "url", "img", "picture", "photo", "file", "filename", "path", "imagepath"),
    "audio": ("audio", "audiourl", "url", "sound", "recording", "clip", "file", "filename", "path", "audiopath", "image"),
    "text": ("text", "sentence", "content", "body", "message", "document", "tweet", "comment", "review"),
}


def suggest_mapping(upload: Upload) -> dict[str, str]:
    """Column -> field of the task type, `external_id` or `prelabel`, by likeness of names; a target is proposed once.

    Columns that resemble nothing are left out: they are kept and returned as they are.
    """
    fields = registry.drawer(upload.batch.project.task_type).fields
    pairs = [
        (_likeness(name, target, fields), -place, name, target)
        for place, name in enumerate(_column_names(upload))
        for target in (*(field.name for field in fields), *SPECIAL)
    ]
    proposed: dict[str, str] = {}
    for likeness, _place, name, target in sorted(pairs, reverse=True):
        if likeness >= ALIKE_FROM and name not in proposed and target not in proposed.values():
            proposed[name] = target
    return {name: proposed[name] for name in _column_names(upload) if name in proposed}


def start(*, upload: Upload, mapping: Mapping[str, str | None], now: datetime) -> None:
    """Check the mapping (column -> target, or nothing to keep it as it is) and let a runner read the file.

    Raises Invalid that names the column or the field, Conflict when the file is being read already, NotADraft.
    """
    batch = Batch.objects.select_for_update().select_related("project").get(pk=upload.batch_id)
    must_be_draft(batch)
    plan = Plan.of(upload)
    targets = _checked(mapping, upload, registry.drawer(batch.project.task_type).fields)
    layout = plan.layout
    ready = plan.changed(targets=targets, first_line=_lines_before(batch), line=layout.start_line)
    moved = Upload.objects.filter(pk=upload.pk, status=Upload.Status.RECEIVED).update(
        status=Upload.Status.READING, mapping=ready.to_json(), bytes_read=layout.start
    )
    if moved != 1:
        raise Conflict(_("This file is being read already."))
    upload.refresh_from_db()
    outbox.emit("upload.mapped", upload_id=str(upload.pk), batch_id=str(batch.pk))


def targets_of(upload: Upload) -> dict[str, str]:
    """Column -> target as it was decided; empty before."""
    return dict(upload.mapping.get("targets", {}))


def _column_names(upload: Upload) -> list[str]:
    return [column["name"] for column in upload.columns]


def _checked(mapping: Any, upload: Upload, fields: tuple[Field, ...]) -> dict[str, str]:
    """The columns that become something."""
    if not isinstance(mapping, Mapping):
        raise Invalid(_("Expected an object that names a target for each column."), field="mapping")
    known, columns = [*(field.name for field in fields), *SPECIAL], set(_column_names(upload))
    targets: dict[str, str] = {}
    for column, target in mapping.items():
        if column not in columns:
            raise Invalid(_("The file has no such column."), field=str(column)[:80], expected=sorted(columns))
        if not target:
            continue
        if target not in known:
            raise Invalid(_("There is no such field."), field=column, expected=known)
        if target in targets.values():
            raise Invalid(_("Two columns are mapped to this field."), field=str(target))
        targets[column] = target
    _refuse_gaps(targets, fields)
    return targets


def _refuse_gaps(targets: Mapping[str, str], fields: tuple[Field, ...]) -> None:
    for field in fields:
        if field.required and field.name not in targets.values():
            raise Invalid(_("Choose the column for this field."), field=field.name)
    if not any(field.name in targets.values() for field in fields):
        raise Invalid(_("Choose at least one column that workers shall see."), field=fields[0].name)


def _lines_before(batch: Batch) -> int:
    """Where this file's lines begin in the batch: behind every task and every file that is being read."""
    last = Task.objects.filter(batch=batch).aggregate(line=Max("line"))["line"] or 0
    plans = [Plan.of(other) for other in batch.uploads.exclude(status__in=[Upload.Status.RECEIVED, Upload.Status.FAILED])]
    return max([last, *(plan.first_line + plan.layout.lines for plan in plans)])


def _likeness(column: str, target: str, fields: tuple[Field, ...]) -> float:
    """1.1 for the same name, 1 for another usual name of it, else the share of letters in common order (0..1)."""
    plain = _plain(column)
    if plain == _plain(target):
        return 1.1
    kind = next((field.kind for field in fields if field.name == target), "")
    others = _OTHER_NAMES.get(target, ())
    if not others and sum(field.kind == kind for field in fields) == 1:
        others = _OTHER_NAMES_BY_KIND.get(kind, ())
    if plain in others:
        return 1.0 - others.index(plain) / 100
    # Names that differ by one letter alone, such as response_a and response_b, are different on purpose.
    same_length = len(plain) == len(_plain(target))
    return 0.0 if same_length else SequenceMatcher(None, plain, _plain(target)).ratio()


def _plain(name: str) -> str:
    """Letters and digits alone, without case and accents."""
    decomposed: str = unicodedata.normalize("NFKD", name)
    return re.sub(r"[\W_]+", "", "".join(sign for sign in decomposed if not unicodedata.combining(sign))).lower()
