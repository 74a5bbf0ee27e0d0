"""Who of ops is at what: a claim on one item of a work queue, for a while."""

from __future__ import annotations

from django.db import models

from kit.ids import uuid7
from workers.models.people import User


class Claim(models.Model):
    """A person of ops has taken one item of a queue; it is free again when `until` is over. `note` comes with a hand-over."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    queue = models.CharField(max_length=30)
    item = models.UUIDField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="claims")
    at = models.DateTimeField()
    until = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "item"], name="one_claim_per_item"),
            models.CheckConstraint(condition=models.Q(until__gt=models.F("at")), name="claim_ends"),
        ]
