"""The clocks of this room: pauses that end, endings that complete, appeals that nobody decided, notices to mail."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from workers import appeals, country_exits, erasure, notices, standing, work_invitations


@shared_task
def resume_paused(**_: Any) -> None:
    """End the pauses whose time has come."""
    with transaction.atomic(durable=True):
        standing.resume_due(now=timezone.now())


@shared_task
def complete_endings(**_: Any) -> None:
    """Complete the endings whose appeal clock is over."""
    with transaction.atomic(durable=True):
        standing.end_due(now=timezone.now())


@shared_task
def close_countries(**_: Any) -> None:
    """Begin the endings of countries whose last day is over."""
    with transaction.atomic(durable=True):
        country_exits.wind_down_due(now=timezone.now())


@shared_task
def erase_people(**_: Any) -> None:
    """Erase whoever asked for it two weeks ago."""
    with transaction.atomic(durable=True):
        erasure.erase_due(now=timezone.now())


@shared_task
def decide_overdue_appeals(**_: Any) -> None:
    """Let silence decide the appeals that nobody answered or decided in time."""
    with transaction.atomic(durable=True):
        appeals.decide_overdue(now=timezone.now())


@shared_task
def mail_notices(**_: Any) -> None:
    """Mail what waits for it; opens its own transaction, since it talks to a mail server."""
    notices.mail_due(now=timezone.now())


@shared_task
def mail_invitations(**_: Any) -> None:
    """Mail invitations to work, with pay and amount as they are now; opens its own transactions."""
    work_invitations.mail_due(now=timezone.now())
