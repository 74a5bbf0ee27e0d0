"""What happens around every page: the viewer's time zone, and errors that say what to do instead of a bare 500."""

from __future__ import annotations

import json
import logging
import secrets
import uuid
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from kit.errors import ProductError

logger = logging.getLogger(__name__)
Respond = Callable[[HttpRequest], HttpResponse]

API = "/api/"


class ViewersZone:
    """Pages show times in the viewer's zone; the API speaks UTC and skips this."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(API):
            return self.get_response(request)
        zone = request.session.get("time_zone") if hasattr(request, "session") else None
        with timezone.override(_zone(zone)):
            return self.get_response(request)


def _zone(name: str | None) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


class TokenCall:
    """What a program's call needs of all that surrounds a page: a known host, its language, a name, a length, no guessing."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.get_host()
        request.request_id = request.META.get("HTTP_X_REQUEST_ID") or secrets.token_hex(6)  # type: ignore[attr-defined]
        with translation.override(_language(request)):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        response.headers["X-Content-Type-Options"] = "nosniff"
        if not response.streaming and "Content-Length" not in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
        return response


def _language(request: HttpRequest) -> str:
    if "HTTP_ACCEPT_LANGUAGE" not in request.META:
        return settings.LANGUAGE_CODE
    return translation.get_language_from_request(request)


class ProductErrors:
    """A ProductError raised in a page becomes a page (or, for htmx, a toast) with its own status and words."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = request.headers.get("X-Request-ID") or uuid.uuid4().hex[:12]  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ProductError):
            return None
        logger.info("refused", extra={"code": error.code, "path": request.path})
        if getattr(request, "htmx", False):
            response = HttpResponse(str(error), status=error.status)
            response.headers["HX-Reswap"] = "none"
            response.headers["HX-Trigger"] = json.dumps({"toast": {"kind": "error", "message": str(error)}})
            return response
        template = f"errors/{error.status if error.status in {400, 403, 404, 409, 429} else 400}.html"
        page = render(request, template, {"error": error}, status=error.status)
        if "wait" in error.extra:
            page.headers["Retry-After"] = str(error.extra["wait"])
        return page
