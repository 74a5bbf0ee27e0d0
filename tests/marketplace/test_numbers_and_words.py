"""Ratings and transcripts on their way from several people to one result: what no vote over labels could decide."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from marketplace import exports, health, results, submissions
from marketplace.models import Batch, Project, Result, Task
from task_types import registry
from tests import market, people

pytestmark = pytest.mark.django_db(transaction=True)


def launched(kind: str, payload: dict[str, Any], **settings: Any) -> Batch:
    """One task of this kind that three people answer."""
    mira, shop = people.client()
    people.pay_in(shop, people.usd("10"))
    made = market.project(mira, shop, overlap=3, max_overlap=3, review_rule="none")
    Project.objects.filter(pk=made.pk).update(task_type=kind, settings=registry.drawer(kind).check_settings(settings))
    made.refresh_from_db()
    draft = market.batch(made, mira, texts=1)
    Task.objects.filter(batch=draft).update(payload=payload)
    return market.launch(draft, mira)


def answered(batch: Batch, *answers: dict[str, Any]) -> Result:
    """What the answers of three people come to."""
    for name, given in zip(("Ana", "Ben", "Cleo"), answers, strict=True):
        worker = people.worker(name)
        lease = market.take(worker)
        assert lease is not None
        with transaction.atomic():
            submissions.submit(
                worker_id=worker.id, lease_id=lease.lease_id, answer=given, now=market.NOW + dt.timedelta(seconds=10)
            )
    with transaction.atomic():
        results.consider(task_id=Task.objects.get(batch=batch).pk, now=market.NOW + dt.timedelta(minutes=1))
    return Result.objects.get(batch=batch)


def test_three_ratings_settle_at_their_robust_mean() -> None:
    batch = launched("rating", {"text": "The pool opens at nine"}, highest=10)
    result = answered(batch, {"value": 8}, {"value": 9}, {"value": 2})
    assert result.state == "settled"
    assert result.answer is not None
    assert 7.5 < result.answer["value"] < 8.5
    assert str(result.answer["value"]).encode() in b"".join(exports.as_csv(batch))


def test_three_transcripts_settle_at_the_one_in_the_middle() -> None:
    batch = launched("transcription", {"audio": "asset:" + "a" * 64})
    said = [{"segments": [{"start": 0, "end": 2, "text": text}]} for text in ("it rains to day", "It rains, today.", "it reigns today")]
    result = answered(batch, *said)
    assert (result.state, result.answer) == ("settled", said[1])
    assert b"WEBVTT" in b"".join(exports.as_csv(batch))


def test_what_is_no_probability_is_not_shown_as_accuracy() -> None:
    batch = launched("rating", {"text": "The pool opens at nine"})
    answered(batch, {"value": 4}, {"value": 4}, {"value": 4})
    assert health.model_accuracy(batch.project, health.results_of([batch.pk], now=market.NOW)) is None
