"""What Stripe told us: events as they came in, its balance transactions, and where its books and ours differ."""

from __future__ import annotations

from django.db import models

from kit.ids import uuid7


class StripeEvent(models.Model):
    """A webhook event as it came, its signature checked; applied later by reading its object again."""

    id = models.CharField(max_length=255, primary_key=True)
    endpoint = models.CharField(max_length=10)
    type = models.CharField(max_length=120)
    account = models.CharField(max_length=255, blank=True, default="")
    object_id = models.CharField(max_length=255, blank=True, default="")
    body = models.TextField()
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)
    fault = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="stripe_events_due", condition=models.Q(applied_at__isnull=True)),
            models.Index(fields=["-received_at"], name="stripe_events_by_age"),
        ]


class RailMovement(models.Model):
    """One of Stripe's balance transactions, and the ledger transaction that cleared it (none: see its mismatch)."""

    id = models.CharField(max_length=255, primary_key=True)
    type = models.CharField(max_length=60)
    amount_units = models.BigIntegerField()
    fee_units = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="rail_movements_by_age")]


class Mismatch(models.Model):
    """A difference between the rail's books and ours, named, never fixed by software; a person closes it with a note."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=255)
    currency = models.CharField(max_length=3, blank=True, default="")
    ours_units = models.BigIntegerField(null=True)
    theirs_units = models.BigIntegerField(null=True)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=models.Q(closed_at__isnull=True), name="one_open_mismatch"
            ),
        ]
        indexes = [models.Index(fields=["-found_at", "-id"], name="mismatches_by_age")]


class LedgerCheck(models.Model):
    """What one invariant of the ledger said when it was last looked at by night or by hand."""

    name = models.CharField(max_length=60, primary_key=True)
    place = models.PositiveSmallIntegerField()
    ok = models.BooleanField()
    detail = models.TextField()
    at = models.DateTimeField()
