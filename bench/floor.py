"""The bare floor that the cycle is a ratio to: DRF, token auth and raw SQL, seven statements for one lease and one submit."""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import unquote

import environ
from django.conf import settings

database: dict[str, Any] = dict(environ.Env().db_url("DATABASE_URL"))
database["HOST"] = unquote(database["HOST"])
database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 16}}

settings.configure(
    DEBUG=False,
    SECRET_KEY="floor",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": database},
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)

import django  # noqa: E402

django.setup()

import hashlib  # noqa: E402

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

TABLES = """
CREATE TABLE floor_token (digest text PRIMARY KEY, worker bigint NOT NULL);
CREATE TABLE floor_slot (id bigserial PRIMARY KEY, queue bigint NOT NULL, payload jsonb NOT NULL, open bool NOT NULL DEFAULT true);
CREATE INDEX floor_open ON floor_slot (queue, id) WHERE open;
CREATE TABLE floor_lease (id bigserial PRIMARY KEY, slot bigint NOT NULL, worker bigint NOT NULL, live bool NOT NULL DEFAULT true,
                          leased_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE floor_submission (id bigserial PRIMARY KEY, lease bigint NOT NULL UNIQUE, answer jsonb NOT NULL,
                               at timestamptz NOT NULL DEFAULT now());
"""

CLAIM = """
WITH picked AS (
  SELECT id, payload FROM floor_slot WHERE queue = 1 AND open ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
), taken AS (UPDATE floor_slot s SET open = false FROM picked WHERE s.id = picked.id)
INSERT INTO floor_lease (slot, worker) SELECT id, %s FROM picked RETURNING id, (SELECT payload FROM picked)
"""


class Floor(APIView):
    """Token auth by one statement."""

    def worker(self, request: Request) -> int:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        with connection.cursor() as cursor:
            cursor.execute("SELECT worker FROM floor_token WHERE digest = %s", [hashlib.sha256(token.encode()).hexdigest()])
            row = cursor.fetchone()
        if row is None:
            raise AuthenticationFailed
        return int(row[0])


class Lease(Floor):
    def post(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [self.worker(request)])
            row = cursor.fetchone()
        return Response({"id": row[0], "payload": row[1]}, status=201)


class Submit(Floor):
    def post(self, request: Request, lease: int) -> Response:
        worker = self.worker(request)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE floor_lease SET live = false WHERE id = %s AND worker = %s AND live", [lease, worker]
            )
            cursor.execute(
                "INSERT INTO floor_submission (lease, answer) VALUES (%s, %s::jsonb)", [lease, '{"label": "sunny"}']
            )
        return Response({"ok": True})


urlpatterns = [path("leases/", Lease.as_view()), path("leases/<int:lease>/submit/", Submit.as_view())]


def fill(slots: int, tokens: list[str]) -> None:
    """Make the tables, and rows to work on."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute(
            "INSERT INTO floor_slot (queue, payload) SELECT 1, jsonb_build_object('text', 'text ' || n) FROM generate_series(1, %s) n",
            [slots],
        )
        for worker, token in enumerate(tokens):
            cursor.execute("INSERT INTO floor_token VALUES (%s, %s)", [hashlib.sha256(token.encode()).hexdigest(), worker])
        cursor.execute("ANALYZE")


application = get_wsgi_application()

if __name__ == "__main__":
    fill(int(sys.argv[1]), os.environ["FLOOR_TOKENS"].split(","))
