"""What workers earned, the lines that explain it, the sums per batch, and what is held."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from kit import states as kit_states
from kit.ids import uuid7
from kit.money import Money
from payments.states import EARNING, HOLD


class Earning(models.Model):
    """Money owed to a worker for one source (a submission, an exam, a kill fee, a bonus, an adjustment).

    `amount_units` and `fee_units` are what was promised and never change; `confirmed_units` and `confirmed_fee_units` are what
    a judgement made of them (a share, or all). `payout` is the one payout that carries it. The foreign keys are made
    immediate in `ledger_guards.sql`: this row is on the hot path. What the platform pays out of a programme of its own has no
    organisation, and the programme's id instead of a batch's.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    organisation = models.ForeignKey(
        "workers.Organisation", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    batch_id = models.UUIDField()
    source_kind = models.CharField(max_length=20)
    source_id = models.UUIDField()
    adjusts = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="adjustments", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    amount_units = models.BigIntegerField()
    fee_units = models.BigIntegerField()
    state = kit_states.field(EARNING, db_default=EARNING.initial)
    confirmed_units = models.BigIntegerField(null=True)
    confirmed_fee_units = models.BigIntegerField(null=True)
    from_losses = models.BooleanField(default=False, db_default=False)
    held = models.BooleanField(default=False, db_default=False)
    payout = models.ForeignKey(
        "payments.Payout", on_delete=models.PROTECT, null=True, related_name="earnings", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(EARNING),
            models.UniqueConstraint(fields=["source_kind", "source_id"], name="one_earning_per_source"),
            models.CheckConstraint(
                condition=models.Q(amount_units__gte=0, fee_units__gte=0), name="earning_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(state="confirmed", confirmed_units__isnull=False, confirmed_fee_units__isnull=False)
                | (~models.Q(state="confirmed") & models.Q(confirmed_units__isnull=True, payout__isnull=True)),
                name="only_confirmed_is_payable",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_units__isnull=True)
                | models.Q(confirmed_units__gte=0, confirmed_units__lte=models.F("amount_units")),
                name="confirmed_within_promise",
            ),
        ]
        indexes = [
            models.Index(fields=["worker", "-created_at", "-id"], name="earnings_of_worker"),
            models.Index(
                fields=["currency", "worker"],
                include=["confirmed_units"],
                name="earnings_payable",
                condition=models.Q(state="confirmed", payout__isnull=True),
            ),
            models.Index(
                fields=["worker", "settled_at"], name="earnings_confirmed", condition=models.Q(state="confirmed")
            ),
            models.Index(
                fields=["organisation", "settled_at"], name="earnings_of_client", condition=models.Q(state="confirmed")
            ),
            models.Index(fields=["payout"], name="earnings_of_payout", condition=models.Q(payout__isnull=False)),
            models.Index(fields=["adjusts"], name="earnings_adjusting", condition=models.Q(adjusts__isnull=False)),
        ]


class EarningLine(models.Model):
    """One reason of an earning: how much, from which inputs, by which version of which rule. Append-only by trigger."""

    pk = models.CompositePrimaryKey("earning_id", "n")
    earning = models.ForeignKey(
        Earning, on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    n = models.SmallIntegerField()
    kind = models.CharField(max_length=30)
    units = models.BigIntegerField()
    inputs = models.JSONField()
    rule = models.CharField(max_length=60)


class BatchTally(models.Model):
    """What a batch was given and where it went, summed as it happens, so that no page has to scan a million earnings.

    Sixteen rows per batch, one per group of database sessions, so that submissions do not queue for one row. Reserved =
    given - pending - paid - fees; `ledger_check` holds it against the ledger.
    """

    pk = models.CompositePrimaryKey("batch_id", "shard")
    batch_id = models.UUIDField()
    shard = models.SmallIntegerField()
    organisation = models.ForeignKey(
        "workers.Organisation", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    given_units = models.BigIntegerField(default=0, db_default=0)
    pending_units = models.BigIntegerField(default=0, db_default=0)
    paid_units = models.BigIntegerField(default=0, db_default=0)
    fee_units = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        indexes = [models.Index(fields=["organisation"], name="tallies_of_organisation")]


class Hold(models.Model):
    """One confirmed earning stopped on its way to a payout, for a reason that the worker can read."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    earning = models.ForeignKey(Earning, on_delete=models.PROTECT, related_name="holds")
    units = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    state = kit_states.field(HOLD)
    opened_by = models.UUIDField(null=True)
    opened_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            kit_states.constraint(HOLD),
            models.UniqueConstraint(
                fields=["earning"], condition=models.Q(state="open"), name="one_open_hold_per_earning"
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.units, self.earning.currency)


class Pool(models.Model):
    """A named part of a batch's reserve (bonuses, the hourly floor, a mission): what was set aside and what was paid of it,
    fees included. It only limits: the money itself stands in the reserve."""

    id = models.BigAutoField(primary_key=True)
    batch_id = models.UUIDField()
    name = models.CharField(max_length=50)
    given_units = models.BigIntegerField(default=0)
    spent_units = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch_id", "name"], name="one_pool_per_name"),
            models.CheckConstraint(
                condition=models.Q(spent_units__gte=0, spent_units__lte=models.F("given_units")), name="pool_never_overdrawn"
            ),
        ]
