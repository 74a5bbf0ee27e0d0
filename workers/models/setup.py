"""What a worker says of themselves beyond the profile, how far their onboarding is, and credentials with their proof."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from kit.models import Asset
from workers.models.people import User, WorkerProfile
from workers.states import CREDENTIAL

EDUCATION = [
    ("school", _("School")),
    ("vocational", _("Vocational training")),
    ("bachelor", _("Bachelor's degree")),
    ("master", _("Master's degree")),
    ("doctorate", _("Doctorate")),
]
DOMAINS = [
    ("arts", _("Arts and media")),
    ("education", _("Teaching")),
    ("engineering", _("Engineering")),
    ("finance", _("Finance and accounting")),
    ("languages", _("Languages and translation")),
    ("law", _("Law")),
    ("mathematics", _("Mathematics and statistics")),
    ("medicine", _("Medicine and care")),
    ("science", _("Natural sciences")),
    ("social", _("Social sciences")),
    ("software", _("Software")),
    ("trades", _("Skilled trades")),
]
"""Fields in which somebody may know their way; a credential names one of them."""

IDENTITY = "identity"
"""The kind and the field of the one credential that the payments provider checks; nobody hands it in."""


class Setup(models.Model):
    """How a worker set themselves up; everything in here is their own to state, change or leave empty.

    `expertise` is a list of {"domain", "years"}; `times` of codes such as "mon-evening", in their own zone; `steps` maps a step
    of onboarding to done or skipped; `drafts` maps one to what was typed and not yet saved, so that it goes on elsewhere.
    """

    worker = models.OneToOneField(WorkerProfile, on_delete=models.PROTECT, primary_key=True, related_name="setup")
    education = models.CharField(max_length=12, choices=EDUCATION, blank=True, default="")
    expertise = models.JSONField(default=list, blank=True)
    accessibility = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    accessibility_note = models.TextField(max_length=500, blank=True, default="")
    avoids = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    hours_per_week = models.PositiveSmallIntegerField(null=True)
    times = ArrayField(models.CharField(max_length=14), default=list, blank=True)
    alerts_paused_until = models.DateTimeField(null=True)
    steps = models.JSONField(default=dict)
    drafts = models.JSONField(default=dict)


class Credential(models.Model):
    """Something that a person proves by a document; only a named human of ops says whether it holds.

    Who somebody is, the payments provider checks: that one has no document here, and lasts until a day.
    """

    KINDS = [
        ("degree", _("Degree")),
        ("licence", _("Licence to practise")),
        ("certificate", _("Certificate")),
        ("language_test", _("Language test")),
        ("employment", _("Proof of employment")),
        (IDENTITY, _("Identity check")),
    ]
    HANDED_IN = KINDS[:-1]
    REASONS = [
        ("unreadable", _("The document cannot be read")),
        ("name_differs", _("The name on it is another one")),
        ("not_the_credential", _("It does not show what was stated")),
        ("expired", _("It is no longer valid")),
        ("cannot_be_checked", _("The issuer could not be asked")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey(WorkerProfile, on_delete=models.PROTECT, related_name="credentials")
    kind = models.CharField(max_length=20, choices=KINDS)
    domain = models.CharField(max_length=20, choices=[*DOMAINS, (IDENTITY, _("Who they are"))])
    title = models.CharField(max_length=120)
    issuer = models.CharField(max_length=120)
    year = models.PositiveSmallIntegerField(null=True)
    proof = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, related_name="+")
    state = states.field(CREDENTIAL)
    submitted_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=20, choices=REASONS, blank=True, default="")
    note = models.TextField(max_length=1000, blank=True, default="")

    class Meta:
        constraints = [
            states.constraint(CREDENTIAL),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, decided_by__isnull=True, state__in=["waiting", "withdrawn"])
                | models.Q(decided_at__isnull=False, decided_by__isnull=False, state__in=["verified", "refused", "withdrawn"])
                | models.Q(decided_at__isnull=False, decided_by__isnull=True, kind="identity", state__in=["verified", "withdrawn"]),
                name="credential_decided_by_a_person",
            ),
            models.CheckConstraint(
                condition=models.Q(domain="identity", expires_at__isnull=False, kind="identity", proof__isnull=True)
                | (models.Q(proof__isnull=False) & ~models.Q(kind="identity") & ~models.Q(domain="identity")),
                name="credential_has_its_proof",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("worker")),
                name="credential_not_decided_by_its_owner",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused") | ~models.Q(refusal=""), name="credential_refused_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="credentials_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["worker", "state"], name="credentials_by_worker"),
        ]
