"""Tasks launched together with a budget, and the files they came in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from kit import states as kit_states
from kit.ids import uuid7
from marketplace.models.projects import Project
from marketplace.states import BATCH


class Batch(models.Model):
    """Tasks that a client launches together; `terms` are frozen at launch."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(max_length=120)
    state = kit_states.field(BATCH)
    paused_why = models.CharField(max_length=40, blank=True, default="")
    priority = models.PositiveSmallIntegerField(default=50)
    deadline = models.DateTimeField(null=True, blank=True)
    pilot_size = models.PositiveIntegerField(null=True, blank=True)
    terms = models.JSONField(default=dict)
    task_count = models.PositiveIntegerField(default=0)
    opened_to_line = models.PositiveBigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    reserved_units = models.PositiveBigIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    launched_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            kit_states.constraint(BATCH),
            models.CheckConstraint(condition=models.Q(priority__lte=100), name="batch_priority_known"),
        ]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="batch_by_project"),
            models.Index(fields=["state"], name="batch_in_motion", condition=~models.Q(state__in=["draft", "settled"])),
        ]


class Upload(models.Model):
    """One file of rows on its way into a draft batch; the good rows are kept until the client decides."""

    class Status(models.TextChoices):
        RECEIVED = "received"
        READING = "reading"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10)
    stored_as = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    columns = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    bytes_read = models.PositiveBigIntegerField(default=0)
    rows_good = models.PositiveIntegerField(default=0)
    rows_bad = models.PositiveIntegerField(default=0)
    images_waiting = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True, default="")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sha256"], name="upload_by_content")]


class BadRow(models.Model):
    """A row that could not become a task: where it stands in the file and what is wrong with it."""

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="bad_rows", db_index=False)
    line = models.PositiveBigIntegerField()
    field = models.CharField(max_length=80, blank=True, default="")
    reason = models.CharField(max_length=300)
    raw = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["upload", "line"], name="bad_row_by_line")]
