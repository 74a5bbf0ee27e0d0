"""Leaving and work: what somebody holds is finished or given back first; what they wrote about themselves and others is emptied."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from kit.errors import Text
from marketplace.models import AICase, ApartWish, Draft, Lease, Question, Ready, WorkAlert
from qualification.models import Accommodation
from workers import erasure

GONE = "–"


def _at_work(user_id: uuid.UUID) -> list[Text]:
    if Lease.objects.filter(worker_id=user_id, live=True).exists():
        return [_("You hold a task: finish it or give it back first.")]
    return []


def _erase(user_id: uuid.UUID, _now: datetime) -> None:
    Draft.objects.filter(assignment__worker_id=user_id).delete()
    Ready.objects.filter(worker_id=user_id).delete()
    WorkAlert.objects.filter(worker_id=user_id).delete()
    Question.objects.filter(worker_id=user_id).update(text=GONE)
    ApartWish.objects.filter(worker_id=user_id).update(named=GONE)
    AICase.objects.filter(worker_id=user_id).update(said="")
    Accommodation.objects.filter(worker_id=user_id).update(reason=GONE)


erasure.declare(obstacle=_at_work, eraser=_erase)
