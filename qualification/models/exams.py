"""Exams with the questions of their banks, the files that brought them, and what people found when their guideline changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from qualification.models.skills import HIGHEST_TIER, Skill
from qualification.states import EXAM, ITEM


class Exam(models.Model):
    """A test that leads to a grant. All versions of one exam share `series`; at most one of them is published.

    fixed: `draws` questions, passed from `pass_bp`, proves `tier`. adaptive: at most `draws` questions, ends when a tier is decided
    at `confidence_bp`; tier k + 1 begins at ability `cuts[k]`, so there are `tier` cuts. After `max_attempts` a further attempt
    opens each `second_chance_days` (0: never).

    `guideline` is the version of the guideline of `project` that it was written for, or last found right for. With `recheck`, who passed
    at an older version sits the questions of changed sections alone.
    """

    FIXED, ADAPTIVE = "fixed", "adaptive"
    FORMS = [(FIXED, _("The same number of questions for everybody")), (ADAPTIVE, _("Adaptive: ends when the tier is clear"))]

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
    form = models.CharField(max_length=8, choices=FORMS, default=FIXED)
    cuts = models.JSONField(default=list)
    confidence_bp = models.PositiveSmallIntegerField(default=8100)
    second_chance_days = models.PositiveIntegerField(default=90)
    project = models.UUIDField(null=True)
    guideline = models.PositiveIntegerField(null=True)
    recheck = models.BooleanField(default=False)
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
            models.CheckConstraint(condition=models.Q(form__in=["fixed", "adaptive"]), name="exam_form_known"),
            models.CheckConstraint(
                condition=models.Q(confidence_bp__gte=5_000, confidence_bp__lt=10_000), name="exam_confidence_possible"
            ),
            models.CheckConstraint(
                condition=models.Q(guideline__isnull=True, project__isnull=True, recheck=False)
                | models.Q(guideline__gte=1, project__isnull=False),
                name="exam_names_guideline_and_version",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "title", "id"], name="exams_by_title"),
            models.Index(fields=["project"], name="exams_by_guideline", condition=models.Q(project__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title


class ExamItem(models.Model):
    """One question of a bank. `root` stays the same through the versions of an exam. `key` never leaves the server.

    choice: `body` = {"text", "several", "options": [{"key", "text"}]}, `key` = {"right": [keys]}.
    number: `body` = {"text", "unit"}, `key` = {"value", "tolerance"}, both decimals as text.
    text: `body` = {"text"}, `key` = {"accepted": [forms]}.
    prose: `body` = {"text", "rubric": [{"name", "points", "about"}]}, `key` = {"model": text for whoever grades}.
    gold: `body` = {"settings", "payload", "guideline", "row": as it came}, `key` = {"truth": answer}.

    `section` is the title of the section of the guideline that it asks about.

    `a` and `b` are discrimination and difficulty: stated by whoever brought the question, or estimated from so many answers.
    """

    CHOICE, NUMBER, TEXT, PROSE, GOLD = "choice", "number", "text", "prose", "gold"
    KINDS = [
        (CHOICE, _("Multiple choice")),
        (NUMBER, _("Number")),
        (TEXT, _("Short text")),
        (PROSE, _("Free text")),
        (GOLD, _("Task with a known answer")),
    ]
    STATED, ESTIMATED = "stated", "estimated"
    CALIBRATIONS = [(STATED, _("stated")), (ESTIMATED, _("from answers"))]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="items")
    root = models.UUIDField(default=uuid7, editable=False, db_index=True)
    n = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=KINDS)
    task_type = models.CharField(max_length=40, blank=True, default="")
    topic = models.CharField(max_length=80, blank=True, default="")
    section = models.CharField(max_length=200, blank=True, default="")
    body = models.JSONField()
    key = models.JSONField()
    state = states.field(ITEM)
    a = models.FloatField(null=True)
    b = models.FloatField(null=True)
    calibration = models.CharField(max_length=9, choices=CALIBRATIONS, blank=True, default="")
    calibrated_from = models.PositiveIntegerField(null=True)
    calibrated_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            states.constraint(ITEM),
            models.UniqueConstraint(fields=["exam", "n"], name="one_item_per_place"),
            models.UniqueConstraint(fields=["exam", "root"], name="one_item_per_root"),
            models.CheckConstraint(
                condition=models.Q(models.Q(kind="gold"), ~models.Q(task_type=""))
                | models.Q(kind__in=["choice", "number", "text", "prose"], task_type=""),
                name="gold_item_names_its_kind_of_work",
            ),
            models.CheckConstraint(
                condition=models.Q(models.Q(state="void"), models.Q(voided_at__isnull=False))
                | models.Q(~models.Q(state="void"), models.Q(voided_at__isnull=True)),
                name="exam_item_void_since",
            ),
            models.CheckConstraint(
                condition=models.Q(a__isnull=True, b__isnull=True, calibration="")
                | models.Q(models.Q(a__gt=0, a__lte=10, b__gte=-10, b__lte=10), ~models.Q(calibration="")),
                name="exam_item_calibrated_or_not",
            ),
        ]


class BankFile(models.Model):
    """A file that was read into a bank: how many questions it brought, and each row that could not become one, so that it is not lost:
    `bad` = [{"line", "field", "message", "row"}]."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    added = models.PositiveIntegerField()
    bad = models.JSONField(default=list)
    made_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()


class GuidelineCheck(models.Model):
    """A named person found an exam still right for a newer version of its guideline; `questions` are those of changed sections, each
    named by them: the places in the bank."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="checks")
    before = models.PositiveIntegerField()
    after = models.PositiveIntegerField()
    questions = models.JSONField(default=list)
    by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exam", "after"], name="one_check_per_guideline"),
            models.CheckConstraint(condition=models.Q(after__gt=models.F("before")), name="check_is_of_a_newer_guideline"),
        ]
