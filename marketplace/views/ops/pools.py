"""Ops' pages of pools: supply against funded demand by project and by skill, and the workers themselves."""

from __future__ import annotations

import uuid
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from kit import paging
from kit.errors import Text
from marketplace import pool_health
from marketplace.forms import Styled
from marketplace.models import HealthBounds, PoolHealth
from marketplace.ops_queries import forecast as capacities
from marketplace.ops_queries import pools
from marketplace.ops_queries.pools import Filters
from marketplace.quality import bands
from marketplace.views import words
from qualification.models import Skill
from workers import access
from workers.access import PersonRequest
from workers.countries import COUNTRIES
from workers.forms import carry_out
from workers.models import OpsRole
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


BAND_LOOKS = {
    bands.HEALTHY: ("good", "st-done"), bands.IDLE: ("quiet", "st-paused"), bands.SHORT: ("wait", "st-unsure"),
    bands.FALLING: ("bad", "st-bad"),
}  # fmt: skip


def tabs(active: str) -> list[dict[str, Any]]:
    """The pages of pools, with the active one marked."""
    pages = [
        ("projects", _("By project"), "market:ops_pools"), ("skills", _("By skill"), "market:ops_pools_skills"),
        ("forecast", _("Forecast"), "market:ops_pools_forecast"), ("waiting", _("Wait-list"), "market:ops_waiting"),
        ("workers", _("Workers"), "market:ops_pools_workers"), ("health", _("Health"), "market:ops_pool_health"),
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
        {"label": _("Worked this week"), "num": True}, {"label": _("In hand"), "num": True, "rank": 3},
        {"label": _("Done in three days"), "num": True, "rank": 3}, {"label": _("Done in")}, {"label": _("Health")},
    ]
    found = pools.demand(now=timezone.now())
    kept = pool_health.kept([one.project.pk for one in found])
    rows = [
        {"demand": one, "left": words.time_left(one.time_left) if one.time_left else None, "health": shown(kept.get(one.project.pk))}
        for one in found
    ]
    return render(request, "ops/pools.html", {"rows": rows, "columns": columns, "tabs": tabs("projects")})


def shown(health: PoolHealth | None) -> dict[str, Any] | None:
    """A band for a page: its word, colour and glyph, why, and what to do; None where none was read yet."""
    if health is None:
        return None
    tone, icon = BAND_LOOKS[health.band]
    return {
        "row": health, "name": pool_health.NAMES[health.band], "tone": tone, "icon": icon,
        "why": pool_health.sentence(health.why, health.figure, health.bound), "todo": pool_health.TO_DO.get(health.why, ""),
    }


class BoundsForm(Styled):
    """Where the bands begin and end."""

    most_hours_each = forms.FloatField(label=gettext_lazy("Short: more hours of open work for each active person than"))
    most_days = forms.FloatField(label=gettext_lazy("Short: more days until all is done, where no deadline is set, than"))
    least_hours_each = forms.FloatField(label=gettext_lazy("Idle: fewer hours of open work for each active person than"))
    least_accepted = forms.FloatField(label=gettext_lazy("Falling: fewer accepted of a week's verdicts, in percent, than"))
    from_day = forms.DateField(
        label=gettext_lazy("From this day on (UTC)"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: at once."),
    )


@require_http_methods(["GET", "POST"])
@access.ops()
def health(request: PersonRequest) -> HttpResponse:
    """Which band each crowd is in, since when and why; the published bounds, and other ones from a day on."""
    now = timezone.now()
    held: frozenset[str] = request.ops_roles  # type: ignore[attr-defined]
    may_set = bool(held & {OpsRole.POOL_MANAGER, OpsRole.ADMIN})
    form = BoundsForm(request.POST or None, initial=asdict(pool_health.bounds(now=now)))
    sent = request.method == "POST" and may_set and form.is_valid()
    if sent and carry_out(form, lambda: _publish(form.cleaned_data, request.user.pk, now)) is not None:
        messages.success(request, _("Published."))
        return redirect("market:ops_pool_health")
    rows = PoolHealth.objects.select_related("project__organisation").filter(project__archived_at__isnull=True)
    graded = sorted(rows[:500], key=lambda row: (bands.BANDS.index(row.band), row.since))
    status = 403 if request.method == "POST" and not may_set else 422 if form.errors else 200
    return render(request, "ops/pools_health.html", {
        "rows": [shown(row) for row in graded], "tabs": tabs("health"), "form": form, "may_set": may_set, "now": now,
        "bounds": pool_health.bounds(now=now), "published": pool_health.published()[:20], "judged": bands.JUDGED_LEAST,
        "columns": [{"label": word} for word in (_("Project"), _("Health"), _("Why"), _("What to do"), _("Since"))],
    }, status=status)


def _publish(given: dict[str, Any], by_id: uuid.UUID, now: datetime) -> HealthBounds:
    day = given["from_day"]
    begins = datetime.combine(day, datetime.min.time(), tzinfo=UTC) if day and day > now.astimezone(UTC).date() else now
    wanted = bands.Bounds(**{each.name: given[each.name] for each in fields(bands.Bounds)})
    return pool_health.publish(wanted=wanted, from_at=begins, by_id=by_id, now=now)


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
