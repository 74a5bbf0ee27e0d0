"""The side navigation of each audience: which pages there are, which one this is, and which seats a person may take."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kit.errors import Text
from workers import access, queries
from workers.models import OpsRole, Organisation, User

WORKER = (
    ("home", _("Work"), "market:work_home"),
    ("tasks", _("My work"), "market:history"),
    ("wallet", _("Earnings"), "payments:earnings"),
    ("exam", _("Skills"), "qualification:skills"),
    ("scale", _("My quality"), "market:quality"),
    ("shield", _("Standing"), "workers:standing"),
    ("bell", _("Notices"), "workers:notices"),
)
"""Icon, label and page."""
CLIENT = (
    ("project", _("Projects"), "market:projects"),
    ("review", _("Review"), "market:client_review"),
    ("case", _("Disputes"), "market:client_disputes"),
    ("message", _("Questions"), "market:client_questions"),
    ("exam", _("Skills"), "qualification:client_skills"),
    ("wallet", _("Billing"), "payments:billing"),
    ("people", _("Members"), "workers:members"),
    ("code", _("API"), "workers:client_tokens"),
    ("settings", _("Settings"), "workers:organisation"),
    ("bell", _("Notices"), "workers:client_notices"),
)
AGENCY = (
    ("people", _("Team"), "market:agency_team"),
    ("project", _("Projects"), "market:agency_work"),
    ("wallet", _("Fees"), "payments:agency_fees"),
    ("key", _("Members"), "workers:members"),
    ("code", _("API"), "workers:client_tokens"),
    ("settings", _("Settings"), "workers:organisation"),
    ("bell", _("Notices"), "workers:client_notices"),
)
OPS = (
    ("inbox", _("Today"), "market:ops_today"),
    ("tasks", _("Queues"), "workers:ops_queues"),
    ("batch", _("Batches"), "market:ops_batches"),
    ("people", _("People"), "workers:ops_people"),
    ("project", _("Agencies"), "market:ops_agencies"),
    ("case", _("Appeals"), "workers:ops_appeals"),
    ("review", _("Disputes"), "market:ops_disputes"),
    ("scale", _("Pools"), "market:ops_pools"),
    ("exam", _("Skills"), "qualification:ops_skills"),
    ("bank", _("Payouts"), "payments:payout_runs"),
    ("bill", _("Ledger"), "payments:ledger_health"),
    ("file", _("Agreements"), "workers:ops_agreements"),
    ("key", _("Roles"), "workers:ops_roles"),
    ("bell", _("Notices"), "workers:ops_notices"),
)
NOTICES = {"workers:notices", "workers:client_notices", "workers:ops_notices"}
ACCOUNT_PAGES = (
    "/account/notices/", "/account/help/", "/account/erasure/",
    "/account/email/", "/account/password/", "/account/2fa/", "/account/sessions/",
)
BELONGS = {
    "/work/exams/": "/work/skills/", "/work/attempts/": "/work/skills/",
    "/work/profile/": "/work/standing/", "/work/agreement/": "/work/standing/", "/work/tokens/": "/work/standing/",
    "/ops/credentials/": "/ops/queues/", "/ops/questions/": "/ops/queues/",
    "/ops/support/": "/ops/queues/", "/ops/announcements/": "/ops/pools/",
    "/ops/exams/": "/ops/skills/", "/ops/readings/": "/ops/skills/", "/ops/readers/": "/ops/skills/",
    "/work/agency/": "/work/standing/", "/work/disputes/": "/work/history/", "/work/cases/": "/work/quality/",
    "/ops/countries/": "/ops/people/", "/ops/merges/": "/ops/people/", "/ops/fraud/": "/ops/people/",
    "/ops/referrals/": "/ops/ledger/",
    "/ops/cases/": "/ops/", "/ops/projects/": "/ops/pools/",
}
"""Pages that have no item of their own, and whose item they light up."""
SEAT = "seat"
"""Where a session remembers [audience, organisation]: the frame of the account's own pages is that of the page before."""


def audience_of(path: str) -> str | None:
    """Which audience's pages an address belongs to."""
    first = path.split("/", 2)[1] if "/" in path else ""
    return {"work": "worker", "client": "client", "agency": "agency", "ops": "ops"}.get(first)


def for_request(request: HttpRequest) -> dict[str, Any]:
    """nav_audience, nav_items and switch_items for the frame of the page."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"nav_audience": None}
    audience, slug = _seat(request)
    if audience is None or slug == "new":
        return {"nav_audience": None}
    places = queries.memberships(user.pk)
    if audience == "client" and any(place.slug == slug and place.kind == Organisation.AGENCY for place in places):
        audience = "agency"
    pages = {"worker": WORKER, "client": CLIENT, "agency": AGENCY, "ops": OPS}[audience]
    rights, unread = queries.rights_and_unread(user.pk)
    items = [item for icon, label, name in pages if (item := _item(icon, label, name, slug)) and _open_to(item, rights)]
    for item in items:
        if item["name"] in NOTICES:
            item["count"] = unread
    return {
        "nav_audience": audience,
        "nav_items": _mark_active(items, request.path),
        "switch_items": _seats(user, rights, audience, slug, places),
    }


def _seat(request: HttpRequest) -> tuple[str | None, str]:
    """The audience of a page, and the organisation on a client's or an agency's; pages of one's own account follow the page before."""
    audience = audience_of(request.path)
    if audience is not None:
        slug = request.path.split("/")[2] if audience in ("client", "agency") else ""
        if slug != "new" and request.session.get(SEAT) != [audience, slug]:
            request.session[SEAT] = [audience, slug]
        return audience, slug
    if not request.path.startswith(ACCOUNT_PAGES) or "authenticate" in request.path or "/reset/" in request.path:
        return None, ""
    audience, slug = request.session.get(SEAT, (None, ""))
    return audience, slug


def _item(icon: str, label: Text, name: str, slug: str) -> dict[str, Any] | None:
    try:
        url = reverse(name, args=[slug] if slug else [])
    except NoReverseMatch:
        return None
    return {"icon": icon, "label": label, "url": url, "name": name}


def _open_to(item: dict[str, Any], rights: queries.Rights) -> bool:
    """Whether the page behind an item lets these ops roles in; pages of others are sorted out by their address."""
    wanted = access.access_of(resolve(item["url"]).func)
    if wanted is None or wanted.audience != "ops" or not wanted.roles:
        return True
    return bool(rights.ops_roles & {*wanted.roles, OpsRole.ADMIN})


def _mark_active(items: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """The item with the longest address that the path starts with is where we are."""
    path = next((home for start, home in BELONGS.items() if path.startswith(start)), path)
    best = max((item for item in items if path.startswith(item["url"])), key=lambda item: len(item["url"]), default=None)
    if best is not None:
        best["active"] = True
    return items


def _seats(
    user: User, rights: queries.Rights, audience: str, slug: str, places: list[queries.Belonging]
) -> list[dict[str, Any]]:
    """The seats that this person may take: own work, each organisation, operations."""
    seats: list[dict[str, Any]] = []
    if rights.is_worker and not rights.ops_roles:
        seats.append({
            "label": user.get_full_name(), "note": gettext("Worker"), "url": "/work/", "active": audience == "worker"
        })
    for place in places:
        note = dict(Organisation.KINDS)[place.kind]
        seats.append({"label": place.name, "note": note, "url": place.home, "active": slug == place.slug})
    if rights.ops_roles:
        seats.append({"label": gettext("Operations"), "note": "", "url": "/ops/", "active": audience == "ops"})
    return seats
