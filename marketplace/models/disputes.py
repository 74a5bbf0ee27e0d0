"""Workers' disputes of what was said of their work, and what clients' past behaviour tells the next worker."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.models.batches import Batch
from marketplace.models.judging import Verdict
from marketplace.models.work import Submission


class Dispute(models.Model):
    """A worker's dispute of one submission. Claim, clocks, answer and decision stand in its appeal; this row says what it
    is about, and when the outcome was carried out.

    `closed_at` is written in the transaction that moves the money: until then the batch keeps what may be owed.
    """

    class About(models.TextChoices):
        """What is disputed."""

        VERDICT = "verdict", _("The verdict")
        SCORE = "score", _("How the answer counted in the score")

    appeal = models.OneToOneField("workers.Appeal", on_delete=models.PROTECT, primary_key=True, related_name="+")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="disputes", db_index=False)
    verdict = models.OneToOneField(Verdict, on_delete=models.PROTECT, null=True, related_name="dispute")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="disputes", db_index=False)
    organisation = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False)
    about = models.CharField(max_length=8, choices=About.choices)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "about"], name="one_dispute_per_submission_and_subject"),
            models.CheckConstraint(
                condition=models.Q(about="score", verdict__isnull=True) | models.Q(about="verdict", verdict__isnull=False),
                name="dispute_names_its_verdict",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, outcome="")
                | models.Q(closed_at__isnull=False, outcome__in=["upheld", "overturned", "by_silence", "conceded"]),
                name="dispute_outcome_when_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-opened_at"], name="disputes_of_client"),
            models.Index(fields=["batch"], name="disputes_open", condition=models.Q(closed_at__isnull=True)),
        ]


class ClientRecord(models.Model):
    """How a client treated the people who worked for it lately, counted each night: what workers see before they start."""

    organisation = models.OneToOneField("workers.Organisation", on_delete=models.CASCADE, primary_key=True, related_name="+")
    waited = models.PositiveIntegerField(default=0)
    median_wait_seconds = models.PositiveIntegerField(null=True)
    answers = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    disputes = models.PositiveIntegerField(default=0)
    disputes_lost = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(rejected__lte=models.F("answers")), name="rejected_among_answers"),
            models.CheckConstraint(condition=models.Q(disputes_lost__lte=models.F("disputes")), name="lost_among_disputes"),
        ]
