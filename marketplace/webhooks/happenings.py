"""What happened becomes messages: results gathered a hundred at a time, everything else at once; safe to hear twice."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from kit import json
from kit.money import Money
from marketplace.models import Batch, Result, Task, WebhookDelivery, WebhookEndpoint, WebhookNews
from payments import queries as money

RESULTS_MOST = 100
TRIED_FOR = timedelta(days=3)


def on_result(*, task_id: int, batch_id: str, **_: Any) -> None:
    """Reaction to `result.settled`: note it for every endpoint that wants to know; noting it again changes nothing."""
    listening = _listening("result.settled", batch_id=uuid.UUID(batch_id))
    WebhookNews.objects.bulk_create(
        [WebhookNews(endpoint=endpoint, task_id=task_id) for endpoint in listening], ignore_conflicts=True
    )


def on_batch(*, batch_id: str, **_: Any) -> None:
    """Reaction to `batch.settled`: one message for each endpoint, however often it is heard."""
    batch = Batch.objects.select_related("project").get(pk=batch_id)
    spend = money.batch_spend(batch.pk)
    data = {
        "batch": batch.pk, "project": batch.project_id, "name": batch.name, "state": batch.state,
        "tasks": batch.task_count, "paid": spend.paid, "fees": spend.fees, "settled_at": batch.settled_at,
    }
    for endpoint in _listening("batch.settled", batch_id=batch.pk):
        make(endpoint=endpoint, event="batch.settled", about=batch_id, data=data, now=timezone.now())


def on_low_budget(*, organisation_id: str, batch_id: str, prepaid_units: int, currency: str, **_: Any) -> None:
    """Reaction to `budget.low`: a launch left little prepaid money."""
    data = {"batch": batch_id, "prepaid": Money(prepaid_units, currency)}
    endpoints = WebhookEndpoint.objects.filter(
        organisation_id=organisation_id, stopped_at__isnull=True, events__contains=["budget.low"]
    )
    for endpoint in endpoints:
        make(endpoint=endpoint, event="budget.low", about=batch_id, data=data, now=timezone.now())


def _listening(event: str, *, batch_id: uuid.UUID) -> Iterable[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(
        organisation__projects__batches=batch_id, stopped_at__isnull=True, events__contains=[event]
    )


def make(*, endpoint: WebhookEndpoint, event: str, about: str | None, data: dict[str, Any], now: datetime) -> None:
    """A message whose body no longer changes; one per endpoint, event and thing that it is about."""
    body = json.dumps({"type": event, "timestamp": now, "data": data}).decode()
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                endpoint=endpoint, event=event, about=about, body=body, created_at=now, due_at=now, give_up_at=now + TRIED_FOR
            )
        ],
        ignore_conflicts=True,
    )


def pack(*, now: datetime) -> int:
    """Make messages of noted results, up to a hundred of one batch in each; returns how many messages were made.

    Opens its own transactions; two runners at once share the notes between them.
    """
    made = 0
    for endpoint in WebhookEndpoint.objects.filter(news__isnull=False).distinct():
        while True:
            with transaction.atomic(durable=True):
                packed = _pack_some(endpoint, now)
            if not packed:
                break
            made += 1
    return made


def _pack_some(endpoint: WebhookEndpoint, now: datetime) -> bool:
    """The oldest notes of one endpoint that are of one batch."""
    WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    notes = list(
        WebhookNews.objects.filter(endpoint=endpoint).order_by("pk").values_list("pk", "task_id", "task__batch_id")[:RESULTS_MOST]
    )
    if not notes:
        return False
    batch_id = notes[0][2]
    chosen = [(pk, task_id) for pk, task_id, of_batch in notes if of_batch == batch_id]
    results = _results([task_id for _pk, task_id in chosen])
    WebhookNews.objects.filter(pk__in=[pk for pk, _task_id in chosen]).delete()
    if results:
        project_id = Batch.objects.values_list("project_id", flat=True).get(pk=batch_id)
        data = {"batch": batch_id, "project": project_id, "results": results}
        make(endpoint=endpoint, event="result.settled", about=None, data=data, now=now)
    return True


def _results(task_ids: list[int]) -> list[dict[str, Any]]:
    """Results as they are now; one that was reopened since will be told of when it is settled again."""
    tasks = Task.objects.filter(pk__in=task_ids).in_bulk()
    return [
        {
            "task": result.task_id, "external_id": tasks[result.task_id].external_id, "answer": result.answer,
            "confidence_bp": result.confidence_bp, "ambiguous": result.ambiguous, "distribution": result.distribution,
            "low": result.low, "high": result.high,
            "answers": result.answers, "settled_at": result.settled_at,
        }
        for result in Result.objects.filter(task__in=task_ids, state="settled").order_by("task_id")
    ]
