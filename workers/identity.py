"""Who somebody is, as the payments provider confirmed it: a credential without a document, which lasts two years."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from kit import audit, states
from workers import facts, notices, preferences
from workers.models import Credential, WorkerProfile
from workers.models.setup import IDENTITY
from workers.states import CREDENTIAL, VERIFIED, WITHDRAWN

VALID_FOR = timedelta(days=730)
RENEW_WITHIN = timedelta(days=60)
ISSUER = "Stripe Identity"

notices.declare(
    "credential.identity", _("Your identity is confirmed until %(until)s."), url_name="payments:identity", words={"until": notices.day}
)


def lock(user_id: uuid.UUID) -> None:
    """Whoever begins a check for this worker does so alone."""
    WorkerProfile.objects.select_for_update().get(pk=user_id)


def held(user_id: uuid.UUID, *, now: datetime) -> Credential | None:
    """The confirmation that holds now."""
    return _live(user_id).filter(expires_at__gt=now).order_by("-expires_at").first()


def may_renew(user_id: uuid.UUID, *, now: datetime) -> bool:
    """Nothing holds, or it ends soon."""
    return not _live(user_id).filter(expires_at__gt=now + RENEW_WITHIN).exists()


def confirmed(*, user_id: uuid.UUID, now: datetime) -> Credential:
    """The provider said yes: a new confirmation takes the place of an older one."""
    for old in _live(user_id):
        states.move(old, chart=CREDENTIAL, to=WITHDRAWN, actor_id=None, now=now, reason="renewed")
    made = Credential.objects.create(
        worker_id=user_id, kind=IDENTITY, domain=IDENTITY, title=ISSUER, issuer=ISSUER, state=VERIFIED, submitted_at=now, due_at=now,
        decided_at=now, expires_at=now + VALID_FOR,
    )  # fmt: skip
    audit.record(subject=made, verb="credential.verified", actor_id=None, now=now, to_state=VERIFIED, reason=IDENTITY)
    preferences.finish_step(worker_id=user_id, step=IDENTITY, how=preferences.DONE)
    facts.touch(user_id)
    notices.tell(user_id, "credential.identity", until=(now + VALID_FOR).isoformat())
    return made


def of(user_id: uuid.UUID) -> Q:
    """This person's confirmation, run out or not."""
    return Q(kind=IDENTITY, state=VERIFIED, worker_id=user_id)


def still_holding(at: datetime | Now) -> Q:
    """Credentials that have not run out by then; most never do."""
    return Q(expires_at__isnull=True) | Q(expires_at__gt=at)


def _live(user_id: uuid.UUID) -> QuerySet[Credential]:
    return Credential.objects.filter(of(user_id))
