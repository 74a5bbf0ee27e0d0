"""The tables of people and organisations, and the guards that no code gets past. Stands for the steps that led here, so that a fresh database is made at once."""

import datetime
from pathlib import Path

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import kit.ids
import workers.models.organisations
import workers.models.people

HERE = Path(__file__).parent


class Migration(migrations.Migration):

    replaces = [('workers', '0001_initial'), ('workers', '0002_people'), ('workers', '0003_leaving'), ('workers', '0004_money')]

    initial = True

    dependencies = [
        ('kit', '0001_squashed_0002_plain_numbers'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('email', workers.models.people.Email(max_length=254, verbose_name='e-mail')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('locale', models.CharField(db_default='en', default='en', max_length=10)),
                ('is_active', models.BooleanField(db_default=True, default=True)),
                ('consented_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('erased_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['created_at', 'id'], name='people_by_age')],
                'constraints': [models.UniqueConstraint(fields=('email',), name='one_account_per_email'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='email_is_lower_case')],
            },
        ),
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('worker', 'Agreement with workers'), ('client', 'Agreement with clients')], max_length=10)),
                ('version', models.PositiveIntegerField()),
                ('title', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('published_at', models.DateTimeField()),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'version'), name='one_text_per_agreement_version')],
            },
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('subject_kind', models.CharField(max_length=20)),
                ('subject_id', models.UUIDField()),
                ('text', models.TextField(max_length=5000)),
                ('state', models.CharField(choices=[('open', 'open'), ('answered', 'answered'), ('decided', 'decided')], default='open', max_length=20)),
                ('outcome', models.CharField(blank=True, choices=[('upheld', 'Upheld'), ('overturned', 'Overturned'), ('by_silence', 'Overturned: nobody answered in time'), ('conceded', 'Overturned: the other side agrees')], db_default='', default='', max_length=12)),
                ('opened_at', models.DateTimeField()),
                ('answer_due_at', models.DateTimeField()),
                ('decide_due_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
                ('answer', models.TextField(blank=True, db_default='', default='', max_length=5000)),
                ('decided_at', models.DateTimeField(null=True)),
                ('grounds', models.TextField(blank=True, db_default='', default='', max_length=5000)),
                ('against', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['open', 'answered'])), fields=['decide_due_at', 'id'], name='appeals_waiting'), models.Index(fields=['person', '-opened_at'], name='appeals_by_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('open', 'answered', 'decided'))), name='appeal_state_known'), models.UniqueConstraint(fields=('subject_kind', 'subject_id'), name='one_appeal_per_subject'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', False), ('outcome__in', ['upheld', 'overturned', 'by_silence', 'conceded']), ('state', 'decided')), models.Q(('decided_at__isnull', True), ('outcome', ''), ('state__in', ['open', 'answered'])), _connector='OR'), name='appeal_outcome_with_decision'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by__isnull', True), ('outcome__in', ['', 'by_silence'])), models.Q(('decided_by__isnull', False), ('outcome__in', ['upheld', 'overturned', 'conceded'])), _connector='OR'), name='appeal_decided_by_a_person'), models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(models.Q(('decided_by', models.F('person')), _negated=True), ('against__isnull', True)), models.Q(models.Q(('decided_by', models.F('person')), _negated=True), ('outcome', 'conceded')), models.Q(models.Q(('decided_by', models.F('person')), _negated=True), models.Q(('decided_by', models.F('against')), _negated=True)), _connector='OR'), name='appeal_decided_by_a_second_person')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=40)),
                ('made_at', models.DateTimeField()),
                ('a', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('b', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('a', 'b'), name='one_link_per_pair'), models.CheckConstraint(condition=models.Q(('a__lt', models.F('b'))), name='link_smaller_id_first')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=60)),
                ('params', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('read_at', models.DateTimeField(null=True)),
                ('mail', models.BooleanField(default=False)),
                ('mailed_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to=settings.AUTH_USER_MODEL)),
                ('shown', models.BooleanField(db_default=True, default=True)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-created_at', '-id'], name='notices_by_person'), models.Index(condition=models.Q(('read_at__isnull', True)), fields=['user'], name='notices_unread'), models.Index(condition=models.Q(('mail', True), ('mailed_at__isnull', True)), fields=['created_at'], name='notices_to_mail')],
            },
        ),
        migrations.CreateModel(
            name='OpsRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('pool_manager', 'Pool manager'), ('quality_lead', 'Quality lead'), ('finance', 'Finance'), ('admin', 'Admin')], max_length=20)),
                ('given_at', models.DateTimeField()),
                ('given_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ops_roles', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'role'), name='one_row_per_ops_role'), models.CheckConstraint(condition=models.Q(('role__in', ['pool_manager', 'quality_lead', 'finance', 'admin'])), name='ops_role_known')],
            },
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120, validators=[django.core.validators.MinLengthValidator(2)], verbose_name='name')),
                ('slug', models.SlugField(db_index=False, max_length=40)),
                ('kind', models.CharField(choices=[('client', 'Client'), ('agency', 'Agency')], default='client', max_length=10)),
                ('billing_currency', models.CharField(default='USD', max_length=3)),
                ('pseudonym_salt', models.BinaryField(default=workers.models.organisations.new_salt)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'indexes': [models.Index(fields=['name'], name='organisations_by_name')],
                'constraints': [models.UniqueConstraint(fields=('slug',), name='one_organisation_per_slug'), models.CheckConstraint(condition=models.Q(('kind__in', ['client', 'agency'])), name='organisation_kind_known'), models.CheckConstraint(condition=models.Q(('billing_currency__in', ['CAD', 'CHF', 'EUR', 'GBP', 'HUF', 'JPY', 'USD'])), name='organisation_currency_known')],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('prefix', models.CharField(max_length=12)),
                ('secret_hash', models.CharField(max_length=64)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='api_tokens', to='workers.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-created_at'], name='tokens_by_person')],
                'constraints': [models.UniqueConstraint(fields=('prefix',), name='one_token_per_prefix'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='token_expires')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('email', workers.models.people.Email(max_length=254)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('viewer', 'Viewer')], max_length=10)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='workers.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('accepted_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('organisation', 'email'), name='one_open_invitation_per_email'), models.CheckConstraint(condition=models.Q(('accepted_at__isnull', True), ('withdrawn_at__isnull', True), _connector='OR'), name='invitation_accepted_or_withdrawn')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('viewer', 'Viewer')], max_length=10)),
                ('since', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='workers.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'organisation'), name='one_membership_per_organisation'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'manager', 'viewer'])), name='member_role_known')],
            },
        ),
        migrations.CreateModel(
            name='Signature',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('ip_hash', models.CharField(blank=True, max_length=64)),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='workers.agreement')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'agreement'), name='one_signature_per_agreement')],
            },
        ),
        migrations.CreateModel(
            name='StandingDecision',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('subject_kind', models.CharField(choices=[('standing', 'End of work'), ('grant', 'Skill taken away')], max_length=20)),
                ('subject_id', models.UUIDField()),
                ('reason', models.CharField(choices=[('fraud', 'Proven fraud'), ('shared_account', 'The account is used by somebody else'), ('several_accounts', 'Several accounts of one person'), ('identity', 'The identity is not the stated one'), ('abuse', 'Abuse of other people'), ('confidentiality', "Clients' content was passed on"), ('quality', 'The work is measurably below what the rules ask for'), ('law', 'The law requires it'), ('country', 'Work in this country ends')], max_length=40)),
                ('clause', models.CharField(max_length=200)),
                ('evidence', models.JSONField()),
                ('reauthenticated_at', models.DateTimeField()),
                ('at', models.DateTimeField()),
                ('appeal_until', models.DateTimeField()),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['subject_kind', 'subject_id'], name='decisions_by_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(('subject_kind__in', ['standing', 'grant'])), name='decision_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('clause', ''), _negated=True)), name='decision_gives_reason_and_clause'), models.CheckConstraint(condition=models.Q(('decided_by', models.F('person')), _negated=True), name='nobody_decides_on_themselves'), models.CheckConstraint(condition=models.Q(('reauthenticated_at__lte', models.F('at')), ('at__lte', django.db.models.expressions.CombinedExpression(models.F('reauthenticated_at'), '+', models.Value(datetime.timedelta(seconds=900))))), name='decision_freshly_authenticated'), models.CheckConstraint(condition=models.Q(('appeal_until__gte', django.db.models.expressions.CombinedExpression(models.F('at'), '+', models.Value(datetime.timedelta(days=30))))), name='decision_leaves_an_appeal')],
            },
        ),
        migrations.CreateModel(
            name='WorkerProfile',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='worker', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('country', models.CharField(blank=True, db_default='', default='', max_length=2)),
                ('languages', models.JSONField(blank=True, default=list)),
                ('time_zone', models.CharField(db_default='UTC', default='UTC', max_length=64)),
                ('standing', models.CharField(choices=[('active', 'active'), ('paused', 'paused'), ('ending', 'ending'), ('ended', 'ended')], db_default='active', default='active', max_length=20)),
                ('standing_reason', models.CharField(blank=True, db_default='', default='', max_length=40)),
                ('standing_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('standing_until', models.DateTimeField(null=True)),
                ('facts_version', models.BigIntegerField(db_default=1, default=1)),
                ('payout_ready_at', models.DateTimeField(null=True)),
                ('onboarded_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('decision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workers.standingdecision')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('standing', 'paused'), ('standing_until__isnull', False)), fields=['standing_until'], name='pauses_by_end'), models.Index(condition=models.Q(('standing', 'ending')), fields=['standing'], name='workers_ending')],
                'constraints': [models.CheckConstraint(condition=models.Q(('standing__in', ('active', 'paused', 'ending', 'ended'))), name='standing_standing_known'), models.CheckConstraint(condition=models.Q(models.Q(('standing', 'ending'), _negated=True), ('decision__isnull', False), _connector='OR'), name='ending_rests_on_a_decision'), models.CheckConstraint(condition=models.Q(models.Q(('standing', 'paused'), _negated=True), models.Q(models.Q(('standing_reason', ''), _negated=True), ('standing_until__gt', models.F('standing_since')), ('standing_until__isnull', False), ('standing_until__lte', django.db.models.expressions.CombinedExpression(models.F('standing_since'), '+', models.Value(datetime.timedelta(days=30))))), _connector='OR'), name='pause_has_a_reason_and_an_end')],
            },
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('queue', models.CharField(max_length=30)),
                ('item', models.UUIDField()),
                ('at', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('queue', 'item'), name='one_claim_per_item'), models.CheckConstraint(condition=models.Q(('until__gt', models.F('at'))), name='claim_ends')],
            },
        ),
        migrations.CreateModel(
            name='Credential',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('degree', 'Degree'), ('licence', 'Licence to practise'), ('certificate', 'Certificate'), ('language_test', 'Language test'), ('employment', 'Proof of employment'), ('identity', 'Identity check')], max_length=20)),
                ('domain', models.CharField(choices=[('arts', 'Arts and media'), ('education', 'Teaching'), ('engineering', 'Engineering'), ('finance', 'Finance and accounting'), ('languages', 'Languages and translation'), ('law', 'Law'), ('mathematics', 'Mathematics and statistics'), ('medicine', 'Medicine and care'), ('science', 'Natural sciences'), ('social', 'Social sciences'), ('software', 'Software'), ('trades', 'Skilled trades'), ('identity', 'Who they are')], max_length=20)),
                ('title', models.CharField(max_length=120)),
                ('issuer', models.CharField(max_length=120)),
                ('year', models.PositiveSmallIntegerField(null=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('verified', 'verified'), ('refused', 'refused'), ('withdrawn', 'withdrawn')], default='waiting', max_length=20)),
                ('submitted_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('refusal', models.CharField(blank=True, choices=[('unreadable', 'The document cannot be read'), ('name_differs', 'The name on it is another one'), ('not_the_credential', 'It does not show what was stated'), ('expired', 'It is no longer valid'), ('cannot_be_checked', 'The issuer could not be asked')], default='', max_length=20)),
                ('note', models.TextField(blank=True, default='', max_length=1000)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proof', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kit.asset')),
                ('worker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credentials', to='workers.workerprofile')),
                ('expires_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at', 'id'], name='credentials_waiting'), models.Index(fields=['worker', 'state'], name='credentials_by_worker')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('waiting', 'verified', 'refused', 'withdrawn'))), name='credential_state_known'), models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('worker')), _negated=True), _connector='OR'), name='credential_not_decided_by_its_owner'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('refusal', ''), _negated=True), _connector='OR'), name='credential_refused_for_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state__in', ['waiting', 'withdrawn'])), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['verified', 'refused', 'withdrawn'])), models.Q(('decided_at__isnull', False), ('decided_by__isnull', True), ('kind', 'identity'), ('state__in', ['verified', 'withdrawn'])), _connector='OR'), name='credential_decided_by_a_person'), models.CheckConstraint(condition=models.Q(models.Q(('domain', 'identity'), ('expires_at__isnull', False), ('kind', 'identity'), ('proof__isnull', True)), models.Q(('proof__isnull', False), models.Q(('kind', 'identity'), _negated=True), models.Q(('domain', 'identity'), _negated=True)), _connector='OR'), name='credential_has_its_proof')],
            },
        ),
        migrations.CreateModel(
            name='Farewell',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='farewell', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='NoticePreference',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('group', models.CharField(max_length=20)),
                ('in_app', models.BooleanField()),
                ('mail', models.BooleanField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notice_preferences', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'group'), name='one_preference_per_group')],
            },
        ),
        migrations.CreateModel(
            name='Setup',
            fields=[
                ('worker', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='setup', serialize=False, to='workers.workerprofile')),
                ('education', models.CharField(blank=True, choices=[('school', 'School'), ('vocational', 'Vocational training'), ('bachelor', "Bachelor's degree"), ('master', "Master's degree"), ('doctorate', 'Doctorate')], default='', max_length=12)),
                ('expertise', models.JSONField(blank=True, default=list)),
                ('accessibility', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('accessibility_note', models.TextField(blank=True, default='', max_length=500)),
                ('avoids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('hours_per_week', models.PositiveSmallIntegerField(null=True)),
                ('times', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=14), blank=True, default=list, size=None)),
                ('alerts_paused_until', models.DateTimeField(null=True)),
                ('steps', models.JSONField(default=dict)),
                ('drafts', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='SupportRequest',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(choices=[('account', 'My account or sign-in'), ('money', 'Money, payouts, invoices'), ('work', 'Work, tests, tasks'), ('client', 'Posting work'), ('other', 'Something else')], max_length=10)),
                ('text', models.TextField(max_length=4000)),
                ('state', models.CharField(choices=[('open', 'open'), ('answered', 'answered')], default='open', max_length=20)),
                ('asked_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('answer', models.TextField(blank=True, default='', max_length=4000)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='support_requests', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'open')), fields=['due_at', 'id'], name='support_open'), models.Index(fields=['user', '-asked_at'], name='support_by_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('open', 'answered'))), name='support_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('answered_by__isnull', True), ('state', 'open')), models.Q(('answered_by__isnull', False), ('state', 'answered')), _connector='OR'), name='support_answered_by_a_person')],
            },
        ),
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
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taken_back_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('taken_back_at__isnull', True)), fields=('country',), name='one_exit_per_country'), models.CheckConstraint(condition=models.Q(('last_work_at__gte', django.db.models.expressions.CombinedExpression(models.F('decided_at'), '+', models.Value(datetime.timedelta(days=14))))), name='exit_gives_notice'), models.CheckConstraint(condition=models.Q(models.Q(('taken_back_at__isnull', True), ('taken_back_by__isnull', True)), models.Q(('taken_back_at__isnull', False), ('taken_back_by__isnull', False)), _connector='OR'), name='exit_taken_back_by_a_person')],
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('taken_back_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('taken_back_at__isnull', True)), fields=['due_at'], name='erasures_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('taken_back_at__isnull', True)), fields=('user',), name='one_erasure_asked_for'), models.CheckConstraint(condition=models.Q(('due_at__gte', django.db.models.expressions.CombinedExpression(models.F('asked_at'), '+', models.Value(datetime.timedelta(days=14))))), name='erasure_waits')],
            },
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
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('kept', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merged_from', to='workers.workerprofile')),
                ('old', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges', to='workers.workerprofile')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'proposed')), fields=['proposed_at'], name='merges_waiting'), models.Index(fields=['kept'], name='merges_by_kept')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ('proposed', 'done', 'declined'))), name='merge_state_known'), models.CheckConstraint(condition=models.Q(('kept', models.F('old')), _negated=True), name='merge_of_two_accounts'), models.UniqueConstraint(condition=models.Q(('state__in', ['proposed', 'done'])), fields=('old',), name='one_merge_per_account'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['done', 'declined'])), _connector='OR'), name='merge_decided_by_a_person'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='merge_approved_by_a_second_person')],
            },
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
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='person_cases', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['due_at'], name='person_cases_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('person',), name='one_open_case_per_person'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True), ('outcome', '')), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='case_closed_by_a_person')],
            },
        ),
        migrations.CreateModel(
            name='Sighting',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('device', 'Same device'), ('document', 'Same document'), ('network', 'Same network'), ('payout', 'Same payout account')], max_length=10)),
                ('trait', models.CharField(max_length=64)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sightings', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'trait'], name='sightings_by_trait')],
                'constraints': [models.UniqueConstraint(fields=('user', 'kind', 'trait'), name='one_sighting_per_trait')],
            },
        ),
        migrations.RunSQL((HERE / "guards.sql").read_text(), reverse_sql=(HERE / "guards_down.sql").read_text()),
        migrations.RunSQL((HERE / "leaving_guards.sql").read_text(), reverse_sql=(HERE / "leaving_guards_down.sql").read_text()),
    ]
