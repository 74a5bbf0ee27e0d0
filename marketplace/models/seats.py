"""Paid courses and exams: what a batch pays people who pass, for how many, and who has such a seat."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from marketplace.models.batches import Batch
from marketplace.states import SEAT


class TrainingKind(models.TextChoices):
    """What has to be passed."""

    COURSE = "course"
    EXAM = "exam"


class SeatOffer(models.Model):
    """A batch pays so many people a fixed fee once they pass the project's course, or an exam in whatever version.

    Fee, fee share of the platform and number of seats never change; the money is set aside at once, in a pool of its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="seat_offers")
    kind = models.CharField(max_length=6, choices=TrainingKind.choices)
    exam_series = models.UUIDField(null=True)
    fee_units = models.PositiveBigIntegerField()
    seats = models.PositiveIntegerField()
    hold_days = models.PositiveSmallIntegerField(default=14)
    opened_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(exam_series__isnull=True, kind="course") | models.Q(exam_series__isnull=False, kind="exam"),
                name="seat_offer_names_its_exam",
            ),
            models.CheckConstraint(condition=models.Q(fee_units__gt=0, seats__gt=0), name="seat_offer_pays_somebody"),
        ]
        indexes = [
            models.Index(fields=["kind", "exam_series"], name="seat_offers_open", condition=models.Q(ended_at__isnull=True))
        ]


class Seat(models.Model):
    """One person's seat: held from the beginning, passed and paid once, or lapsed. `terms` are frozen when it is taken.

    `subject` is the same for every try, version and batch of one project's course or exam, so nobody is paid for it twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey(SeatOffer, on_delete=models.PROTECT, related_name="taken")
    worker = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject = models.UUIDField()
    state = kit_states.field(SEAT)
    terms = models.JSONField()
    taken_at = models.DateTimeField()
    held_until = models.DateTimeField()
    passed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(SEAT),
            models.UniqueConstraint(fields=["worker", "subject"], name="one_seat_per_worker_and_subject"),
            models.CheckConstraint(
                condition=models.Q(passed_at__isnull=False, state="passed")
                | (models.Q(passed_at__isnull=True) & ~models.Q(state="passed")),
                name="seat_passed_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["held_until"], name="seats_held", condition=models.Q(state="held"))]
