"""What agencies put first for the people of their teams."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models

from kit.ids import uuid7
from marketplace.models.projects import Project


class AgencyPick(models.Model):
    """A project that an agency put first for one person of its team, while both that and their place there last.

    It is an order and no right: who may work is the project's rule alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.ForeignKey("workers.TeamPlace", on_delete=models.PROTECT, related_name="picks")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["place", "project"], name="picked_once_for_somebody", condition=models.Q(ended_at__isnull=True)
            )
        ]
