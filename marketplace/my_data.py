"""This room's part of everything that is kept about one person, for that person: their work, how it was measured, what they asked."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import F

from marketplace.models import AICase, Question, ReviewerRecord, Submission, WorkerRecord
from workers import my_data


def _work(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """Every answer that somebody handed in. Which of them were known answers is not told, as it would tell which tasks are."""
    rows = Submission.objects.filter(worker_id=worker_id).order_by("submitted_at", "pk").annotate(project=F("batch__project__name"))
    columns = ("id", "project", "kind", "round", "answer", "active_ms", "submitted_at", "state")
    return list(rows.values(*columns).iterator(chunk_size=2_000))


def _quality(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("project__name", "answers", "judged", "accepted", "rejected", "active_ms", "score_bp", "score_low_bp", "score_high_bp",
               "scored_at")  # fmt: skip
    return list(WorkerRecord.objects.filter(worker_id=worker_id).order_by("project__name", "pk").values(*columns))


def _reviews(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("project__name", "verdicts", "known", "known_right", "looked_at", "overturned", "counted_at")
    return list(ReviewerRecord.objects.filter(worker_id=worker_id).order_by("pk").values(*columns))


def _questions(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("project__name", "text", "state", "asked_at", "answer", "answered_at", "published")
    return list(Question.objects.filter(worker_id=worker_id).order_by("asked_at").values(*columns))


def _cases(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """Questions whether AI tools were used, with the figures that they rest on."""
    columns = ("project__name", "signs", "evidence", "looked_at", "opened_at", "decide_by", "said", "said_at", "outcome", "decided_at")
    return list(AICase.objects.filter(worker_id=worker_id).order_by("opened_at").values(*columns))


my_data.declare("work", _work)
my_data.declare("quality", _quality)
my_data.declare("reviews", _reviews)
my_data.declare("questions", _questions)
my_data.declare("ai_cases", _cases)
