"""Pages that belong to no room: front page, health, kept mail, and the error pages."""

from __future__ import annotations

import email
import email.policy
import json
import sys
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone

from kit.problems import CONTENT_TYPE, TRY_AGAIN, WAIT_SECONDS, details, unavailable
from workers import access, queries

MAILS_SHOWN = 50


@access.public
def front(request: HttpRequest) -> HttpResponse:
    return render(request, "front.html")


@access.signed_in
def home(request: access.PersonRequest) -> HttpResponse:
    """Send a person to the pages of their audience."""
    return redirect(queries.home_url(request.user.pk))


@access.public
def health(request: HttpRequest) -> JsonResponse:
    """200 when web and database work, else 503."""
    parts = {"web": "ok", "database": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        parts["database"] = "unreachable"
    healthy = set(parts.values()) == {"ok"}
    return JsonResponse({"status": "ok" if healthy else "failing", "parts": parts}, status=200 if healthy else 503)


@access.public
def mail(request: HttpRequest) -> HttpResponse:
    """The mail that would have been sent; exists under the embedded default only."""
    files = sorted(settings.MAIL_DIR.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    return render(request, "mail.html", {"mails": [_read(path) for path in files[:MAILS_SHOWN]]})


def _read(path: Any) -> dict[str, str]:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    heads = {name.lower(): str(message[name]) for name in ("To", "Subject", "Date")}
    return heads | {"text": text.split("\n-----")[0]}


@access.public
def guide(request: HttpRequest) -> HttpResponse:
    """Every component with sample data."""
    now = timezone.now()
    return render(request, "components/_guide.html", {
        "guide": json.loads((settings.BASE_DIR / "templates/components/_guide.json").read_text()),
        "in_3_days": now + timedelta(hours=75), "in_40_min": now + timedelta(minutes=40),
        "in_4_min": now + timedelta(minutes=4), "past": now - timedelta(minutes=22), "ago": now - timedelta(hours=26),
    })


def _error(request: HttpRequest, status: int, code: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = details(status=status, code=code, message=code.replace("_", " "))
        return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    return render(request, f"errors/{status}.html", status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 400, "bad_request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 403, "refused")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, 404, "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with words; 503 when it was the database that did not answer. The page asks nobody for anything."""
    if not isinstance(sys.exc_info()[1], TRY_AGAIN):
        return _broken(request, details(status=500, code="server_error", message="server error"))
    response = _broken(request, unavailable())
    response.headers["Retry-After"] = WAIT_SECONDS
    return response


def _broken(request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
    status = body["status"]
    if request.path.startswith("/api/"):
        return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    page = render_to_string(f"errors/{status}.html", {"request_id": getattr(request, "request_id", "")})
    return HttpResponse(page, status=status)
