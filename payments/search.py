"""Whose money something is: finance finds a person by a payout's id, or by the rail's name of a transfer or an account."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from payments.models import Attempt, Earning, Payout, PayoutAccount
from workers import search
from workers.models import OpsRole

RAIL_NAMES = ("tr_", "acct_", "py_", "po_")


def by_reference(words: str) -> Iterable[uuid.UUID]:
    """People whose payout, earning, transfer or account this names; at most a few indexed looks."""
    if (own := search.read_id(words)) is not None:
        yield from Payout.objects.filter(pk=own).values_list("worker_id", flat=True)
        yield from Earning.objects.filter(pk=own).values_list("worker_id", flat=True)
    if words.startswith(RAIL_NAMES):
        yield from PayoutAccount.objects.filter(rail_account=words).values_list("user_id", flat=True)[:1]
        yield from Attempt.objects.filter(transfer_id=words).values_list("payout__worker_id", flat=True)[:1]


search.declare(by_reference, roles=(OpsRole.FINANCE,))
