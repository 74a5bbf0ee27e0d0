"""The version of the facts about a worker that eligibility uses: whoever changes one says so here."""

from __future__ import annotations

import uuid

from django.db.models import F

from kit import outbox
from workers.models import WorkerProfile


def touch(user_id: uuid.UUID) -> None:
    """Say that a fact of this person changed, in the transaction that changed it; nothing for somebody who is no worker.

    Facts are: profile, languages, standing, onboarding, memberships, ops roles, linked accounts, and grants of skills.
    """
    if WorkerProfile.objects.filter(pk=user_id).update(facts_version=F("facts_version") + 1):
        outbox.emit("facts.changed", user_id=str(user_id))
