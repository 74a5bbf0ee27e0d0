"""What workers can earn beside their tasks: missions and streaks in a batch, each with a budget that is set aside for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7
from marketplace.models.batches import Batch


class MissionKind(models.TextChoices):
    """What has to be done."""

    COUNT = "count", _("So many accepted answers")
    STREAK = "streak", _("Days in a row")


class Mission(models.Model):
    """A stated amount for so many accepted answers, or for so many UTC days in a row with `per_day` answers each.

    Its budget is a pool of the batch's reserve by its own name (`payments.pools`); what it states never changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="missions")
    kind = models.CharField(max_length=6, choices=MissionKind.choices, default=MissionKind.COUNT)
    name = models.CharField(max_length=120)
    count = models.PositiveIntegerField()
    per_day = models.PositiveIntegerField(default=1)
    amount_units = models.PositiveBigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=20, blank=True, default="")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount_units__gt=0, count__gte=1, per_day__gte=1), name="mission_asks_and_pays"
            ),
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="mission_ends_after_its_start"),
        ]
        indexes = [models.Index(fields=["ends_at"], name="mission_running", condition=models.Q(ended_at__isnull=True))]
