"""The clocks of this room: grants that expire, attempts whose time is over, readers who do not come."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from qualification import attempts, grants, outcomes


@shared_task
def expire_grants(**_: Any) -> None:
    """End the grants whose day has come."""
    with transaction.atomic(durable=True):
        grants.expire_due(now=timezone.now())


@shared_task
def close_overdue_attempts(**_: Any) -> None:
    """Hand in for those whose time is over."""
    with transaction.atomic(durable=True):
        attempts.close_overdue(now=timezone.now())


@shared_task
def give_up_late_readers(**_: Any) -> None:
    """Later readers of free texts who did not come are waited for no longer."""
    with transaction.atomic(durable=True):
        outcomes.give_up_due(now=timezone.now())
