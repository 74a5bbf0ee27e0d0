"""The tables of skills, exams and grants, and the guards of a grant."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import kit.ids

GUARDS = """
CREATE FUNCTION qualification_guard_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'grants are kept' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.worker_id <> OLD.worker_id OR NEW.skill_id <> OLD.skill_id OR NEW.tier < OLD.tier
        OR NEW.expires_at < OLD.expires_at OR (OLD.expires_at IS NULL AND NEW.expires_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a grant is never lowered or shortened' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'taken' AND OLD.state <> 'taken'
        AND NOT workers_decision_stands(NEW.decision_id, 'grant', NEW.id, NEW.worker_id)
    THEN
        RAISE EXCEPTION 'a grant is not taken away without a decision that stands' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_grant BEFORE UPDATE OR DELETE ON qualification_grant
    FOR EACH ROW EXECUTE FUNCTION qualification_guard_grant();

CREATE FUNCTION qualification_replaced_by_better() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM qualification_grant g
        WHERE g.worker_id = NEW.worker_id AND g.skill_id = NEW.skill_id AND g.tier >= NEW.tier AND g.id <> NEW.id
          AND g.valid_from >= NEW.ended_at
    ) THEN
        RAISE EXCEPTION 'a grant is replaced only by one that is worth as much' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER replaced_by_better AFTER UPDATE OF state ON qualification_grant
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'replaced')
    EXECUTE FUNCTION qualification_replaced_by_better();
