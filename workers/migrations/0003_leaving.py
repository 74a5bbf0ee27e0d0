"""Ways out: erasure, countries that close, accounts that become one; and what the account graph and its cases keep."""

import datetime
from pathlib import Path

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import kit.ids

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    dependencies = [
        ('kit', '0002_plain_numbers'),
        ('workers', '0002_people'),
    ]

    operations = [
        migrations.CreateModel(
            name='CountryExit',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('country', models.CharField(max_length=2)),
                ('clause', models.CharField(max_length=200)),
                ('why', models.CharField(max_length=500)),
                ('decided_at', models.DateTimeField()),
                ('last_work_at', models.DateTimeField()),
                ('people', models.PositiveIntegerField(default=0)),
                ('taken_back_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('taken_back_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Merge',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('why', models.CharField(max_length=500)),
                ('state', models.CharField(choices=[('proposed', 'proposed'), ('done', 'done'), ('declined', 'declined')], default='proposed', max_length=20)),
                ('proposed_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('moved', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='PersonCase',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('others', models.JSONField(default=list)),
                ('reasons', models.JSONField(default=list)),
                ('note', models.TextField(blank=True, default='', max_length=2000)),
                ('holds', models.JSONField(default=list)),
                ('opened_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('nothing', 'Nothing was wrong'), ('merged', 'The accounts became one'), ('household', 'Two people who share something'), ('decided', 'A decision was made about somebody')], default='', max_length=10)),
                ('finding', models.TextField(blank=True, default='', max_length=2000)),
            ],
        ),
        migrations.CreateModel(
            name='Sighting',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('device', 'Same device'), ('document', 'Same document'), ('network', 'Same network'), ('payout', 'Same payout account')], max_length=10)),
                ('trait', models.CharField(max_length=64)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='credential',
            name='credential_decided_by_a_person',
        ),
        migrations.AddField(
            model_name='credential',
            name='expires_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='credential',
            name='domain',
            field=models.CharField(choices=[('arts', 'Arts and media'), ('education', 'Teaching'), ('engineering', 'Engineering'), ('finance', 'Finance and accounting'), ('languages', 'Languages and translation'), ('law', 'Law'), ('mathematics', 'Mathematics and statistics'), ('medicine', 'Medicine and care'), ('science', 'Natural sciences'), ('social', 'Social sciences'), ('software', 'Software'), ('trades', 'Skilled trades'), ('identity', 'Who they are')], max_length=20),
        ),
        migrations.AlterField(
            model_name='credential',
            name='kind',
            field=models.CharField(choices=[('degree', 'Degree'), ('licence', 'Licence to practise'), ('certificate', 'Certificate'), ('language_test', 'Language test'), ('employment', 'Proof of employment'), ('identity', 'Identity check')], max_length=20),
        ),
        migrations.AlterField(
            model_name='credential',
            name='proof',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kit.asset'),
        ),
        migrations.AlterField(
            model_name='standingdecision',
            name='reason',
            field=models.CharField(choices=[('fraud', 'Proven fraud'), ('shared_account', 'The account is used by somebody else'), ('several_accounts', 'Several accounts of one person'), ('identity', 'The identity is not the stated one'), ('abuse', 'Abuse of other people'), ('confidentiality', "Clients' content was passed on"), ('quality', 'The work is measurably below what the rules ask for'), ('law', 'The law requires it'), ('country', 'Work in this country ends')], max_length=40),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state__in', ['waiting', 'withdrawn'])), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['verified', 'refused', 'withdrawn'])), models.Q(('decided_at__isnull', False), ('decided_by__isnull', True), ('kind', 'identity'), ('state__in', ['verified', 'withdrawn'])), _connector='OR'), name='credential_decided_by_a_person'),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('domain', 'identity'), ('expires_at__isnull', False), ('kind', 'identity'), ('proof__isnull', True)), models.Q(('proof__isnull', False), models.Q(('kind', 'identity'), _negated=True), models.Q(('domain', 'identity'), _negated=True)), _connector='OR'), name='credential_has_its_proof'),
        ),
        migrations.AddField(
            model_name='countryexit',
            name='decided_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='countryexit',
            name='taken_back_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='erasure',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='merge',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='merge',
            name='kept',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merged_from', to='workers.workerprofile'),
        ),
        migrations.AddField(
            model_name='merge',
            name='old',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges', to='workers.workerprofile'),
        ),
        migrations.AddField(
            model_name='merge',
            name='proposed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='personcase',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='personcase',
            name='opened_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='personcase',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='person_cases', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='sighting',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sightings', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='countryexit',
            constraint=models.UniqueConstraint(condition=models.Q(('taken_back_at__isnull', True)), fields=('country',), name='one_exit_per_country'),
        ),
        migrations.AddConstraint(
            model_name='countryexit',
            constraint=models.CheckConstraint(condition=models.Q(('last_work_at__gte', django.db.models.expressions.CombinedExpression(models.F('decided_at'), '+', models.Value(datetime.timedelta(days=14))))), name='exit_gives_notice'),
        ),
        migrations.AddConstraint(
            model_name='countryexit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('taken_back_at__isnull', True), ('taken_back_by__isnull', True)), models.Q(('taken_back_at__isnull', False), ('taken_back_by__isnull', False)), _connector='OR'), name='exit_taken_back_by_a_person'),
        ),
        migrations.AddIndex(
            model_name='erasure',
            index=models.Index(condition=models.Q(('taken_back_at__isnull', True)), fields=['due_at'], name='erasures_due'),
        ),
        migrations.AddConstraint(
            model_name='erasure',
            constraint=models.UniqueConstraint(condition=models.Q(('taken_back_at__isnull', True)), fields=('user',), name='one_erasure_asked_for'),
        ),
        migrations.AddConstraint(
            model_name='erasure',
            constraint=models.CheckConstraint(condition=models.Q(('due_at__gte', django.db.models.expressions.CombinedExpression(models.F('asked_at'), '+', models.Value(datetime.timedelta(days=14))))), name='erasure_waits'),
        ),
        migrations.AddIndex(
            model_name='merge',
            index=models.Index(condition=models.Q(('state', 'proposed')), fields=['proposed_at'], name='merges_waiting'),
        ),
        migrations.AddIndex(
            model_name='merge',
            index=models.Index(fields=['kept'], name='merges_by_kept'),
        ),
        migrations.AddConstraint(
            model_name='merge',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('proposed', 'done', 'declined'))), name='merge_state_known'),
        ),
        migrations.AddConstraint(
            model_name='merge',
            constraint=models.CheckConstraint(condition=models.Q(('kept', models.F('old')), _negated=True), name='merge_of_two_accounts'),
        ),
        migrations.AddConstraint(
            model_name='merge',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['proposed', 'done'])), fields=('old',), name='one_merge_per_account'),
        ),
        migrations.AddConstraint(
            model_name='merge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['done', 'declined'])), _connector='OR'), name='merge_decided_by_a_person'),
        ),
        migrations.AddConstraint(
            model_name='merge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='merge_approved_by_a_second_person'),
        ),
        migrations.AddIndex(
            model_name='personcase',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['due_at'], name='person_cases_open'),
        ),
        migrations.AddConstraint(
            model_name='personcase',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('person',), name='one_open_case_per_person'),
        ),
        migrations.AddConstraint(
            model_name='personcase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True), ('outcome', '')), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='case_closed_by_a_person'),
        ),
        migrations.AddIndex(
            model_name='sighting',
            index=models.Index(fields=['kind', 'trait'], name='sightings_by_trait'),
        ),
        migrations.AddConstraint(
            model_name='sighting',
            constraint=models.UniqueConstraint(fields=('user', 'kind', 'trait'), name='one_sighting_per_trait'),
        ),
        migrations.RunSQL((HERE / "leaving_guards.sql").read_text(), reverse_sql=(HERE / "leaving_guards_down.sql").read_text()),
    ]
