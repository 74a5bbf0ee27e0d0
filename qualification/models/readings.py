"""Free texts of exams that people read, and what they gave them."""

from __future__ import annotations

from django.db import models

from kit.ids import uuid7
from qualification.models.attempts import AttemptItem


class Reading(models.Model):
    """A free text that waits for a person, or what they gave it: points per line of the rubric, in its order, and why.

    Whoever claims it has it to themselves until `claimed_until`; `due_at` is when the person was told to expect the outcome.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    question = models.OneToOneField(AttemptItem, on_delete=models.PROTECT, related_name="reading")
    due_at = models.DateTimeField()
    claimed_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    points = models.JSONField(null=True)
    note = models.CharField(max_length=1000, blank=True, default="")
    graded_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, null=True, related_name="+")
    graded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(graded_at__isnull=True, graded_by__isnull=True, points__isnull=True)
                | models.Q(graded_at__isnull=False, graded_by__isnull=False, points__isnull=False),
                name="reading_is_whole",
            ),
        ]
        indexes = [models.Index(fields=["due_at", "id"], name="readings_by_clock", condition=models.Q(graded_at__isnull=True))]
