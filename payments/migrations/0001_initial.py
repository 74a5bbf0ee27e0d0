"""The tables of money, and what the database itself holds true about them."""

from pathlib import Path

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import kit.ids

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("workers", "0001_initial"),
        ("workers", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerAccount",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("client_prepaid", "paid in by a client, not yet promised to a batch"),
                            ("client_receivable", "owed to us by a client, after a chargeback or a late decision"),
                            ("batch_reserved", "promised to a batch at its launch"),
                            ("worker_pending", "earned, in review"),
                            ("worker_available", "confirmed, waits for the next payout"),
                            ("worker_in_transit", "in a payout that the rail has not confirmed"),
                            ("worker_held", "confirmed but stopped: a dispute or a case"),
                            ("worker_receivable", "owed to us by a worker: proven fraud, reversals of the rail"),
                            ("platform_revenue", "our fee"),
                            ("platform_fees", "what the rails charge us"),
                            ("platform_losses", "what we pay so that nobody else goes short"),
                            ("platform_fx", "differences of exchange"),
                            ("stripe_available", "our balance at Stripe, as its balance transactions show it"),
                            ("stripe_clearing", "known to us, not yet seen at Stripe: must age to zero"),
                            ("dispute", "taken by a chargeback that is not decided: must age to zero"),
                        ],
                        max_length=20,
                    ),
                ),
                ("owner_id", models.UUIDField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "debit_side",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.ExpressionWrapper(
                            models.Q(
                                (
                                    "kind__in",
                                    (
                                        "client_receivable",
                                        "worker_receivable",
                                        "platform_fees",
                                        "platform_losses",
                                        "platform_fx",
                                        "stripe_available",
                                        "stripe_clearing",
                                        "dispute",
                                    ),
                                )
                            ),
                            output_field=models.BooleanField(),
                        ),
                        output_field=models.BooleanField(),
                    ),
                ),
                (
                    "tracked",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.ExpressionWrapper(
                            models.Q(
                                (
                                    "kind__in",
                                    (
                                        "client_prepaid",
                                        "client_receivable",
                                        "worker_pending",
                                        "worker_available",
                                        "worker_in_transit",
                                        "worker_held",
                                        "worker_receivable",
                                        "platform_fees",
                                        "platform_losses",
                                        "platform_fx",
                                        "stripe_available",
                                        "stripe_clearing",
                                        "dispute",
                                    ),
                                )
                            ),
                            output_field=models.BooleanField(),
                        ),
                        output_field=models.BooleanField(),
                    ),
                ),
                (
                    "guarded",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.ExpressionWrapper(
                            models.Q(
                                (
                                    "kind__in",
                                    (
                                        "client_prepaid",
                                        "client_receivable",
                                        "worker_pending",
                                        "worker_available",
                                        "worker_in_transit",
                                        "worker_held",
                                        "worker_receivable",
                                    ),
                                )
                            ),
                            output_field=models.BooleanField(),
                        ),
                        output_field=models.BooleanField(),
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("owner_id", "kind", "currency"), name="one_account_per_owner_and_kind"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "client_prepaid",
                                    "client_receivable",
                                    "batch_reserved",
                                    "worker_pending",
                                    "worker_available",
                                    "worker_in_transit",
                                    "worker_held",
                                    "worker_receivable",
                                    "platform_revenue",
                                    "platform_fees",
                                    "platform_losses",
                                    "platform_fx",
                                    "stripe_available",
                                    "stripe_clearing",
                                    "dispute",
                                ],
                            )
                        ),
                        name="ledger_account_kind_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="ledger_currency_code"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="LedgerTx",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("idem", models.CharField(max_length=120, unique=True)),
                ("kind", models.CharField(max_length=20)),
                ("source_kind", models.CharField(max_length=20)),
                ("source_id", models.UUIDField()),
                ("legs", models.PositiveSmallIntegerField()),
                ("actor_id", models.UUIDField(null=True)),
                ("at", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [models.Index(fields=["source_id"], name="ledger_tx_by_source")],
                "constraints": [models.CheckConstraint(condition=models.Q(("legs__gte", 2)), name="ledger_tx_two_legs")],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("pk", models.CompositePrimaryKey("tx_id", "n", blank=True, editable=False, primary_key=True, serialize=False)),
                (
                    "tx",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="payments.ledgertx",
                    ),
                ),
                ("n", models.PositiveSmallIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="payments.ledgeraccount",
                    ),
                ),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["account"], include=("amount",), name="ledger_entry_by_account")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount", 0), _negated=True), name="ledger_entry_not_zero")
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerBalance",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="balance",
                        serialize=False,
                        to="payments.ledgeraccount",
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("entries", models.BigIntegerField()),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="PayoutAccount",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "user",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                ("rail", models.CharField(db_default="stripe", default="stripe", max_length=20)),
                ("rail_account", models.CharField(max_length=255, null=True)),
                ("country", models.CharField(max_length=2)),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("started", "started"),
                            ("active", "active"),
                            ("restricted", "restricted"),
                            ("rejected", "rejected"),
                            ("closed", "closed"),
                        ],
                        default="started",
                        max_length=20,
                    ),
                ),
                ("bank_ready", models.BooleanField(default=False)),
                ("wanted", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("ready_at", models.DateTimeField(null=True)),
                ("details_changed_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["started", "restricted"])),
                        fields=["read_at"],
                        name="payout_accounts_to_read",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("started", "active", "restricted", "rejected", "closed"))),
                        name="payout_account_state_known",
                    ),
                    models.UniqueConstraint(fields=("rail", "rail_account"), name="one_row_per_rail_account"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "closed"), _negated=True),
                        fields=("user", "rail"),
                        name="one_payout_account_per_rail",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutRun",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("approved", "approved"),
                            ("paused", "paused"),
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                        ],
                        default="draft",
                        max_length=20,
                    ),
                ),
                ("weekly", models.BooleanField(default=False)),
                ("minimum_units", models.BigIntegerField()),
                ("payouts_planned", models.PositiveIntegerField(default=0)),
                ("total_units", models.BigIntegerField(default=0)),
                ("left_out", models.JSONField(default=dict)),
                ("drafted_by", models.UUIDField(null=True)),
                ("drafted_at", models.DateTimeField()),
                ("approved_by", models.UUIDField(null=True)),
                ("approved_at", models.DateTimeField(null=True)),
                ("paused_for", models.CharField(blank=True, default="", max_length=40)),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-drafted_at", "-id"], name="runs_by_age"),
                    models.Index(
                        condition=models.Q(("state__in", ["approved", "paused"])), fields=["state"], name="runs_under_way"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("draft", "approved", "paused", "done", "cancelled"))),
                        name="payout_run_state_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts",
                        to="payments.payoutrun",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payouts", to="payments.payoutaccount"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("earned_units", models.BigIntegerField(default=0)),
                ("carry_in_units", models.BigIntegerField(default=0)),
                ("carry_out_units", models.BigIntegerField(default=0)),
                ("amount_units", models.BigIntegerField(default=0)),
                ("earnings_count", models.PositiveIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("approved", "approved"),
                            ("sending", "sending"),
                            ("sent", "sent"),
                            ("paid", "paid"),
                            ("failed", "failed"),
                            ("returned", "returned"),
                        ],
                        default="draft",
                        max_length=20,
                    ),
                ),
                ("fault", models.CharField(blank=True, default="", max_length=80)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("paid_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["run", "state", "id"], name="payouts_of_run"),
                    models.Index(fields=["worker", "-created_at", "-id"], name="payouts_of_worker"),
                    models.Index(
                        condition=models.Q(("state__in", ["approved", "sending"])), fields=["state", "id"], name="payouts_to_send"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("draft", "approved", "sending", "sent", "paid", "failed", "returned"))),
                        name="payout_state_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("draft", "approved", "sending"))),
                        fields=("worker", "currency"),
                        name="one_open_payout_per_worker",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount_units",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("earned_units"), "+", models.F("carry_in_units")
                                    ),
                                    "-",
                                    models.F("carry_out_units"),
                                ),
                            )
                        ),
                        name="payout_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "draft"), ("amount_units__gt", 0), _connector="OR"),
                        name="payout_is_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "payout",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="payments.payout"
                    ),
                ),
                ("n", models.PositiveSmallIntegerField()),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("intended", "intended"), ("in_doubt", "in doubt"), ("known", "known"), ("refused", "refused")],
                        default="intended",
                        max_length=20,
                    ),
                ),
                ("calls", models.PositiveIntegerField(default=0)),
                ("lookups_empty", models.PositiveSmallIntegerField(default=0)),
                ("looked_up_at", models.DateTimeField(null=True)),
                ("needs_person", models.BooleanField(default=False)),
                ("transfer_id", models.CharField(max_length=255, null=True)),
                ("destination_payment", models.CharField(max_length=255, null=True)),
                ("fault", models.CharField(blank=True, default="", max_length=80)),
                ("detail", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField()),
                ("first_sent_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("cleared_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ("intended", "in_doubt"))), fields=["due_at"], name="attempts_due"
                    ),
                    models.Index(
                        condition=models.Q(("cleared_at__isnull", True), ("state", "known")),
                        fields=["settled_at"],
                        name="attempts_uncleared",
                    ),
                    models.Index(
                        condition=models.Q(("state", "known")), fields=["destination_payment"], name="attempts_by_payment"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("intended", "in_doubt", "known", "refused"))),
                        name="attempt_state_known",
                    ),
                    models.UniqueConstraint(fields=("payout", "n"), name="one_attempt_per_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("intended", "in_doubt"))),
                        fields=("payout",),
                        name="one_open_attempt_per_payout",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "known")), fields=("payout",), name="one_transfer_per_payout"
                    ),
                    models.UniqueConstraint(fields=("transfer_id",), name="one_attempt_per_transfer"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "known"), ("transfer_id__isnull", False)),
                            models.Q(models.Q(("state", "known"), _negated=True), ("transfer_id__isnull", True)),
                            _connector="OR",
                        ),
                        name="known_means_transfer",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BankPayout",
            fields=[
                ("id", models.CharField(max_length=255, primary_key=True, serialize=False)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bank_payouts", to="payments.payoutaccount"
                    ),
                ),
                ("amount_units", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("status", models.CharField(max_length=20)),
                ("failure_code", models.CharField(blank=True, default="", max_length=80)),
                ("arrives_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("payouts", models.ManyToManyField(related_name="bank_payouts", to="payments.payout")),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Earning",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "worker",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workers.organisation",
                    ),
                ),
                ("batch_id", models.UUIDField()),
                ("source_kind", models.CharField(max_length=20)),
                ("source_id", models.UUIDField()),
                (
                    "adjusts",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="payments.earning",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_units", models.BigIntegerField()),
                ("fee_units", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "pending"), ("confirmed", "confirmed"), ("released", "released")],
                        db_default="pending",
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("confirmed_units", models.BigIntegerField(null=True)),
                ("confirmed_fee_units", models.BigIntegerField(null=True)),
                ("from_losses", models.BooleanField(db_default=False, default=False)),
                ("held", models.BooleanField(db_default=False, default=False)),
                (
                    "payout",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="earnings",
                        to="payments.payout",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["worker", "-created_at", "-id"], name="earnings_of_worker"),
                    models.Index(
                        condition=models.Q(("payout__isnull", True), ("state", "confirmed")),
                        fields=["currency", "worker"],
                        name="earnings_payable",
                    ),
                    models.Index(
                        condition=models.Q(("state", "confirmed")), fields=["worker", "settled_at"], name="earnings_confirmed"
                    ),
                    models.Index(condition=models.Q(("payout__isnull", False)), fields=["payout"], name="earnings_of_payout"),
                    models.Index(condition=models.Q(("adjusts__isnull", False)), fields=["adjusts"], name="earnings_adjusting"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("pending", "confirmed", "released"))), name="earning_state_known"
                    ),
                    models.UniqueConstraint(fields=("source_kind", "source_id"), name="one_earning_per_source"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_units__gte", 0), ("fee_units__gte", 0)), name="earning_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("confirmed_fee_units__isnull", False), ("confirmed_units__isnull", False), ("state", "confirmed")
                            ),
                            models.Q(
                                models.Q(("state", "confirmed"), _negated=True),
                                ("confirmed_units__isnull", True),
                                ("payout__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="only_confirmed_is_payable",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_units__isnull", True),
                            models.Q(("confirmed_units__gte", 0), ("confirmed_units__lte", models.F("amount_units"))),
                            _connector="OR",
                        ),
                        name="confirmed_within_promise",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EarningLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey("earning_id", "n", blank=True, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "earning",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="payments.earning",
                    ),
                ),
                ("n", models.PositiveSmallIntegerField()),
                ("kind", models.CharField(max_length=30)),
                ("units", models.BigIntegerField()),
                ("inputs", models.JSONField()),
                ("rule", models.CharField(max_length=60)),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="BatchTally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id", "shard", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("batch_id", models.UUIDField()),
                ("shard", models.PositiveSmallIntegerField()),
                (
                    "organisation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workers.organisation",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("given_units", models.BigIntegerField(db_default=0, default=0)),
                ("pending_units", models.BigIntegerField(db_default=0, default=0)),
                ("paid_units", models.BigIntegerField(db_default=0, default=0)),
                ("fee_units", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["organisation"], name="tallies_of_organisation")],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "earning",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="payments.earning"),
                ),
                ("units", models.BigIntegerField()),
                ("reason", models.CharField(max_length=40)),
                ("state", models.CharField(choices=[("open", "open"), ("lifted", "lifted")], default="open", max_length=20)),
                ("opened_by", models.UUIDField(null=True)),
                ("opened_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("state__in", ("open", "lifted"))), name="hold_state_known"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("earning",), name="one_open_hold_per_earning"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Funding",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "organisation",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workers.organisation"),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount_units", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("intended", "intended"),
                            ("open", "open"),
                            ("processing", "processing"),
                            ("settled", "settled"),
                            ("expired", "expired"),
                            ("failed", "failed"),
                        ],
                        default="intended",
                        max_length=20,
                    ),
                ),
                ("success_url", models.CharField(max_length=500)),
                ("cancel_url", models.CharField(max_length=500)),
                ("checkout_id", models.CharField(max_length=255, null=True)),
                ("url", models.TextField(blank=True, default="")),
                ("charge_id", models.CharField(max_length=255, null=True)),
                ("fault", models.CharField(blank=True, default="", max_length=80)),
                ("started_by", models.UUIDField()),
                ("created_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("cleared_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-created_at", "-id"], name="fundings_of_client"),
                    models.Index(
                        condition=models.Q(("state__in", ["intended", "open", "processing"])),
                        fields=["created_at"],
                        name="fundings_unfinished",
                    ),
                    models.Index(
                        condition=models.Q(("cleared_at__isnull", True), ("state", "settled")),
                        fields=["settled_at"],
                        name="fundings_uncleared",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("intended", "open", "processing", "settled", "expired", "failed"))),
                        name="funding_state_known",
                    ),
                    models.UniqueConstraint(fields=("checkout_id",), name="one_funding_per_checkout"),
                    models.UniqueConstraint(fields=("charge_id",), name="one_funding_per_charge"),
                    models.CheckConstraint(condition=models.Q(("amount_units__gt", 0)), name="funding_is_positive"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StripeEvent",
            fields=[
                ("id", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("endpoint", models.CharField(max_length=10)),
                ("type", models.CharField(max_length=120)),
                ("account", models.CharField(blank=True, default="", max_length=255)),
                ("object_id", models.CharField(blank=True, default="", max_length=255)),
                ("body", models.TextField()),
                ("happened_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("applied_at", models.DateTimeField(null=True)),
                ("fault", models.TextField(blank=True, default="")),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("applied_at__isnull", True)), fields=["due_at"], name="stripe_events_due"),
                    models.Index(fields=["-received_at"], name="stripe_events_by_age"),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="RailMovement",
            fields=[
                ("id", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("type", models.CharField(max_length=60)),
                ("amount_units", models.BigIntegerField()),
                ("fee_units", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("source", models.CharField(blank=True, default="", max_length=255)),
                ("created_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="rail_movements_by_age")],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Mismatch",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=30)),
                ("subject", models.CharField(max_length=255)),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
                ("ours_units", models.BigIntegerField(null=True)),
                ("theirs_units", models.BigIntegerField(null=True)),
                ("found_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.UUIDField(null=True)),
                ("note", models.TextField(blank=True, default="")),
            ],
            options={
                "indexes": [models.Index(fields=["-found_at", "-id"], name="mismatches_by_age")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)), fields=("kind", "subject"), name="one_open_mismatch"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerCheck",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("place", models.PositiveSmallIntegerField()),
                ("ok", models.BooleanField()),
                ("detail", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.RunSQL((HERE / "ledger_guards.sql").read_text(), reverse_sql=(HERE / "ledger_guards_down.sql").read_text()),
    ]
