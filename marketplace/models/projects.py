"""A client's standing definition of work: task type, guideline, rules and rates."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7


class ReviewRule(models.TextChoices):
    """Who judges a submission."""

    NONE = "none", _("Accepted at submit")
    SAMPLED = "sampled", _("Reviewed by risk, the rest accepted at submit")
    ALL = "all", _("Each reviewed once")
    CLIENT = "client", _("The client judges")


class AIUse(models.TextChoices):
    """Whether a worker may use AI tools for the work."""

    FORBIDDEN = "forbidden", _("AI tools are forbidden")
    ASSISTED = "assisted", _("AI tools may assist")
    ALLOWED = "allowed", _("AI tools are allowed")


class SlotKind(models.TextChoices):
    """What one judgement is for."""

    ANSWER = "answer", _("Answer")
    REVIEW = "review", _("Review")
    ADJUDICATION = "adjudication", _("Adjudication")


def everyone() -> dict[str, list[object]]:
    """The eligibility rule that leaves nobody out."""
    return {"all": []}


class Project(models.Model):
    """What a client wants done again and again; batches of tasks are launched under it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=120)
    task_type = models.SlugField(max_length=40)
    settings = models.JSONField(default=dict)
    currency = models.CharField(max_length=3, default="USD")
    eligibility = models.JSONField(default=everyone)
    review_eligibility = models.JSONField(default=everyone)
    rule_version = models.PositiveIntegerField(default=1)
    review_rule = models.CharField(max_length=10, choices=ReviewRule.choices, default=ReviewRule.NONE)
    sampled_share_bp = models.PositiveSmallIntegerField(default=1_000)
    overlap = models.PositiveSmallIntegerField(default=3)
    max_overlap = models.PositiveSmallIntegerField(default=5)
    target_accuracy_bp = models.PositiveSmallIntegerField(null=True, blank=True)
    expert_skill = models.CharField(max_length=80, null=True, blank=True)
    expert_tier = models.PositiveSmallIntegerField(null=True, blank=True)
    adjudication_share_bp = models.PositiveSmallIntegerField(default=2_000)
    judge_hours = models.PositiveSmallIntegerField(default=72)
    expected_seconds = models.PositiveIntegerField(default=30)
    lease_seconds = models.PositiveIntegerField(default=600)
    daily_cap = models.PositiveIntegerField(null=True, blank=True)
    fair_shares = models.BooleanField(default=True, db_default=True)
    best_first_minutes = models.PositiveSmallIntegerField(default=0, db_default=0)
    best_first_low_bp = models.PositiveSmallIntegerField(default=8_500, db_default=8_500)
    gold_least_bp = models.PositiveSmallIntegerField(default=500)
    gold_most_bp = models.PositiveSmallIntegerField(default=3_000)
    bonus_pool_bp = models.PositiveSmallIntegerField(default=1_000)
    floor_pool_bp = models.PositiveSmallIntegerField(default=1_000)
    floor_per_hour_units = models.PositiveBigIntegerField(default=0)
    quality_bonus_units = models.PositiveBigIntegerField(default=0, db_default=0)
    quality_bonus_least_bp = models.PositiveSmallIntegerField(default=9_000, db_default=9_000)
    country_bp = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    content_warnings = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    pool = models.ForeignKey("marketplace.Pool", on_delete=models.PROTECT, null=True, blank=True, related_name="projects")
    ai_use = models.CharField(max_length=10, choices=AIUse.choices, default=AIUse.FORBIDDEN)
    drifting_since = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["organisation", "-created_at"], name="project_by_organisation")]
        constraints = [
            models.CheckConstraint(condition=models.Q(overlap__gte=1), name="project_overlap_positive"),
            models.CheckConstraint(
                condition=models.Q(max_overlap__gte=models.F("overlap")), name="project_max_overlap_holds_overlap"
            ),
            models.CheckConstraint(condition=models.Q(lease_seconds__gte=30), name="project_lease_long_enough"),
            models.CheckConstraint(
                condition=models.Q(gold_most_bp__gte=models.F("gold_least_bp")), name="project_gold_bounds_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(expert_skill__isnull=True, expert_tier__isnull=True)
                | models.Q(expert_skill__isnull=False, expert_tier__isnull=False, expert_tier__gte=1, expert_tier__lte=3),
                name="project_experts_have_skill_and_tier",
            ),
        ]


class GuidelineVersion(models.Model):
    """How the work is to be done, in Markdown; published versions never change, leases name the one they were given."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="guidelines")
    number = models.PositiveIntegerField()
    markdown = models.TextField()
    what_changed = models.CharField(max_length=300, blank=True)
    published_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="one_guideline_per_number")]


class Rate(models.Model):
    """A dated price: what one slot of a kind and tier pays from a time on; a new price is a new row.

    By the task, or by a unit that the task type counts in an answer; then at most `most_units` of them are paid a task.
    """

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="rates")
    kind = models.CharField(max_length=12, choices=SlotKind.choices, default=SlotKind.ANSWER)
    tier = models.PositiveSmallIntegerField(default=0)
    unit = models.CharField(max_length=20, default="task")
    most_units = models.PositiveIntegerField(default=1, db_default=1)
    amount_units = models.PositiveBigIntegerField()
    valid_from = models.DateTimeField()
    made_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(tier__lte=3), name="rate_tier_known"),
            models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="rate_pays_something"),
            models.CheckConstraint(
                condition=models.Q(most_units__gte=1) & (~models.Q(unit="task") | models.Q(most_units=1)),
                name="rate_bounds_its_units",
            ),
        ]
        indexes = [models.Index(fields=["project", "kind", "tier", "unit", "-valid_from"], name="rate_in_force")]


class BillRate(models.Model):
    """A dated price that a client is charged for one accepted slot of a kind and tier, per unit of the rate in force, instead
    of pay + fee; agreed with the platform, so staff writes it."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="bill_rates", db_index=False)
    kind = models.CharField(max_length=12, choices=SlotKind.choices, default=SlotKind.ANSWER)
    tier = models.PositiveSmallIntegerField(default=0)
    amount_units = models.PositiveBigIntegerField()
    valid_from = models.DateTimeField()
    made_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(tier__lte=3), name="bill_rate_tier_known"),
            models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="bill_rate_charges_something"),
        ]
        indexes = [models.Index(fields=["project", "kind", "tier", "-valid_from"], name="bill_rate_in_force")]


class ProjectTry(models.Model):
    """One of the client's own tries in the preview: the best guess of time before any worker has worked."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tries")
    person = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seconds = models.PositiveIntegerField()
    made_at = models.DateTimeField()
