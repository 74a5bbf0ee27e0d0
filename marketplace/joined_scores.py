"""Scores when two accounts become one: the counts of both are added up, once, and what rests on single answers is counted anew."""

from __future__ import annotations

import uuid
from datetime import datetime

from kit import audit, outbox
from marketplace import reviewers, scores
from marketplace.models import QualityModel, Ready, ReviewerRecord, WorkerRecord
from workers.models import Merge

ADDED_UP = ("answers", "judged", "accepted", "rejected", "gold_seen", "gold_right", "active_ms")


def join(*, merge: Merge, now: datetime) -> int:
    """Bring the records of the old account into those of the kept one; returns in how many projects. A second time finds nothing.

    The answers stay where they were handed in, with their times; fits read them in the name of the kept account (`workers.accounts`), so
    what is old weighs as little as before. The score from known answers follows here, a fitted one with the next fit, asked for at once.
    """
    rows = WorkerRecord.objects.select_for_update().filter(worker_id=merge.old_id).order_by("project_id")
    projects = [_join_one(record, merge.kept_id, now) for record in rows]
    reviewed = list(ReviewerRecord.objects.filter(worker_id=merge.old_id).values_list("project_id", flat=True))
    ReviewerRecord.objects.filter(worker_id=merge.old_id).delete()
    for project_id in reviewed:
        reviewers.count(worker_id=merge.kept_id, project_id=project_id, now=now)
    Ready.objects.filter(worker_id=merge.kept_id).update(stale=True)
    joined = set(projects) | set(reviewed)
    if joined:
        audit.record(subject=merge, verb="scores.joined", actor_id=merge.decided_by_id, now=now)
    return len(joined)


def _join_one(record: WorkerRecord, kept_id: uuid.UUID, now: datetime) -> uuid.UUID:
    WorkerRecord.objects.get_or_create(worker_id=kept_id, project_id=record.project_id)
    kept = WorkerRecord.objects.select_for_update().get(worker_id=kept_id, project_id=record.project_id)
    for name in ADDED_UP:
        setattr(kept, name, getattr(kept, name) + getattr(record, name))
    if record.day and (kept.day is None or record.day > kept.day):
        kept.day, kept.day_answers = record.day, record.day_answers
    elif record.day and record.day == kept.day:
        kept.day_answers += record.day_answers
    kept.save(update_fields=[*ADDED_UP, "day", "day_answers"])
    record.delete()
    if QualityModel.objects.filter(project_id=record.project_id).exists():
        outbox.emit("scores.recount", project_id=str(record.project_id))
    else:
        scores.refresh(worker_id=kept_id, project_id=record.project_id, now=now)
    return record.project_id
