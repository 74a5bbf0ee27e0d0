"""Programs of the cast: each calls the API with a token of its own, as from outside."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from rest_framework.test import APIClient

from tests import people
from workers import tokens
from workers.models import Organisation, User

CLIENT = ["client:read", "client:write"]


class Caller:
    """Speaks JSON with one token; every answer is (status, body)."""

    def __init__(self, user: User, scopes: list[str], organisation: Organisation | None = None) -> None:
        self.user = user
        made = tokens.make(
            user_id=user.pk, name="test", scopes=scopes, now=dt.datetime.now(dt.UTC),
            organisation_id=organisation.pk if organisation else None,
        )
        self.key = made.key
        self.http = APIClient(HTTP_AUTHORIZATION=f"Bearer {made.key}")

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return _read(self.http.get(f"/api/v1/{path}", query))

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> tuple[int, Any]:
        headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
        return _read(self.http.post(f"/api/v1/{path}", body if body is not None else {}, format="json", **headers))

    def raw(self, path: str, content: bytes, *, content_type: str = "application/json", **headers: Any) -> tuple[int, Any]:
        return _read(self.http.generic("POST", f"/api/v1/{path}", content, content_type=content_type, **headers))

    def patch(self, path: str, body: Any) -> tuple[int, Any]:
        return _read(self.http.patch(f"/api/v1/{path}", body, format="json"))

    def put(self, path: str, body: Any) -> tuple[int, Any]:
        return _read(self.http.put(f"/api/v1/{path}", body, format="json"))

    def delete(self, path: str) -> tuple[int, Any]:
        return _read(self.http.delete(f"/api/v1/{path}"))


def _read(response: Any) -> tuple[int, Any]:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if "json" in response.headers.get("Content-Type", "") and "ndjson" not in response.headers["Content-Type"]:
        return response.status_code, json.loads(content)
    return response.status_code, content


def client(name: str = "Mira") -> tuple[Caller, Organisation]:
    user, organisation = people.client(name)
    return Caller(user, CLIENT, organisation), organisation


def worker(name: str = "Ana") -> Caller:
    return Caller(people.worker(name), ["work"])


def ops(name: str = "Olu", *roles: str) -> Caller:
    return Caller(people.ops(name, *roles), ["ops"])
