"""The tree of skills, and grants of them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from qualification.states import GRANT

HIGHEST_TIER = 3


class Skill(models.Model):
    """Something that can be proven; belongs to the platform, or to the one organisation that made it.

    `slug` is unique among all, so that a rule can name a skill by it; those of an organisation start with its slug.
    """

    KINDS = [
        ("domain", _("Domain")),
        ("subject", _("Subject")),
        ("level", _("Level")),
        ("language", _("Language")),
        ("task_type", _("Kind of work")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=KINDS, default="subject")
    description = models.CharField(max_length=500, blank=True, default="")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    organisation = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, null=True, related_name="skills")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="one_skill_per_slug"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["domain", "subject", "level", "language", "task_type"]),
                name="skill_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                name="skill_not_its_own_parent",
            ),
        ]
        indexes = [models.Index(fields=["name", "id"], name="skills_by_name")]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """Proof that a worker has a skill, at a tier, with a score and its 95 % interval in basis points, until a day.

    A trigger refuses to take one away without a named person's decision, to lower one, and to delete one.
    """

    SOURCES = [
        ("exam", _("Exam")),
        ("credential", _("Credential")),
        ("evidence", _("Work done here")),
        ("ops", _("Given by ops")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey("workers.WorkerProfile", on_delete=models.PROTECT, related_name="grants", db_index=False)
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, related_name="grants")
    tier = models.PositiveSmallIntegerField()
    score_bp = models.PositiveSmallIntegerField(null=True)
    low_bp = models.PositiveSmallIntegerField(null=True)
    high_bp = models.PositiveSmallIntegerField(null=True)
    source = models.CharField(max_length=12, choices=SOURCES)
    source_id = models.UUIDField(null=True)
    state = states.field(GRANT)
    valid_from = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    decision = models.ForeignKey("workers.StandingDecision", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            states.constraint(GRANT),
            models.UniqueConstraint(
                fields=["worker", "skill"], name="one_live_grant_per_skill", condition=models.Q(state="live")
            ),
            models.CheckConstraint(condition=models.Q(tier__lte=HIGHEST_TIER), name="grant_tier_known"),
            models.CheckConstraint(
                condition=models.Q(score_bp__isnull=True, low_bp__isnull=True, high_bp__isnull=True)
                | models.Q(low_bp__lte=models.F("score_bp"), score_bp__lte=models.F("high_bp"), high_bp__lte=10_000),
                name="grant_score_in_its_interval",
            ),
            models.CheckConstraint(
                condition=models.Q(state="live", ended_at__isnull=True)
                | models.Q(~models.Q(state="live"), ended_at__isnull=False),
                name="grant_ended_when_not_live",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=models.F("valid_from")),
                name="grant_lasts",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="expired") | models.Q(ended_at__gte=models.F("expires_at")),
                name="grant_expires_on_its_day",
            ),
        ]
        indexes = [
            models.Index(fields=["worker", "-valid_from"], name="grants_by_worker"),
            models.Index(
                fields=["expires_at"],
                name="grants_by_expiry",
                condition=models.Q(state="live", expires_at__isnull=False),
            ),
        ]
