"""Decisions of named people against a worker, and appeals of decisions; both are kept for good."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from workers.models.people import User
from workers.states import APPEAL

REAUTHENTICATED_WITHIN_SECONDS = 900
"""How fresh the decider's re-authentication has to be."""

APPEAL_DAYS = 30
"""How long a person may appeal a decision; nothing becomes final before."""


class Farewell(models.Model):
    """A worker said themselves that they end their own work; append-only by trigger, and runners may not write it.

    Without this row the database refuses `active -> ended`, whatever reason the profile names.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, primary_key=True, related_name="farewell")
    at = models.DateTimeField()


class StandingDecision(models.Model):
    """A named ops person's decision to end somebody's work or to take a grant away; append-only by trigger.

    `subject_kind` is "standing" (subject_id = the worker) or "grant" (subject_id = the grant). `evidence` is a list of at
    least one {"kind": code, "ref": id or address, "note": text}.
    """

    STANDING, GRANT = "standing", "grant"
    KINDS = [(STANDING, _("End of work")), (GRANT, _("Skill taken away"))]
    REASONS = [
        ("fraud", _("Proven fraud")),
        ("shared_account", _("The account is used by somebody else")),
        ("several_accounts", _("Several accounts of one person")),
        ("identity", _("The identity is not the stated one")),
        ("abuse", _("Abuse of other people")),
        ("confidentiality", _("Clients' content was passed on")),
        ("quality", _("The work is measurably below what the rules ask for")),
        ("law", _("The law requires it")),
        ("country", _("Work in this country ends")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    subject_kind = models.CharField(max_length=20, choices=KINDS)
    subject_id = models.UUIDField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=40, choices=REASONS)
    clause = models.CharField(max_length=200)
    evidence = models.JSONField()
    reauthenticated_at = models.DateTimeField()
    at = models.DateTimeField()
    appeal_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(subject_kind__in=["standing", "grant"]), name="decision_kind_known"),
            models.CheckConstraint(
                condition=~models.Q(reason="") & ~models.Q(clause=""), name="decision_gives_reason_and_clause"
            ),
            models.CheckConstraint(condition=~models.Q(decided_by=models.F("person")), name="nobody_decides_on_themselves"),
            models.CheckConstraint(
                condition=models.Q(reauthenticated_at__lte=models.F("at"))
                & models.Q(at__lte=models.F("reauthenticated_at") + timedelta(seconds=REAUTHENTICATED_WITHIN_SECONDS)),
                name="decision_freshly_authenticated",
            ),
            models.CheckConstraint(
                condition=models.Q(appeal_until__gte=models.F("at") + timedelta(days=APPEAL_DAYS)),
                name="decision_leaves_an_appeal",
            ),
        ]
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="decisions_by_subject")]


class Appeal(models.Model):
    """A person asks for a second look at something; two clocks run against us, and silence decides for the person."""

    UPHELD, OVERTURNED, BY_SILENCE, CONCEDED = "upheld", "overturned", "by_silence", "conceded"
    OUTCOMES = [
        (UPHELD, _("Upheld")),
        (OVERTURNED, _("Overturned")),
        (BY_SILENCE, _("Overturned: nobody answered in time")),
        (CONCEDED, _("Overturned: the other side agrees")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="appeals")
    against = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.TextField(max_length=5000)
    state = states.field(APPEAL)
    outcome = models.CharField(max_length=12, blank=True, choices=OUTCOMES, default="", db_default="")
    opened_at = models.DateTimeField()
    answer_due_at = models.DateTimeField()
    decide_due_at = models.DateTimeField()
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(max_length=5000, blank=True, default="", db_default="")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    grounds = models.TextField(max_length=5000, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            states.constraint(APPEAL),
            models.UniqueConstraint(fields=["subject_kind", "subject_id"], name="one_appeal_per_subject"),
            models.CheckConstraint(
                condition=models.Q(
                    decided_at__isnull=False, outcome__in=["upheld", "overturned", "by_silence", "conceded"], state="decided"
                )
                | models.Q(decided_at__isnull=True, outcome="", state__in=["open", "answered"]),
                name="appeal_outcome_with_decision",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True, outcome__in=["", "by_silence"])
                | models.Q(decided_by__isnull=False, outcome__in=["upheld", "overturned", "conceded"]),
                name="appeal_decided_by_a_person",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | models.Q(~models.Q(decided_by=models.F("person")), against__isnull=True)
                | models.Q(~models.Q(decided_by=models.F("person")), outcome="conceded")
                | models.Q(~models.Q(decided_by=models.F("person")), ~models.Q(decided_by=models.F("against"))),
                name="appeal_decided_by_a_second_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["decide_due_at", "id"],
                name="appeals_waiting",
                condition=models.Q(state__in=["open", "answered"]),
            ),
            models.Index(fields=["person", "-opened_at"], name="appeals_by_person"),
        ]
