"""The one trail of who did what: written with the change itself, never edited."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import models

from kit.models import AuditRecord


def kind_of(subject: models.Model | type[models.Model]) -> str:
    """The name that the trail uses for a thing: `marketplace.batch`."""
    return str(subject._meta.label_lower)


def record(
    *,
    subject: models.Model,
    verb: str,
    actor_id: uuid.UUID | None,
    now: datetime,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
) -> None:
    """Write one line of the trail; `actor_id` is None for a clock. `reason` is a code, never a sentence."""
    AuditRecord.objects.create(
        at=now,
        actor_id=actor_id,
        verb=verb,
        subject_kind=kind_of(subject),
        subject_id=str(subject.pk),
        from_state=from_state,
        to_state=to_state,
        reason=reason,
    )


def record_many(
    *,
    model: type[models.Model],
    ids: Iterable[object],
    verb: str,
    actor_id: uuid.UUID | None,
    now: datetime,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
) -> None:
    """Write the same line for many subjects of one kind, in one statement."""
    AuditRecord.objects.bulk_create(
        AuditRecord(
            at=now,
            actor_id=actor_id,
            verb=verb,
            subject_kind=kind_of(model),
            subject_id=str(subject_id),
            from_state=from_state,
            to_state=to_state,
            reason=reason,
        )
        for subject_id in ids
    )


def history(subject: models.Model) -> models.QuerySet[AuditRecord]:
    """All lines about a thing, oldest first."""
    return AuditRecord.objects.filter(subject_kind=kind_of(subject), subject_id=str(subject.pk)).order_by("id")
