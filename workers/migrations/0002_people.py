"""Standing that only a person ends, and what onboarding, work queues, notices and support keep."""

import datetime

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import kit.ids

GUARDS = """
-- Own wish rests on the person's own row, which runners may not write (payments/db_roles.py); the rest is as it was.
CREATE OR REPLACE FUNCTION workers_guard_standing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.standing <> 'active' THEN
            RAISE EXCEPTION 'a worker begins active' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.standing = 'ended' AND NEW.standing <> 'ended' THEN
        RAISE EXCEPTION 'an ending that is over stays over' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.standing NOT IN ('ending', 'ended') THEN
        RETURN NEW;
    END IF;
    IF NEW.standing = 'ended' AND OLD.standing = 'active' AND NEW.standing_reason = 'own_wish'
        AND EXISTS (SELECT FROM workers_farewell f WHERE f.user_id = NEW.user_id) THEN
        RETURN NEW;
    END IF;
    IF NOT workers_decision_stands(NEW.decision_id, 'standing', NEW.user_id, NEW.user_id) THEN
        RAISE EXCEPTION 'nobody''s work is ended without a decision that stands' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.standing = 'ended' AND (
        OLD.standing <> 'ending'
        OR EXISTS (SELECT FROM workers_standingdecision d WHERE d.id = NEW.decision_id AND d.appeal_until > clock_timestamp())
        OR EXISTS (
            SELECT FROM workers_appeal a
            WHERE a.subject_kind = 'decision' AND a.subject_id = NEW.decision_id AND a.state <> 'decided'
        )
    ) THEN
        RAISE EXCEPTION 'an ending is not over before its appeal is' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_farewell
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();

-- Removal by other roads: a worker's row does not vanish, and no runner shuts anybody out of their account.
CREATE FUNCTION workers_nobody_vanishes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a worker is never deleted: statements and payouts stay reachable' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER nobody_vanishes BEFORE DELETE ON workers_workerprofile
    FOR EACH ROW EXECUTE FUNCTION workers_nobody_vanishes();

CREATE FUNCTION workers_nobody_is_shut_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'marketplace_runner' THEN
        RAISE EXCEPTION 'software shuts nobody out of their account' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER nobody_is_shut_out BEFORE UPDATE OF is_active ON workers_user FOR EACH ROW
    WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION workers_nobody_is_shut_out();
"""

