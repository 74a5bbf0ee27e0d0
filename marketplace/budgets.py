"""Budgets of projects: what they are held against, and the launches that they refuse.

A budget for the whole project bounds what is promised: what its batches were given and did not return never exceeds it. A budget
for each month bounds what is handed in: where charged and pending work reach it, the project's batches pause until the next
month (UTC). Work in hand is honoured and paid, so a month may end a little above its budget.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from kit.errors import Conflict
from kit.money import Money, total
from marketplace.models import Batch, Budget, BudgetPeriod, Project
from payments import queries as money
from payments import sheets, usage, words

PAUSED = "budget"
"""Why a batch is paused whose project's budget is used up."""
WHOLE_BP = 10_000


class OverBudget(Conflict):
    """The project's budget has no room for it; `missing` says by how much."""

    code = "over_budget"
    sentence = _("The project's budget lacks %(missing)s for this. Raise the budget, or make the batch smaller.")

    def __init__(self, missing: Money) -> None:
        said = self.sentence % {"missing": words.amount(missing)}
        super().__init__(said, missing=str(missing.decimal()), currency=missing.currency)
        self.missing = missing


class BudgetUsed(OverBudget):
    """All of the budget is used; `missing` is what was worked for beyond it, which may be nothing."""

    sentence = _("The project's budget is used up. Raise it, or wait for its next month.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a budget stands. `charged` is of the period; `reserved` is promised to batches and not yet worked for."""

    budget: Budget
    amount: Money
    charged: Money
    pending: Money
    reserved: Money
    ends_at: datetime | None

    @property
    def worked(self) -> Money:
        return self.charged + self.pending

    @property
    def promised(self) -> Money:
        """What the budget is held against: for the whole project what it may still come to, for a month what was handed in."""
        return self.worked + self.reserved if self.budget.period == BudgetPeriod.WHOLE else self.worked

    @property
    def left(self) -> Money:
        return self.amount - self.promised

    @property
    def used_bp(self) -> int:
        return self.worked.units * WHOLE_BP // self.amount.units


def of(project: Project, *, now: datetime) -> Seen | None:
    """The budget of a project as it stands; None where there is none. Statements: the budget, the batches' sums."""
    budget = Budget.objects.filter(project=project).first()
    return seen(budget, project, now) if budget else None


def seen(budget: Budget, project: Project, now: datetime) -> Seen:
    """The same of a row at hand; a month that is over is begun anew on it, unsaved."""
    began, currency = _month_of(now) if budget.period == BudgetPeriod.MONTH else None, project.currency
    launched = list(Batch.objects.filter(project=project, launched_at__isnull=False).values_list("pk", flat=True))
    spent = [one for one in money.batches_spend(launched).values() if one.paid.currency == currency]
    charged = total((one.paid + one.fees for one in spent), currency)
    if budget.began_at != began:
        budget.began_at, budget.base_units, budget.told_bp = began, _before(project, launched, charged, began).units, 0
    return Seen(
        budget=budget, amount=Money(budget.amount_units, currency), charged=charged - Money(budget.base_units, currency),
        pending=total((one.pending for one in spent), currency), reserved=total((one.reserved for one in spent), currency),
        ends_at=sheets.after(began) if began else None,
    )  # fmt: skip


def _before(project: Project, launched: list[uuid.UUID], charged: Money, began: datetime | None) -> Money:
    """What the project had been charged when a period began: all that it was, less what came since."""
    if began is None:
        return Money.zero(charged.currency)
    return charged - usage.charged_since(
        organisation_id=project.organisation_id, batch_ids=launched, currency=charged.currency, start=began
    )


def check(*, project: Project, more: Money, now: datetime) -> None:
    """Before money is promised to a batch: raises OverBudget, BudgetUsed. Holds the budget's row: launches at once count each other."""
    budget = Budget.objects.select_for_update(of=("self",)).filter(project=project).first()
    if budget is None:
        return
    found = seen(budget, project, now)
    if budget.period == BudgetPeriod.WHOLE and more > found.left:
        raise OverBudget(more - found.left)
    if budget.period == BudgetPeriod.MONTH:
        _check_used(found)


def check_room(*, project: Project, now: datetime) -> None:
    """Before tasks are given out again: raises BudgetUsed."""
    found = of(project, now=now)
    if found is not None:
        _check_used(found)


def _check_used(found: Seen) -> None:
    if found.used_bp >= WHOLE_BP:
        raise BudgetUsed(found.worked - found.amount)


def _month_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
