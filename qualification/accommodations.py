"""More time at exams for people who need it: half as long again for the asking, more by ops with a reason; no grader is told."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid
from qualification.models import Accommodation
from workers import notices, preferences
from workers.models import WorkerProfile

USUAL = 10_000
"""Basis points of the usual time."""
ON_REQUEST = 15_000
"""For whoever says in their set-up that they need more time: no proof is asked, and it counts from the next attempt."""
LEAST, MOST = 10_001, 40_000

notices.declare(
    "exam.more_time",
    gettext_lazy("From now on you have %(percent)s %% of the usual time at every test. Nobody who grades is told."),
    url_name="qualification:skills",
)


def give(*, worker_id: uuid.UUID, time_bp: int, reason: str, by_id: uuid.UUID, now: datetime) -> Accommodation:
    """`time_bp` of the usual time at attempts that start from now on; what was given before ends. Raises Invalid with the field."""
    reason = " ".join(reason.split())
    if not LEAST <= time_bp <= MOST:
        raise Invalid(_("Expected more than the usual time, and at most four times it."), field="time_bp")
    if not 3 <= len(reason) <= 300:
        raise Invalid(_("Say why, in 3 to 300 characters."), field="reason")
    if not WorkerProfile.objects.filter(pk=worker_id).exists():
        raise Invalid(_("There is no such worker."), field="worker")
    Accommodation.objects.filter(worker_id=worker_id, ended_at__isnull=True).update(ended_at=now)
    try:
        with transaction.atomic():
            given = Accommodation.objects.create(
                worker_id=worker_id, time_bp=time_bp, reason=reason, given_by_id=by_id, given_at=now
            )
    except IntegrityError:
        raise Conflict(_("Somebody else has just given this person more time.")) from None
    audit.record(subject=given, verb="accommodation.given", actor_id=by_id, now=now)
    notices.tell(worker_id, "exam.more_time", percent=time_bp // 100)
    return given


def end(*, worker_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> None:
    """The usual time again, for attempts that start from now on. Raises Conflict when there is nothing to end."""
    found = current(worker_id)
    if found is None or not Accommodation.objects.filter(pk=found.pk, ended_at__isnull=True).update(ended_at=now):
        raise Conflict(_("This person has the usual time already."))
    audit.record(subject=found, verb="accommodation.ended", actor_id=by_id, now=now)


def current(worker_id: uuid.UUID) -> Accommodation | None:
    return Accommodation.objects.filter(worker_id=worker_id, ended_at__isnull=True).first()


def time_of(worker_id: uuid.UUID) -> int:
    """The part of the usual time that a person has, in basis points."""
    if found := current(worker_id):
        return int(found.time_bp)
    return ON_REQUEST if preferences.asks_for(worker_id, "more_time") else USUAL
