"""Where transactions of the two hot paths open: the same doors for the page and the API."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg.errors
from django.db import transaction

from marketplace import dispatch, submissions
from marketplace.dispatch import LeasedTask
from marketplace.submissions import Submitted

CHANCE = random.SystemRandom()
"""Gold and samples are drawn by the system's randomness: nobody can foresee them."""


def ask(
    *, worker_id: uuid.UUID, kind: str, project_id: uuid.UUID | None, now: datetime,
    keep: Callable[[LeasedTask | None], None] | None = None,
) -> LeasedTask | None:
    """The next task for a worker, or the one already held. Two asks at once give the same lease.

    `keep` is called with the outcome inside its transaction: what it writes is true together with it.
    """
    try:
        with transaction.atomic(durable=True):
            leased = dispatch.lease_next(worker_id=worker_id, kind=kind, project_id=project_id, now=now, rng=CHANCE)
            if keep:
                keep(leased)
    except psycopg.errors.UniqueViolation:
        with transaction.atomic(durable=True):
            leased = dispatch.live_lease(worker_id=worker_id, kind=kind, now=now)
            if keep:
                keep(leased)
    return leased


def hand_in(
    *, worker_id: uuid.UUID, lease_id: uuid.UUID, answer: Any, now: datetime,
    keep: Callable[[Submitted], None] | None = None,
) -> Submitted:
    """Submit; when the task went to somebody else meanwhile, the lost time is paid before the refusal is told.

    `keep` is called with the outcome inside its transaction: what it writes is true together with it.
    """
    try:
        with transaction.atomic(durable=True):
            made = submissions.submit(worker_id=worker_id, lease_id=lease_id, answer=answer, now=now)
            if keep:
                keep(made)
            return made
    except submissions.LeaseExpired:
        with transaction.atomic(durable=True):
            submissions.keep_draft_of_refused(worker_id=worker_id, lease_id=lease_id, answer=answer, now=now)
            submissions.pay_lost_time(worker_id=worker_id, lease_id=lease_id, now=now)
        raise
