"""Payments that a client's bank took back, or tries to."""

from __future__ import annotations

from django.db import models

from kit import states as kit_states
from payments.models.funding import Funding
from payments.states import CHARGEBACK


class Chargeback(models.Model):
    """One dispute of a payment at Stripe, under Stripe's id: taken at once, given back when it is won.

    `taken_cleared_at` and `back_cleared_at` say that the movement was found among Stripe's balance transactions.
    """

    id = models.CharField(max_length=255, primary_key=True)
    funding = models.ForeignKey(Funding, on_delete=models.PROTECT, related_name="chargebacks")
    organisation = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.UUIDField(unique=True)
    currency = models.CharField(max_length=3)
    amount_units = models.BigIntegerField()
    reason = models.CharField(max_length=80, blank=True, default="")
    state = kit_states.field(CHARGEBACK)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    taken_cleared_at = models.DateTimeField(null=True)
    back_cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(CHARGEBACK),
            models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="chargeback_is_positive"),
        ]
        indexes = [models.Index(fields=["organisation", "state"], name="chargebacks_of_client")]
