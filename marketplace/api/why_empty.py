"""Why a worker who asked got no task: the rule, the day's cap, or that everything is taken."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from marketplace.models import Queue, Ready, WorkerRecord


def explain(*, worker_id: uuid.UUID, kind: str, project_id: uuid.UUID | None, today: date) -> dict[str, Any]:
    """A code and a sentence; three statements at most, and only for who got nothing."""
    ready = Ready.objects.filter(worker_id=worker_id).values_list("queues", flat=True).first() or []
    queues = Queue.objects.filter(pk__in=ready, open=True, kind=kind)
    if project_id is not None:
        queues = queues.filter(project_id=project_id)
    caps = {project: terms.get("daily_cap") for project, terms in queues.values_list("project_id", "terms")}
    if not caps:
        return {
            "code": "nothing_open_to_you",
            "detail": _("No open work lets you in right now. See /api/v1/work/closed/ for what keeps you out."),
        }
    done = dict(
        WorkerRecord.objects.filter(worker_id=worker_id, project_id__in=list(caps), day=today)
        .values_list("project_id", "day_answers")
    )
    if all(cap and done.get(project, 0) >= cap for project, cap in caps.items()):
        return {"code": "daily_cap", "detail": _("You have done as much as one person may today. It goes on at 00:00 UTC.")}
    return {
        "code": "all_taken",
        "detail": _("Every task open to you is taken or was yours before. Returned and new ones show as soon as they come."),
    }
