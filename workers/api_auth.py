"""How programs sign in: `Authorization: Bearer mk_...`, checked with one plain statement because the hot paths pass here."""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kit import hot
from workers import tokens
from workers.models import User

FIND = """
SELECT t.id, t.secret_hash, t.scopes, t.organisation_id,
       t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 hour',
       EXISTS (SELECT 1 FROM workers_workerprofile p WHERE p.user_id = u.id),
       ARRAY(SELECT r.role::text FROM workers_opsrole r WHERE r.user_id = u.id),
       u.id, u.email, u.name, u.locale, u.is_active
FROM workers_apitoken t JOIN workers_user u ON u.id = t.user_id
WHERE t.prefix = %s AND t.revoked_at IS NULL AND t.expires_at > now() AND u.is_active
"""
"""A live token of an active person, with all that permissions ask about that person."""

USED = "UPDATE workers_apitoken SET last_used_at = now() WHERE id = %s"
"""At most hourly, so that the hot paths stay at one statement."""

USER_COLUMNS = ["id", "email", "name", "locale", "is_active"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token may do, and what its owner is: the `request.auth` of a program."""

    token_id: uuid.UUID
    scopes: frozenset[str]
    organisation_id: uuid.UUID | None
    is_worker: bool
    ops_roles: frozenset[str]


class TokenAuthentication(BaseAuthentication):
    """Bearer tokens of our own; no header means that somebody else may authenticate (a browser's session)."""

    def authenticate(self, request: Request) -> tuple[User, Claims] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _space, key = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        return _find(key.strip())

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _find(key: str) -> tuple[User, Claims]:
    read = tokens.read_key(key)
    row = _row(read[0]) if read else None
    if read is None or row is None or not hmac.compare_digest(row[1], tokens.hash_secret(read[1])):
        raise AuthenticationFailed(_("This token is not valid: it may be mistyped, revoked or expired."))
    token_id, _hash, scopes, organisation_id, is_stale, is_worker, ops_roles, *person = row
    if is_stale:
        with connection.cursor() as cursor:
            cursor.execute(USED, [token_id])
    user = User.from_db(connection.alias, USER_COLUMNS, person)
    return user, Claims(
        token_id=token_id,
        scopes=frozenset(scopes),
        organisation_id=organisation_id,
        is_worker=is_worker,
        ops_roles=frozenset(ops_roles),
    )


def _row(prefix: str) -> Any:
    return hot.row(FIND, [prefix])


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes a token."""

    target_class = "workers.api_auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token: `mk_<prefix>_<secret>`."}
