"""Workers who are not put to the same task nor judge each other, and workers' wishes to be kept apart from somebody."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7


class Why(models.TextChoices):
    """Why two people are kept apart."""

    HOUSEHOLD = "household", _("They share a household")
    CLOSE = "close", _("They are friends, family or colleagues")
    DISPUTE = "dispute", _("They are in dispute with each other")
    COPYING = "copying", _("Their answers are suspiciously alike")
    OTHER = "other", _("Another reason")


class Apart(models.Model):
    """Two workers, the lower id first, who are kept apart until somebody ends it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    one = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    why = models.CharField(max_length=10, choices=Why.choices)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(one__lt=models.F("other")), name="apart_in_order"),
            models.UniqueConstraint(
                fields=["one", "other"], condition=models.Q(ended_at__isnull=True), name="apart_once"
            ),
        ]


class ApartWish(models.Model):
    """A worker asks to be kept apart from somebody whom they name in their own words; ops finds out who is meant."""

    class Outcome(models.TextChoices):
        """What became of it."""

        WAITING = "", _("Waiting")
        SET = "set", _("Kept apart")
        DECLINED = "declined", _("Declined")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    named = models.CharField(max_length=200)
    why = models.CharField(max_length=10, choices=Why.choices)
    asked_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True, default="")
    apart = models.ForeignKey(Apart, on_delete=models.SET_NULL, null=True, related_name="wishes")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["asked_at"], name="apart_wish_waiting", condition=models.Q(closed_at__isnull=True))]
