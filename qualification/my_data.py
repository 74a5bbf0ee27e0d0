"""This room's part of everything that is kept about one person, for that person."""

from __future__ import annotations

import uuid
from typing import Any

from qualification.models import Accommodation, Attempt, AttemptItem, Grant, Reading
from workers import my_data


def _grants(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("skill__name", "tier", "score_bp", "low_bp", "high_bp", "source", "state", "valid_from", "expires_at", "ended_at")
    return list(Grant.objects.filter(worker_id=worker_id).order_by("valid_from").values(*columns))


def _attempts(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("exam__title", "exam__version", "state", "started_at", "closed_at", "score_bp", "tier", "regraded_at", "guideline", "since")
    return list(Attempt.objects.filter(worker_id=worker_id).order_by("started_at").values(*columns))


def _readings(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """What people gave the free texts of this person, and wrote; not who they are."""
    rows = Reading.objects.filter(question__attempt__worker_id=worker_id, graded_at__isnull=False, known__isnull=True)
    columns = ("question__attempt__exam__title", "question__n", "n", "points", "note", "graded_at")
    return list(rows.order_by("graded_at").values(*columns))


def _time(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("time_bp", "reason", "given_at", "ended_at")
    return list(Accommodation.objects.filter(worker_id=worker_id).order_by("given_at").values(*columns))


def _counted(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    """What pages of exams counted, and what people found when they looked."""
    rows = AttemptItem.objects.filter(attempt__worker_id=worker_id).exclude(signals={}).order_by("attempt__started_at", "n")
    return [dict(row) for row in rows.values("attempt__exam__title", "n", "signals", "attempt__look__wrong", "attempt__look__note")]


my_data.declare("skills", _grants)
my_data.declare("exams", _attempts)
my_data.declare("exam_readings", _readings)
my_data.declare("exam_time", _time)
my_data.declare("exam_signals", _counted)
