"""What other rooms may ask about people and organisations: small frozen values, one statement each."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from workers import search
from workers.identity import still_holding
from workers.models import Credential, Membership, OpsRole, Organisation, TeamPlace, User, WorkerProfile
from workers.people import independent as independent

RIGHTS = """
SELECT EXISTS (SELECT 1 FROM workers_workerprofile p WHERE p.user_id = %(user)s),
       ARRAY(SELECT r.role::text FROM workers_opsrole r WHERE r.user_id = %(user)s)
"""
UNREAD = "(SELECT count(*) FROM workers_notice n WHERE n.user_id = %(user)s AND n.read_at IS NULL AND n.shown)"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person is on this platform, apart from organisations."""

    is_worker: bool
    ops_roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Belonging:
    """A person's place in an organisation."""

    organisation_id: uuid.UUID
    slug: str
    name: str
    role: str
    kind: str = Organisation.CLIENT

    @property
    def home(self) -> str:
        """The address of its first page."""
        return f"/{self.kind}/{self.slug}/"


def rights(user_id: uuid.UUID) -> Rights:
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, {"user": user_id})
        is_worker, roles = cursor.fetchone()
    return Rights(is_worker=is_worker, ops_roles=frozenset(roles))


def rights_and_unread(user_id: uuid.UUID) -> tuple[Rights, int]:
    """What the frame of every page needs, in one statement: the rights, and how many notices are unread."""
    with connection.cursor() as cursor:
        cursor.execute(f"{RIGHTS}, {UNREAD}", {"user": user_id})
        is_worker, roles, unread = cursor.fetchone()
    return Rights(is_worker=is_worker, ops_roles=frozenset(roles)), unread


def ops_roles(user_id: uuid.UUID) -> frozenset[str]:
    return frozenset(OpsRole.objects.filter(user_id=user_id).values_list("role", flat=True))


def has_ops_role(user_id: uuid.UUID, *roles: str) -> bool:
    """Any of these roles, or admin; without names, any role at all."""
    held = ops_roles(user_id)
    return bool(held & {*roles, OpsRole.ADMIN}) if roles else bool(held)


def membership(user_id: uuid.UUID, organisation_id: uuid.UUID) -> Belonging | None:
    row = Membership.objects.select_related("organisation").filter(user_id=user_id, organisation_id=organisation_id).first()
    return _belonging(row) if row else None


def memberships(user_id: uuid.UUID) -> list[Belonging]:
    """The organisations of a person, by name."""
    rows = Membership.objects.select_related("organisation").filter(user_id=user_id).order_by("organisation__name")
    return [_belonging(row) for row in rows]


def belongs_to(user_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
    return Membership.objects.filter(user_id=user_id, organisation_id=organisation_id).exists()


def members_of(organisation_id: uuid.UUID, *, roles: tuple[str, ...] = ()) -> list[uuid.UUID]:
    """The people of an organisation, for notices; with `roles` only those."""
    rows = Membership.objects.filter(organisation_id=organisation_id)
    return list((rows.filter(role__in=roles) if roles else rows).values_list("user_id", flat=True))


def organisation(organisation_id: uuid.UUID) -> Organisation:
    """Raises Organisation.DoesNotExist."""
    return Organisation.objects.get(pk=organisation_id)


def find_people(words: str, *, roles: Iterable[str] = ()) -> QuerySet[User]:
    """People by anything that a viewer with these ops roles may have in hand, see `workers.search`."""
    return search.people(words, roles=roles)


def worker_facts(user_id: uuid.UUID) -> dict[str, Any] | None:
    """What eligibility may ask about a worker, typed, in one statement; None for somebody who is no worker.

    country str (ISO), languages {code: A1..C2 or native}, time_zone str, standing str, onboarded bool, joined datetime,
    organisations set of ids, ops bool, facts_version int, avoids set of kinds of content (workers.preferences), credentials
    set of the domains of verified ones, credentials_until the first day on which one of them ends, or None, agency the id of the
    agency in whose team they are, as text, or nothing.
    """
    verified = Credential.objects.filter(still_holding(Now()), worker=OuterRef("pk"), state="verified")
    first_end = verified.filter(expires_at__isnull=False).order_by("expires_at").values("expires_at")[:1]
    rows = WorkerProfile.objects.filter(pk=user_id).select_related("setup")
    team = TeamPlace.objects.filter(worker=OuterRef("pk"), until__isnull=True).values("agency_id")[:1]
    worker = rows.annotate(
        proven=ArraySubquery(verified.values("domain")), proven_until=Subquery(first_end), team_of=Subquery(team),
        member_of=ArraySubquery(Membership.objects.filter(user=OuterRef("pk")).values("organisation_id")),
        is_ops=Exists(OpsRole.objects.filter(user=OuterRef("pk"))),
    ).first()  # fmt: skip
    if worker is None:
        return None
    return {
        "country": worker.country,
        "languages": {row["code"]: row["level"] for row in worker.languages},
        "time_zone": worker.time_zone,
        "standing": worker.standing,
        "onboarded": worker.onboarded_at is not None,
        "joined": worker.created_at,
        "organisations": set(worker.member_of),
        "avoids": frozenset(worker.setup.avoids) if hasattr(worker, "setup") else frozenset(),
        "credentials": frozenset(worker.proven),
        "credentials_until": worker.proven_until,
        "agency": str(worker.team_of or ""),
        "ops": worker.is_ops,
        "facts_version": worker.facts_version,
    }


def home_url(user_id: uuid.UUID) -> str:
    """The first page of a person's own audience: ops, worker, client, or the choice of one."""
    held = rights(user_id)
    if held.ops_roles:
        return "/ops/"
    if held.is_worker:
        return "/work/"
    first = memberships(user_id)[:1]
    return first[0].home if first else "/client/new/"


def _belonging(row: Membership) -> Belonging:
    return Belonging(
        organisation_id=row.organisation_id, slug=row.organisation.slug, name=row.organisation.name, role=row.role,
        kind=row.organisation.kind,
    )  # fmt: skip


def person_address(user_id: uuid.UUID) -> str:
    """Somebody's e-mail address; empty when there is nobody."""
    return User.objects.filter(pk=user_id).values_list("email", flat=True).first() or ""
