"""A file comes in: streamed to the storage while it is hashed, and understood from its head."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime

from kit.ids import uuid7
from marketplace.intake import archives, files, sniffing
from marketplace.intake.plan import Plan, Unreadable, must_be_draft
from marketplace.models import Batch, Upload

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def receive(*, batch: Batch, name: str, chunks: Iterable[bytes], actor_id: uuid.UUID, now: datetime) -> Upload:
    """Stream a file (CSV, TSV, JSONL, or a ZIP of images or recordings with or without a table) into the storage.

    Nothing is ever held in memory as a whole, and no transaction may be open: this takes as long as the client's line
    does. A file that cannot be understood is kept as a FAILED upload whose `failure` says why; its content is dropped.
    Raises NotADraft, FileTooLarge.
    """
    must_be_draft(batch)
    upload = Upload(batch=batch, name=_clean(name), uploaded_by_id=actor_id, created_at=now)
    with files.spooled(chunks) as spool:
        upload.sha256, upload.size = spool.sha256, spool.size
        try:
            _understand(upload, spool)
        except Unreadable as fault:
            upload.status, upload.failure, upload.finished_at = Upload.Status.FAILED, str(fault)[:300], now
    upload.save(force_insert=True)
    return upload


def duplicates_of(upload: Upload) -> list[Upload]:
    """Earlier uploads of the same content in the same organisation, newest first: something to warn about, not a fault."""
    same = Upload.objects.filter(
        sha256=upload.sha256, batch__project__organisation_id=upload.batch.project.organisation_id
    )
    earlier = same.filter(pk__lt=upload.pk).exclude(status=Upload.Status.FAILED).select_related("batch")
    return list(earlier.order_by("-pk")[:5])


def _understand(upload: Upload, spool: files.Spooled) -> None:
    """Find out what the file is and keep it; fills kind, place, columns and plan. Raises Unreadable."""
    stored_as = f"uploads/{uuid7()}"
    if sniffing.is_zip(spool):
        upload.kind = "zip"
        found = archives.keep_table(spool, as_name=files.table_of(stored_as))
    else:
        found = sniffing.look(spool, upload.name)
        upload.kind = found.kind
    files.keep(spool, stored_as)
    upload.stored_as, upload.columns = stored_as, found.columns
    upload.mapping = Plan(found.layout).to_json()


def _clean(name: str) -> str:
    """The last part of a client's path, without what a database or a page would choke on."""
    last = re.split(r"[/\\]", name)[-1]
    return _CONTROL.sub("", last).strip()[-255:] or "file"
