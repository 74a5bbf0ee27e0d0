"""Which accounts are one person: after a merge the kept account stands for the old one, and for whoever that had stood for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from workers.models import Merge


def survivors(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Of these accounts, those that became part of another, each with the account that stands for the person now."""
    found: dict[uuid.UUID, uuid.UUID] = {}
    ahead = set(ids)
    while ahead:
        step = dict(Merge.objects.filter(old__in=ahead, state="done").values_list("old_id", "kept_id"))
        found |= step
        ahead = set(step.values()) - found.keys()
    return {old: _end(found, old) for old in found}


def _end(found: dict[uuid.UUID, uuid.UUID], account: uuid.UUID) -> uuid.UUID:
    while account in found:
        account = found[account]
    return account


def survivor(account: uuid.UUID) -> uuid.UUID:
    """The account that stands for this person now."""
    return survivors([account]).get(account, account)


def all_of(account: uuid.UUID) -> list[uuid.UUID]:
    """This account and all that became part of it."""
    found, ahead = {account}, {account}
    while ahead:
        ahead = set(Merge.objects.filter(kept__in=ahead, state="done").values_list("old_id", flat=True)) - found
        found |= ahead
    return sorted(found)
