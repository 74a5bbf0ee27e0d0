"""Prices that change while a batch is in motion: first the reserve covers them, then new leases have them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from marketplace import batches, budgets, projects
from marketplace.models import Batch, Project
from payments import funding

IN_MOTION = ["launching", "active", "paused"]
LOOKED_BACK = timedelta(days=7)
"""A dated price that the client's money does not cover is tried again for so long."""


def cover(*, project: Project, now: datetime, actor_id: uuid.UUID | None) -> None:
    """Reserve what today's prices need in every batch of the project that is in motion, and let new leases have them.

    Raises InsufficientFunds, OverBudget: then nothing moved, and new leases keep the prices that the reserve covers.
    """
    moving = Batch.objects.filter(project=project, state__in=IN_MOTION).order_by("pk")
    for batch in moving.select_for_update(of=("self",)).select_related("project"):
        batches.cover(batch=batch, now=now, actor_id=actor_id)
    projects.refresh_terms(project=project, now=now)


def begin_due(*, now: datetime) -> int:
    """Let the dated prices that began lately take effect; returns how many projects they concern. Safe to run twice.

    Opens its own transactions. Where a client's money or budget does not cover a higher price, new leases keep the old one; it is tried
    again for a week.
    """
    begun = Q(rates__valid_from__gt=now - LOOKED_BACK, rates__valid_from__lte=now)
    billed = Q(bill_rates__valid_from__gt=now - LOOKED_BACK, bill_rates__valid_from__lte=now)
    found = list(Project.objects.filter(begun | billed, batches__state__in=IN_MOTION).distinct())
    for project in found:
        try:
            with transaction.atomic(durable=True):
                cover(project=project, now=now, actor_id=None)
        except (funding.InsufficientFunds, budgets.OverBudget):
            with transaction.atomic(durable=True):
                projects.refresh_terms(project=project, now=now)
    return len(found)
