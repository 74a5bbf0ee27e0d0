"""Jobs of the whole installation: telling what happened, and forgetting what is old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from config.reactions import REACTIONS
from kit import idempotency, outbox
from workers import work_invitations

OUTBOX_DAYS = 14


@shared_task
def deliver_outbox(**_: Any) -> None:
    """Deliver what is due; runs each second, and twice at once does no harm."""
    while outbox.deliver_due(reactions=REACTIONS, now=timezone.now()) == 200:
        continue


@shared_task
def prune(**_: Any) -> None:
    """Forget delivered events and remembered answers past their keeping, and addresses of people who never came."""
    now = timezone.now()
    outbox.prune(before=now - timedelta(days=OUTBOX_DAYS))
    idempotency.prune(before=now - timedelta(hours=idempotency.KEEP_HOURS))
    with transaction.atomic(durable=True):
        work_invitations.forget(now=now)
