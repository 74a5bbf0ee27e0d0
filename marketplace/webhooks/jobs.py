"""The clocks of webhooks: gather results into messages, send what is due, forget old logs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from marketplace.models import WebhookDelivery, WebhookTry
from marketplace.webhooks import happenings, sending

LOG_DAYS = 30


@shared_task
def pack_webhooks(**_: Any) -> None:
    """Make messages of results that were settled since the last round."""
    happenings.pack(now=timezone.now())


@shared_task
def send_webhooks(**_: Any) -> None:
    """Send what is due."""
    sending.send_due(now=timezone.now())


@shared_task
def forget_webhooks(**_: Any) -> None:
    """The log keeps a month."""
    old = WebhookDelivery.objects.filter(created_at__lt=timezone.now() - timedelta(days=LOG_DAYS)).exclude(state="waiting")
    WebhookTry.objects.filter(delivery__in=old).delete()
    old.delete()
