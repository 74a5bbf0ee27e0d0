"""What finance adds to the books by hand: corrections that a second person posts, and exchanges of our own balance."""

from __future__ import annotations

from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from payments import chart
from payments.models.rail import Mismatch, RailMovement
from payments.states import CORRECTION


class Correction(models.Model):
    """One movement that makes a wrong posting good: drafted by one person of finance, posted or dropped by another.

    The accounts are named by kind and owner; nothing of it changes after the draft but its state.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = kit_states.field(CORRECTION)
    debit_kind = models.CharField(max_length=20, choices=[(kind.name, kind.meaning) for kind in chart.KINDS])
    debit_owner = models.UUIDField()
    credit_kind = models.CharField(max_length=20, choices=[(kind.name, kind.meaning) for kind in chart.KINDS])
    credit_owner = models.UUIDField()
    currency = models.CharField(max_length=3)
    amount_units = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    mismatch = models.ForeignKey(Mismatch, on_delete=models.PROTECT, null=True, related_name="corrections")
    drafted_by = models.UUIDField()
    drafted_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(CORRECTION),
            models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="correction_is_positive"),
            models.CheckConstraint(
                condition=~models.Q(credit_kind=models.F("debit_kind"), credit_owner=models.F("debit_owner")),
                name="correction_of_two_accounts",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, decided_by__isnull=True, state="draft")
                | models.Q(decided_at__isnull=False, decided_by__isnull=False, state="dropped")
                | models.Q(
                    ~models.Q(decided_by=models.F("drafted_by")), decided_at__isnull=False, decided_by__isnull=False, state="posted"
                ),
                name="correction_by_a_second_person",
            ),
        ]
        indexes = [models.Index(fields=["-drafted_at", "-id"], name="corrections_by_age")]

    @property
    def debit(self) -> chart.Account:
        return chart.Account(self.debit_kind, self.debit_owner, self.currency)

    @property
    def credit(self) -> chart.Account:
        return chart.Account(self.credit_kind, self.credit_owner, self.currency)


class OwnExchange(models.Model):
    """Money of the platform that became another currency at the rail: `out_units` left one balance, `into_units` came to another.

    A side is cleared once Stripe's balance transaction for it was seen; at most one transaction answers for a side.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    out_currency = models.CharField(max_length=3)
    out_units = models.BigIntegerField()
    into_currency = models.CharField(max_length=3)
    into_units = models.BigIntegerField()
    note = models.CharField(max_length=300)
    made_by = models.UUIDField()
    made_at = models.DateTimeField()
    out_movement = models.OneToOneField(RailMovement, on_delete=models.PROTECT, null=True, related_name="exchanged_out")
    into_movement = models.OneToOneField(RailMovement, on_delete=models.PROTECT, null=True, related_name="exchanged_into")
    out_cleared_at = models.DateTimeField(null=True)
    into_cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(into_units__gt=0, out_units__gt=0), name="own_exchange_is_positive"),
            models.CheckConstraint(condition=~models.Q(into_currency=models.F("out_currency")), name="own_exchange_of_two_currencies"),
        ]
        indexes = [models.Index(fields=["-made_at", "-id"], name="own_exchanges_by_age")]
