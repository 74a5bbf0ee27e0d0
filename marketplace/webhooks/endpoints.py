"""A client's endpoints: added with a secret that is shown once, changed, given a new secret, stopped."""

from __future__ import annotations

import base64
import ipaddress
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Invalid
from marketplace.intake.fetching import is_public
from marketplace.models import WebhookDelivery, WebhookEndpoint, WebhookNews
from workers.models import Organisation

EVENTS = ("result.settled", "batch.settled", "budget.low")
MOST = 10
"""Live endpoints of one organisation."""
OLD_SECRET_LIVES = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and its secret, which can be read this once."""

    endpoint: WebhookEndpoint
    secret: str


def add(
    *, organisation: Organisation, url: str, events: Sequence[str], actor_id: uuid.UUID, now: datetime
) -> NewSecret:
    """A new endpoint; raises Invalid that names the field."""
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    if organisation.webhook_endpoints.filter(stopped_at__isnull=True).count() >= MOST:
        raise Invalid(_("You have 10 endpoints. Stop one first."), field="url")
    endpoint = WebhookEndpoint.objects.create(
        organisation=organisation, url=check_url(url), events=_check_events(events), secret=_secret(), made_by_id=actor_id
    )
    audit.record(subject=endpoint, verb="webhook.added", actor_id=actor_id, now=now)
    endpoint.refresh_from_db()
    return NewSecret(endpoint, endpoint.secret)


def change(
    *, endpoint: WebhookEndpoint, actor_id: uuid.UUID, now: datetime, url: str | None = None,
    events: Sequence[str] | None = None,
) -> None:
    """Another address or other events, from the next message on; a stopped endpoint starts again."""
    endpoint.url = endpoint.url if url is None else check_url(url)
    endpoint.events = endpoint.events if events is None else _check_events(events)
    endpoint.stopped_at, endpoint.stopped_why = None, ""
    endpoint.save(update_fields=["url", "events", "stopped_at", "stopped_why"])
    audit.record(subject=endpoint, verb="webhook.changed", actor_id=actor_id, now=now)


def renew_secret(*, endpoint: WebhookEndpoint, actor_id: uuid.UUID, now: datetime) -> NewSecret:
    """A new secret; for a day messages carry a signature by each, so that nothing is missed meanwhile."""
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, now + OLD_SECRET_LIVES
    endpoint.secret = _secret()
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    audit.record(subject=endpoint, verb="webhook.secret_renewed", actor_id=actor_id, now=now)
    return NewSecret(endpoint, endpoint.secret)


def stop(*, endpoint: WebhookEndpoint, actor_id: uuid.UUID | None, now: datetime, why: str = "by_client") -> None:
    """Nothing more is sent there; the log stays. A second time changes nothing."""
    stopped = WebhookEndpoint.objects.filter(pk=endpoint.pk, stopped_at__isnull=True)
    if stopped.update(stopped_at=now, stopped_why=why):
        WebhookNews.objects.filter(endpoint=endpoint).delete()
        WebhookDelivery.objects.filter(endpoint=endpoint, state="waiting").update(state="failed")
        audit.record(subject=endpoint, verb="webhook.stopped", actor_id=actor_id, now=now, reason=why)
        endpoint.refresh_from_db()


def _secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _check_events(events: Sequence[str]) -> list[str]:
    if not events or any(event not in EVENTS for event in events):
        raise Invalid(_("Expected events out of: %(known)s.") % {"known": ", ".join(EVENTS)}, field="events")
    return sorted(set(events))


def check_url(url: str) -> str:
    """An https address that may be public; on the embedded installation also http to this machine. Raises Invalid."""
    try:
        parts = urlsplit(url.strip())
        host, _port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (ValueError, UnicodeError):
        raise Invalid(_("This is not a valid address."), field="url") from None
    if not host or len(url) > 500 or any(ord(letter) < 33 or ord(letter) > 126 for letter in url.strip()):
        raise Invalid(_("This is not a valid address."), field="url")
    if parts.username or parts.password or parts.fragment:
        raise Invalid(_("The address must not hold a name, a password or a fragment."), field="url")
    if is_local(parts.scheme, host):
        return url.strip()
    if parts.scheme != "https":
        raise Invalid(_("The address must begin with https://."), field="url")
    if _is_private(host):
        raise Invalid(_("The address is not a public one."), field="url")
    return url.strip()


def is_local(scheme: str, host: str) -> bool:
    """On the embedded installation alone, a program on this machine may listen without TLS."""
    return bool(settings.EMBEDDED) and scheme == "http" and host in {"localhost", "127.0.0.1"}


def _is_private(host: str) -> bool:
    """What can be told from the name alone; where it leads is checked at each call."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
    return not is_public(host)
