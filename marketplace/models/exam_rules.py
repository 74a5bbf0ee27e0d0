"""Rules that will ask for a newer version of a test: announced to those whom they concern before they begin."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models

from kit.ids import uuid7
from marketplace.models.projects import Project


class ExamRule(models.Model):
    """From `starts_at` on, a project's rule asks for this exam passed at `version` of its guideline or a later one. `told` people were
    let in when it was announced and would not be at that moment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="exam_rules")
    exam_series = models.UUIDField()
    version = models.PositiveIntegerField()
    announced_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    announced_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    told = models.PositiveIntegerField()
    applied_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "exam_series"], name="one_exam_rule_announced",
                condition=models.Q(applied_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(condition=models.Q(starts_at__gt=models.F("announced_at")), name="exam_rule_is_announced_before"),
            models.CheckConstraint(
                condition=models.Q(applied_at__isnull=True) | models.Q(applied_at__gte=models.F("starts_at"), withdrawn_at__isnull=True),
                name="exam_rule_applies_when_it_said",
            ),
        ]
        indexes = [
            models.Index(
                fields=["starts_at"], name="exam_rules_by_start", condition=models.Q(applied_at__isnull=True, withdrawn_at__isnull=True)
            ),
        ]
