"""The side navigation of each audience: which pages there are, which one this is, and which seats a person may take."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kit.errors import Text
from workers import queries
from workers.models import User

WORKER = (
    ("home", _("Work"), "market:work_home"),
    ("tasks", _("My work"), "market:history"),
    ("wallet", _("Earnings"), "payments:earnings"),
    ("exam", _("Skills"), "qualification:skills"),
    ("scale", _("My quality"), "market:quality"),
    ("shield", _("Standing"), "workers:standing"),
)
"""Icon, label and page."""
CLIENT = (
    ("project", _("Projects"), "market:projects"),
    ("review", _("Review"), "market:client_review"),
    ("wallet", _("Billing"), "payments:billing"),
    ("people", _("Members"), "workers:members"),
    ("code", _("API"), "workers:client_tokens"),
    ("settings", _("Settings"), "workers:organisation"),
)
OPS = (
    ("inbox", _("Today"), "market:ops_today"),
    ("batch", _("Batches"), "market:ops_batches"),
    ("people", _("People"), "workers:ops_people"),
    ("scale", _("Pools"), "market:ops_pools"),
    ("exam", _("Skills"), "qualification:ops_skills"),
    ("bank", _("Payouts"), "payments:payout_runs"),
    ("bill", _("Ledger"), "payments:ledger_health"),
)


def audience_of(path: str) -> str | None:
    """Which audience's pages an address belongs to."""
    first = path.split("/", 2)[1] if "/" in path else ""
    return {"work": "worker", "client": "client", "ops": "ops"}.get(first)


def for_request(request: HttpRequest) -> dict[str, Any]:
    """nav_audience, nav_items and switch_items for the frame of the page."""
    audience = audience_of(request.path)
    if audience is None or not isinstance(request.user, User):
        return {"nav_audience": None}
    slug = request.path.split("/")[2] if audience == "client" else ""
    if slug == "new":
        return {"nav_audience": None}
    pages = {"worker": WORKER, "client": CLIENT, "ops": OPS}[audience]
    items = [item for icon, label, name in pages if (item := _item(icon, label, name, slug))]
    return {
        "nav_audience": audience,
        "nav_items": _mark_active(items, request.path),
        "switch_items": _seats(request.user, audience, slug),
    }


def _item(icon: str, label: Text, name: str, slug: str) -> dict[str, Any] | None:
    try:
        url = reverse(name, args=[slug] if slug else [])
    except NoReverseMatch:
        return None
    return {"icon": icon, "label": label, "url": url}


def _mark_active(items: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """The item with the longest address that the path starts with is where we are."""
    best = max((item for item in items if path.startswith(item["url"])), key=lambda item: len(item["url"]), default=None)
    if best is not None:
        best["active"] = True
    return items


def _seats(user: User, audience: str, slug: str) -> list[dict[str, Any]]:
    """The seats that this person may take: own work, each organisation, operations."""
    rights = queries.rights(user.pk)
    seats: list[dict[str, Any]] = []
    if rights.is_worker and not rights.ops_roles:
        seats.append({
            "label": user.get_full_name(), "note": gettext("Worker"), "url": "/work/", "active": audience == "worker"
        })
    for place in queries.memberships(user.pk):
        url = f"/client/{place.slug}/"
        seats.append({"label": place.name, "note": gettext("Client"), "url": url, "active": slug == place.slug})
    if rights.ops_roles:
        seats.append({"label": gettext("Operations"), "note": "", "url": "/ops/", "active": audience == "ops"})
    return seats
