"""The ledger's tables: accounts, transactions, signed entries, kept balances; written by `payments.ledger` alone.

What the columns cannot say stands beside the migration in `ledger_guards.sql`: entries of a transaction sum to zero per
currency, nothing is ever edited or added later, guarded accounts never fall below zero, balances follow by trigger.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from kit.ids import uuid7
from payments import chart


def _kind_in(kinds: tuple[str, ...]) -> models.ExpressionWrapper[models.Q]:
    return models.ExpressionWrapper(models.Q(kind__in=kinds), output_field=models.BooleanField())


class LedgerAccount(models.Model):
    """One account per owner, kind and currency; its id and its guards follow from the kind and cannot be chosen."""

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=20, choices=[(kind.name, kind.meaning) for kind in chart.KINDS])
    owner_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    debit_side = models.GeneratedField(
        expression=_kind_in(chart.DEBIT_SIDE), output_field=models.BooleanField(), db_persist=True
    )
    tracked = models.GeneratedField(
        expression=_kind_in(chart.TRACKED), output_field=models.BooleanField(), db_persist=True
    )
    guarded = models.GeneratedField(
        expression=_kind_in(chart.GUARDED), output_field=models.BooleanField(), db_persist=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "kind", "currency"], name="one_account_per_owner_and_kind"),
            models.CheckConstraint(
                condition=models.Q(kind__in=list(chart.BY_NAME)), name="ledger_account_kind_known"
            ),
            models.CheckConstraint(condition=models.Q(currency__regex="^[A-Z]{3}$"), name="ledger_currency_code"),
        ]


class LedgerTx(models.Model):
    """One movement of money. Its id comes from the caller, its idempotency key makes it happen once.

    `legs` is how many entries it has; the database refuses any other number, now and later. The column `created_xid`
    (made in SQL, unknown here so that nobody can set it) seals it: entries join only in the same database transaction.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    idem = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    source_kind = models.CharField(max_length=20)
    source_id = models.UUIDField()
    legs = models.SmallIntegerField()
    actor_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["source_id"], name="ledger_tx_by_source"),
            BrinIndex(fields=["at"], name="ledger_tx_by_time", autosummarize=True),  # written in order of time, so a few kB do
        ]
        constraints = [
            models.UniqueConstraint(fields=["idem"], name="ledger_tx_once"),
            models.CheckConstraint(condition=models.Q(legs__gte=2), name="ledger_tx_two_legs"),
        ]


class LedgerEntry(models.Model):
    """One leg: debit positive, credit negative, in units of the account's currency."""

    pk = models.CompositePrimaryKey("tx_id", "n")
    tx = models.ForeignKey(
        LedgerTx, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    n = models.SmallIntegerField()
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="entries", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["account"], include=["amount"], name="ledger_entry_by_account")]
        constraints = [models.CheckConstraint(condition=~models.Q(amount=0), name="ledger_entry_not_zero")]


class LedgerBalance(models.Model):
    """The sum of a tracked account's entries, kept by trigger; no role of the application may write it."""

    account = models.OneToOneField(
        LedgerAccount, on_delete=models.PROTECT, primary_key=True, related_name="balance", db_constraint=False
    )
    amount = models.BigIntegerField()
    entries = models.BigIntegerField()
