"""Where a client wants to hear of what happened, what is waiting to be told, and every try at telling it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from kit import states as kit_states
from kit.ids import uuid7
from marketplace.models.work import Task
from marketplace.states import WEBHOOK_DELIVERY


class WebhookEndpoint(models.Model):
    """An address of a client. `secret` signs; for a day after a change the one before signs too."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey("workers.Organisation", on_delete=models.PROTECT, related_name="webhook_endpoints")
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=40))
    secret = models.CharField(max_length=80)
    old_secret = models.CharField(max_length=80, blank=True, default="")
    old_secret_until = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_why = models.CharField(max_length=20, blank=True, default="")


class WebhookNews(models.Model):
    """A settled result that an endpoint has not been told of yet; up to a hundred of one batch go into one delivery."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="news")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "endpoint"], name="one_piece_of_news_per_task")]


class WebhookDelivery(models.Model):
    """One message for one endpoint: its body is fixed when it is made, so that every try sends the same."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=40)
    about = models.CharField(max_length=80, null=True)
    body = models.TextField()
    state = kit_states.field(WEBHOOK_DELIVERY)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    tries_so_far = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            kit_states.constraint(WEBHOOK_DELIVERY),
            models.UniqueConstraint(
                fields=["endpoint", "event", "about"], condition=models.Q(about__isnull=False),
                name="one_delivery_per_happening",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="webhook_due", condition=models.Q(state="waiting")),
            models.Index(fields=["endpoint", "-created_at"], name="webhook_log"),
        ]


class WebhookTry(models.Model):
    """One call of an endpoint: what it answered, or why it could not be reached."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries", db_index=False)
    n = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    fault = models.CharField(max_length=200, blank=True, default="")
    milliseconds = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "n"], name="one_try_per_number")]
