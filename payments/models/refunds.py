"""Prepaid money on its way back to a client."""

from __future__ import annotations

from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from payments.models.funding import Funding
from payments.states import REFUND


class Refund(models.Model):
    """A part of one payment that goes back the way it came.

    The intent is committed with its posting before Stripe is called; `due_at` says when a runner looks after it next, and
    `first_sent_at` how long its key may be used. `cleared_at` and `back_cleared_at`: seen among Stripe's balance transactions.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    funding = models.ForeignKey(Funding, on_delete=models.PROTECT, related_name="refunds")
    organisation = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    amount_units = models.BigIntegerField()
    state = kit_states.field(REFUND)
    refund_id = models.CharField(max_length=255, null=True, unique=True)
    fault = models.CharField(max_length=80, blank=True, default="")
    asked_by = models.UUIDField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    first_sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)
    back_cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(REFUND),
            models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="refund_is_positive"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at", "-id"], name="refunds_of_client"),
            models.Index(fields=["due_at"], name="refunds_due", condition=models.Q(state="intended")),
        ]
