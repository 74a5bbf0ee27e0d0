"""Prices that change while a batch is in motion: first the reserve covers them, then new leases have them."""

from __future__ import annotations

import functools
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kit.money import Money
from marketplace import batches, budgets, projects
from marketplace.models import Batch, BillRate, Project
from payments import funding, words
from workers import notices, queries
from workers.models import Notice

notices.declare(
    "price.not_covered",
    _("A dearer price of %(project)s waits: %(missing)s is lacking. New tasks keep the old price; it is tried again for a week."),
    url_name="market:project_terms", url_params=("org", "project_id"), mail=True, words={"missing": words.said},
)  # fmt: skip
notices.declare(
    "price.budget_used",
    _("A dearer price of %(project)s waits: its budget is used up. New tasks keep the old price; it is tried again for a week."),
    url_name="market:project_budget", url_params=("org", "project_id"), mail=True,
)  # fmt: skip

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


def billed_from(
    *, project: Project, amount: Money, kind: str, tier: int, valid_from: datetime | None, actor_id: uuid.UUID, now: datetime
) -> BillRate:
    """A bill price, and the reserve that it needs in batches in motion. Raises what `projects.set_bill_rate` and `cover` raise."""
    made = projects.set_bill_rate(
        project=project, amount=amount, kind=kind, tier=tier, valid_from=valid_from, actor_id=actor_id, now=now
    )
    cover(project=project, now=now, actor_id=actor_id)
    return made


def would_reserve(*, project: Project, now: datetime, **given: Any) -> Money:
    """A dry run of `billed_from`: how much more it would reserve, below zero where it would give back. Nothing stays of it."""
    prepaid = functools.partial(funding.prepaid, organisation_id=project.organisation_id, currency=project.currency)
    with transaction.atomic():
        before = prepaid()
        billed_from(project=project, now=now, **given)
        after = prepaid()
        transaction.set_rollback(True)
    return before - after


def begin_due(*, now: datetime) -> int:
    """Let the dated prices that began lately take effect; returns how many projects they concern. Safe to run twice.

    Opens its own transactions. Where a client's money or budget does not cover a higher price, new leases keep the old one, the
    client is told, and it is tried again for a week.
    """
    begun = Q(rates__valid_from__gt=now - LOOKED_BACK, rates__valid_from__lte=now)
    billed = Q(bill_rates__valid_from__gt=now - LOOKED_BACK, bill_rates__valid_from__lte=now)
    found = list(
        Project.objects.filter(begun | billed, batches__state__in=IN_MOTION).select_related("organisation").distinct()
    )
    for project in found:
        try:
            with transaction.atomic(durable=True):
                cover(project=project, now=now, actor_id=None)
        except (funding.InsufficientFunds, budgets.OverBudget) as error:
            with transaction.atomic(durable=True):
                projects.refresh_terms(project=project, now=now)
                _tell(project, error, now)
    return len(found)


def _tell(project: Project, error: funding.InsufficientFunds | budgets.OverBudget, now: datetime) -> None:
    """Owners and managers hear of it, once while it is tried."""
    kind = "price.budget_used" if isinstance(error, budgets.BudgetUsed) else "price.not_covered"
    for user_id in queries.members_of(project.organisation_id, roles=("owner", "manager")):
        told = Notice.objects.filter(user_id=user_id, kind=kind, params__project_id=str(project.pk))
        if not told.filter(created_at__gt=now - LOOKED_BACK).exists():
            notices.tell(
                user_id, kind, org=project.organisation.slug, project_id=str(project.pk), project=project.name,
                missing=str(error.missing),
            )  # fmt: skip
