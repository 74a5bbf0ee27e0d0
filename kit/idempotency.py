"""An API request that carries an Idempotency-Key happens once; when it comes again, its answer is replayed."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from kit.errors import Conflict, Invalid
from kit.models import RememberedRequest

KEEP_HOURS = 24


class KeyReused(Conflict):
    """The key was used before for another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Remembered:
    status: int
    body: bytes


def check_key(key: str) -> str:
    """A key is 1 to 255 visible ASCII characters; raises Invalid."""
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise Invalid(_("Idempotency-Key: expected 1 to 255 visible ASCII characters."), field="Idempotency-Key")
    return key


def fingerprint(*, method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def recall(*, owner_id: uuid.UUID, key: str, fingerprint: str) -> Remembered | None:
    """The remembered answer, or None; raises KeyReused when the key belongs to another request."""
    row = RememberedRequest.objects.filter(owner_id=owner_id, key=key).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused(_("This Idempotency-Key was used for a different request."), field="Idempotency-Key")
    return Remembered(status=row.status, body=bytes(row.body))


def remember(*, owner_id: uuid.UUID, key: str, fingerprint: str, status: int, body: bytes) -> None:
    """Keep the answer, in the transaction of the work itself; a second writer meets the unique constraint."""
    RememberedRequest.objects.create(owner_id=owner_id, key=key, fingerprint=fingerprint, status=status, body=body)


def prune(*, before: datetime) -> int:
    """Forget answers older than `before`; returns how many."""
    return RememberedRequest.objects.filter(created_at__lt=before).delete()[0]
