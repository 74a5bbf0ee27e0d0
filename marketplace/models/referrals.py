"""Programmes that pay those who bring somebody, the links by which people come, and what was promised for whom."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from marketplace.states import REFERRAL


class ReferralProgramme(models.Model):
    """What the platform pays who brings somebody that then works: a fixed fee, from a budget of its own, while people are missing.

    `newcomer_units` is zero where only the referrer is paid. `answers` accepted answers within `days` earn it; `most` people
    are paid for at most per referrer.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3, default="USD")
    referrer_units = models.PositiveBigIntegerField()
    newcomer_units = models.PositiveBigIntegerField(default=0)
    answers = models.PositiveSmallIntegerField(default=50)
    days = models.PositiveSmallIntegerField(default=90)
    most = models.PositiveSmallIntegerField(default=10)
    opened_by = models.ForeignKey(site.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(referrer_units__gt=0), name="referral_pays_something"),
            models.CheckConstraint(condition=models.Q(answers__gte=1, days__gte=1, most__gte=1), name="referral_terms_positive"),
            models.UniqueConstraint(fields=["currency"], condition=models.Q(ended_at__isnull=True), name="one_programme_at_a_time"),
        ]


class ReferralCode(models.Model):
    """The word in a worker's personal link."""

    worker = models.OneToOneField("workers.WorkerProfile", on_delete=models.PROTECT, primary_key=True, related_name="+")
    code = models.CharField(max_length=16, unique=True)
    made_at = models.DateTimeField()


class Referral(models.Model):
    """A newcomer came by somebody's link: what both were promised at that moment, and what became of it. Once per newcomer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    programme = models.ForeignKey(ReferralProgramme, on_delete=models.PROTECT, related_name="referrals")
    referrer = models.ForeignKey("workers.WorkerProfile", on_delete=models.PROTECT, related_name="referrals")
    newcomer = models.OneToOneField("workers.WorkerProfile", on_delete=models.PROTECT, related_name="referral")
    terms = models.JSONField()
    state = kit_states.field(REFERRAL)
    joined_at = models.DateTimeField()
    until = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    case = models.ForeignKey("workers.PersonCase", on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(REFERRAL),
            models.CheckConstraint(condition=~models.Q(referrer=models.F("newcomer")), name="nobody_refers_themselves"),
        ]
        indexes = [
            models.Index(fields=["looked_at"], condition=models.Q(state__in=["promised", "held"]), name="referrals_to_look_at"),
        ]
