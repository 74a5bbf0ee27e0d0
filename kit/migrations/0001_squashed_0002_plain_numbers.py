"""The tables of the cellar. Stands for the steps that led here, so that a fresh database is made at once."""

import django.db.models.functions.datetime
from django.db import migrations, models

import kit.ids


class Migration(migrations.Migration):

    replaces = [('kit', '0001_initial'), ('kit', '0002_plain_numbers')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Asset',
            fields=[
                ('sha256', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('content_type', models.CharField(max_length=60)),
                ('size', models.PositiveBigIntegerField()),
                ('width', models.PositiveIntegerField(null=True)),
                ('height', models.PositiveIntegerField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='AuditRecord',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('actor_id', models.UUIDField(null=True)),
                ('verb', models.CharField(max_length=60)),
                ('subject_kind', models.CharField(max_length=40)),
                ('subject_id', models.CharField(max_length=64)),
                ('from_state', models.CharField(blank=True, db_default='', default='', max_length=30)),
                ('to_state', models.CharField(blank=True, db_default='', default='', max_length=30)),
                ('reason', models.CharField(blank=True, db_default='', default='', max_length=80)),
            ],
            options={
                'indexes': [models.Index(fields=['subject_kind', 'subject_id', 'id'], name='audit_by_subject'), models.Index(fields=['actor_id', 'id'], name='audit_by_actor')],
            },
        ),
        migrations.CreateModel(
            name='OutboxEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('payload', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('attempts', models.SmallIntegerField(db_default=0, default=0)),
                ('done', models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('last_error', models.TextField(db_default='', default='')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('delivered_at__isnull', True)), fields=['due_at'], name='outbox_due')],
            },
        ),
        migrations.CreateModel(
            name='RememberedRequest',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('owner_id', models.UUIDField()),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('body', models.BinaryField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='remembered_by_age')],
                'constraints': [models.UniqueConstraint(fields=('owner_id', 'key'), name='one_answer_per_key')],
            },
        ),
    ]
