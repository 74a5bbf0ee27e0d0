"""Free texts of exams that people read, who may read them, the texts whose points are known, and pauses of readers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7
from qualification.models.attempts import AttemptItem
from qualification.models.skills import Skill
from workers.models.people import LONGEST_PAUSE


class KnownReading(models.Model):
    """A text that two people have read alike, with the points agreed on; mixed in among real ones to see how readers read."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    question = models.OneToOneField(AttemptItem, on_delete=models.PROTECT, related_name="known")
    points = models.JSONField()
    made_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class Reading(models.Model):
    """A free text that waits for a person, or what they gave it: points per line of the rubric, in its order, and why.

    `n` counts the readers of a text; none sees what another gave. Whoever claims it has it to themselves until `claimed_until`; `due_at`
    is when the person was told to expect the outcome. One of a `known` text is for `reader` alone and counts for nobody but them.
    """

    FIRST, SHARE, NEAR, APART, AGAIN, KNOWN = "first", "share", "near", "apart", "again", "known"
    WHYS = [
        (FIRST, _("The first reader")),
        (SHARE, _("A second reader, by chance")),
        (NEAR, _("A second reader, near the pass mark")),
        (APART, _("A third reader, two being far apart")),
        (AGAIN, _("Read again: its reader was paused")),
        (KNOWN, _("Points are known")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    question = models.ForeignKey(AttemptItem, on_delete=models.PROTECT, related_name="readings", db_index=False)
    n = models.PositiveSmallIntegerField(default=1)
    why = models.CharField(max_length=5, choices=WHYS, default=FIRST)
    known = models.ForeignKey(KnownReading, on_delete=models.PROTECT, null=True, related_name="readings", db_index=False)
    reader = models.ForeignKey("workers.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    claimed_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, null=True, related_name="+")
    claimed_until = models.DateTimeField(null=True)
    points = models.JSONField(null=True)
    note = models.CharField(max_length=1000, blank=True, default="")
    graded_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, null=True, related_name="+")
    graded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["question", "n"], name="one_reading_per_reader", condition=models.Q(known__isnull=True)),
            models.UniqueConstraint(fields=["known", "reader"], name="known_text_met_once", condition=models.Q(known__isnull=False)),
            models.CheckConstraint(
                condition=models.Q(known__isnull=True, reader__isnull=True) & ~models.Q(why="known")
                | models.Q(known__isnull=False, reader__isnull=False, why="known"),
                name="known_text_is_for_one_reader",
            ),
            models.CheckConstraint(
                condition=models.Q(graded_at__isnull=True, graded_by__isnull=True, points__isnull=True)
                | models.Q(graded_at__isnull=False, graded_by__isnull=False, points__isnull=False),
                name="reading_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="readings_by_clock", condition=models.Q(graded_at__isnull=True)),
            models.Index(fields=["question", "n"], name="readings_by_text"),
        ]


class ReaderGrant(models.Model):
    """The right to read free texts of one skill's tests, or of all (no skill), given by a person to another, until it ends."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    skill = models.ForeignKey(Skill, on_delete=models.PROTECT, null=True, related_name="+")
    given_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "skill"], name="one_reader_grant", condition=models.Q(ended_at__isnull=True), nulls_distinct=False
            ),
            models.CheckConstraint(condition=~models.Q(user=models.F("given_by")), name="nobody_makes_themselves_a_reader"),
        ]


class ReaderPause(models.Model):
    """Software keeps somebody from reading until a day, for a stated reason; a second person may end it sooner."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("workers.User", on_delete=models.PROTECT, related_name="+")
    met = models.PositiveSmallIntegerField()
    right = models.PositiveSmallIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("workers.User", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("since"), until__lte=models.F("since") + LONGEST_PAUSE),
                name="reader_pause_ends_within_thirty_days",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="reader_pause_ended_by_a_person",
            ),
        ]
        indexes = [models.Index(fields=["user", "-until"], name="reader_pauses")]
