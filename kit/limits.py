"""How often somebody may do something: counted per account first and per address second, in windows that end by themselves."""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from dataclasses import dataclass
from typing import ClassVar

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from kit.errors import ProductError


class TooOften(ProductError):
    """This was done too often; `wait` says in how many seconds it goes on. Nothing is lost and nobody is locked out."""

    code = "too_often"
    status: ClassVar[int] = 429

    def __init__(self, *, wait: int) -> None:
        message = _("That was a lot at once. It goes on in %(seconds)s seconds; nothing that you did is lost.") % {"seconds": wait}
        super().__init__(message, wait=wait)
        self.wait = wait


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times in so many seconds for one account; from one address `shared` times as many, since many may share it."""

    name: str
    times: int
    seconds: int
    shared: int = 10


def spend(limit: Limit, *, account: uuid.UUID | None, address: str = "") -> None:
    """Count one more. Raises TooOften; without an account the address alone counts, as if it were one."""
    if account is not None:
        _count(f"{limit.name}:{account}", limit.times, limit.seconds)
    if address:
        _count(f"{limit.name}@{_hashed(address)}", limit.times * (limit.shared if account is not None else 1), limit.seconds)


def _count(key: str, most: int, seconds: int) -> None:
    now = time.time()
    window = int(now // seconds)
    kept = f"limit:{key}:{window}"
    try:
        cache.add(kept, 0, seconds + 1)
        used = cache.incr(kept)
    except ValueError:  # the cache was emptied in between: this is the first
        return
    except RedisError:
        logger.warning("limits are not counted: the cache does not answer")
        return
    if used > most:
        raise TooOften(wait=max(1, int((window + 1) * seconds - now)))


def _hashed(address: str) -> str:
    """Addresses are personal data: the cache holds them only so that they can be compared."""
    return hashlib.sha256(address.encode()).hexdigest()[:20]
