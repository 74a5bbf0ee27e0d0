"""How people get in, in the demo: a wait-list for a skill that nobody asks for yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from config.demo.people import Cast
from marketplace import outlook, waitlist
from qualification.models import Skill

SKILL = "sums-at-hand"
WAITED_DAYS = (2, 9, 6, 4)
"""How long each of the first workers of the cast has waited."""


def make(cast: Cast, now: datetime) -> None:
    """Four people wait for sums, one of them pauses."""
    skill = Skill.objects.get(slug=SKILL)
    with transaction.atomic():
        for worker, days in zip(cast.workers, WAITED_DAYS, strict=False):
            outlook.refresh(worker.pk, now)
            place = waitlist.join(worker_id=worker.pk, skill=skill, now=now - timedelta(days=days))
            if days == max(WAITED_DAYS):
                waitlist.pause(place=place, now=now)
