"""Files on their way into a draft: what a client would upload, in a line or two."""

from __future__ import annotations

import io
import json
import wave
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.core.files.storage import FileSystemStorage, Storage
from django.db import transaction
from PIL import Image

from marketplace import batches, intake, projects
from marketplace.models import BadRow, Batch, Project, Task, Upload
from tests import market, people

NOW = people.NOW


class Remote(Storage):
    """A storage that has no local paths, as S3 has none."""

    def __init__(self) -> None:
        inner = FileSystemStorage()
        self._open, self._save, self.exists, self.delete = inner._open, inner._save, inner.exists, inner.delete


def draft(made: Project | None = None, name: str = "First") -> Batch:
    """An empty draft, of a project of texts unless another is given."""
    made = made or texts()
    with transaction.atomic():
        return batches.open_draft(project=made, name=name, actor_id=made.created_by_id, now=NOW)


def texts(**options: Any) -> Project:
    mira, organisation = people.client()
    return market.project(mira, organisation, **options)


def boxes() -> Project:
    """A project of pictures to mark."""
    mira, organisation = people.client()
    with transaction.atomic():
        return projects.create(
            organisation_id=organisation.id, name="Boats", task_type="image_boxes", settings={"labels": ["boat", "buoy"]},
            currency="USD", actor_id=mira.id, now=NOW,
        )


def calls() -> Project:
    """A project of recordings to transcribe."""
    mira, organisation = people.client()
    with transaction.atomic():
        return projects.create(
            organisation_id=organisation.id, name="Calls", task_type="transcription", settings={}, currency="USD",
            actor_id=mira.id, now=NOW,
        )


def pieces(content: bytes, size: int = 1000) -> Iterator[bytes]:
    """As the line delivers it: in pieces that respect no border."""
    for at in range(0, len(content), size):
        yield content[at : at + size]


def upload(batch: Batch, content: bytes | str, name: str = "rows.csv") -> Upload:
    raw = content.encode() if isinstance(content, str) else content
    return intake.receive(batch=batch, name=name, chunks=pieces(raw), actor_id=batch.created_by_id, now=NOW)


def start(received: Upload, mapping: Mapping[str, str | None]) -> None:
    with transaction.atomic():
        intake.start(upload=received, mapping=mapping, now=NOW)


def read(
    batch: Batch, content: bytes | str, mapping: Mapping[str, str | None], name: str = "rows.csv", *, images: bool = False
) -> Upload:
    """Upload, map and read to the end."""
    received = upload(batch, content, name)
    assert received.status == "received", received.failure
    start(received, mapping)
    while intake.read(upload_id=received.pk, now=NOW):
        pass
    while images and intake.fetch_images(upload_id=received.pk, now=NOW):
        pass
    received.refresh_from_db()
    batch.refresh_from_db()
    return received


def jsonl(rows: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def tasks(batch: Batch) -> list[Task]:
    return list(Task.objects.filter(batch=batch).order_by("line"))


def shown(batch: Batch) -> list[str]:
    return [task.payload["text"] for task in tasks(batch)]


def faults(received: Upload) -> list[tuple[int, str, str]]:
    return list(BadRow.objects.filter(upload=received).order_by("line").values_list("line", "field", "reason"))


def picture(colour: int = 0, *, size: tuple[int, int] = (8, 6), form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (colour % 256, colour // 256 % 256, 7)).save(file, form)
    return file.getvalue()


def recording(seed: int = 0) -> bytes:
    """A WAV file of a tenth of a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 1, 8_000, 800, "NONE", ""))
        out.writeframes(bytes((seed + at) % 256 for at in range(800)))
    return file.getvalue()


def packed(files: Mapping[str | zipfile.ZipInfo, bytes], **options: Any) -> bytes:
    """A ZIP with these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **({"compression": zipfile.ZIP_DEFLATED} | options)) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
