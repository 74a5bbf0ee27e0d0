"""Clients' payments into the marketplace."""

from __future__ import annotations

from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from payments.states import FUNDING


class Funding(models.Model):
    """One payment of a client, from the wish to pay to the money being seen at Stripe.

    The intent is committed before Stripe is called, so a crash leaves a row that a sweeper finishes with the same key.
    `checkout_id` is the hosted page's or, for a payment by invoice, the invoice's. `cleared_at` says that the payment was
    found among Stripe's balance transactions.
    """

    WAYS = [("checkout", "checkout"), ("invoice", "invoice")]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_units = models.BigIntegerField()
    state = kit_states.field(FUNDING)
    way = models.CharField(max_length=8, choices=WAYS, default="checkout", db_default="checkout")
    customer = models.CharField(max_length=255, blank=True, default="", db_default="")
    success_url = models.CharField(max_length=500)
    cancel_url = models.CharField(max_length=500)
    checkout_id = models.CharField(max_length=255, null=True)
    url = models.TextField(blank=True, default="")
    charge_id = models.CharField(max_length=255, null=True)
    fault = models.CharField(max_length=80, blank=True, default="")
    started_by = models.UUIDField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(FUNDING),
            models.UniqueConstraint(fields=["checkout_id"], name="one_funding_per_checkout"),
            models.UniqueConstraint(fields=["charge_id"], name="one_funding_per_charge"),
            models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="funding_is_positive"),
            models.CheckConstraint(condition=models.Q(way__in=["checkout", "invoice"]), name="funding_way_known"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at", "-id"], name="fundings_of_client"),
            models.Index(
                fields=["created_at"],
                name="fundings_unfinished",
                condition=models.Q(state__in=["intended", "open", "processing"]),
            ),
            models.Index(
                fields=["settled_at"],
                name="fundings_uncleared",
                condition=models.Q(state="settled", cleared_at__isnull=True),
            ),
        ]
