"""Signs of tools beside the work, and cases in which a person looks at them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7
from marketplace.models.projects import Project
from marketplace.models.work import Lease


class WorkSigns(models.Model):
    """What the workspace counted while a task was in hand: keys and pasted characters, never what was typed."""

    lease = models.OneToOneField(Lease, on_delete=models.CASCADE, primary_key=True, related_name="signs")
    typed = models.PositiveIntegerField()
    pasted = models.PositiveIntegerField()
    pastes = models.PositiveSmallIntegerField()
    away_ms = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="signs_by_time")]


class AICase(models.Model):
    """A person looks at whether AI tools were used against a project's policy. It changes nothing by itself.

    `evidence` are figures of single answers: [{submission, characters, typed, pasted, away_ms, active_ms, signs}]; `looked_at` is
    how many answers were looked at. Without a decision by `decide_by` it ends as unfounded; an appeal that is won overturns it.
    """

    class Outcome(models.TextChoices):
        """What a person decided."""

        WAITING = "", _("Open")
        UNFOUNDED = "unfounded", _("Unfounded")
        FOUNDED = "founded", _("Founded")
        BY_SILENCE = "by_silence", _("Ended without a decision")
        OVERTURNED = "overturned", _("Overturned on appeal")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="ai_cases")
    signs = ArrayField(models.CharField(max_length=12))
    evidence = models.JSONField()
    looked_at = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    decide_by = models.DateTimeField()
    said = models.TextField(blank=True, default="", max_length=5_000)
    said_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default="")
    grounds = models.TextField(blank=True, default="", max_length=5_000)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "project"], condition=models.Q(decided_at__isnull=True), name="one_open_case"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, outcome="")
                | models.Q(decided_at__isnull=False, decided_by__isnull=True, outcome="by_silence")
                | (
                    models.Q(decided_at__isnull=False, decided_by__isnull=False, outcome__in=["founded", "overturned", "unfounded"])
                    & ~models.Q(grounds="")
                ),
                name="a_person_decides_a_case",
            ),
        ]
        indexes = [models.Index(fields=["decide_by"], name="case_open", condition=models.Q(decided_at__isnull=True))]
