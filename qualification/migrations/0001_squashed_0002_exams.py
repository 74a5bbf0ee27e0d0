"""The tables of skills, exams and grants, and the guards of a grant. Stands for the steps that led here, so that a fresh database is made at once."""

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import kit.ids

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    replaces = [('qualification', '0001_initial'), ('qualification', '0002_exams')]

    initial = True

    dependencies = [
        ('workers', '0001_squashed_0004_money'),
    ]

    operations = [
        migrations.CreateModel(
            name='Skill',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('slug', models.CharField(max_length=80)),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('domain', 'Domain'), ('subject', 'Subject'), ('level', 'Level'), ('language', 'Language'), ('task_type', 'Kind of work')], default='subject', max_length=10)),
                ('description', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='skills', to='workers.organisation')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='qualification.skill')),
            ],
            options={
                'indexes': [models.Index(fields=['name', 'id'], name='skills_by_name')],
                'constraints': [models.UniqueConstraint(fields=('slug',), name='one_skill_per_slug'), models.CheckConstraint(condition=models.Q(('kind__in', ['domain', 'subject', 'level', 'language', 'task_type'])), name='skill_kind_known'), models.CheckConstraint(condition=models.Q(('parent__isnull', True), models.Q(('parent', models.F('id')), _negated=True), _connector='OR'), name='skill_not_its_own_parent')],
            },
        ),
        migrations.CreateModel(
            name='Exam',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('series', models.UUIDField(default=kit.ids.uuid7, editable=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('title', models.CharField(max_length=120)),
                ('about', models.TextField(blank=True, default='', max_length=5000)),
                ('tier', models.PositiveSmallIntegerField(default=1)),
                ('pass_bp', models.PositiveSmallIntegerField(default=8000)),
                ('time_limit_seconds', models.PositiveIntegerField(default=1800)),
                ('draws', models.PositiveSmallIntegerField(default=10)),
                ('cooldown_hours', models.PositiveIntegerField(default=24)),
                ('max_attempts', models.PositiveSmallIntegerField(default=3)),
                ('valid_days', models.PositiveIntegerField(default=365)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('published', 'published'), ('retired', 'retired')], default='draft', max_length=20)),
                ('created_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('skill', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exams', to='qualification.skill')),
                ('confidence_bp', models.PositiveSmallIntegerField(default=8100)),
                ('cuts', models.JSONField(default=list)),
                ('form', models.CharField(choices=[('fixed', 'The same number of questions for everybody'), ('adaptive', 'Adaptive: ends when the tier is clear')], default='fixed', max_length=8)),
                ('second_chance_days', models.PositiveIntegerField(default=90)),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'title', 'id'], name='exams_by_title')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('draft', 'published', 'retired'))), name='exam_state_known'), models.UniqueConstraint(fields=('series', 'version'), name='one_exam_per_version'), models.UniqueConstraint(condition=models.Q(('state', 'published')), fields=('series',), name='one_published_version'), models.CheckConstraint(condition=models.Q(('tier__lte', 3)), name='exam_tier_known'), models.CheckConstraint(condition=models.Q(('pass_bp__gt', 0), ('pass_bp__lte', 10000)), name='exam_pass_mark_possible'), models.CheckConstraint(condition=models.Q(('form__in', ['fixed', 'adaptive'])), name='exam_form_known'), models.CheckConstraint(condition=models.Q(('confidence_bp__gte', 5000), ('confidence_bp__lt', 10000)), name='exam_confidence_possible')],
            },
        ),
        migrations.CreateModel(
            name='ExamItem',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('n', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('choice', 'Multiple choice'), ('number', 'Number'), ('text', 'Short text'), ('prose', 'Free text'), ('gold', 'Task with a known answer')], max_length=6)),
                ('task_type', models.CharField(blank=True, default='', max_length=40)),
                ('topic', models.CharField(blank=True, default='', max_length=80)),
                ('body', models.JSONField()),
                ('key', models.JSONField()),
                ('voided_at', models.DateTimeField(null=True)),
                ('void_reason', models.CharField(blank=True, default='', max_length=300)),
                ('exam', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='qualification.exam')),
                ('a', models.FloatField(null=True)),
                ('b', models.FloatField(null=True)),
                ('calibrated_at', models.DateTimeField(null=True)),
                ('calibrated_from', models.PositiveIntegerField(null=True)),
                ('calibration', models.CharField(blank=True, choices=[('stated', 'stated'), ('estimated', 'from answers')], default='', max_length=9)),
                ('root', models.UUIDField(db_index=True, default=kit.ids.uuid7, editable=False)),
                ('state', models.CharField(choices=[('live', 'live'), ('resting', 'resting'), ('void', 'void')], default='live', max_length=20)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('exam', 'n'), name='one_item_per_place'), models.CheckConstraint(condition=models.Q(('state__in', ('live', 'resting', 'void'))), name='exam_item_state_known'), models.UniqueConstraint(fields=('exam', 'root'), name='one_item_per_root'), models.CheckConstraint(condition=models.Q(models.Q(models.Q(('kind', 'gold')), models.Q(('task_type', ''), _negated=True)), models.Q(('kind__in', ['choice', 'number', 'text', 'prose']), ('task_type', '')), _connector='OR'), name='gold_item_names_its_kind_of_work'), models.CheckConstraint(condition=models.Q(models.Q(models.Q(('state', 'void')), models.Q(('voided_at__isnull', False))), models.Q(models.Q(('state', 'void'), _negated=True), models.Q(('voided_at__isnull', True))), _connector='OR'), name='exam_item_void_since'), models.CheckConstraint(condition=models.Q(models.Q(('a__isnull', True), ('b__isnull', True), ('calibration', '')), models.Q(models.Q(('a__gt', 0), ('a__lte', 10), ('b__gte', -10), ('b__lte', 10)), models.Q(('calibration', ''), _negated=True)), _connector='OR'), name='exam_item_calibrated_or_not')],
            },
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('tier', models.PositiveSmallIntegerField()),
                ('score_bp', models.PositiveSmallIntegerField(null=True)),
                ('low_bp', models.PositiveSmallIntegerField(null=True)),
                ('high_bp', models.PositiveSmallIntegerField(null=True)),
                ('source', models.CharField(choices=[('exam', 'Exam'), ('credential', 'Credential'), ('evidence', 'Work done here'), ('ops', 'Given by ops')], max_length=12)),
                ('source_id', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('live', 'live'), ('expired', 'expired'), ('replaced', 'replaced'), ('taken', 'taken')], default='live', max_length=20)),
                ('valid_from', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('decision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workers.standingdecision')),
                ('worker', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='workers.workerprofile')),
                ('skill', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='qualification.skill')),
            ],
            options={
                'indexes': [models.Index(fields=['worker', '-valid_from'], name='grants_by_worker'), models.Index(condition=models.Q(('expires_at__isnull', False), ('state', 'live')), fields=['expires_at'], name='grants_by_expiry')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('live', 'expired', 'replaced', 'taken'))), name='grant_state_known'), models.UniqueConstraint(condition=models.Q(('state', 'live')), fields=('worker', 'skill'), name='one_live_grant_per_skill'), models.CheckConstraint(condition=models.Q(('tier__lte', 3)), name='grant_tier_known'), models.CheckConstraint(condition=models.Q(models.Q(('high_bp__isnull', True), ('low_bp__isnull', True), ('score_bp__isnull', True)), models.Q(('high_bp__lte', 10000), ('low_bp__lte', models.F('score_bp')), ('score_bp__lte', models.F('high_bp'))), _connector='OR'), name='grant_score_in_its_interval'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state', 'live')), models.Q(models.Q(('state', 'live'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='grant_ended_when_not_live'), models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('expires_at__gt', models.F('valid_from')), _connector='OR'), name='grant_lasts'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'expired'), _negated=True), ('ended_at__gte', models.F('expires_at')), _connector='OR'), name='grant_expires_on_its_day')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('series', models.UUIDField()),
                ('state', models.CharField(choices=[('live', 'live'), ('reading', 'reading'), ('passed', 'passed'), ('failed', 'failed')], default='live', max_length=20)),
                ('started_at', models.DateTimeField()),
                ('deadline_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('score_bp', models.PositiveSmallIntegerField(null=True)),
                ('mean_bp', models.PositiveSmallIntegerField(null=True)),
                ('low_bp', models.PositiveSmallIntegerField(null=True)),
                ('high_bp', models.PositiveSmallIntegerField(null=True)),
                ('regraded_at', models.DateTimeField(null=True)),
                ('worker', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='workers.workerprofile')),
                ('exam', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='qualification.exam')),
                ('grant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='qualification.grant')),
                ('confidence_bp', models.PositiveSmallIntegerField(null=True)),
                ('rests', models.JSONField(default=list)),
                ('tier', models.PositiveSmallIntegerField(null=True)),
                ('time_bp', models.PositiveIntegerField(default=10000)),
            ],
            options={
                'indexes': [models.Index(fields=['worker', 'series', '-started_at'], name='attempts_by_worker'), models.Index(condition=models.Q(('state', 'live')), fields=['deadline_at'], name='attempts_by_deadline')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'live')), fields=('worker', 'series'), name='one_live_attempt'), models.CheckConstraint(condition=models.Q(('deadline_at__gt', models.F('started_at'))), name='attempt_has_time'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('state', 'live')), models.Q(models.Q(('state', 'live'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='attempt_closed_when_graded'), models.CheckConstraint(condition=models.Q(('state__in', ('live', 'reading', 'passed', 'failed'))), name='exam_attempt_state_known')],
            },
        ),
        migrations.CreateModel(
            name='AttemptItem',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('n', models.PositiveSmallIntegerField()),
                ('order', models.JSONField(default=list)),
                ('answer', models.JSONField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('credit_bp', models.PositiveSmallIntegerField(null=True)),
                ('attempt', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='qualification.attempt')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drawn', to='qualification.examitem')),
                ('a', models.FloatField(null=True)),
                ('b', models.FloatField(null=True)),
                ('final_at', models.DateTimeField(null=True)),
                ('shown_at', models.DateTimeField(null=True)),
                ('signals', models.JSONField(default=dict)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('attempt', 'n'), name='one_question_per_place'), models.UniqueConstraint(fields=('attempt', 'item'), name='each_item_once_per_attempt'), models.CheckConstraint(condition=models.Q(('credit_bp__isnull', True), ('credit_bp__lte', 10000), _connector='OR'), name='credit_at_most_full')],
            },
        ),
        migrations.CreateModel(
            name='Accommodation',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('time_bp', models.PositiveIntegerField()),
                ('reason', models.CharField(max_length=300)),
                ('given_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('given_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('worker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='accommodations', to='workers.workerprofile')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('worker',), name='one_accommodation'), models.CheckConstraint(condition=models.Q(('time_bp__gt', 10000), ('time_bp__lte', 40000)), name='accommodation_is_more_time')],
            },
        ),
        migrations.CreateModel(
            name='BankFile',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('added', models.PositiveIntegerField()),
                ('bad', models.JSONField(default=list)),
                ('made_at', models.DateTimeField()),
                ('exam', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='qualification.exam')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
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
                ('claimed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('graded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('question', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reading', to='qualification.attemptitem')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('graded_at__isnull', True)), fields=['due_at', 'id'], name='readings_by_clock')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('graded_at__isnull', True), ('graded_by__isnull', True), ('points__isnull', True)), models.Q(('graded_at__isnull', False), ('graded_by__isnull', False), ('points__isnull', False)), _connector='OR'), name='reading_is_whole')],
            },
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
        migrations.RunSQL((HERE / "guards.sql").read_text(), reverse_sql=(HERE / "guards_down.sql").read_text()),
    ]
