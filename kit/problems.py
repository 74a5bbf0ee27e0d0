"""Errors as problem details (RFC 9457), the one shape in which the API says no."""

from __future__ import annotations

from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from kit.errors import ProductError

CONTENT_TYPE = "application/problem+json"
TRY_AGAIN = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
"""The database was away, ended the connection or let another transaction win: the same request may do better in a moment."""
WAIT_SECONDS = "2"


def details(*, status: int, code: str, message: str, errors: list[dict[str, Any]] | None = None, **extra: Any) -> dict[str, Any]:
    """The body of a problem: type, title, status, detail, code, and the faulty fields."""
    body: dict[str, Any] = {
        "type": f"urn:problem:{code}", "title": code.replace("_", " "), "status": status, "detail": message, "code": code,
    }
    if errors:
        body["errors"] = errors
    return body | extra


def from_product_error(error: ProductError) -> dict[str, Any]:
    message = str(error)
    errors = [{"field": error.field, "message": message}] if error.field else None
    return details(status=error.status, code=error.code, message=message, errors=errors, **error.extra)


def unavailable() -> dict[str, Any]:
    """The body of 503; whether the request was carried out is unknown when the connection was lost at its very end."""
    message = _("The database cannot be reached right now. Send the same request again in a moment, with its Idempotency-Key.")
    return details(status=503, code="unavailable", message=message)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: our errors, DRF's own and Django's refusals all become problem details."""
    if isinstance(error, ProductError):
        return _respond(from_product_error(error), {"Retry-After": str(error.extra["wait"])} if "wait" in error.extra else {})
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        return _respond(details(status=413, code="too_large", message=_("The request is too large.")), {})
    elif isinstance(error, TRY_AGAIN):
        return _respond(unavailable(), {"Retry-After": WAIT_SECONDS})
    if not isinstance(error, exceptions.APIException):
        return None
    headers = _headers_of(error)
    if isinstance(error, exceptions.ValidationError):
        flat = list(_flatten(error.detail))
        body = details(status=422, code="invalid", message=flat[0]["message"] if flat else "", errors=flat)
    else:
        body = details(status=error.status_code, code=str(error.default_code), message=str(error.detail))
    return _respond(body, headers)


def _headers_of(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    return headers


def _flatten(detail: Any, path: str = "") -> list[dict[str, Any]]:
    """DRF's nested error details as a flat list of field and message."""
    if isinstance(detail, dict):
        return [row for name, inner in detail.items() for row in _flatten(inner, f"{path}.{name}" if path else str(name))]
    if isinstance(detail, list):
        return [
            row
            for at, inner in enumerate(detail)
            for row in _flatten(inner, f"{path}[{at}]" if isinstance(inner, dict | list) else path)
        ]
    return [{"field": path or "body", "message": str(detail)}]


def _respond(body: dict[str, Any], headers: dict[str, str]) -> Response:
    response = Response(body, status=body["status"], headers=headers)
    response.content_type = CONTENT_TYPE
    return response
