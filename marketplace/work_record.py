"""A worker's record of work, signed by this installation: what somebody did here and can prove elsewhere, in their own hands.

It names no client, no task and no money. Whoever is given the file can check it on a page that is open to everybody, or without us, by
the public key that we publish.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from kit import ids
from kit import json as kit_json
from kit.errors import Invalid
from kit.limits import Limit
from marketplace.models import Submission
from qualification.models import Grant
from qualification.states import LIVE
from task_types import registry
from workers.models import User

FORM = "work-record/1"
MOST_BYTES = 256 * 1024
MAKING = Limit("record", times=60, seconds=3_600)
CHECKING = Limit("record_check", times=60, seconds=3_600)
ACCEPTED = Q(state__in=["accepted", "accepted_share"])
JUDGED = ACCEPTED | Q(state="rejected")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file says, and whether it is as it left us. `record` is what stands in it, true or not."""

    genuine: bool
    record: Mapping[str, Any]


def of(*, worker_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    """What the record says: {form, id, issued_by, issued_at, person, work, skills}. Shares are of judged work, from 0 to 1, and
    text as all figures with decimals are, so that every language writes the same bytes."""
    user = User.objects.get(pk=worker_id)
    return {
        "form": FORM, "id": str(ids.uuid7()), "issued_by": {"name": settings.PRODUCT_NAME, "url": settings.PUBLIC_URL},
        "issued_at": now.isoformat(), "person": {"name": user.name, "since": f"{user.created_at:%Y-%m-%d}"},
        "work": [_work(row) for row in _counted(worker_id)],
        "skills": [_skill(grant) for grant in _held(worker_id, now)],
    }  # fmt: skip


def signed(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its signature: {record, signature: {alg, key, value}}; Ed25519 (RFC 8032) over `canonical` of the record."""
    key = _keys()[0]
    value = key.sign(canonical(record))
    return {"record": dict(record), "signature": {"alg": "Ed25519", "key": key_id(key.public_key()), "value": _text(value)}}


def canonical(record: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON in UTF-8 with sorted names and no spaces between."""
    return json.dumps(json.loads(kit_json.dumps(dict(record))), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def check(content: bytes) -> Checked:
    """Read a file that somebody was given. Raises Invalid for one that is no record at all."""
    if len(content) > MOST_BYTES:
        raise Invalid(_("A work record is at most 256 kB."), field="file")
    try:
        found = json.loads(content)
        record, signature = found["record"], found["signature"]
        value = base64.urlsafe_b64decode(signature["value"] + "==")
        if record["form"] != FORM or not isinstance(record["person"]["name"], str):
            raise ValueError
        signed_bytes = canonical(record)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Invalid(_("This is no work record: expected the JSON file as it was downloaded."), field="file") from None
    return Checked(any(_fits(key.public_key(), value, signed_bytes) for key in _keys()), record)


def public_keys() -> list[dict[str, str]]:
    """Our keys as JWKs (RFC 8037), the one in use first: with them anybody can check a record without asking us."""
    return [
        {"kty": "OKP", "crv": "Ed25519", "kid": key_id(public), "x": _text(_raw(public))}
        for public in (key.public_key() for key in _keys())
    ]


def key_id(public: Ed25519PublicKey) -> str:
    """What a key is called: the beginning of its SHA-256."""
    return hashlib.sha256(_raw(public)).hexdigest()[:16]


def _keys() -> list[Ed25519PrivateKey]:
    """From the secret in use, and from those before it, so that an old record stays genuine."""
    return [Ed25519PrivateKey.from_private_bytes(_derived(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _derived(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"work record").derive(secret.encode())


def _fits(key: Ed25519PublicKey, value: bytes, content: bytes) -> bool:
    try:
        key.verify(value, content)
    except InvalidSignature:
        return False
    return True


def _raw(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _counted(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """Work by task type and kind; known answers count as the work that they look like."""
    rows = Submission.objects.filter(worker_id=worker_id).values("batch__project__task_type", "kind")
    sums = rows.annotate(
        accepted=Count("pk", filter=ACCEPTED), judged=Count("pk", filter=JUDGED), active_ms=Sum("active_ms"),
        first=Min("submitted_at"), last=Max("submitted_at"),
    )  # fmt: skip
    return [dict(row) for row in sums.order_by("batch__project__task_type", "kind") if row["accepted"]]


def _work(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "task_type": row["batch__project__task_type"], "kind": row["kind"], "accepted": row["accepted"],
        "accepted_share": f"{row['accepted'] / row['judged']:.4f}", "hours": f"{(row['active_ms'] or 0) / 3_600_000:.1f}",
        "first": f"{row['first']:%Y-%m}", "last": f"{row['last']:%Y-%m}",
    }  # fmt: skip


def _held(worker_id: uuid.UUID, now: datetime) -> QuerySet[Grant]:
    rows = Grant.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), worker_id=worker_id, state=LIVE)
    return rows.select_related("skill").order_by("skill__name")


def _skill(grant: Grant) -> dict[str, Any]:
    return {
        "skill": grant.skill.name, "tier": grant.tier, "how": grant.source, "since": f"{grant.valid_from:%Y-%m-%d}",
        "until": f"{grant.expires_at:%Y-%m-%d}" if grant.expires_at else None,
        "score": _share(grant.score_bp), "low": _share(grant.low_bp), "high": _share(grant.high_bp),
    }  # fmt: skip


def _share(basis_points: int | None) -> str | None:
    return None if basis_points is None else f"{basis_points / 10_000:.4f}"


def names_of_kinds() -> dict[str, str]:
    """What task types are called; one that is no longer here keeps its word."""
    return {slug: str(drawer.name) for slug, drawer in registry.drawers().items()}


