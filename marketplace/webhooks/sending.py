"""Messages go out: signed, to public addresses alone, outside any transaction; every try is written down."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from kit import due
from kit.errors import Conflict
from marketplace.intake.fetching import is_public
from marketplace.models import WebhookDelivery, WebhookEndpoint, WebhookTry
from marketplace.webhooks import endpoints

PATIENCE = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 64_800, 64_800)
"""Seconds from one try to the next; together almost three days."""
CLAIMED = timedelta(seconds=150)
"""How long a message belongs to the runner that took it: longer than a round; a killed runner's is taken again after it."""
SECONDS = 10.0
"""That a call may take."""
AT_ONCE = 8
LOG_DAYS = 30
GONE = 410
"""With this status an endpoint says that it wants to hear nothing more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: the status, or why there is none."""

    status: int | None
    fault: str
    milliseconds: int

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send_due(*, now: datetime, limit: int = 40) -> int:
    """Take messages that are due and try each once, a few at a time; returns how many were tried.

    Nothing of the database is held while others are waited for.
    """
    with transaction.atomic(durable=True):
        waiting = WebhookDelivery.objects.filter(state="waiting", due_at__lte=now).order_by("due_at")
        taken = due.take(waiting.select_related("endpoint"), limit=limit)
        WebhookDelivery.objects.filter(pk__in=[one.pk for one in taken]).update(due_at=now + CLAIMED)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        outcomes = list(threads.map(lambda delivery: call(delivery, now=now), taken))
    for delivery, outcome in zip(taken, outcomes, strict=True):
        with transaction.atomic(durable=True):
            _note(delivery.pk, outcome, now)
    return len(taken)


def _note(delivery_id: uuid.UUID, outcome: Outcome, now: datetime) -> None:
    """Write down a try, and what follows from it."""
    delivery = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery_id)
    tries = delivery.tries_so_far + 1
    WebhookTry.objects.create(
        delivery=delivery, n=tries, at=now, status=outcome.status, fault=outcome.fault[:200],
        milliseconds=outcome.milliseconds,
    )
    due_at = now + timedelta(seconds=PATIENCE[min(tries, len(PATIENCE)) - 1])
    changes: dict[str, Any] = {"tries_so_far": tries, "due_at": due_at}
    if outcome.arrived:
        changes["state"] = "delivered"
    elif due_at > delivery.give_up_at or outcome.status == GONE:
        changes["state"] = "failed"
    WebhookDelivery.objects.filter(pk=delivery_id, state="waiting").update(**changes)
    if outcome.status == GONE:
        endpoints.stop(endpoint=delivery.endpoint, actor_id=None, now=now, why="gone")


def send_again(*, delivery: WebhookDelivery, now: datetime) -> None:
    """A client asks for a message once more, arrived or not: the same id and body. Raises Conflict on a stopped endpoint."""
    if delivery.endpoint.stopped_at:
        raise Conflict(_("This endpoint was stopped. Start it again first."))
    again = WebhookDelivery.objects.filter(pk=delivery.pk)
    again.update(state="waiting", due_at=now, give_up_at=now + timedelta(seconds=sum(PATIENCE)))
    delivery.refresh_from_db()


def forget(*, before: datetime) -> None:
    """Drop the log of messages made before a moment; what still waits is kept."""
    old = WebhookDelivery.objects.filter(created_at__lt=before).exclude(state="waiting")
    WebhookTry.objects.filter(delivery__in=old).delete()
    old.delete()


def signature(*, secret: str, message_id: str, timestamp: int, body: str) -> str:
    """`v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`, as Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{message_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def headers_of(endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, now: datetime) -> dict[str, str]:
    """Id, time and signatures: one by each secret that is valid now."""
    timestamp, known = int(now.timestamp()), [endpoint.secret]
    if endpoint.old_secret_until and endpoint.old_secret_until > now:
        known.append(endpoint.old_secret)
    signed = [
        signature(secret=secret, message_id=str(delivery.pk), timestamp=timestamp, body=delivery.body) for secret in known
    ]
    return {
        "Content-Type": "application/json", "User-Agent": "Webhooks/1", "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(timestamp), "webhook-signature": " ".join(signed),
    }


def call(delivery: WebhookDelivery, *, now: datetime) -> Outcome:
    """POST the message; never raises, never follows a redirect, never takes longer than SECONDS."""
    began, endpoint = time.monotonic(), delivery.endpoint
    try:
        parts = urlsplit(endpoint.url)
        where = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with closing(_open(parts)) as connection:
            # An endpoint that sends a byte now and then never runs into a socket's timeout: the clock closes the line.
            clock = threading.Timer(SECONDS, connection.cut)
            clock.start()
            try:
                headers = headers_of(endpoint, delivery, now=now)
                connection.request("POST", where, body=delivery.body.encode(), headers=headers)
                status, fault = connection.getresponse().status, ""
            finally:
                clock.cancel()
    except _NotPublic:
        status, fault = None, _("The address is not a public one.")
    except ssl.SSLCertVerificationError as error:
        status, fault = None, _("The server's certificate is not valid: %(why)s.") % {"why": error.verify_message}
    except (OSError, http.client.HTTPException, ValueError) as error:
        status, fault = None, f"{type(error).__name__}: {error}"
    return Outcome(status, fault, int((time.monotonic() - began) * 1000))


class _NotPublic(Exception):
    """The name leads to an address that is not of the open internet."""


class _Line(http.client.HTTPConnection):
    """A line to the address that was checked, whatever the name means a moment later."""

    def __init__(self, host: str, port: int, address: str, *, tls: bool) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self._address, self._tls = address, tls

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), SECONDS)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """End it from outside: every wait on it fails at once."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _open(parts: SplitResult) -> _Line:
    """Raises _NotPublic where the name leads to any address that is not."""
    tls, port = parts.scheme == "https", parts.port or (443 if parts.scheme == "https" else 80)
    host = (parts.hostname or "").encode("idna").decode()
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not endpoints.is_local(parts.scheme, host) and not all(map(is_public, found)):
        raise _NotPublic
    return _Line(host, port, found[0], tls=tls)
