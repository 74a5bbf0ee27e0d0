"""The bank-file rail: payments that wait for a file, the files handed to our bank, and the bank's reports on them."""

from __future__ import annotations

from django.db import models

from kit import states as kit_states
from kit.ids import uuid7
from payments.models.payouts import Payout, PayoutRun
from payments.states import BANK_PAYMENT


class BankFile(models.Model):
    """Payments of one run that go to our bank together. What is in it never changes, so each download is the same file.

    `debtor` is our own account as it was when the file was written.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="bank_files")
    currency = models.CharField(max_length=3)
    payments_count = models.PositiveIntegerField()
    total_units = models.BigIntegerField()
    debtor = models.JSONField()
    execute_on = models.DateField()
    written_by = models.UUIDField()
    written_at = models.DateTimeField()
    downloaded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-written_at", "-id"], name="bank_files_by_age")]

    @property
    def message_id(self) -> str:
        """Its name at the bank, of at most 35 characters."""
        return self.pk.hex


class BankPayment(models.Model):
    """One payment for our bank to make. `key` is the try's key and the end-to-end id; `sealed` the details it goes to."""

    key = models.CharField(max_length=35, primary_key=True)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="bank_payments")
    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, null=True, related_name="payments")
    amount_units = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    sealed = models.TextField()
    state = kit_states.field(BANK_PAYMENT)
    fault = models.CharField(max_length=80, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    reported_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(BANK_PAYMENT),
            models.CheckConstraint(condition=models.Q(amount_units__gt=0), name="bank_payment_is_positive"),
            models.CheckConstraint(
                condition=models.Q(file__isnull=True, state="waiting") | (models.Q(file__isnull=False) & ~models.Q(state="waiting")),
                name="bank_payment_filed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="bank_payments_open",
                condition=models.Q(state__in=["waiting", "filed", "accepted"]),
            ),
        ]  # fmt: skip


class BankReport(models.Model):
    """A status report that was read, by the fingerprint of its bytes: the same file again changes nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    fingerprint = models.CharField(max_length=64, unique=True)
    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="reports")
    settled = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    noted = models.PositiveIntegerField()
    read_by = models.UUIDField()
    read_at = models.DateTimeField()
