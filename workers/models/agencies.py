"""Agencies: organisations that bring workers, who is in their teams since when, and who was asked to join one."""

from __future__ import annotations

from django.db import models

from kit.ids import uuid7
from workers.models.organisations import Organisation
from workers.models.people import Email, User, WorkerProfile


class Agency(models.Model):
    """What an organisation of this kind has besides: who of ops opened it, and the pause that it is in, if any."""

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, primary_key=True, related_name="agency")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    pause_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(paused_at__isnull=True, pause_reason="")
                | (models.Q(paused_at__isnull=False, paused_by__isnull=False) & ~models.Q(pause_reason="")),
                name="agency_pause_has_a_reason",
            )
        ]


class TeamPlace(models.Model):
    """Somebody's time in an agency's team; it ends and stays as history. One at a time, which the database holds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="team")
    worker = models.ForeignKey(WorkerProfile, on_delete=models.PROTECT, related_name="teams")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["worker"], name="one_team_at_a_time", condition=models.Q(until__isnull=True)),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")), name="team_place_ends_later"
            ),
        ]


class TeamInvitation(models.Model):
    """Somebody was asked by e-mail to join a team; only their own yes makes a place of it. The link's secret is kept as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="team_invitations")
    email = Email(max_length=254)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    place = models.OneToOneField(TeamPlace, on_delete=models.PROTECT, null=True, related_name="invitation")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "email"], name="one_open_team_invitation",
                condition=models.Q(accepted_at__isnull=True, closed_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True, place__isnull=True)
                | models.Q(accepted_at__isnull=False, closed_at__isnull=True, place__isnull=False),
                name="team_invitation_accepted_or_closed",
            ),
        ]
