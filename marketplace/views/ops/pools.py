"""Ops' pages of pools: supply against funded demand by project and by skill, and the workers themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from kit import paging
from kit.errors import Text
from marketplace.ops_queries import forecast as capacities
from marketplace.ops_queries import pools
from marketplace.ops_queries.pools import Filters
from marketplace.views import words
from qualification.models import Skill
from workers import access
from workers.access import PersonRequest
from workers.countries import COUNTRIES
from workers.states import STANDING

PAGE = 25
SCORES = (60, 70, 80, 90, 95)
"""Lower ends, in percent, that the list can be narrowed to."""
ACTIVE: dict[str, tuple[Text, int, bool]] = {
    "1": (gettext_lazy("worked since yesterday"), 1, False),
    "7": (gettext_lazy("worked this week"), 7, False),
    "30": (gettext_lazy("worked this month"), 30, False),
    "quiet7": (gettext_lazy("not this week"), 7, True),
    "quiet30": (gettext_lazy("not this month"), 30, True),
}
"""Value of the filter -> words, days, and whether it asks for those who were not active."""


def tabs(active: str) -> list[dict[str, Any]]:
    """The pages of pools, with the active one marked."""
    pages = [
        ("projects", _("By project"), "market:ops_pools"), ("skills", _("By skill"), "market:ops_pools_skills"),
        ("forecast", _("Forecast"), "market:ops_pools_forecast"), ("waiting", _("Wait-list"), "market:ops_waiting"),
        ("workers", _("Workers"), "market:ops_pools_workers"),
        ("promotions", _("Ready for more"), "market:ops_promotions"), ("apart", _("Kept apart"), "market:ops_apart"),
        ("named", _("Named pools"), "market:ops_named_pools"), ("announcements", _("Announcements"), "market:ops_announcements"),
    ]
    return [{"label": label, "url": reverse(name), "active": key == active} for key, label, name in pages]


@require_GET
@access.ops()
def projects(request: PersonRequest) -> HttpResponse:
    """Is there enough: open work of each project against the people who may do it and the pace of the last days."""
    columns = [
        {"label": _("Project")}, {"label": _("Open tasks"), "num": True}, {"label": _("Who may"), "num": True},
        {"label": _("Worked this week"), "num": True}, {"label": _("In hand"), "num": True, "rank": 2},
        {"label": _("Done in three days"), "num": True, "rank": 3}, {"label": _("Done in")},
    ]
    rows = [
        {"demand": one, "left": words.time_left(one.time_left) if one.time_left else None}
        for one in pools.demand(now=timezone.now())
    ]
    return render(request, "ops/pools.html", {"rows": rows, "columns": columns, "tabs": tabs("projects")})


@require_GET
@access.ops()
def skills(request: PersonRequest) -> HttpResponse:
    """Who can prove what, and how much funded work asks for it."""
    columns = [
        {"label": _("Skill")}, {"label": _("Open tasks that ask for it"), "num": True}, {"label": _("Holders"), "num": True},
        {"label": _("Tier 0 · 1 · 2 · 3"), "num": True, "rank": 2}, {"label": _("Worked this week"), "num": True},
        {"label": _("Ends within 30 days"), "num": True, "rank": 2},
    ]
    rows = pools.skill_supply(now=timezone.now())
    return render(request, "ops/pools_skills.html", {"rows": rows, "columns": columns, "tabs": tabs("skills")})


@require_GET
@access.ops()
def forecast(request: PersonRequest) -> HttpResponse:
    """Will it last: hours of open work by skill and tier against what its people worked lately and would like to work."""
    columns = [
        {"label": _("Skill")}, {"label": _("Open work"), "num": True}, {"label": _("People"), "num": True},
        {"label": _("Worked a week"), "num": True}, {"label": _("Would like to"), "num": True, "rank": 2}, {"label": _("Done in")},
    ]
    rows = capacities.capacity(now=timezone.now())
    return render(request, "ops/pools_forecast.html", {"rows": rows, "columns": columns, "tabs": tabs("forecast")})


@require_GET
@access.ops()
def workers(request: PersonRequest) -> HttpResponse:
    """Who there is: how good, how busy, how long since; narrowed by skill, country, score and last activity."""
    now, filters = timezone.now(), _filters(request)
    oldest = request.GET.get("sort") == "joined"
    found = pools.workers(filters, now=now)
    page = paging.page(found, order="pk" if oldest else "-pk", cursor=request.GET.get("cursor"), size=PAGE)
    columns = [
        {"label": _("Worker")}, {"label": _("Standing")}, {"label": _("Can prove"), "rank": 2},
        {"label": _("Score where they worked most")}, {"label": _("Last seven days"), "num": True},
        {"label": _("Last handed in"), "num": True}, {"label": _("Joined"), "key": "joined", "num": True, "rank": 3},
    ]
    return render(request, "ops/pools_workers.html", {
        "rows": [_worker(row, now) for row in pools.shown(page.rows, now=now)], "page": page, "columns": columns,
        "sort": "joined" if oldest else "-joined", "tabs": tabs("workers"), "filtered": filters.any, "given": request.GET,
        "skills": list(Skill.objects.order_by("name").values_list("slug", "name")[:200]), "countries": COUNTRIES,
        "scores": SCORES, "active": {value: label for value, (label, _days, _quiet) in ACTIVE.items()},
        "standings": STANDING.states,
    })


def _worker(row: pools.WorkerRow, now: datetime) -> dict[str, Any]:
    return {"row": row, "country": COUNTRIES.get(row.worker.country, ""), "minutes": round(row.seconds / 60)}


def _filters(request: HttpRequest) -> Filters:
    """What the address asks for; anything unknown in it narrows nothing."""
    given = request.GET
    score = given.get("score", "")
    _label, days, quiet = ACTIVE.get(given.get("active", ""), ("", None, False))
    country, standing = given.get("country", ""), given.get("standing", "")
    return Filters(
        skill=given.get("skill", "").replace("\x00", "")[:80], country=country if country in COUNTRIES else "",
        standing=standing if standing in STANDING.states else "",
        score_bp=int(score) * 100 if score in map(str, SCORES) else None, days=days, quiet=quiet,
    )
