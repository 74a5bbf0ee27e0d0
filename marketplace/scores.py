"""How often a worker is right in a project: from gold alone at first, from the fitted model once there is one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from marketplace.models import QualityModel, Ready, WorkerRecord
from marketplace.quality import scores as quality

BASIS = 10_000
CROWD_GUESS = 0.7
"""What a newcomer is thought to get right before anything is known of the project's crowd."""


def refresh(*, worker_id: uuid.UUID, project_id: uuid.UUID, now: datetime) -> None:
    """After a gold answer was graded or voided: a score from gold alone, until the project's model is fitted."""
    if QualityModel.objects.filter(project_id=project_id).exists():
        return
    record = WorkerRecord.objects.filter(worker_id=worker_id, project_id=project_id).first()
    if record is None:
        return
    known = quality.Record(right=float(record.gold_right), answers=float(record.gold_seen))
    found = quality.score([known], crowd=CROWD_GUESS)[0]
    _write({worker_id: found if record.gold_seen else None}, project_id, now)


def keep(*, project_id: uuid.UUID, found: Mapping[uuid.UUID, quality.Score], now: datetime) -> None:
    """Keep the scores of a fit."""
    _write(dict(found), project_id, now)


def _write(found: Mapping[uuid.UUID, quality.Score | None], project_id: uuid.UUID, now: datetime) -> None:
    """Write scores in basis points; pay bands may follow, so ready rows are made again."""
    records = {
        record.worker_id: record for record in WorkerRecord.objects.filter(project_id=project_id, worker_id__in=list(found))
    }
    for worker_id, record in records.items():
        score = found[worker_id]
        record.score_bp = round(score.mean * BASIS) if score else None
        record.score_low_bp = round(score.low * BASIS) if score else None
        record.score_high_bp = round(score.high * BASIS) if score else None
        record.scored_at = now
    WorkerRecord.objects.bulk_update(
        records.values(), ["score_bp", "score_low_bp", "score_high_bp", "scored_at"], batch_size=500
    )
    Ready.objects.filter(worker_id__in=list(records)).update(stale=True)
