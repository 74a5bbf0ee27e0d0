"""Why a worker who asked got no task: the rule, the day's cap, whose turn it is, or that everything is taken."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from marketplace import eligibility
from marketplace.models import Queue, Ready, WorkerRecord


def explain(*, worker_id: uuid.UUID, kind: str, project_id: uuid.UUID | None, now: datetime) -> dict[str, Any]:
    """A code and a sentence, only for who got nothing; it names what keeps them out of the nearest closed work."""
    ready = Ready.objects.filter(worker_id=worker_id).first()
    queues = Queue.objects.filter(pk__in=list(ready.multipliers) if ready else [], open=True, kind=kind)
    if ready is not None and (said := _not_yet(ready, kind, project_id, now)):
        return said
    if project_id is not None:
        queues = queues.filter(project_id=project_id)
    caps = {project: terms.get("daily_cap") for project, terms in queues.values_list("project_id", "terms")}
    if not caps:
        return _closed(worker_id, kind, project_id, now)
    done = dict(
        WorkerRecord.objects.filter(worker_id=worker_id, project_id__in=list(caps), day=now.date())
        .values_list("project_id", "day_answers")
    )
    if all(cap and done.get(project, 0) >= cap for project, cap in caps.items()):
        return {"code": "daily_cap", "detail": _("You have done as much as one person may today. It goes on at 00:00 UTC.")}
    return {
        "code": "all_taken",
        "detail": _("Every task open to you is taken or was yours before. Returned and new ones show as soon as they come."),
    }


NOT_YET = {
    "fair_share": _lazy(
        "In %(project)s there is less work than people who ask, and you had twice what they usually got within the hour. It is "
        "your turn again by %(until)s UTC at the latest, sooner when they had theirs or more work comes."
    ),
    "best_first": _lazy("%(project)s is open to its best workers first; to everybody who fits from %(until)s UTC on."),
}


def _not_yet(ready: Ready, kind: str, project_id: uuid.UUID | None, now: datetime) -> dict[str, Any] | None:
    """Whose turn it is first, where this worker is let in and has to wait."""
    until = {queue_id: (why, datetime.fromisoformat(at)) for queue_id, why, at in ready.waits}
    queues = Queue.objects.filter(pk__in=list(until), open=True, kind=kind).select_related("project") if until else []
    mine = [queue for queue in queues if project_id in (None, queue.project_id) and until[queue.pk][1] > now]
    if not mine:
        return None
    first = min(mine, key=lambda queue: until[queue.pk][1])
    why, at = until[first.pk]
    words = {"project": first.project.name, "until": date_format(at, "H:i")}
    return {"code": why, "detail": NOT_YET[why] % words, "until": at}


def _closed(worker_id: uuid.UUID, kind: str, project_id: uuid.UUID | None, now: datetime) -> dict[str, Any]:
    """What keeps this worker out of the nearest work of the kind; for experts' work that names skill and tier."""
    found = eligibility.why_not(worker_id=worker_id, now=now, kinds=[kind])
    nearest = next((one for one in found if one.misses and project_id in (None, one.project_id)), None)
    detail = _("No open work lets you in right now. See /api/v1/work/closed/ for what keeps you out.")
    if nearest is not None:
        asked = "; ".join(_("%(wants)s (you: %(has)s)") % {"wants": miss.wants, "has": miss.has} for miss in nearest.misses)
        detail = _("%(project)s asks for: %(asked)s.") % {"project": nearest.name, "asked": asked}
    return {"code": "nothing_open_to_you", "detail": detail}
