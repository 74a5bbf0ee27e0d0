"""How workers are paid: their accounts at a rail, runs, payouts, the tries at them, and what the bank made of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import states as kit_states
from kit.ids import uuid7
from kit.money import Money
from payments.states import ATTEMPT, OPEN_ATTEMPT, OPEN_PAYOUT, PAYOUT, PAYOUT_ACCOUNT, RUN


class TaxForm(models.TextChoices):
    """Which of the tax office's forms a person has handed in: a U.S. person's, or that of somebody who is none."""

    NONE = "", _("none yet")
    W9 = "w9", _("W-9")
    W8BEN = "w8ben", _("W-8BEN")


class Rhythm(models.TextChoices):
    """When somebody is paid: each Monday for nothing, or when they ask, at the rail's cost."""

    WEEKLY = "weekly", _("weekly")
    ON_DEMAND = "on_demand", _("on demand")


class PayoutAccount(models.Model):
    """A worker's account at a rail, as the rail last showed it.

    `details_changed_at` is set when payout details change after the account was ready once; payouts then wait 72 hours.
    `sealed` are the bank details where we have to know them (rail bank_file), `masked` what of them may be shown; an empty
    `currency` means whatever was earned. `tax_form` is what finance has on file, signed on `tax_form_on`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    rail = models.CharField(max_length=20, default="stripe", db_default="stripe")
    rail_account = models.CharField(max_length=255, null=True)
    sealed = models.TextField(blank=True, default="", db_default="")
    masked = models.CharField(max_length=20, blank=True, default="", db_default="")
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    state = kit_states.field(PAYOUT_ACCOUNT)
    bank_ready = models.BooleanField(default=False)
    wanted = models.JSONField(default=list)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    details_changed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    rhythm = models.CharField(max_length=9, choices=Rhythm.choices, default=Rhythm.WEEKLY, db_default=Rhythm.WEEKLY)
    tax_form = models.CharField(max_length=5, choices=TaxForm.choices, blank=True, default="", db_default="")
    tax_form_on = models.DateField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(PAYOUT_ACCOUNT),
            models.CheckConstraint(condition=models.Q(rhythm__in=Rhythm.values), name="payout_rhythm_known"),
            models.CheckConstraint(condition=models.Q(tax_form__in=TaxForm.values), name="tax_form_known"),
            models.CheckConstraint(
                condition=models.Q(tax_form="", tax_form_on__isnull=True)
                | (~models.Q(tax_form="") & models.Q(tax_form_on__isnull=False)),
                name="tax_form_has_its_date",
            ),
            models.UniqueConstraint(fields=["rail", "rail_account"], name="one_row_per_rail_account"),
            models.UniqueConstraint(
                fields=["user", "rail"], condition=~models.Q(state="closed"), name="one_payout_account_per_rail"
            ),
        ]
        indexes = [
            models.Index(
                fields=["read_at"], name="payout_accounts_to_read", condition=models.Q(state__in=["started", "restricted"])
            ),
        ]


class PayoutRun(models.Model):
    """Payouts decided together: drafted (the dry run), approved, paused when the platform's balance is short, done.

    `left_out` explains who is not in it: reason -> {"workers": n, "units": n}.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    currency = models.CharField(max_length=3)
    state = kit_states.field(RUN)
    weekly = models.BooleanField(default=False)
    on_demand = models.BooleanField(default=False, db_default=False)
    minimum_units = models.BigIntegerField()
    payouts_planned = models.PositiveIntegerField(default=0)
    total_units = models.BigIntegerField(default=0)
    left_out = models.JSONField(default=dict)
    drafted_by = models.UUIDField(null=True)
    drafted_at = models.DateTimeField()
    approved_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    paused_for = models.CharField(max_length=40, blank=True, default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [kit_states.constraint(RUN)]
        indexes = [
            models.Index(fields=["-drafted_at", "-id"], name="runs_by_age"),
            models.Index(fields=["state"], name="runs_under_way", condition=models.Q(state__in=["approved", "paused"])),
        ]


class Payout(models.Model):
    """A transfer of confirmed earnings to a worker: its earnings + carry-in, floored to the payable step.

    amount + cost = earned + carry_in - carry_out; the cost is the rail's, for a payout on demand. The carry is what earlier
    payouts of this worker left by rounding down. Where the worker's account is kept in another of the platform's currencies,
    `exchanged_units` of `exchanged_into` are sent for the amount, at a rate that is fixed when the payout is drafted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts", db_index=False)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="payouts")
    currency = models.CharField(max_length=3)
    earned_units = models.BigIntegerField(default=0)
    carry_in_units = models.BigIntegerField(default=0)
    carry_out_units = models.BigIntegerField(default=0)
    amount_units = models.BigIntegerField(default=0)
    cost_units = models.BigIntegerField(default=0, db_default=0)
    exchanged_units = models.BigIntegerField(null=True)
    exchanged_into = models.CharField(max_length=3, blank=True, default="", db_default="")
    rate = models.ForeignKey("payments.ExchangeRate", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    earnings_count = models.PositiveIntegerField(default=0)
    state = kit_states.field(PAYOUT)
    fault = models.CharField(max_length=80, blank=True, default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(PAYOUT),
            models.UniqueConstraint(
                fields=["worker", "currency"],
                condition=models.Q(state__in=OPEN_PAYOUT),
                name="one_open_payout_per_worker",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    amount_units=models.F("earned_units") + models.F("carry_in_units") - models.F("carry_out_units")
                    - models.F("cost_units")
                ),
                name="payout_adds_up",
            ),
            models.CheckConstraint(condition=models.Q(cost_units__gte=0), name="payout_cost_not_negative"),
            models.CheckConstraint(
                condition=models.Q(exchanged_into="", exchanged_units__isnull=True, rate__isnull=True)
                | (~models.Q(exchanged_into="") & models.Q(exchanged_units__gt=0, rate__isnull=False)),
                name="payout_exchange_is_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(state="draft") | models.Q(amount_units__gt=0), name="payout_is_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["run", "state", "id"], name="payouts_of_run"),
            models.Index(fields=["worker", "-created_at", "-id"], name="payouts_of_worker"),
            models.Index(
                fields=["state", "id"], name="payouts_to_send", condition=models.Q(state__in=["approved", "sending"])
            ),
        ]

    @property
    def amount(self) -> Money:
        """What leaves the worker's balance, without the cost."""
        return Money(self.amount_units, self.currency)

    @property
    def sends(self) -> Money:
        """What the rail is asked to pay: the amount, or what it was exchanged into."""
        return Money(self.exchanged_units, self.exchanged_into) if self.exchanged_units is not None else self.amount



class Attempt(models.Model):
    """One try at a payout, committed before the rail is called. `key` is the idempotency key of every call it makes.

    At most one is open and at most one known per payout: a second transfer has nowhere to be written down.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="attempts", db_index=False)
    n = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=80, unique=True)
    state = kit_states.field(ATTEMPT)
    calls = models.PositiveIntegerField(default=0)
    lookups_empty = models.PositiveSmallIntegerField(default=0)
    looked_up_at = models.DateTimeField(null=True)
    needs_person = models.BooleanField(default=False)
    transfer_id = models.CharField(max_length=255, null=True)
    destination_payment = models.CharField(max_length=255, null=True)
    fault = models.CharField(max_length=80, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    first_sent_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            kit_states.constraint(ATTEMPT),
            models.UniqueConstraint(fields=["payout", "n"], name="one_attempt_per_number"),
            models.UniqueConstraint(
                fields=["payout"], condition=models.Q(state__in=OPEN_ATTEMPT), name="one_open_attempt_per_payout"
            ),
            models.UniqueConstraint(fields=["payout"], condition=models.Q(state="known"), name="one_transfer_per_payout"),
            models.UniqueConstraint(fields=["transfer_id"], name="one_attempt_per_transfer"),
            models.CheckConstraint(
                condition=models.Q(state="known", transfer_id__isnull=False)
                | (~models.Q(state="known") & models.Q(transfer_id__isnull=True)),
                name="known_means_transfer",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="attempts_due", condition=models.Q(state__in=OPEN_ATTEMPT)),
            models.Index(
                fields=["settled_at"], name="attempts_uncleared", condition=models.Q(state="known", cleared_at__isnull=True)
            ),
            models.Index(
                fields=["destination_payment"], name="attempts_by_payment", condition=models.Q(state="known")
            ),
        ]


class BankPayout(models.Model):
    """A payout that the rail made from a worker's account to their bank; `paid` may still become `failed`."""

    id = models.CharField(max_length=255, primary_key=True)
    account = models.ForeignKey(PayoutAccount, on_delete=models.PROTECT, related_name="bank_payouts")
    amount_units = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20)
    failure_code = models.CharField(max_length=80, blank=True, default="")
    arrives_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    payouts = models.ManyToManyField(Payout, related_name="bank_payouts")
