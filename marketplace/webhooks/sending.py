"""Messages go out: signed, to public addresses alone, outside any transaction; every try is written down."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from kit import due
from kit.errors import Conflict
from marketplace.intake.fetching import is_public
from marketplace.models import WebhookDelivery, WebhookEndpoint, WebhookTry
from marketplace.webhooks import endpoints

PATIENCE = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 64_800, 64_800)
"""Seconds from one try to the next; together almost three days."""
CLAIMED = timedelta(seconds=60)
"""How long a message belongs to the runner that took it: longer than a call; a killed runner's is taken again after it."""
SECONDS = 10.0
READ_MOST = 64 * 1024
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


def take_due(*, now: datetime, limit: int = 50) -> list[uuid.UUID]:
    """Messages that are due, taken for a minute by this runner."""
    with transaction.atomic(durable=True):
        waiting = WebhookDelivery.objects.filter(state="waiting", due_at__lte=now).order_by("due_at")
        taken = due.take(waiting, limit=limit)
        WebhookDelivery.objects.filter(pk__in=[one.pk for one in taken]).update(due_at=now + CLAIMED)
    return [one.pk for one in taken]


def deliver(*, delivery_id: uuid.UUID, now: datetime) -> Outcome | None:
    """One try at one message. Opens its own transaction after the call; None when it is no longer waiting."""
    delivery = WebhookDelivery.objects.select_related("endpoint").filter(pk=delivery_id, state="waiting").first()
    if delivery is None:
        return None
    outcome = call(delivery.endpoint, delivery, now=now)
    with transaction.atomic(durable=True):
        _note(delivery_id, outcome, now)
    return outcome


def _note(delivery_id: uuid.UUID, outcome: Outcome, now: datetime) -> None:
    delivery = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery_id)
    WebhookTry.objects.create(
        delivery=delivery, n=delivery.tries_so_far + 1, at=now, status=outcome.status, fault=outcome.fault[:200],
        milliseconds=outcome.milliseconds,
    )
    delivery.tries_so_far += 1
    if delivery.state == "waiting":
        delivery.state, delivery.due_at = _next(delivery, outcome, now)
    delivery.save(update_fields=["tries_so_far", "state", "due_at"])
    if outcome.status == GONE:
        endpoints.stop(endpoint=delivery.endpoint, actor_id=None, now=now, why="gone")


def _next(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> tuple[str, datetime]:
    """The state after a try, and when the next one is due."""
    if outcome.arrived:
        return "delivered", now
    due_at = now + timedelta(seconds=PATIENCE[min(delivery.tries_so_far, len(PATIENCE)) - 1])
    return ("waiting", due_at) if due_at <= delivery.give_up_at and outcome.status != GONE else ("failed", now)


def send_again(*, delivery: WebhookDelivery, now: datetime) -> None:
    """A client asks for a message once more, arrived or not: the same id and body. Raises Conflict on a stopped endpoint."""
    if delivery.endpoint.stopped_at:
        raise Conflict(_("This endpoint was stopped. Start it again first."))
    again = WebhookDelivery.objects.filter(pk=delivery.pk)
    again.update(state="waiting", due_at=now, give_up_at=now + timedelta(seconds=sum(PATIENCE)))
    delivery.refresh_from_db()


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


def call(endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, now: datetime) -> Outcome:
    """POST the message; never raises, never follows a redirect."""
    began = time.monotonic()
    try:
        with closing(_connection(endpoint.url)) as connection:
            path = urlsplit(endpoint.url)
            where = (path.path or "/") + (f"?{path.query}" if path.query else "")
            connection.request("POST", where, body=delivery.body.encode(), headers=headers_of(endpoint, delivery, now=now))
            response = connection.getresponse()
            response.read(READ_MOST)
            status, fault = response.status, ""
    except _NotPublic:
        status, fault = None, _("The address is not a public one.")
    except ssl.SSLCertVerificationError as error:
        status, fault = None, _("The server's certificate is not valid: %(why)s.") % {"why": error.verify_message}
    except (OSError, http.client.HTTPException, ValueError) as error:
        status, fault = None, f"{type(error).__name__}: {error}"
    return Outcome(status, fault, int((time.monotonic() - began) * 1000))


class _NotPublic(Exception):
    """The name leads to an address that is not of the open internet."""


def _connection(url: str) -> http.client.HTTPConnection:
    """A line to the address that was checked, whatever the name means a moment later."""
    parts = urlsplit(url)
    host, local = (parts.hostname or "").encode("idna").decode(), endpoints.is_local(parts.scheme, parts.hostname or "")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not local and not all(map(is_public, found)):
        raise _NotPublic(host)
    line = socket.create_connection((found[0], port), SECONDS)
    if local:
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    else:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
        line = context.wrap_socket(line, server_hostname=host)
    connection.sock = line
    return connection
