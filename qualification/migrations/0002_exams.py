"""Adaptive exams, more kinds of questions, their calibration and state; texts that people read; more time; files of banks; evidence."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.ids

SETTLE = """
UPDATE qualification_examitem SET root = id, state = CASE WHEN voided_at IS NULL THEN 'live' ELSE 'void' END;
"""
"""Each question so far is its own root: versions made before this did not say which question came from which."""


class Migration(migrations.Migration):

    dependencies = [
        ('qualification', '0001_initial'),
        ('workers', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Accommodation',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('time_bp', models.PositiveIntegerField()),
                ('reason', models.CharField(max_length=300)),
                ('given_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='BankFile',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('added', models.PositiveIntegerField()),
                ('bad', models.JSONField(default=list)),
                ('made_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('due_at', models.DateTimeField()),
                ('claimed_until', models.DateTimeField(null=True)),
                ('points', models.JSONField(null=True)),
                ('note', models.CharField(blank=True, default='', max_length=1000)),
                ('graded_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='attempt',
            name='exam_attempt_state_known',
        ),
        migrations.RemoveConstraint(
            model_name='examitem',
            name='gold_item_names_its_kind_of_work',
        ),
        migrations.AddField(
            model_name='attempt',
            name='confidence_bp',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='rests',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='attempt',
            name='tier',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='time_bp',
            field=models.PositiveIntegerField(default=10000),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='a',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='b',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='final_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='shown_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='exam',
            name='confidence_bp',
            field=models.PositiveSmallIntegerField(default=8100),
        ),
        migrations.AddField(
            model_name='exam',
            name='cuts',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='exam',
            name='form',
            field=models.CharField(choices=[('fixed', 'The same number of questions for everybody'), ('adaptive', 'Adaptive: ends when the tier is clear')], default='fixed', max_length=8),
        ),
        migrations.AddField(
            model_name='exam',
            name='second_chance_days',
            field=models.PositiveIntegerField(default=90),
        ),
        migrations.AddField(
            model_name='examitem',
            name='a',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='examitem',
            name='b',
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name='examitem',
            name='calibrated_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='examitem',
            name='calibrated_from',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='examitem',
            name='calibration',
            field=models.CharField(blank=True, choices=[('stated', 'stated'), ('estimated', 'from answers')], default='', max_length=9),
        ),
        migrations.AddField(
            model_name='examitem',
            name='root',
            field=models.UUIDField(db_index=True, default=kit.ids.uuid7, editable=False),
        ),
        migrations.AddField(
            model_name='examitem',
            name='state',
            field=models.CharField(choices=[('live', 'live'), ('resting', 'resting'), ('void', 'void')], default='live', max_length=20),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='state',
            field=models.CharField(choices=[('live', 'live'), ('reading', 'reading'), ('passed', 'passed'), ('failed', 'failed')], default='live', max_length=20),
        ),
        migrations.AlterField(
            model_name='examitem',
            name='kind',
            field=models.CharField(choices=[('choice', 'Multiple choice'), ('number', 'Number'), ('text', 'Short text'), ('prose', 'Free text'), ('gold', 'Task with a known answer')], max_length=6),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('live', 'reading', 'passed', 'failed'))), name='exam_attempt_state_known'),
        ),
        migrations.AddConstraint(
            model_name='exam',
            constraint=models.CheckConstraint(condition=models.Q(('form__in', ['fixed', 'adaptive'])), name='exam_form_known'),
        ),
        migrations.AddConstraint(
            model_name='exam',
            constraint=models.CheckConstraint(condition=models.Q(('confidence_bp__gte', 5000), ('confidence_bp__lt', 10000)), name='exam_confidence_possible'),
        ),
        migrations.RunSQL(SETTLE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='examitem',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('live', 'resting', 'void'))), name='exam_item_state_known'),
        ),
        migrations.AddConstraint(
            model_name='examitem',
            constraint=models.UniqueConstraint(fields=('exam', 'root'), name='one_item_per_root'),
        ),
        migrations.AddConstraint(
            model_name='examitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('kind', 'gold')), models.Q(('task_type', ''), _negated=True)), models.Q(('kind__in', ['choice', 'number', 'text', 'prose']), ('task_type', '')), _connector='OR'), name='gold_item_names_its_kind_of_work'),
        ),
        migrations.AddConstraint(
            model_name='examitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('state', 'void')), models.Q(('voided_at__isnull', False))), models.Q(models.Q(('state', 'void'), _negated=True), models.Q(('voided_at__isnull', True))), _connector='OR'), name='exam_item_void_since'),
        ),
        migrations.AddConstraint(
            model_name='examitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('a__isnull', True), ('b__isnull', True), ('calibration', '')), models.Q(models.Q(('a__gt', 0), ('a__lte', 10), ('b__gte', -10), ('b__lte', 10)), models.Q(('calibration', ''), _negated=True)), _connector='OR'), name='exam_item_calibrated_or_not'),
        ),
        migrations.AddField(
            model_name='accommodation',
            name='given_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='accommodation',
            name='worker',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accommodations', to='workers.workerprofile'),
        ),
        migrations.AddField(
            model_name='bankfile',
            name='exam',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='qualification.exam'),
        ),
        migrations.AddField(
            model_name='bankfile',
            name='made_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reading',
            name='claimed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reading',
            name='graded_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reading',
            name='question',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reading', to='qualification.attemptitem'),
        ),
        migrations.AddConstraint(
            model_name='accommodation',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('worker',), name='one_accommodation'),
        ),
        migrations.AddConstraint(
            model_name='accommodation',
            constraint=models.CheckConstraint(condition=models.Q(('time_bp__gt', 10000), ('time_bp__lte', 40000)), name='accommodation_is_more_time'),
        ),
        migrations.AddIndex(
            model_name='reading',
            index=models.Index(condition=models.Q(('graded_at__isnull', True)), fields=['due_at', 'id'], name='readings_by_clock'),
        ),
        migrations.AddConstraint(
            model_name='reading',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('graded_at__isnull', True), ('graded_by__isnull', True), ('points__isnull', True)), models.Q(('graded_at__isnull', False), ('graded_by__isnull', False), ('points__isnull', False)), _connector='OR'), name='reading_is_whole'),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='signals',
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name='Look',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('wrong', models.BooleanField()),
                ('note', models.CharField(max_length=500)),
                ('at', models.DateTimeField()),
                ('attempt', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='look', to='qualification.attempt')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
