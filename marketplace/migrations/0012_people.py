"""Content warnings, pools of people, announcements, and questions about work."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0011_budgets"),
        ("workers", "0002_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="content_warnings",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
        migrations.CreateModel(
            name="Pool",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("about", models.CharField(blank=True, default="", max_length=300)),
                ("rule", models.JSONField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("archived_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("add", "Added to a pool"), ("remove", "Taken out of a pool")], max_length=10)),
                ("params", models.JSONField(default=dict)),
                ("changed", models.JSONField(default=list)),
                ("at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "pool",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="actions", to="marketplace.pool"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Announcement",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=120)),
                ("text", models.TextField(max_length=4000)),
                ("at", models.DateTimeField()),
                ("told", models.PositiveIntegerField(default=0)),
                ("spared", models.PositiveIntegerField(default=0)),
                ("cursor", models.UUIDField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "pool",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="announcements", to="marketplace.pool"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="project",
            name="pool",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="projects", to="marketplace.pool"
            ),
        ),
        migrations.CreateModel(
            name="PoolMember",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("added_at", models.DateTimeField()),
                ("added_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("pool", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="members", to="marketplace.pool")),
                (
                    "worker",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="pools", to="workers.workerprofile"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.UUIDField(default=kit.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("text", models.TextField(max_length=2000)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("answered", "answered"), ("withdrawn", "withdrawn")], default="open", max_length=20
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("answer", models.TextField(blank=True, default="", max_length=4000)),
                ("answered_at", models.DateTimeField(null=True)),
                ("published", models.BooleanField(default=False)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="marketplace.project"),
                ),
                (
                    "task",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="marketplace.task"),
                ),
                ("worker", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name="pool",
            constraint=models.UniqueConstraint(
                condition=models.Q(("archived_at__isnull", True)), fields=("name",), name="one_people_pool_per_name"
            ),
        ),
        migrations.AddIndex(
            model_name="announcement",
            index=models.Index(condition=models.Q(("done_at__isnull", True)), fields=["at"], name="announcements_going_out"),
        ),
        migrations.AddConstraint(
            model_name="poolmember",
            constraint=models.UniqueConstraint(fields=("pool", "worker"), name="once_in_a_pool"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(condition=models.Q(("state", "open")), fields=["due_at", "id"], name="questions_open"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["project", "-asked_at"], name="questions_by_project"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["worker", "-asked_at"], name="questions_by_worker"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["task"], name="questions_by_task"),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("open", "answered", "withdrawn"))), name="question_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answered_at__isnull", True),
                        ("answered_by__isnull", True),
                        ("published", False),
                        ("state__in", ["open", "withdrawn"]),
                    ),
                    models.Q(("answered_at__isnull", False), ("answered_by__isnull", False), ("state", "answered")),
                    _connector="OR",
                ),
                name="question_answered_by_a_person",
            ),
        ),
    ]
