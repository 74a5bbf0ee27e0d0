"""What a client lets a project cost: in all, or in a month."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.models.projects import Project


class BudgetPeriod(models.TextChoices):
    """What a budget is for."""

    WHOLE = "whole", _("The whole project")
    MONTH = "month", _("Each month (UTC)")


class Budget(models.Model):
    """At most one per project. `base_units` had been charged before the period began; `told_bp` is the last share told of."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, primary_key=True, related_name="budget")
    period = models.CharField(max_length=5, choices=BudgetPeriod.choices)
    amount_units = models.PositiveBigIntegerField()
    began_at = models.DateTimeField(null=True)
    base_units = models.PositiveBigIntegerField(default=0)
    told_bp = models.PositiveIntegerField(default=0)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="budget_above_zero")]
