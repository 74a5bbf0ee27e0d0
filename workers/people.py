"""Making people, the ops roles of a few, and who counts as a second person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict, Invalid, Refused
from workers import facts, locks
from workers.models import Link, OpsRole, User, WorkerProfile
from workers.states import ENDED

LINKED = """
WITH RECURSIVE same (id) AS (
    SELECT %s::uuid
    UNION
    SELECT CASE WHEN l.a_id = s.id THEN l.b_id ELSE l.a_id END
    FROM same s JOIN workers_link l ON l.a_id = s.id OR l.b_id = s.id
)
SELECT id FROM same
"""


class LastAdmin(Conflict):
    """Somebody has to be left who can give roles."""

    code = "last_admin"


class NotIndependent(Refused):
    """This needs a second person: another account, not linked to the first."""

    code = "not_independent"


def become_worker(*, user_id: uuid.UUID) -> WorkerProfile:
    """Give a person a worker's profile; a second call returns the first one."""
    profile, _made = WorkerProfile.objects.get_or_create(user_id=user_id)
    return profile


def linked(user_id: uuid.UUID) -> set[uuid.UUID]:
    """Every account known to be of the same person, this one included; links of links count."""
    with connection.cursor() as cursor:
        cursor.execute(LINKED, [user_id])
        return {row[0] for row in cursor.fetchall()}


def independent(a: uuid.UUID, b: uuid.UUID) -> bool:
    """Are these two accounts of two different persons, as far as is known?"""
    return a != b and b not in linked(a)


def require_independent(a: uuid.UUID, b: uuid.UUID) -> None:
    """Raises NotIndependent."""
    if not independent(a, b):
        raise NotIndependent(_("This needs a second person: another account that is not linked to the first."))


def gone(user_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these workers whose work here has ended. One statement, none for nobody."""
    if not user_ids:
        return set()
    return set(WorkerProfile.objects.filter(pk__in=user_ids, standing=ENDED).values_list("pk", flat=True))


def link(*, a: uuid.UUID, b: uuid.UUID, reason: str, by_id: uuid.UUID | None, now: datetime) -> Link:
    """Record that two accounts are of one person; raises Invalid for one and the same account."""
    if a == b:
        raise Invalid(_("Expected two different accounts."), field="b")
    first, second = sorted((a, b))
    row, made = Link.objects.get_or_create(
        a_id=first, b_id=second, defaults={"reason": reason, "made_by_id": by_id, "made_at": now}
    )
    if made:
        audit.record(subject=row, verb="link.made", actor_id=by_id, now=now, reason=reason)
        facts.touch(a)
        facts.touch(b)
    return row


def give_role(*, user_id: uuid.UUID, role: str, by_id: uuid.UUID | None, now: datetime) -> OpsRole:
    """Give an ops role; `by_id` is None for the operator of the installation. Raises Invalid for an unknown role."""
    if role not in dict(OpsRole.ROLES):
        raise Invalid(_("Expected one of the ops roles."), field="role", expected=sorted(dict(OpsRole.ROLES)))
    row, made = OpsRole.objects.get_or_create(user_id=user_id, role=role, defaults={"given_by_id": by_id, "given_at": now})
    if made:
        audit.record(subject=row.user, verb="ops_role.given", actor_id=by_id, now=now, reason=role)
        facts.touch(user_id)
    return row


def take_role(*, user_id: uuid.UUID, role: str, by_id: uuid.UUID, now: datetime) -> None:
    """Take an ops role back; raises LastAdmin rather than leave nobody who can give roles."""
    if role == OpsRole.ADMIN and locks.admins() <= {user_id}:
        raise LastAdmin(_("This is the last admin. Make somebody else an admin first."), field="role")
    if OpsRole.objects.filter(user_id=user_id, role=role).delete()[0]:
        audit.record(subject=User(pk=user_id), verb="ops_role.taken", actor_id=by_id, now=now, reason=role)
        facts.touch(user_id)
