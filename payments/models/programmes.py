"""Budgets of the platform's own programmes: dated rows, each with its posting, never edited."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kit.ids import uuid7
from kit.money import Money


class ProgrammeFunds(models.Model):
    """Finance set money aside for a programme (units above zero) or took some of it back (below). Append-only by trigger."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    programme_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    units = models.BigIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(units=0), name="programme_funds_move_something")]
        indexes = [models.Index(fields=["programme_id", "at"], name="funds_of_programme")]

    @property
    def amount(self) -> Money:
        return Money(self.units, self.currency)
