"""Money that moves when two accounts of one person become one, and identity checks at Stripe."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.ids

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0011_exchange_invoices'),
        ('workers', '0003_leaving'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='IdentityCheck',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('session_id', models.CharField(max_length=255, null=True, unique=True)),
                ('state', models.CharField(choices=[('started', 'started'), ('processing', 'processing'), ('verified', 'verified'), ('cancelled', 'cancelled')], default='started', max_length=20)),
                ('fault', models.CharField(blank=True, default='', max_length=80)),
                ('created_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-created_at'], name='identity_checks_of_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('started', 'processing', 'verified', 'cancelled'))), name='identity_check_state_known')],
            },
        ),
        migrations.CreateModel(
            name='MoneyMove',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('currency', models.CharField(max_length=3)),
                ('pending_units', models.BigIntegerField(default=0)),
                ('available_units', models.BigIntegerField(default=0)),
                ('held_units', models.BigIntegerField(default=0)),
                ('receivable_units', models.BigIntegerField(default=0)),
                ('carry_units', models.BigIntegerField(default=0)),
                ('at', models.DateTimeField()),
                ('from_worker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('merge', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workers.merge')),
                ('to_worker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('from_worker', models.F('to_worker')), _negated=True), name='money_moves_on')],
            },
        ),
        migrations.RunSQL((HERE / "people_guards.sql").read_text(), reverse_sql=(HERE / "people_guards_down.sql").read_text()),
    ]
