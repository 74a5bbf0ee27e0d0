"""Attempts at exams: the questions drawn with their answers, the time that somebody has, and what a person found when they looked."""

from __future__ import annotations

from django.db import models

from kit import states
from kit.ids import uuid7
from qualification.models.exams import Exam, ExamItem
from qualification.models.skills import Grant
from qualification.states import ATTEMPT


class Attempt(models.Model):
    """One try at an exam. `score_bp` is the share of right answers that decides; mean, low and high describe what it says
    about the person: the posterior of their share and its 95 % interval. Of an adaptive exam, `tier` is what was decided, with the
    posterior share `confidence_bp`, and `rests` holds the places of questions that it does not use. `time_bp` is the part of the
    usual time that this person has; nobody who grades is told. `guideline` is the version that its questions were drawn for; `since`
    the one that this person had passed before: then they are those of the sections changed since."""

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
    guideline = models.PositiveIntegerField(null=True)
    since = models.PositiveIntegerField(null=True)
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
            models.CheckConstraint(
                condition=models.Q(since__isnull=True) | models.Q(guideline__gt=models.F("since")), name="attempt_goes_on_from_older"
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


class Look(models.Model):
    """What a person found when they looked at the evidence of an attempt; one per attempt, and nothing follows from it by itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="look")
    wrong = models.BooleanField()
    note = models.CharField(max_length=500)
    by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
