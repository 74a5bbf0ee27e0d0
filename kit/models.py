"""The kit's tables: outbox events, the audit trail, stored files, remembered API requests."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from kit.ids import uuid7


class OutboxEvent(models.Model):
    """Something that happened and that others may hear of later, written in the transaction that made it true."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.SmallIntegerField(default=0, db_default=0)
    done = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    delivered_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="", db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], name="outbox_due", condition=models.Q(delivered_at__isnull=True)
            ),
        ]


class AuditRecord(models.Model):
    """One change of state or one decision: who, what, when; ids and codes only, never names or free text."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    verb = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    from_state = models.CharField(max_length=30, blank=True, default="", db_default="")
    to_state = models.CharField(max_length=30, blank=True, default="", db_default="")
    reason = models.CharField(max_length=80, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="audit_by_subject"),
            models.Index(fields=["actor_id", "id"], name="audit_by_actor"),
        ]


class Asset(models.Model):
    """A stored file, named by the SHA-256 of its content, checked once when it came in."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    content_type = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())


class RememberedRequest(models.Model):
    """The answer to an API request that carried an Idempotency-Key, replayed when the key comes again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner_id = models.UUIDField()
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner_id", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"], name="remembered_by_age")]
