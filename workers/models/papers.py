"""What a person signed, the API tokens they made, and the notices they were given."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit.ids import uuid7
from workers.models.organisations import Organisation
from workers.models.people import User


class Agreement(models.Model):
    """One published version of a text that people sign; append-only by trigger, so a signature keeps its text."""

    WORKER, CLIENT = "worker", "client"
    KINDS = [(WORKER, _("Agreement with workers")), (CLIENT, _("Agreement with clients"))]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=KINDS)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    text = models.TextField()
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="one_text_per_agreement_version")]


class Signature(models.Model):
    """A person agreed to one version of a text; append-only by trigger."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="signatures")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="signatures")
    at = models.DateTimeField()
    ip_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "agreement"], name="one_signature_per_agreement")]


class ApiToken(models.Model):
    """The right of a program to act for a person, within scopes and until a day; the secret is kept as a hash only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prefix"], name="one_token_per_prefix"),
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("created_at")), name="token_expires"),
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="tokens_by_person")]


class Notice(models.Model):
    """Something a person should know: a kind with parameters; the sentence is made when it is read, in the reader's language."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True)
    shown = models.BooleanField(default=True, db_default=True)
    mail = models.BooleanField(default=False)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notices_by_person"),
            models.Index(fields=["user"], name="notices_unread", condition=models.Q(read_at__isnull=True)),
            models.Index(fields=["created_at"], name="notices_to_mail", condition=models.Q(mail=True, mailed_at__isnull=True)),
        ]


class NoticePreference(models.Model):
    """How a person wants to hear of one group of notices; without a row, as the kind is declared."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_preferences")
    group = models.CharField(max_length=20)
    in_app = models.BooleanField()
    mail = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "group"], name="one_preference_per_group")]
