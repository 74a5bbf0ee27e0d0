"""Everything kept about one person, for that person: this room's part, and what rooms above add."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from kit.limits import Limit
from kit.models import AuditRecord
from workers import notices, queries
from workers.models import Credential, Erasure, Setup, Sighting, SupportRequest, User, WorkerProfile

Section = Callable[[uuid.UUID], Any]

SECTIONS: dict[str, Section] = {}
"""Parts of the export by name; a room adds its own once, when it is loaded."""


ASKING = Limit("my_data", times=20, seconds=3_600)
"""How often one account may have everything collected within an hour."""


def declare(name: str, section: Section) -> None:
    """Add a part: a function from the person's id to plain data (dicts, lists, text, numbers, times, ids)."""
    SECTIONS[name] = section


def collect(user_id: uuid.UUID) -> dict[str, Any]:
    """All parts for one person, as plain data."""
    return {name: section(user_id) for name, section in SECTIONS.items()}


def _account(user_id: uuid.UUID) -> dict[str, Any]:
    user = User.objects.get(pk=user_id)
    return {
        "id": user.pk,
        "name": user.name,
        "email": user.email,
        "language": user.locale,
        "joined": user.created_at,
        "consented": user.consented_at,
    }


def _profile(user_id: uuid.UUID) -> dict[str, Any] | None:
    columns = ("country", "languages", "time_zone", "standing", "standing_reason", "standing_since", "onboarded_at")
    row: dict[str, Any] | None = WorkerProfile.objects.filter(pk=user_id).values(*columns).first()
    return row


def _signed(user_id: uuid.UUID) -> list[dict[str, Any]]:
    rows = User.objects.get(pk=user_id).signatures.select_related("agreement").order_by("at")
    return [{"title": row.agreement.title, "version": row.agreement.version, "at": row.at} for row in rows]


def _decisions(user_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("subject_kind", "reason", "clause", "evidence", "at", "appeal_until")
    return list(User.objects.get(pk=user_id).decisions.order_by("at").values(*columns))


def _appeals(user_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = (
        "subject_kind",
        "text",
        "state",
        "outcome",
        "opened_at",
        "answer",
        "answered_at",
        "grounds",
        "decided_at",
    )
    return list(User.objects.get(pk=user_id).appeals.order_by("opened_at").values(*columns))


def _notices(user_id: uuid.UUID) -> list[dict[str, Any]]:
    shown = [notices.show(row) for row in User.objects.get(pk=user_id).notices.order_by("created_at")]
    return [{"at": one.at, "sentence": one.sentence, "read": one.read} for one in shown]


def _tokens(user_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    return list(User.objects.get(pk=user_id).api_tokens.order_by("created_at").values(*columns))


def _trail(user_id: uuid.UUID) -> list[dict[str, Any]]:
    """What was written down about this person's own profile: states, reasons, times."""
    rows = AuditRecord.objects.filter(subject_kind__in=("workers.workerprofile", "workers.user"), subject_id=str(user_id))
    columns = ("at", "verb", "from_state", "to_state", "reason")
    return list(rows.order_by("id").values(*columns))


def _setup(user_id: uuid.UUID) -> dict[str, Any] | None:
    columns = ("education", "expertise", "accessibility", "accessibility_note", "avoids", "hours_per_week", "times")
    row: dict[str, Any] | None = Setup.objects.filter(worker_id=user_id).values(*columns).first()
    return row


def _credentials(user_id: uuid.UUID) -> list[dict[str, Any]]:
    columns = ("kind", "domain", "title", "issuer", "year", "state", "refusal", "submitted_at", "decided_at")
    return list(Credential.objects.filter(worker_id=user_id).order_by("submitted_at").values(*columns))


declare("account", _account)
declare("profile", _profile)
declare("organisations", lambda user_id: [{"name": one.name, "role": one.role} for one in queries.memberships(user_id)])
declare("agreements", _signed)
declare("decisions", _decisions)
declare("appeals", _appeals)
declare("notices", _notices)
declare("api_tokens", _tokens)
declare("support", lambda user_id: list(
    SupportRequest.objects.filter(user_id=user_id).order_by("asked_at").values("topic", "text", "asked_at", "answer", "answered_at")
))
declare("setup", _setup)
declare("credentials", _credentials)
declare("erasures", lambda user_id: list(
    Erasure.objects.filter(user_id=user_id).order_by("asked_at").values("asked_at", "due_at", "taken_back_at")
))
declare("seen", lambda user_id: list(
    Sighting.objects.filter(user_id=user_id).order_by("first_at").values("kind", "first_at", "last_at")
))
declare("trail", _trail)
