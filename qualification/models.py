"""The tables of this room: the tree of skills, grants of them, exams with items, attempts with answers and what people read of them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from qualification.states import ATTEMPT, EXAM, GRANT, ITEM

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
    """A test that leads to a grant. All versions of one exam share `series`; at most one of them is published.

    fixed: `draws` questions, passed from `pass_bp`, proves `tier`. adaptive: at most `draws` questions, ends when a tier is decided
    at `confidence_bp`; tier k + 1 begins at ability `cuts[k]`, so there are `tier` cuts. After `max_attempts` a further attempt
    opens each `second_chance_days` (0: never).
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
        ]
        indexes = [models.Index(fields=["state", "title", "id"], name="exams_by_title")]

    def __str__(self) -> str:
        return self.title


class ExamItem(models.Model):
    """One question of a bank. `root` stays the same through the versions of an exam. `key` never leaves the server.

    choice: `body` = {"text", "several", "options": [{"key", "text"}]}, `key` = {"right": [keys]}.
    number: `body` = {"text", "unit"}, `key` = {"value", "tolerance"}, both decimals as text.
    text: `body` = {"text"}, `key` = {"accepted": [forms]}.
    prose: `body` = {"text", "rubric": [{"name", "points", "about"}]}, `key` = {"model": text for whoever grades}.
    gold: `body` = {"settings", "payload", "guideline", "row": as it came}, `key` = {"truth": answer}.

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


class Attempt(models.Model):
    """One try at an exam. `score_bp` is the share of right answers that decides; mean, low and high describe what it says
    about the person: the posterior of their share and its 95 % interval. Of an adaptive exam, `tier` is what was decided, with the
    posterior share `confidence_bp`, and `rests` holds the places of questions that it does not use. `time_bp` is the part of the
    usual time that this person has; nobody who grades is told."""

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
    tier = models.PositiveSmallIntegerField(null=True)
    confidence_bp = models.PositiveSmallIntegerField(null=True)
    rests = models.JSONField(default=list)
    time_bp = models.PositiveIntegerField(default=10_000)
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
    """A question drawn for an attempt: its place, the order of its options, the saved answer, the credit (0..10,000), and in `signals`
    what the page counted meanwhile (`evidence.COUNTED`).

    An adaptive exam keeps the parameters by which it was drawn, and `final_at`: from then on the answer stands.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="items", db_index=False)
    item = models.ForeignKey(ExamItem, on_delete=models.PROTECT, related_name="drawn")
    n = models.PositiveSmallIntegerField()
    order = models.JSONField(default=list)
    answer = models.JSONField(null=True)
    shown_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    final_at = models.DateTimeField(null=True)
    a = models.FloatField(null=True)
    b = models.FloatField(null=True)
    credit_bp = models.PositiveSmallIntegerField(null=True)
    signals = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "n"], name="one_question_per_place"),
            models.UniqueConstraint(fields=["attempt", "item"], name="each_item_once_per_attempt"),
            models.CheckConstraint(
                condition=models.Q(credit_bp__isnull=True) | models.Q(credit_bp__lte=10_000), name="credit_at_most_full"
            ),
        ]


class Accommodation(models.Model):
    """More time at every exam for one person, given by ops with a reason; at most one at a time, ended ones stay."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey("workers.WorkerProfile", on_delete=models.PROTECT, related_name="accommodations")
    time_bp = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    given_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["worker"], name="one_accommodation", condition=models.Q(ended_at__isnull=True)),
            models.CheckConstraint(condition=models.Q(time_bp__gt=10_000, time_bp__lte=40_000), name="accommodation_is_more_time"),
        ]


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


class Look(models.Model):
    """What a person found when they looked at the evidence of an attempt; one per attempt, and nothing follows from it by itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="look")
    wrong = models.BooleanField()
    note = models.CharField(max_length=500)
    by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
