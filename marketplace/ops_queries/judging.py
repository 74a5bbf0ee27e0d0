"""What waits for a verdict anywhere, by clock, for quality leads who judge in somebody's place."""

from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kit.errors import NotFound
from marketplace.models import Submission


def waiting(*, batch_id: uuid.UUID | None = None) -> QuerySet[Submission]:
    """Submissions that nobody judged yet, the shortest clock first; gold is judged by nobody."""
    rows = Submission.objects.filter(state="waiting", judge_by__isnull=False, gold=False)
    if batch_id is not None:
        rows = rows.filter(batch_id=batch_id)
    return rows.select_related("task", "worker", "batch__project__organisation").order_by("judge_by", "pk")


def following(submission: Submission, *, batch_id: uuid.UUID | None) -> Submission | None:
    """The next one by clock after this one, or the first of all others."""
    others = waiting(batch_id=batch_id).exclude(pk=submission.pk)
    if submission.judge_by is None:
        return others.first()
    behind = others.filter(Q(judge_by__gt=submission.judge_by) | Q(judge_by=submission.judge_by, pk__gt=submission.pk))
    return behind.first() or others.first()


def find(submission_id: uuid.UUID) -> Submission:
    """A submission in any state with all that its page shows; raises NotFound (also for gold)."""
    rows = Submission.objects.select_related("task", "worker", "lease", "batch__project__organisation")
    found = rows.filter(pk=submission_id, gold=False).first()
    if found is None:
        raise NotFound(_("There is no such submission."))
    return found
