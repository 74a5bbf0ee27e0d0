"""How people get in: places on the wait-list, and who was told of which work."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from marketplace.states import WAIT_PLACE

OPEN_PLACES = ("waiting", "paused", "told")
"""States in which somebody stands on the list; the others are over."""


class WaitPlace(models.Model):
    """Somebody waits for work: in one skill and language, or for any (`skill` null, `language` empty). Order is by joining."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey("workers.WorkerProfile", on_delete=models.PROTECT, related_name="wait_places")
    skill = models.ForeignKey("qualification.Skill", on_delete=models.PROTECT, null=True, related_name="+")
    language = models.CharField(max_length=8, blank=True, default="")
    state = kit_states.field(WAIT_PLACE)
    joined_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(WAIT_PLACE),
            models.UniqueConstraint(
                fields=["worker", "skill", "language"], condition=models.Q(state__in=OPEN_PLACES), nulls_distinct=False,
                name="one_open_wait_place",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["joined_at", "id"], condition=models.Q(state__in=OPEN_PLACES), name="wait_places_in_order"),
            models.Index(fields=["skill", "language", "ended_at"], name="wait_places_over"),
        ]


class WaitCall(models.Model):
    """Somebody on the list was told of a project's work: by the clock (`by` null), or by a person of ops."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.ForeignKey(WaitPlace, on_delete=models.PROTECT, related_name="calls")
    worker = models.ForeignKey("workers.WorkerProfile", on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey("marketplace.Project", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["project", "at"], name="wait_calls_of_project")]