UNGUARD = """
DROP TRIGGER nobody_is_shut_out ON workers_user;
DROP FUNCTION workers_nobody_is_shut_out;
DROP TRIGGER nobody_vanishes ON workers_workerprofile;
DROP FUNCTION workers_nobody_vanishes;
DROP TRIGGER append_only ON workers_farewell;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("kit", "0002_plain_numbers"),
        ("workers", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("queue", models.CharField(max_length=30)),
                ("item", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("note", models.CharField(blank=True, default="", max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("degree", "Degree"),
                            ("licence", "Licence to practise"),
                            ("certificate", "Certificate"),
                            ("language_test", "Language test"),
                            ("employment", "Proof of employment"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "domain",
                    models.CharField(
                        choices=[
                            ("arts", "Arts and media"),
                            ("education", "Teaching"),
                            ("engineering", "Engineering"),
                            ("finance", "Finance and accounting"),
                            ("languages", "Languages and translation"),
                            ("law", "Law"),
                            ("mathematics", "Mathematics and statistics"),
                            ("medicine", "Medicine and care"),
                            ("science", "Natural sciences"),
                            ("social", "Social sciences"),
                            ("software", "Software"),
                            ("trades", "Skilled trades"),
                        ],
                        max_length=20,
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("issuer", models.CharField(max_length=120)),
                ("year", models.PositiveSmallIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("verified", "verified"), ("refused", "refused"), ("withdrawn", "withdrawn")],
                        default="waiting",
                        max_length=20,
                    ),
                ),
                ("submitted_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "refusal",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unreadable", "The document cannot be read"),
                            ("name_differs", "The name on it is another one"),
                            ("not_the_credential", "It does not show what was stated"),
                            ("expired", "It is no longer valid"),
                            ("cannot_be_checked", "The issuer could not be asked"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("note", models.TextField(blank=True, default="", max_length=1000)),
            ],
        ),
        migrations.CreateModel(
            name="Farewell",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="farewell",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="NoticePreference",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("group", models.CharField(max_length=20)),
                ("in_app", models.BooleanField()),
                ("mail", models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name="Setup",
            fields=[
                (
                    "worker",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="setup",
                        serialize=False,
                        to="workers.workerprofile",
                    ),
                ),
                (
                    "education",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("school", "School"),
                            ("vocational", "Vocational training"),
                            ("bachelor", "Bachelor's degree"),
                            ("master", "Master's degree"),
                            ("doctorate", "Doctorate"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("expertise", models.JSONField(blank=True, default=list)),
                (
                    "accessibility",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), blank=True, default=list, size=None
                    ),
                ),
                ("accessibility_note", models.TextField(blank=True, default="", max_length=500)),
                (
                    "avoids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), blank=True, default=list, size=None
                    ),
                ),
                ("hours_per_week", models.PositiveSmallIntegerField(null=True)),
                (
                    "times",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=14), blank=True, default=list, size=None
                    ),
                ),
                ("alerts_paused_until", models.DateTimeField(null=True)),
                ("steps", models.JSONField(default=dict)),
                ("drafts", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="SupportRequest",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("account", "My account or sign-in"),
                            ("money", "Money, payouts, invoices"),
                            ("work", "Work, tests, tasks"),
                            ("client", "Posting work"),
                            ("other", "Something else"),
                        ],
                        max_length=10,
                    ),
                ),
                ("text", models.TextField(max_length=4000)),
                ("state", models.CharField(choices=[("open", "open"), ("answered", "answered")], default="open", max_length=20)),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("answer", models.TextField(blank=True, default="", max_length=4000)),
                ("answered_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="notice",
            name="shown",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddConstraint(
            model_name="workerprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("standing", "paused"), _negated=True),
                    models.Q(
                        models.Q(("standing_reason", ""), _negated=True),
                        ("standing_until__gt", models.F("standing_since")),
                        ("standing_until__isnull", False),
                        (
                            "standing_until__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("standing_since"), "+", models.Value(datetime.timedelta(days=30))
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="pause_has_a_reason_and_an_end",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="claims", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="credential",
            name="decided_by",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="credential",
            name="proof",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kit.asset"),
        ),
        migrations.AddField(
            model_name="credential",
            name="worker",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="credentials", to="workers.workerprofile"),
        ),
        migrations.AddField(
            model_name="noticepreference",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notice_preferences", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="supportrequest",
            name="answered_by",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="supportrequest",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="support_requests", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(fields=("queue", "item"), name="one_claim_per_item"),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(condition=models.Q(("until__gt", models.F("at"))), name="claim_ends"),
        ),
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(condition=models.Q(("state", "waiting")), fields=["due_at", "id"], name="credentials_waiting"),
        ),
        migrations.AddIndex(
            model_name="credential",
            index=models.Index(fields=["worker", "state"], name="credentials_by_worker"),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("waiting", "verified", "refused", "withdrawn"))), name="credential_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_by__isnull", True), ("state__in", ["waiting", "withdrawn"])),
                    models.Q(
                        ("decided_at__isnull", False), ("decided_by__isnull", False), ("state__in", ["verified", "refused", "withdrawn"])
                    ),
                    _connector="OR",
                ),
                name="credential_decided_by_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True), models.Q(("decided_by", models.F("worker")), _negated=True), _connector="OR"
                ),
                name="credential_not_decided_by_its_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "refused"), _negated=True), models.Q(("refusal", ""), _negated=True), _connector="OR"
                ),
                name="credential_refused_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="noticepreference",
            constraint=models.UniqueConstraint(fields=("user", "group"), name="one_preference_per_group"),
        ),
        migrations.AddIndex(
            model_name="supportrequest",
            index=models.Index(condition=models.Q(("state", "open")), fields=["due_at", "id"], name="support_open"),
        ),
        migrations.AddIndex(
            model_name="supportrequest",
            index=models.Index(fields=["user", "-asked_at"], name="support_by_person"),
        ),
        migrations.AddConstraint(
            model_name="supportrequest",
            constraint=models.CheckConstraint(condition=models.Q(("state__in", ("open", "answered"))), name="support_state_known"),
        ),
        migrations.AddConstraint(
            model_name="supportrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_by__isnull", True), ("state", "open")),
                    models.Q(("answered_by__isnull", False), ("state", "answered")),
                    _connector="OR",
                ),
                name="support_answered_by_a_person",
            ),
        ),
        migrations.RunSQL(sql=GUARDS, reverse_sql=UNGUARD),
    ]
