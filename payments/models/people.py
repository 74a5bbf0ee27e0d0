"""What money keeps about persons: what moved when two accounts of one person became one, and identity checks at Stripe."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from kit.money import Money
from payments.states import IDENTITY


class MoneyMove(models.Model):
    """Money that went over from an account to the one it became part of, by what it was there; append-only.

    `carry_units` is the part of what was available that no earning stands for: what payouts left by rounding down.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    merge = models.ForeignKey("workers.Merge", on_delete=models.PROTECT, related_name="+")
    from_worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    to_worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    pending_units = models.BigIntegerField(default=0)
    available_units = models.BigIntegerField(default=0)
    held_units = models.BigIntegerField(default=0)
    receivable_units = models.BigIntegerField(default=0)
    carry_units = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(from_worker=models.F("to_worker")), name="money_moves_on")]

    @property
    def amount(self) -> Money:
        """All that went over, in review or not; a debt is none of it."""
        return Money(self.pending_units + self.available_units + self.held_units, self.currency)


class IdentityCheck(models.Model):
    """One try at proving who one is, on Stripe's own page. Nothing of the document is kept here: only how it ended.

    `session_id` is Stripe's name for it; it is written after the call.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    session_id = models.CharField(max_length=255, null=True, unique=True)
    state = kit_states.field(IDENTITY)
    fault = models.CharField(max_length=80, blank=True, default="")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [kit_states.constraint(IDENTITY)]
        indexes = [models.Index(fields=["user", "-created_at"], name="identity_checks_of_person")]
