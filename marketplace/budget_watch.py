"""A client's budget for a project is stated and watched: alerts on the way, work stops at its end and goes on by itself."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Invalid
from kit.money import Money
from marketplace import batches, budgets
from marketplace.models import Batch, Budget, BudgetPeriod, Project
from payments import chargebacks, words
from workers import notices, queries

ALERTS_BP = (5_000, 8_000, budgets.WHOLE_BP)
"""Shares of the budget at which its client hears of it, once each in a period."""
AMOUNTS = {"used": words.said, "budget": words.said}

notices.declare(
    "project.budget", _("%(project)s has used %(percent)s %% of its budget: %(used)s of %(budget)s."),
    url_name="market:project_budget", url_params=("org", "project_id"), mail=True, words=AMOUNTS,
)  # fmt: skip
notices.declare(
    "project.budget_used", _("The budget of %(project)s is used up: %(used)s of %(budget)s. Its batches give out no new tasks."),
    url_name="market:project_budget", url_params=("org", "project_id"), mail=True, words=AMOUNTS,
)  # fmt: skip


def put(*, project: Project, amount: Money, period: str, actor_id: uuid.UUID, now: datetime) -> Budget:
    """State a project's budget, or another one; batches that it paused go on when it has room. Raises Invalid."""
    if period not in BudgetPeriod.values:
        raise Invalid(_("Expected whole or month."), field="period")
    if amount.currency != project.currency:
        raise Invalid(_("Expected an amount in %(currency)s.") % {"currency": project.currency}, field="amount")
    if amount.units <= 0:
        raise Invalid(_("Expected an amount above zero."), field="amount")
    Project.objects.select_for_update().get(pk=project.pk)
    budget, _made = Budget.objects.update_or_create(
        project=project,
        defaults={
            "period": period, "amount_units": amount.units, "set_by_id": actor_id, "set_at": now, "told_bp": 0, "base_units": 0,
            "began_at": None,
        },
    )  # fmt: skip
    audit.record(subject=project, verb="project.budget_set", actor_id=actor_id, now=now, reason=period)
    look(project_id=project.pk, now=now)
    return budget


def drop(*, project: Project, actor_id: uuid.UUID, now: datetime) -> None:
    """No budget any more; what it paused goes on."""
    if Budget.objects.filter(project=project).delete()[0]:
        audit.record(subject=project, verb="project.budget_dropped", actor_id=actor_id, now=now)
        _go_on(project, now)


def moving() -> list[uuid.UUID]:
    """The projects with a budget that have a batch in motion: only there can anything be used up, or go on."""
    in_motion = Batch.objects.filter(project=OuterRef("pk"), state__in=["launching", "active", "paused"])
    return list(Budget.objects.filter(Exists(in_motion)).order_by("pk").values_list("pk", flat=True))


def look(*, project_id: uuid.UUID, now: datetime) -> None:
    """Tell the client what share is used, stop what is in motion once all of it is, and let go on what has room again."""
    budget = Budget.objects.select_for_update(of=("self",)).select_related("project__organisation").filter(pk=project_id).first()
    if budget is None:
        return
    seen = budgets.seen(budget, budget.project, now)
    reached = max((share for share in ALERTS_BP if seen.used_bp >= share), default=0)
    if reached > budget.told_bp:
        _tell(seen)
    budget.told_bp = max(reached, budget.told_bp)
    budget.save(update_fields=["began_at", "base_units", "told_bp"])
    if seen.used_bp >= budgets.WHOLE_BP:
        _stop(budget.project, now)
    else:
        _go_on(budget.project, now)


def _stop(project: Project, now: datetime) -> None:
    for batch in Batch.objects.select_for_update(of=("self",)).filter(project=project, state="active").order_by("pk"):
        batches.pause(batch=batch, actor_id=None, now=now, why=budgets.PAUSED)


def _go_on(project: Project, now: datetime) -> None:
    if chargebacks.stops(organisation_id=project.organisation_id):
        return
    paused = Batch.objects.select_for_update(of=("self",)).filter(project=project, state="paused", paused_why=budgets.PAUSED)
    for batch in paused.select_related("project").order_by("pk"):
        batches.go_on(batch=batch, actor_id=None, now=now)


def _tell(seen: budgets.Seen) -> None:
    project = seen.budget.project
    name = "project.budget_used" if seen.used_bp >= budgets.WHOLE_BP else "project.budget"
    for user_id in queries.members_of(project.organisation_id, roles=("owner", "manager")):
        notices.tell(
            user_id, name, org=project.organisation.slug, project_id=str(project.pk), project=project.name,
            percent=seen.used_bp // 100, used=str(seen.worked), budget=str(seen.amount),
        )  # fmt: skip

