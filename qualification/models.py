"""The tables of this room: the tree of skills, grants of them, exams with items, attempts with answers."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from qualification.states import ATTEMPT, EXAM, GRANT

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


class Exam(models.Model):
    """A test that leads to a grant. All versions of one exam share `series`; at most one of them is published."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    series = models.UUIDField(default=uuid7, editable=False)
    version = models.PositiveIntegerField(default=1)
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, related_name="exams")
    title = models.CharField(max_length=120)
    about = models.TextField(max_length=5000, blank=True, default="")
    tier = models.PositiveSmallIntegerField(default=1)
    pass_bp = models.PositiveSmallIntegerField(default=8000)
    time_limit_seconds = models.PositiveIntegerField(default=1800)
    draws = models.PositiveSmallIntegerField(default=10)
    cooldown_hours = models.PositiveIntegerField(default=24)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    valid_days = models.PositiveIntegerField(default=365)
    state = states.field(EXAM)
    created_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            states.constraint(EXAM),
            models.UniqueConstraint(fields=["series", "version"], name="one_exam_per_version"),
            models.UniqueConstraint(fields=["series"], name="one_published_version", condition=models.Q(state="published")),
            models.CheckConstraint(condition=models.Q(tier__lte=HIGHEST_TIER), name="exam_tier_known"),
            models.CheckConstraint(condition=models.Q(pass_bp__gt=0, pass_bp__lte=10_000), name="exam_pass_mark_possible"),
        ]
        indexes = [models.Index(fields=["state", "title", "id"], name="exams_by_title")]

    def __str__(self) -> str:
        return self.title


class ExamItem(models.Model):
    """One question of a bank: multiple choice, or a task of a kind of work with a known answer.

    choice: `body` = {"text", "several", "options": [{"key", "text"}]}, `key` = {"right": [keys]}.
    gold: `body` = {"settings", "payload", "guideline"}, `key` = {"truth": answer}. `key` never leaves the server.
    """

    CHOICE, GOLD = "choice", "gold"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="items")
    n = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=[(CHOICE, _("Multiple choice")), (GOLD, _("Task with a known answer"))])
    task_type = models.CharField(max_length=40, blank=True, default="")
    topic = models.CharField(max_length=80, blank=True, default="")
    body = models.JSONField()
    key = models.JSONField()
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exam", "n"], name="one_item_per_place"),
            models.CheckConstraint(
                condition=models.Q(kind="choice", task_type="") | models.Q(models.Q(kind="gold"), ~models.Q(task_type="")),
                name="gold_item_names_its_kind_of_work",
            ),
        ]


class Attempt(models.Model):
    """One try at an exam. `score_bp` is the share of right answers that decides; mean, low and high describe what it says
    about the person: the posterior of their share and its 95 % interval."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="attempts")
    series = models.UUIDField()
    worker = models.ForeignKey("workers.WorkerProfile", on_delete=models.PROTECT, related_name="attempts", db_index=False)
    state = states.field(ATTEMPT)
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    score_bp = models.PositiveSmallIntegerField(null=True)
    mean_bp = models.PositiveSmallIntegerField(null=True)
    low_bp = models.PositiveSmallIntegerField(null=True)
    high_bp = models.PositiveSmallIntegerField(null=True)
    regraded_at = models.DateTimeField(null=True)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, related_name="attempts")

    class Meta:
        constraints = [
            states.constraint(ATTEMPT),
            models.UniqueConstraint(fields=["worker", "series"], name="one_live_attempt", condition=models.Q(state="live")),
            models.CheckConstraint(condition=models.Q(deadline_at__gt=models.F("started_at")), name="attempt_has_time"),
            models.CheckConstraint(
                condition=models.Q(state="live", closed_at__isnull=True)
                | models.Q(~models.Q(state="live"), closed_at__isnull=False),
                name="attempt_closed_when_graded",
            ),
        ]
        indexes = [
            models.Index(fields=["worker", "series", "-started_at"], name="attempts_by_worker"),
            models.Index(fields=["deadline_at"], name="attempts_by_deadline", condition=models.Q(state="live")),
        ]


class AttemptItem(models.Model):
    """A question drawn for an attempt: its place, the order of its options, the saved answer, the credit (0..10,000)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="items", db_index=False)
    item = models.ForeignKey(ExamItem, on_delete=models.PROTECT, related_name="drawn")
    n = models.PositiveSmallIntegerField()
    order = models.JSONField(default=list)
    answer = models.JSONField(null=True)
    answered_at = models.DateTimeField(null=True)
    credit_bp = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "n"], name="one_question_per_place"),
            models.UniqueConstraint(fields=["attempt", "item"], name="each_item_once_per_attempt"),
            models.CheckConstraint(
                condition=models.Q(credit_bp__isnull=True) | models.Q(credit_bp__lte=10_000), name="credit_at_most_full"
            ),
        ]
