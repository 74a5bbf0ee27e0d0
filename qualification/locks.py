"""The row locks of this room, so that their order can be read in one place: the attempt before anything it leads to."""

from __future__ import annotations

import uuid

from qualification.models import Attempt


def attempt(attempt_id: uuid.UUID, worker_id: uuid.UUID | None = None) -> Attempt | None:
    """Lock an attempt, of this worker if one is named, until the transaction ends, so that saving an answer and closing never meet."""
    rows = Attempt.objects.filter(pk=attempt_id).select_related("exam__skill")
    if worker_id is not None:
        rows = rows.filter(worker_id=worker_id)
    return rows.select_for_update(of=("self",)).first()
