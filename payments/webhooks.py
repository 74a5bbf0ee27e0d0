"""Where Stripe knocks: three doors that check everything before anything is stored, then store the event and say 200.

What is not signed with the door's own secret, too old or from the future, too large, not UTF-8, of the other mode or of the
wrong form is refused with 400, and nothing is kept of it. Applying comes later (`stripe_events`).
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments import gateway, stripe_gateway
from payments.models import StripeEvent
from workers import access

logger = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
TOLERANCE = 300
"""Seconds that a signature may be old, or ahead of our clock."""
IDENT = re.compile(r"evt_[A-Za-z0-9_]{1,200}")
TYPE = re.compile(r"[a-z0-9_.\[\]]{1,120}")
OBJECT = re.compile(r"[A-Za-z0-9_]{0,255}")
SECRETS = {
    "platform": "STRIPE_WEBHOOK_SECRET_PLATFORM",
    "connect": "STRIPE_WEBHOOK_SECRET_CONNECT",
    "thin": "STRIPE_WEBHOOK_SECRET_THIN",
}


class Forged(Exception):
    """Not an event that Stripe sent to this door; the words are for our log alone."""


@csrf_exempt
@require_POST
@access.public
def platform(request: HttpRequest) -> JsonResponse:
    """Snapshot events of our own account."""
    return _receive(request, "platform")


@csrf_exempt
@require_POST
@access.public
def connect(request: HttpRequest) -> JsonResponse:
    """Snapshot events of connected accounts."""
    return _receive(request, "connect")


@csrf_exempt
@require_POST
@access.public
def thin(request: HttpRequest) -> JsonResponse:
    """Thin events."""
    return _receive(request, "thin")


def _receive(request: HttpRequest, endpoint: str) -> JsonResponse:
    now = timezone.now()
    try:
        text = _text(request)
        _check_signature(text, request.headers.get("Stripe-Signature", ""), endpoint, now)
        event = _read(text, endpoint)
    except Forged as error:
        logger.warning("webhook refused", extra={"endpoint": endpoint, "why": str(error)})
        return JsonResponse({"error": "refused"}, status=400)
    store(event, endpoint=endpoint, body=text, now=now)
    return JsonResponse({"received": True})


def store(event: dict[str, Any], *, endpoint: str, body: str, now: dt.datetime) -> None:
    """Keep an event once, by its id."""
    StripeEvent.objects.bulk_create(
        [StripeEvent(**event, endpoint=endpoint, body=body, received_at=now, due_at=now)], ignore_conflicts=True
    )


def _text(request: HttpRequest) -> str:
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > MAX_BYTES:
        raise Forged("no length, or too long")
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Forged("not UTF-8") from error


def _check_signature(text: str, header: str, endpoint: str, now: dt.datetime) -> None:
    """Signature, age, and the future, which the package does not bound."""
    secret = getattr(settings, SECRETS[endpoint])
    try:
        stripe_gateway.check_signature(body=text, header=header, secret=secret, tolerance_seconds=TOLERANCE)
    except gateway.Definite as error:
        raise Forged("signature") from error
    signed_at = re.search(r"(?:^|,)\s*t=(\d{1,12})(?:,|$)", header)
    if signed_at is None or int(signed_at[1]) > now.timestamp() + TOLERANCE:
        raise Forged("signed in the future")


def _read(text: str, endpoint: str) -> dict[str, Any]:
    """The few facts that we keep of an event, each of the form it must have at this door."""
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Forged("not JSON") from error
    thin = endpoint == "thin"
    if not isinstance(event, dict) or event.get("object") != ("v2.core.event" if thin else "event"):
        raise Forged("not an event of this door")
    if event.get("livemode") is not settings.STRIPE_LIVEMODE:
        raise Forged("of the other mode")
    account = event.get("account") or ""
    if bool(account) is not (endpoint == "connect"):
        raise Forged("of another kind of account")
    about = event.get("related_object") if thin else (event.get("data") or {}).get("object")
    return {
        "id": _match(IDENT, event.get("id")), "type": _match(TYPE, event.get("type")), "account": _match(OBJECT, account),
        "object_id": _match(OBJECT, (about or {}).get("id", "") if isinstance(about, dict | None) else None),
        "happened_at": _moment(event.get("created")),
    }  # fmt: skip


def _match(form: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise Forged("a field of the wrong form")
    return value


def _moment(value: Any) -> dt.datetime:
    """Seconds in snapshot events, ISO in thin ones."""
    try:
        moment = dt.datetime.fromtimestamp(value, tz=dt.UTC) if isinstance(value, int) else dt.datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise Forged("no moment") from error
