"""Agencies' fees: the share that was agreed from which day, to whom it is paid, and what each day came to."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from kit.ids import uuid7
from payments.models.earnings import Earning

MOST_BP = 5_000
"""An agency gets at most half of our fee."""


class AgencyShare(models.Model):
    """The share of our fee that an agency gets from a UTC day on, until the next row; rows are added and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="+")
    from_day = models.DateField()
    share_bp = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=300, blank=True, default="")
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "from_day"], name="one_agency_share_per_day"),
            models.CheckConstraint(condition=models.Q(share_bp__lte=MOST_BP), name="agency_share_at_most_half"),
        ]


class AgencyPayee(models.Model):
    """The person of an agency to whose payout account its fees go; a change waits 72 hours."""

    agency = models.OneToOneField("workers.Organisation", on_delete=models.PROTECT, primary_key=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()


class AgencyDay(models.Model):
    """What a UTC day came to for an agency in one currency: its people's accepted answers, our fee on them, its share of that.

    `taken_units` is what earlier reversals took off. `earning` pays the rest, `fee_units` less that; a day is written once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    currency = models.CharField(max_length=3)
    answers = models.IntegerField()
    our_fee_units = models.BigIntegerField()
    share_bp = models.PositiveSmallIntegerField()
    fee_units = models.BigIntegerField()
    taken_units = models.BigIntegerField(default=0)
    earning = models.OneToOneField(Earning, on_delete=models.PROTECT, null=True, related_name="+")
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "day", "currency"], name="one_agency_day_per_currency"),
            models.CheckConstraint(
                condition=models.Q(fee_units__gte=models.F("taken_units"), taken_units__gte=0), name="agency_day_never_below_zero"
            ),
        ]


class AgencyTakeBack(models.Model):
    """A fee that fell away afterwards - a lost chargeback, a correction - taken off the next days' sums, `taken_units` so far."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    units = models.BigIntegerField()
    taken_units = models.BigIntegerField(default=0)
    source_kind = models.CharField(max_length=20)
    source_id = models.UUIDField()
    why = models.CharField(max_length=300, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "source_kind", "source_id"], name="one_take_back_per_source"),
            models.CheckConstraint(
                condition=models.Q(taken_units__gte=0, taken_units__lte=models.F("units"), units__gt=0), name="take_back_within_itself"
            ),
        ]
