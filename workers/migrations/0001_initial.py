"""The tables of people and organisations, and the guards that no code gets past."""

import datetime

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

GUARDS = """
CREATE FUNCTION workers_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_standingdecision
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_agreement
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_signature
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();

CREATE FUNCTION workers_decision_is_human() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF jsonb_typeof(NEW.evidence) IS DISTINCT FROM 'array' OR jsonb_array_length(NEW.evidence) < 1 THEN
        RAISE EXCEPTION 'a decision against a person needs evidence' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM workers_opsrole WHERE user_id = NEW.decided_by_id) THEN
        RAISE EXCEPTION 'a decision against a person needs a named person of ops' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER decision_is_human BEFORE INSERT ON workers_standingdecision
    FOR EACH ROW EXECUTE FUNCTION workers_decision_is_human();

-- A decision that stands: about this subject, and not overturned.
CREATE FUNCTION workers_decision_stands(decision uuid, kind text, subject uuid, person uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM workers_standingdecision d
        WHERE d.id = decision AND d.subject_kind = kind AND d.subject_id = subject AND d.person_id = person
          AND NOT EXISTS (
              SELECT FROM workers_appeal a
              WHERE a.subject_kind = 'decision' AND a.subject_id = d.id AND a.outcome IN ('overturned', 'by_silence')
          )
    )
$$;

CREATE FUNCTION workers_guard_standing() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF NEW.standing = 'ended' AND OLD.standing = 'active' AND NEW.standing_reason = 'own_wish' THEN
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

CREATE TRIGGER guard_standing_begin BEFORE INSERT ON workers_workerprofile
    FOR EACH ROW EXECUTE FUNCTION workers_guard_standing();
-- Facts and versions change often and pay nothing for this.
CREATE TRIGGER guard_standing BEFORE UPDATE OF standing, decision_id ON workers_workerprofile FOR EACH ROW
    WHEN (OLD.standing IS DISTINCT FROM NEW.standing OR OLD.decision_id IS DISTINCT FROM NEW.decision_id)
    EXECUTE FUNCTION workers_guard_standing();

-- Ops look for people by the beginning of a name or an address.
CREATE INDEX people_by_name_start ON workers_user (lower(name) text_pattern_ops);
CREATE INDEX people_by_email_start ON workers_user (email varchar_pattern_ops);
"""

