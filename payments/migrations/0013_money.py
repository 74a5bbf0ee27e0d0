
import django.db.models.deletion
from django.db import migrations, models

import kit.ids


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0012_people'),
    ]

    operations = [
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('posted', 'posted'), ('dropped', 'dropped')], default='draft', max_length=20)),
                ('debit_kind', models.CharField(choices=[('client_prepaid', 'paid in by a client, not yet promised to a batch'), ('client_receivable', 'owed to us by a client, after a chargeback or a late decision'), ('batch_reserved', 'promised to a batch at its launch'), ('worker_pending', 'earned, in review'), ('worker_available', 'confirmed, waits for the next payout'), ('worker_in_transit', 'in a payout that the rail has not confirmed'), ('worker_held', 'confirmed but stopped: a dispute or a case'), ('worker_receivable', 'owed to us by a worker: proven fraud, reversals of the rail'), ('platform_revenue', 'our fee'), ('platform_fees', 'what the rails charge us'), ('platform_losses', 'what we pay so that nobody else goes short'), ('platform_fx', 'differences of exchange'), ('stripe_available', 'our balance at Stripe, as its balance transactions show it'), ('stripe_clearing', 'known to us, not yet seen at Stripe: must age to zero'), ('bank_available', "our own bank account, as the bank's reports on our files show it"), ('bank_clearing', 'settled by our bank, not yet taken off our account of it: must age to zero'), ('dispute', 'taken by a chargeback that is not decided: must age to zero')], max_length=20)),
                ('debit_owner', models.UUIDField()),
                ('credit_kind', models.CharField(choices=[('client_prepaid', 'paid in by a client, not yet promised to a batch'), ('client_receivable', 'owed to us by a client, after a chargeback or a late decision'), ('batch_reserved', 'promised to a batch at its launch'), ('worker_pending', 'earned, in review'), ('worker_available', 'confirmed, waits for the next payout'), ('worker_in_transit', 'in a payout that the rail has not confirmed'), ('worker_held', 'confirmed but stopped: a dispute or a case'), ('worker_receivable', 'owed to us by a worker: proven fraud, reversals of the rail'), ('platform_revenue', 'our fee'), ('platform_fees', 'what the rails charge us'), ('platform_losses', 'what we pay so that nobody else goes short'), ('platform_fx', 'differences of exchange'), ('stripe_available', 'our balance at Stripe, as its balance transactions show it'), ('stripe_clearing', 'known to us, not yet seen at Stripe: must age to zero'), ('bank_available', "our own bank account, as the bank's reports on our files show it"), ('bank_clearing', 'settled by our bank, not yet taken off our account of it: must age to zero'), ('dispute', 'taken by a chargeback that is not decided: must age to zero')], max_length=20)),
                ('credit_owner', models.UUIDField()),
                ('currency', models.CharField(max_length=3)),
                ('amount_units', models.BigIntegerField()),
                ('reason', models.CharField(max_length=500)),
                ('drafted_by', models.UUIDField()),
                ('drafted_at', models.DateTimeField()),
                ('decided_by', models.UUIDField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('mismatch', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='payments.mismatch')),
            ],
            options={
                'indexes': [models.Index(fields=['-drafted_at', '-id'], name='corrections_by_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('draft', 'posted', 'dropped'))), name='correction_state_known'), models.CheckConstraint(condition=models.Q(('amount_units__gt', 0)), name='correction_is_positive'), models.CheckConstraint(condition=models.Q(('credit_kind', models.F('debit_kind')), ('credit_owner', models.F('debit_owner')), _negated=True), name='correction_of_two_accounts'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'draft')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state', 'dropped')), models.Q(models.Q(('decided_by', models.F('drafted_by')), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False), ('state', 'posted')), _connector='OR'), name='correction_by_a_second_person')],
            },
        ),
        migrations.CreateModel(
            name='OwnExchange',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('out_currency', models.CharField(max_length=3)),
                ('out_units', models.BigIntegerField()),
                ('into_currency', models.CharField(max_length=3)),
                ('into_units', models.BigIntegerField()),
                ('note', models.CharField(max_length=300)),
                ('made_by', models.UUIDField()),
                ('made_at', models.DateTimeField()),
                ('out_cleared_at', models.DateTimeField(null=True)),
                ('into_cleared_at', models.DateTimeField(null=True)),
                ('into_movement', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exchanged_into', to='payments.railmovement')),
                ('out_movement', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exchanged_out', to='payments.railmovement')),
            ],
            options={
                'indexes': [models.Index(fields=['-made_at', '-id'], name='own_exchanges_by_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(('into_units__gt', 0), ('out_units__gt', 0)), name='own_exchange_is_positive'), models.CheckConstraint(condition=models.Q(('into_currency', models.F('out_currency')), _negated=True), name='own_exchange_of_two_currencies')],
            },
        ),
    ]
