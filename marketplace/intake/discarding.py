"""A client changes their mind about a file: its rows leave the draft, as if it had never come."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from marketplace.intake import files
from marketplace.intake.plan import Plan, must_be_draft
from marketplace.models import BadRow, Batch, Task, Upload


def discard(*, upload: Upload) -> int:
    """Remove an upload with its tasks, bad rows and stored content from a draft; returns how many tasks went. Needs an open
    transaction. Raises NotADraft."""
    batch = Batch.objects.select_for_update().get(pk=upload.batch_id)
    must_be_draft(batch)
    present = Upload.objects.filter(pk=upload.pk).first()
    if present is None:
        return 0
    removed = 0
    if present.mapping.get("targets"):
        plan = Plan.of(present)
        lines = (plan.first_line + 1, plan.first_line + plan.layout.lines)
        rows = Task.objects.filter(batch=batch, line__range=lines)
        removed = rows._raw_delete(rows.db)
    bad = BadRow.objects.filter(upload=present)
    bad._raw_delete(bad.db)
    present.delete()
    Batch.objects.filter(pk=batch.pk).update(task_count=F("task_count") - removed)
    if stored_as := present.stored_as:
        transaction.on_commit(lambda: _forget(stored_as))
    return removed


def _forget(stored_as: str) -> None:
    files.forget(stored_as)
    files.forget(files.table_of(stored_as))
