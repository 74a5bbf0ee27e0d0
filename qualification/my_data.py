"""This room's part of everything that is kept about one person, for that person."""

from __future__ import annotations

import uuid
from typing import Any

from qualification.models import Attempt, Grant
from workers import my_data


def _grants(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("skill__name", "tier", "score_bp", "low_bp", "high_bp", "source", "state", "valid_from", "expires_at", "ended_at")
    return list(Grant.objects.filter(worker_id=worker_id).order_by("valid_from").values(*columns))


def _attempts(worker_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("exam__title", "exam__version", "state", "started_at", "closed_at", "score_bp", "regraded_at")
    return list(Attempt.objects.filter(worker_id=worker_id).order_by("started_at").values(*columns))


my_data.declare("skills", _grants)
my_data.declare("exams", _attempts)
