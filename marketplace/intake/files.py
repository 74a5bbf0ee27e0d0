"""Uploaded files in Django's storage: spooled on the way in, opened as local files on the way out."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from kit.errors import Invalid

SIZE_MOST = 2 * 1024**3
"""Bytes of an uploaded file, and of a table inside a ZIP."""

_BUFFER = 1024 * 1024


class FileTooLarge(Invalid):
    """The file goes beyond what is taken."""

    code = "file_too_large"
    status = 413


@dataclass(slots=True)
class Spooled:
    """Bytes on their way to the storage: a temporary file with what was learnt while writing it."""

    file: IO[bytes]
    path: str
    sha256: str = ""
    size: int = 0
    lines: int = 0


class _Movable(File):  # type: ignore[type-arg]  # not subscriptable when it runs
    """A file that a storage on the same disk may take over by renaming it."""

    def __init__(self, spooled: Spooled) -> None:
        super().__init__(spooled.file, name=spooled.path)
        self._path = spooled.path

    def temporary_file_path(self) -> str:
        return self._path


@contextmanager
def spooled(chunks: Iterable[bytes]) -> Iterator[Spooled]:
    """Write chunks to a temporary file; it is gone afterwards unless `keep` moved it. Raises FileTooLarge."""
    handle, path = tempfile.mkstemp(prefix="upload-", dir=settings.FILE_UPLOAD_TEMP_DIR)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield _written(Spooled(file, path), chunks)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _written(spool: Spooled, chunks: Iterable[bytes]) -> Spooled:
    digest, last = hashlib.sha256(), b"\n"
    for chunk in chunks:
        if not chunk:
            continue
        spool.size += len(chunk)
        if spool.size > SIZE_MOST:
            raise FileTooLarge(_("The file is larger than 2 GB. Split it into several."), field="file")
        digest.update(chunk)
        spool.lines += chunk.count(b"\n")
        spool.file.write(chunk)
        last = chunk[-1:]
    spool.lines += last != b"\n"
    spool.sha256 = digest.hexdigest()
    spool.file.seek(0)
    return spool


def keep(spool: Spooled, name: str) -> None:
    """Put a spooled file into the storage under `name`."""
    spool.file.flush()
    spool.file.seek(0)
    default_storage.save(name, _Movable(spool))


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """A stored file as a local one that can seek. Raises FileNotFoundError."""
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        path = _fetched(name)
    with path.open("rb", buffering=_BUFFER) as file:
        yield file


def _fetched(name: str) -> Path:
    """A copy of a remote file in the runner's temporary folder, made once for all chunks."""
    path = _copy_of(name)
    if not path.exists():
        with default_storage.open(name) as remote, tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as local:
            for chunk in remote.chunks(_BUFFER):
                local.write(chunk)
        os.replace(local.name, path)
    return path


def _copy_of(name: str) -> Path:
    return Path(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()) / f"marketplace-{name.replace('/', '-')}"


def drop_copy(name: str) -> None:
    """Forget the local copy of a remote file."""
    _copy_of(name).unlink(missing_ok=True)


def forget(name: str) -> None:
    """Take a file out of the storage."""
    drop_copy(name)
    default_storage.delete(name)


def table_of(stored_as: str) -> str:
    """Where the table of a ZIP is kept, beside the ZIP."""
    return f"{stored_as}.table"