"""

UNGUARD = """
DROP TRIGGER replaced_by_better ON qualification_grant;
DROP FUNCTION qualification_replaced_by_better;
DROP TRIGGER guard_grant ON qualification_grant;
DROP FUNCTION qualification_guard_grant;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("workers", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Exam",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("series", models.UUIDField(default=kit.ids.uuid7, editable=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=120)),
                ("about", models.TextField(blank=True, default="", max_length=5000)),
                ("tier", models.PositiveSmallIntegerField(default=1)),
                ("pass_bp", models.PositiveSmallIntegerField(default=8000)),
                ("time_limit_seconds", models.PositiveIntegerField(default=1800)),
                ("draws", models.PositiveSmallIntegerField(default=10)),
                ("cooldown_hours", models.PositiveIntegerField(default=24)),
                ("max_attempts", models.PositiveSmallIntegerField(default=3)),
                ("valid_days", models.PositiveIntegerField(default=365)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("published", "published"), ("retired", "retired")],
                        default="draft",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("series", models.UUIDField()),
                (
                    "state",
                    models.CharField(
                        choices=[("live", "live"), ("passed", "passed"), ("failed", "failed")], default="live", max_length=20
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("deadline_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("score_bp", models.PositiveSmallIntegerField(null=True)),
                ("mean_bp", models.PositiveSmallIntegerField(null=True)),
                ("low_bp", models.PositiveSmallIntegerField(null=True)),
                ("high_bp", models.PositiveSmallIntegerField(null=True)),
                ("regraded_at", models.DateTimeField(null=True)),
                (
                    "worker",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="workers.workerprofile",
                    ),
                ),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="qualification.exam"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExamItem",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("n", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(choices=[("choice", "Multiple choice"), ("gold", "Task with a known answer")], max_length=6),
                ),
                ("task_type", models.CharField(blank=True, default="", max_length=40)),
                ("topic", models.CharField(blank=True, default="", max_length=80)),
                ("body", models.JSONField()),
                ("key", models.JSONField()),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.CharField(blank=True, default="", max_length=300)),
                (
                    "exam",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="items", to="qualification.exam"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AttemptItem",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("n", models.PositiveSmallIntegerField()),
                ("order", models.JSONField(default=list)),
                ("answer", models.JSONField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("credit_bp", models.PositiveSmallIntegerField(null=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="qualification.attempt",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="drawn", to="qualification.examitem"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("tier", models.PositiveSmallIntegerField()),
                ("score_bp", models.PositiveSmallIntegerField(null=True)),
                ("low_bp", models.PositiveSmallIntegerField(null=True)),
                ("high_bp", models.PositiveSmallIntegerField(null=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("exam", "Exam"),
                            ("credential", "Credential"),
                            ("evidence", "Work done here"),
                            ("ops", "Given by ops"),
                        ],
                        max_length=12,
                    ),
                ),
                ("source_id", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("live", "live"), ("expired", "expired"), ("replaced", "replaced"), ("taken", "taken")],
                        default="live",
                        max_length=20,
                    ),
                ),
                ("valid_from", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "decision",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workers.standingdecision"
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="workers.workerprofile",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="attempt",
            name="grant",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="attempts", to="qualification.grant"
            ),
        ),
        migrations.CreateModel(
            name="Skill",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("slug", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("domain", "Domain"),
                            ("subject", "Subject"),
                            ("level", "Level"),
                            ("language", "Language"),
                            ("task_type", "Kind of work"),
                        ],
                        default="subject",
                        max_length=10,
                    ),
                ),
                ("description", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="skills", to="workers.organisation"
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="qualification.skill",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="grant",
            name="skill",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="qualification.skill"),
        ),
        migrations.AddField(
            model_name="exam",
            name="skill",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="exams", to="qualification.skill"),
        ),
        migrations.AddConstraint(
            model_name="examitem",
            constraint=models.UniqueConstraint(fields=("exam", "n"), name="one_item_per_place"),
        ),
        migrations.AddConstraint(
            model_name="examitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "choice"), ("task_type", "")),
                    models.Q(models.Q(("kind", "gold")), models.Q(("task_type", ""), _negated=True)),
                    _connector="OR",
                ),
                name="gold_item_names_its_kind_of_work",
            ),
        ),
        migrations.AddConstraint(
            model_name="attemptitem",
            constraint=models.UniqueConstraint(fields=("attempt", "n"), name="one_question_per_place"),
        ),
        migrations.AddConstraint(
            model_name="attemptitem",
            constraint=models.UniqueConstraint(fields=("attempt", "item"), name="each_item_once_per_attempt"),
        ),
        migrations.AddConstraint(
            model_name="attemptitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit_bp__isnull", True), ("credit_bp__lte", 10000), _connector="OR"),
                name="credit_at_most_full",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["worker", "series", "-started_at"], name="attempts_by_worker"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(condition=models.Q(("state", "live")), fields=["deadline_at"], name="attempts_by_deadline"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("live", "passed", "failed"))), name="exam_attempt_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "live")), fields=("worker", "series"), name="one_live_attempt"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("deadline_at__gt", models.F("started_at"))), name="attempt_has_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "live")),
                    models.Q(models.Q(("state", "live"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="attempt_closed_when_graded",
            ),
        ),
        migrations.AddIndex(
            model_name="skill",
            index=models.Index(fields=["name", "id"], name="skills_by_name"),
        ),
        migrations.AddConstraint(
            model_name="skill",
            constraint=models.UniqueConstraint(fields=("slug",), name="one_skill_per_slug"),
        ),
        migrations.AddConstraint(
            model_name="skill",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["domain", "subject", "level", "language", "task_type"])), name="skill_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="skill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parent__isnull", True), models.Q(("parent", models.F("id")), _negated=True), _connector="OR"
                ),
                name="skill_not_its_own_parent",
            ),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["worker", "-valid_from"], name="grants_by_worker"),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("state", "live")),
                fields=["expires_at"],
                name="grants_by_expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("live", "expired", "replaced", "taken"))), name="grant_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "live")), fields=("worker", "skill"), name="one_live_grant_per_skill"
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(condition=models.Q(("tier__lte", 3)), name="grant_tier_known"),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("high_bp__isnull", True), ("low_bp__isnull", True), ("score_bp__isnull", True)),
                    models.Q(
                        ("high_bp__lte", 10000), ("low_bp__lte", models.F("score_bp")), ("score_bp__lte", models.F("high_bp"))
                    ),
                    _connector="OR",
                ),
                name="grant_score_in_its_interval",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "live")),
                    models.Q(models.Q(("state", "live"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="grant_ended_when_not_live",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__isnull", True), ("expires_at__gt", models.F("valid_from")), _connector="OR"),
                name="grant_lasts",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "expired"), _negated=True), ("ended_at__gte", models.F("expires_at")), _connector="OR"
                ),
                name="grant_expires_on_its_day",
            ),
        ),
        migrations.AddIndex(
            model_name="exam",
            index=models.Index(fields=["state", "title", "id"], name="exams_by_title"),
        ),
        migrations.AddConstraint(
            model_name="exam",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("draft", "published", "retired"))), name="exam_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="exam",
            constraint=models.UniqueConstraint(fields=("series", "version"), name="one_exam_per_version"),
        ),
        migrations.AddConstraint(
            model_name="exam",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "published")), fields=("series",), name="one_published_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="exam",
            constraint=models.CheckConstraint(condition=models.Q(("tier__lte", 3)), name="exam_tier_known"),
        ),
        migrations.AddConstraint(
            model_name="exam",
            constraint=models.CheckConstraint(
                condition=models.Q(("pass_bp__gt", 0), ("pass_bp__lte", 10000)), name="exam_pass_mark_possible"
            ),
        ),
        migrations.RunSQL(sql=GUARDS, reverse_sql=UNGUARD),
    ]