UNGUARD = """
DROP INDEX people_by_email_start;
DROP INDEX people_by_name_start;
DROP TRIGGER guard_standing ON workers_workerprofile;
DROP TRIGGER guard_standing_begin ON workers_workerprofile;
DROP FUNCTION workers_guard_standing;
DROP FUNCTION workers_decision_stands;
DROP TRIGGER decision_is_human ON workers_standingdecision;
DROP FUNCTION workers_decision_is_human;
DROP TRIGGER append_only ON workers_signature;
DROP TRIGGER append_only ON workers_agreement;
DROP TRIGGER append_only ON workers_standingdecision;
DROP FUNCTION workers_append_only;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("email", workers.models.people.Email(max_length=254, verbose_name="e-mail")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("locale", models.CharField(db_default="en", default="en", max_length=10)),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("consented_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("worker", "Agreement with workers"), ("client", "Agreement with clients")], max_length=10
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("published_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("prefix", models.CharField(max_length=12)),
                ("secret_hash", models.CharField(max_length=64)),
                ("scopes", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("subject_kind", models.CharField(max_length=20)),
                ("subject_id", models.UUIDField()),
                ("text", models.TextField(max_length=5000)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("answered", "answered"), ("decided", "decided")],
                        default="open",
                        max_length=20,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("upheld", "Upheld"),
                            ("overturned", "Overturned"),
                            ("by_silence", "Overturned: nobody answered in time"),
                        ],
                        db_default="",
                        default="",
                        max_length=12,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("answer_due_at", models.DateTimeField()),
                ("decide_due_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                ("answer", models.TextField(blank=True, db_default="", default="", max_length=5000)),
                ("decided_at", models.DateTimeField(null=True)),
                ("grounds", models.TextField(blank=True, db_default="", default="", max_length=5000)),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("email", workers.models.people.Email(max_length=254)),
                (
                    "role",
                    models.CharField(choices=[("owner", "Owner"), ("manager", "Manager"), ("viewer", "Viewer")], max_length=10),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=40)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(choices=[("owner", "Owner"), ("manager", "Manager"), ("viewer", "Viewer")], max_length=10),
                ),
                ("since", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("params", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("read_at", models.DateTimeField(null=True)),
                ("mail", models.BooleanField(default=False)),
                ("mailed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="OpsRole",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("pool_manager", "Pool manager"),
                            ("quality_lead", "Quality lead"),
                            ("finance", "Finance"),
                            ("admin", "Admin"),
                        ],
                        max_length=20,
                    ),
                ),
                ("given_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(
                        max_length=120, validators=[django.core.validators.MinLengthValidator(2)], verbose_name="name"
                    ),
                ),
                ("slug", models.SlugField(db_index=False, max_length=40)),
                ("kind", models.CharField(choices=[("client", "Client"), ("agency", "Agency")], default="client", max_length=10)),
                ("billing_currency", models.CharField(default="USD", max_length=3)),
                ("pseudonym_salt", models.BinaryField(default=workers.models.organisations.new_salt)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="Signature",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("ip_hash", models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="StandingDecision",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "subject_kind",
                    models.CharField(choices=[("standing", "End of work"), ("grant", "Skill taken away")], max_length=20),
                ),
                ("subject_id", models.UUIDField()),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("fraud", "Proven fraud"),
                            ("shared_account", "The account is used by somebody else"),
                            ("several_accounts", "Several accounts of one person"),
                            ("identity", "The identity is not the stated one"),
                            ("abuse", "Abuse of other people"),
                            ("confidentiality", "Clients' content was passed on"),
                            ("quality", "The work is measurably below what the rules ask for"),
                            ("law", "The law requires it"),
                        ],
                        max_length=40,
                    ),
                ),
                ("clause", models.CharField(max_length=200)),
                ("evidence", models.JSONField()),
                ("reauthenticated_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("appeal_until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="WorkerProfile",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="worker",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("country", models.CharField(blank=True, db_default="", default="", max_length=2)),
                ("languages", models.JSONField(blank=True, default=list)),
                ("time_zone", models.CharField(db_default="UTC", default="UTC", max_length=64)),
                (
                    "standing",
                    models.CharField(
                        choices=[("active", "active"), ("paused", "paused"), ("ending", "ending"), ("ended", "ended")],
                        db_default="active",
                        default="active",
                        max_length=20,
                    ),
                ),
                ("standing_reason", models.CharField(blank=True, db_default="", default="", max_length=40)),
                ("standing_since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("standing_until", models.DateTimeField(null=True)),
                ("facts_version", models.BigIntegerField(db_default=1, default=1)),
                ("payout_ready_at", models.DateTimeField(null=True)),
                ("onboarded_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["created_at", "id"], name="people_by_age"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(fields=("email",), name="one_account_per_email"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))), name="email_is_lower_case"
            ),
        ),
        migrations.AddField(
            model_name="agreement",
            name="published_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="api_tokens", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="appeal",
            name="against",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="appeal",
            name="answered_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="appeal",
            name="decided_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="appeal",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="appeals", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="accepted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="invited_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="link",
            name="a",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="link",
            name="b",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="link",
            name="made_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="notices", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="opsrole",
            name="given_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="opsrole",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="ops_roles", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(fields=["name"], name="organisations_by_name"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.UniqueConstraint(fields=("slug",), name="one_organisation_per_slug"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["client", "agency"])), name="organisation_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("billing_currency__in", ["CAD", "CHF", "EUR", "GBP", "HUF", "JPY", "USD"])),
                name="organisation_currency_known",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="workers.organisation"
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to="workers.organisation"
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="organisation",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="api_tokens", to="workers.organisation"
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="agreement",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="workers.agreement"
            ),
        ),
        migrations.AddField(
            model_name="signature",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="standingdecision",
            name="decided_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="standingdecision",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="workerprofile",
            name="decision",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workers.standingdecision"
            ),
        ),
        migrations.AddConstraint(
            model_name="agreement",
            constraint=models.UniqueConstraint(fields=("kind", "version"), name="one_text_per_agreement_version"),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "answered"])), fields=["decide_due_at", "id"], name="appeals_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(fields=["person", "-opened_at"], name="appeals_by_person"),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("open", "answered", "decided"))), name="appeal_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(fields=("subject_kind", "subject_id"), name="one_appeal_per_subject"),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at__isnull", False),
                        ("outcome__in", ["upheld", "overturned", "by_silence"]),
                        ("state", "decided"),
                    ),
                    models.Q(("decided_at__isnull", True), ("outcome", ""), ("state__in", ["open", "answered"])),
                    _connector="OR",
                ),
                name="appeal_outcome_with_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("outcome__in", ["", "by_silence"])),
                    models.Q(("decided_by__isnull", False), ("outcome__in", ["upheld", "overturned"])),
                    _connector="OR",
                ),
                name="appeal_decided_by_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by__isnull", True),
                    models.Q(models.Q(("decided_by", models.F("person")), _negated=True), ("against__isnull", True)),
                    models.Q(
                        models.Q(("decided_by", models.F("person")), _negated=True),
                        models.Q(("decided_by", models.F("against")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="appeal_decided_by_a_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.UniqueConstraint(fields=("a", "b"), name="one_link_per_pair"),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(condition=models.Q(("a__lt", models.F("b"))), name="link_smaller_id_first"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["user", "-created_at", "-id"], name="notices_by_person"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(condition=models.Q(("read_at__isnull", True)), fields=["user"], name="notices_unread"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("mail", True), ("mailed_at__isnull", True)), fields=["created_at"], name="notices_to_mail"
            ),
        ),
        migrations.AddConstraint(
            model_name="opsrole",
            constraint=models.UniqueConstraint(fields=("user", "role"), name="one_row_per_ops_role"),
        ),
        migrations.AddConstraint(
            model_name="opsrole",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["pool_manager", "quality_lead", "finance", "admin"])), name="ops_role_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("user", "organisation"), name="one_membership_per_organisation"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "manager", "viewer"])), name="member_role_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                fields=("organisation", "email"),
                name="one_open_invitation_per_email",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True), _connector="OR"),
                name="invitation_accepted_or_withdrawn",
            ),
        ),
        migrations.AddIndex(
            model_name="apitoken",
            index=models.Index(fields=["user", "-created_at"], name="tokens_by_person"),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.UniqueConstraint(fields=("prefix",), name="one_token_per_prefix"),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))), name="token_expires"
            ),
        ),
        migrations.AddConstraint(
            model_name="signature",
            constraint=models.UniqueConstraint(fields=("user", "agreement"), name="one_signature_per_agreement"),
        ),
        migrations.AddIndex(
            model_name="standingdecision",
            index=models.Index(fields=["subject_kind", "subject_id"], name="decisions_by_subject"),
        ),
        migrations.AddConstraint(
            model_name="standingdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject_kind__in", ["standing", "grant"])), name="decision_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="standingdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("reason", ""), _negated=True), models.Q(("clause", ""), _negated=True)),
                name="decision_gives_reason_and_clause",
            ),
        ),
        migrations.AddConstraint(
            model_name="standingdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("decided_by", models.F("person")), _negated=True), name="nobody_decides_on_themselves"
            ),
        ),
        migrations.AddConstraint(
            model_name="standingdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reauthenticated_at__lte", models.F("at")),
                    (
                        "at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("reauthenticated_at"), "+", models.Value(datetime.timedelta(seconds=900))
                        ),
                    ),
                ),
                name="decision_freshly_authenticated",
            ),
        ),
        migrations.AddConstraint(
            model_name="standingdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "appeal_until__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("at"), "+", models.Value(datetime.timedelta(days=30))
                        ),
                    )
                ),
                name="decision_leaves_an_appeal",
            ),
        ),
        migrations.AddIndex(
            model_name="workerprofile",
            index=models.Index(
                condition=models.Q(("standing", "paused"), ("standing_until__isnull", False)),
                fields=["standing_until"],
                name="pauses_by_end",
            ),
        ),
        migrations.AddIndex(
            model_name="workerprofile",
            index=models.Index(condition=models.Q(("standing", "ending")), fields=["standing"], name="workers_ending"),
        ),
        migrations.AddConstraint(
            model_name="workerprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("standing__in", ("active", "paused", "ending", "ended"))), name="standing_standing_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="workerprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("standing", "ending"), _negated=True), ("decision__isnull", False), _connector="OR"),
                name="ending_rests_on_a_decision",
            ),
        ),
        migrations.RunSQL(sql=GUARDS, reverse_sql=UNGUARD),
    ]
