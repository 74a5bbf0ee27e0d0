"""Ways out that are no removal: data erased at somebody's own wish, a country that closes, two accounts that become one."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import states
from kit.ids import uuid7
from workers.models.people import User, WorkerProfile
from workers.states import MERGE

ERASURE_WAIT = timedelta(days=14)
"""Between somebody's wish to be erased and its carrying out; until then it can be taken back."""

EXIT_NOTICE = timedelta(days=14)
"""How long before its last day people of a country are told that work there ends."""


class Erasure(models.Model):
    """Somebody asked that their personal data be erased; runners carry it out when it is due and may not write one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="erasures")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(taken_back_at__isnull=True), name="one_erasure_asked_for"
            ),
            models.CheckConstraint(
                condition=models.Q(due_at__gte=models.F("asked_at") + ERASURE_WAIT), name="erasure_waits"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="erasures_due", condition=models.Q(taken_back_at__isnull=True))]


class CountryExit(models.Model):
    """A named person of ops ends work in a country from a day on: everybody there is told reason and dates, and can appeal."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    country = models.CharField(max_length=2)
    clause = models.CharField(max_length=200)
    why = models.CharField(max_length=500)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    last_work_at = models.DateTimeField()
    people = models.PositiveIntegerField(default=0)
    taken_back_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country"], condition=models.Q(taken_back_at__isnull=True), name="one_exit_per_country"
            ),
            models.CheckConstraint(
                condition=models.Q(last_work_at__gte=models.F("decided_at") + EXIT_NOTICE), name="exit_gives_notice"
            ),
            models.CheckConstraint(
                condition=models.Q(taken_back_at__isnull=True, taken_back_by__isnull=True)
                | models.Q(taken_back_at__isnull=False, taken_back_by__isnull=False),
                name="exit_taken_back_by_a_person",
            ),
        ]


class Merge(models.Model):
    """Two accounts of one person become one: proposed by one person of ops, approved by a second; `old` ends with a link.

    `moved` says what went over: counts by what it was, and money by currency.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    old = models.ForeignKey(WorkerProfile, on_delete=models.PROTECT, related_name="merges")
    kept = models.ForeignKey(WorkerProfile, on_delete=models.PROTECT, related_name="merged_from")
    why = models.CharField(max_length=500)
    state = states.field(MERGE)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    moved = models.JSONField(default=dict)

    class Meta:
        constraints = [
            states.constraint(MERGE),
            models.CheckConstraint(condition=~models.Q(kept=models.F("old")), name="merge_of_two_accounts"),
            models.UniqueConstraint(
                fields=["old"], condition=models.Q(state__in=["proposed", "done"]), name="one_merge_per_account"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, decided_by__isnull=True, state="proposed")
                | models.Q(decided_at__isnull=False, decided_by__isnull=False, state__in=["done", "declined"]),
                name="merge_decided_by_a_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | ~models.Q(decided_by=models.F("proposed_by")),
                name="merge_approved_by_a_second_person",
            ),
        ]
        indexes = [
            models.Index(fields=["proposed_at"], name="merges_waiting", condition=models.Q(state="proposed")),
            models.Index(fields=["kept"], name="merges_by_kept"),
        ]


class Sighting(models.Model):
    """A trait that a person was seen with - a device, a network, a document, a payout account - as a keyed hash alone.

    Two people with one trait are neighbours in the account graph; what the trait was cannot be read from here.
    """

    KINDS = [
        ("device", _("Same device")),
        ("document", _("Same document")),
        ("network", _("Same network")),
        ("payout", _("Same payout account")),
    ]

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sightings")
    kind = models.CharField(max_length=10, choices=KINDS)
    trait = models.CharField(max_length=64)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "trait"], name="one_sighting_per_trait")]
        indexes = [models.Index(fields=["kind", "trait"], name="sightings_by_trait")]


class PersonCase(models.Model):
    """A suspicion about several accounts that a named person looks at; it changes nothing by itself.

    `reasons` is a list of {"a", "b", "kind", "note"}: the edges of the account graph when it was opened. `holds` are the
    payments' holds that it asked for. `opened_by` is empty where the duplicate check opened it.
    """

    OUTCOMES = [
        ("nothing", _("Nothing was wrong")),
        ("merged", _("The accounts became one")),
        ("household", _("Two people who share something")),
        ("decided", _("A decision was made about somebody")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="person_cases")
    others = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    note = models.TextField(max_length=2000, blank=True, default="")
    holds = models.JSONField(default=list)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True, default="")
    finding = models.TextField(max_length=2000, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(closed_at__isnull=True), name="one_open_case_per_person"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True, outcome="")
                | (models.Q(closed_at__isnull=False, closed_by__isnull=False) & ~models.Q(outcome="")),
                name="case_closed_by_a_person",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="person_cases_open", condition=models.Q(closed_at__isnull=True))]
