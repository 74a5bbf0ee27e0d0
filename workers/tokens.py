"""API tokens: made once and shown once, kept as a hash, limited by scopes and a day."""

from __future__ import annotations

import hashlib
import secrets
import string
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Invalid, NotFound, Text
from workers import queries
from workers.models import ApiToken, Membership

WORK, CLIENT_READ, CLIENT_WRITE, OPS, PAYMENTS = "work", "client:read", "client:write", "ops", "payments"
SCOPES: dict[str, Text] = {
    WORK: _("Do work: take tasks, submit answers, take exams"),
    CLIENT_READ: _("Read what belongs to the organisation"),
    CLIENT_WRITE: _("Change what belongs to the organisation"),
    OPS: _("Act as ops, within your roles"),
    PAYMENTS: _("Read your earnings and payouts; for finance, act on money"),
}
DAYS, MOST_DAYS, MOST_TOKENS = 90, 366, 50
ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; `key` is the only time its secret can be read."""

    token: ApiToken
    key: str


def make(
    *,
    user_id: uuid.UUID,
    name: str,
    scopes: list[str],
    now: datetime,
    days: int = DAYS,
    organisation_id: uuid.UUID | None = None,
) -> NewToken:
    """Make a token that can do no more than its owner may. Raises Invalid with the field."""
    if not name.strip() or len(name) > 80:
        raise Invalid(_("Name the token, so that you know it again."), field="name")
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(_("A token lives 1 to 366 days."), field="days")
    wanted = _check_scopes(user_id=user_id, scopes=scopes, organisation_id=organisation_id)
    if ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True, expires_at__gt=now).count() >= MOST_TOKENS:
        raise Invalid(_("You have 50 live tokens. Revoke one first."), field="name")
    prefix = "".join(secrets.choice(ALPHABET) for _at in range(12))
    secret = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user_id=user_id,
        organisation_id=organisation_id,
        name=name.strip(),
        prefix=prefix,
        secret_hash=hash_secret(secret),
        scopes=wanted,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    audit.record(subject=token, verb="token.made", actor_id=user_id, now=now)
    return NewToken(token=token, key=f"mk_{prefix}_{secret}")


def revoke(*, user_id: uuid.UUID, token_id: uuid.UUID, now: datetime) -> None:
    """Make a token useless at once; a second time changes nothing. Raises NotFound for somebody else's."""
    token = ApiToken.objects.filter(pk=token_id, user_id=user_id).first()
    if token is None:
        raise NotFound(_("There is no such token."))
    if ApiToken.objects.filter(pk=token_id, revoked_at__isnull=True).update(revoked_at=now):
        audit.record(subject=token, verb="token.revoked", actor_id=user_id, now=now)


def hash_secret(secret: str) -> str:
    """SHA-256; the secret has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def read_key(key: str) -> tuple[str, str] | None:
    """Prefix and secret of `mk_<prefix>_<secret>`, or None when it is no key of ours."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "mk" or not parts[1] or not parts[2] or len(key) > 200 or not key.isascii():
        return None
    return parts[1], parts[2]


def _check_scopes(*, user_id: uuid.UUID, scopes: list[str], organisation_id: uuid.UUID | None) -> list[str]:
    """Scopes without doubles, each within what the owner may do now."""
    wanted = sorted(set(scopes))
    if not wanted or any(scope not in SCOPES for scope in wanted):
        raise Invalid(_("Choose at least one scope from the list."), field="scopes", expected=sorted(SCOPES))
    rights = queries.rights(user_id)
    if WORK in wanted and (not rights.is_worker or rights.ops_roles):
        raise Invalid(_("Only workers can have the scope work."), field="scopes")
    if OPS in wanted and not rights.ops_roles:
        raise Invalid(_("Only people of ops can have the scope ops."), field="scopes")
    for_client = [scope for scope in wanted if scope.startswith("client:")]
    if for_client or organisation_id:
        _check_organisation(user_id=user_id, organisation_id=organisation_id, scopes=for_client)
    return wanted


def _check_organisation(*, user_id: uuid.UUID, organisation_id: uuid.UUID | None, scopes: list[str]) -> None:
    membership = queries.membership(user_id, organisation_id) if organisation_id else None
    if membership is None:
        raise Invalid(_("Choose the organisation that the token is for."), field="organisation")
    if CLIENT_WRITE in scopes and membership.role == Membership.VIEWER:
        raise Invalid(_("A viewer's token can only read."), field="scopes")
