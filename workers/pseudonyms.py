"""One pseudonym per worker and organisation: the same in every export to that client, unlike those that other clients see."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterable

from workers.models import Organisation

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that reads like a digit."""


def made_from(*, worker_id: uuid.UUID, salt: bytes) -> str:
    """`W-7KQ4-M2XD`: 40 bits of an HMAC-SHA-256 over the worker's id under the organisation's salt."""
    number = int.from_bytes(hmac.new(salt, worker_id.bytes, hashlib.sha256).digest()[:5], "big")
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))
    return f"W-{letters[:4]}-{letters[4:]}"


def of(*, worker_id: uuid.UUID, organisation: Organisation) -> str:
    return made_from(worker_id=worker_id, salt=bytes(organisation.pseudonym_salt))


def many(*, worker_ids: Iterable[uuid.UUID], organisation_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """Pseudonyms for many workers with one statement."""
    salt = bytes(Organisation.objects.values_list("pseudonym_salt", flat=True).get(pk=organisation_id))
    return {worker_id: made_from(worker_id=worker_id, salt=salt) for worker_id in worker_ids}
