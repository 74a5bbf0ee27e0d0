"""What people said of a submission, and what a task's final answer is."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import states as kit_states
from kit.ids import uuid7
from marketplace.models.batches import Batch
from marketplace.models.work import Submission, Task
from marketplace.states import RESULT


class Decision(models.TextChoices):
    """What a human may say of a submission."""

    ACCEPT = "accept", _("Accept")
    ACCEPT_SHARE = "accept_share", _("Accept a share")
    FIX = "fix", _("Correct it yourself")
    SEND_BACK = "send_back", _("Send back")
    REJECT = "reject", _("Reject")


class Reason(models.TextChoices):
    """The closed list of reasons for anything but a plain accept."""

    WRONG = "wrong", _("The answer contradicts the guideline")
    INCOMPLETE = "incomplete", _("Parts of the task are missing")
    CARELESS = "careless", _("The work shows no reading of the task")
    UNREADABLE = "unreadable", _("The answer cannot be understood")
    OFF_TOPIC = "off_topic", _("The answer belongs to another question")
    AI_USE = "ai_use", _("AI tools were used against the project's policy")


class Verdict(models.Model):
    """A human's judgement of one round of a submission; the first one counts. A fix keeps the corrected answer here, beside
    the original, which stays as it was handed in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="verdicts", db_index=False)
    round = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=12, choices=Decision.choices)
    share_bp = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True, default="")
    clause = models.CharField(max_length=200, blank=True, default="")
    comment = models.TextField(blank=True, default="", max_length=2000)
    corrected = models.JSONField(null=True)
    judge = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    review = models.OneToOneField(Submission, on_delete=models.PROTECT, null=True, related_name="gave")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "round"], name="first_verdict_of_a_round_counts"),
            models.CheckConstraint(
                condition=models.Q(decision="accept") | (~models.Q(reason="") & ~models.Q(clause="")),
                name="verdict_explains_itself",
            ),
            models.CheckConstraint(
                condition=~models.Q(decision="accept_share") | models.Q(share_bp__gt=0, share_bp__lt=10_000),
                name="verdict_share_is_a_share",
            ),
            models.CheckConstraint(
                condition=~models.Q(decision="fix")
                | models.Q(corrected__isnull=False, share_bp__gte=5_000, share_bp__lt=10_000),
                name="fix_has_its_answer_and_pays_half",
            ),
        ]
        indexes = [models.Index(fields=["judge", "-at"], name="verdict_by_judge", condition=models.Q(review__isnull=False))]


class ReviewerRecord(models.Model):
    """How a reviewer's newest verdicts in one project fare: on answers whose truth is known, and when somebody looked again."""

    id = models.BigAutoField(primary_key=True)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    project = models.ForeignKey("marketplace.Project", on_delete=models.CASCADE, related_name="reviewer_records")
    verdicts = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    known_right = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    overturned = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["worker", "project"], name="one_reviewer_record_per_project")]


class Result(models.Model):
    """A task's final answer with its confidence; "ambiguous" with its distribution is a result too.

    `low` and `high` are the ends of a number's 95 % interval.
    """

    task = models.OneToOneField(Task, on_delete=models.PROTECT, primary_key=True, related_name="result")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="results", db_index=False)
    state = kit_states.field(RESULT)
    answer = models.JSONField(null=True)
    confidence_bp = models.PositiveSmallIntegerField(null=True)
    ambiguous = models.BooleanField(default=False)
    distribution = models.JSONField(default=dict)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    answers = models.PositiveSmallIntegerField(default=0)
    by = models.CharField(max_length=20, default="model")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [kit_states.constraint(RESULT)]
        indexes = [models.Index(fields=["batch", "state", "task"], name="result_by_batch")]


class QualityModel(models.Model):
    """What is known of a project's crowd between two fits, for one question of its tasks (see `quality.online.Model`).

    The question "" holds what is known where answers are numbers, texts or boxes (see `marketplace.measured`).
    """

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey("marketplace.Project", on_delete=models.CASCADE, related_name="quality_models")
    question = models.CharField(max_length=200)
    model = models.JSONField()
    answers = models.PositiveIntegerField()
    fitted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "question"], name="one_model_per_question")]
