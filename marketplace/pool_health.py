"""The health of each project's crowd: read every few minutes against published bounds, kept with its since, told once a change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit import audit
from kit.errors import Conflict, Invalid, Text
from marketplace import queries
from marketplace.models import HealthBounds, PoolHealth, Submission
from marketplace.ops_queries import pools
from marketplace.quality import bands
from marketplace.quality.bands import Bounds, Figures, Reading
from workers import notices
from workers.models import OpsRole

WEEK = timedelta(days=7)
HOLDS_FOR = timedelta(minutes=15)
"""A band is told only once it has held for so long."""
TOLD_AT_MOST_EVERY = timedelta(hours=6)
"""Of one project, whatever it does in between."""
LISTENS: Mapping[str, tuple[str, ...]] = {
    bands.FALLING: (OpsRole.QUALITY_LEAD, OpsRole.POOL_MANAGER), bands.SHORT: (OpsRole.POOL_MANAGER,),
    bands.IDLE: (OpsRole.POOL_MANAGER,), bands.HEALTHY: (OpsRole.POOL_MANAGER,),
}  # fmt: skip
"""Which roles of ops a band is told to."""
NAMES: Mapping[str, Text] = {
    bands.HEALTHY: gettext_lazy("healthy"), bands.IDLE: gettext_lazy("idle"), bands.SHORT: gettext_lazy("short of people"),
    bands.FALLING: gettext_lazy("falling"),
}  # fmt: skip
SENTENCES: Mapping[str, Text] = {
    "drift": gettext_lazy("Answers to known tasks have become worse."),
    "acceptance": gettext_lazy("%(figure)s %% of this week's verdicts accept, less than %(bound)s %%."),
    "nobody_may": gettext_lazy("There is open work and nobody whom its rule lets in."),
    "nobody_works": gettext_lazy("There is open work and nobody has worked on it this week."),
    "no_pace": gettext_lazy("Nothing came in for three days, and the deadline is in %(bound)s."),
    "deadline": gettext_lazy("At the recent pace it is done in %(figure)s; the deadline is in %(bound)s."),
    "slow": gettext_lazy("At the recent pace it is done in %(figure)s days, more than %(bound)s."),
    "hours_each": gettext_lazy("%(figure)s of open work wait for each active person, more than %(bound)s."),
    "little_work": gettext_lazy("%(figure)s of open work are left for each active person, less than %(bound)s."),
    "enough": gettext_lazy("People, work and quality fit each other."),
}
IN_HOURS = ("no_pace", "deadline", "hours_each", "little_work")
"""Readings whose figure and bound are hours."""
TO_DO: Mapping[str, Text] = {
    "drift": gettext_lazy("Look at the weeks of its known answers, and at who came new to it."),
    "acceptance": gettext_lazy("Read the reasons of the rejections, then mend the guideline or its course."),
    "nobody_may": gettext_lazy("Widen its rule with the client, or promote people who come close."),
    "nobody_works": gettext_lazy("Write to the people whom its rule lets in, or look at its price."),
    "no_pace": gettext_lazy("Write to its people, ask agencies, or tell the client in time."),
    "deadline": gettext_lazy("Raise its priority, ask agencies, or tell the client in time."),
    "slow": gettext_lazy("Raise its priority, or bring people by an announcement."),
    "hours_each": gettext_lazy("Bring people: promotions, an announcement, an agency."),
    "little_work": gettext_lazy("Nothing is wrong with its people: tell the client that they have room."),
    "enough": gettext_lazy("Nothing."),
}

notices.declare(
    "pool.band",
    gettext_lazy("%(project)s: its people are %(band)s. %(reading)s %(todo)s"),
    url_name="market:ops_project", url_params=("project_id",),
    words={"band": lambda band: NAMES.get(band, band), "todo": lambda why: TO_DO.get(why, "")},
)  # fmt: skip


# --- bounds ------------------------------------------------------------------------------------------------------------


def bounds(*, now: datetime) -> Bounds:
    """Those that hold now: the latest row that has begun, else the product's own."""
    row = HealthBounds.objects.filter(from_at__lte=now).order_by("-from_at").first()
    return bounds_of(row) if row else Bounds()


def bounds_of(row: HealthBounds) -> Bounds:
    return Bounds(row.most_hours_each, row.least_hours_each, row.most_days, row.least_accepted)


def published() -> QuerySet[HealthBounds]:
    """Every row, the latest first."""
    return HealthBounds.objects.select_related("set_by").order_by("-from_at")


def publish(*, wanted: Bounds, from_at: datetime, by_id: uuid.UUID, now: datetime) -> HealthBounds:
    """Other bounds from a moment on, now at the earliest. Raises Invalid, Conflict."""
    limits = {"most_hours_each": (0.1, 1_000), "least_hours_each": (0, 100), "most_days": (0.1, 365), "least_accepted": (0, 100)}
    for name, value in asdict(wanted).items():
        least, most = limits[name]
        if not least <= value <= most:
            raise Invalid(_("Expected %(least)s to %(most)s.") % {"least": least, "most": most}, field=name)
    if wanted.most_hours_each <= wanted.least_hours_each:
        raise Invalid(_("The hours from which a crowd is short lie above those below which it is idle."), field="most_hours_each")
    if from_at < now - timedelta(minutes=5):
        raise Invalid(_("Bounds begin now or later."), field="from_at")
    try:
        with transaction.atomic():
            made = HealthBounds.objects.create(**asdict(wanted), from_at=from_at, set_by_id=by_id, set_at=now)
    except IntegrityError:
        raise Conflict(_("Other bounds begin at this very moment."), field="from_at") from None
    audit.record(subject=made, verb="health_bounds.set", actor_id=by_id, now=now)
    return made


# --- reading -----------------------------------------------------------------------------------------------------------


def readings(*, now: datetime) -> dict[uuid.UUID, tuple[pools.ProjectDemand, Reading]]:
    """The band of every project with batches in motion, by the bounds that hold now."""
    rows, hold = pools.demand(now=now), bounds(now=now)
    medians = queries.median_seconds([row.project.pk for row in rows])
    verdicts = _verdicts([row.project.pk for row in rows], now)
    return {
        row.project.pk: (row, bands.read(figures(row, medians, verdicts.get(row.project.pk, (0, 0)), now), hold)) for row in rows
    }


def figures(
    row: pools.ProjectDemand, medians: Mapping[uuid.UUID, float], verdicts: tuple[int, int], now: datetime
) -> Figures:
    """What the band of one project is made of."""
    seconds = medians.get(row.project.pk) or float(row.project.expected_seconds)
    return Figures(
        open_tasks=row.open_slots, hours=row.open_slots * seconds / 3600, eligible=row.supply.eligible, active=row.supply.active,
        done_in=row.time_left.likely / timedelta(hours=1) if row.time_left else None,
        due_in=(row.deadline - now) / timedelta(hours=1) if row.deadline else None,
        judged=verdicts[0], accepted=verdicts[1], drifting=row.project.drifting_since is not None,
    )  # fmt: skip


def _verdicts(project_ids: list[uuid.UUID], now: datetime) -> dict[uuid.UUID, tuple[int, int]]:
    """A week's judged answers of each project, and how many of them were accepted."""
    rows = Submission.objects.filter(
        batch__project__in=project_ids, kind="answer", gold=False, submitted_at__gt=now - WEEK,
        state__in=("accepted", "accepted_share", "rejected"),
    ).order_by()
    good = Count("pk", filter=~Q(state="rejected"))
    return {key: (n, accepted) for key, n, accepted in rows.values_list("batch__project").annotate(n=Count("pk"), good=good)}


def sentence(why: str, figure: float, bound: float) -> str:
    """A reading in words, with its figure."""
    if why not in SENTENCES:
        return why
    said = _long if why in IN_HOURS else "{:.3g}".format
    return str(SENTENCES[why]) % {"figure": said(figure), "bound": said(bound)}


def _long(hours: float) -> str:
    """Hours in words: seconds below two minutes, minutes below two hours, days from two days on."""
    if 30 * hours < 1:
        return ngettext("%(n)s second", "%(n)s seconds", round(3600 * hours)) % {"n": round(3600 * hours)}
    if hours < 2:
        return ngettext("%(n)s minute", "%(n)s minutes", round(60 * hours)) % {"n": round(60 * hours)}
    if hours < 48:
        return ngettext("%(n)s hour", "%(n)s hours", round(hours)) % {"n": round(hours)}
    return ngettext("%(n)s day", "%(n)s days", round(hours / 24)) % {"n": round(hours / 24)}


def watch(*, now: datetime) -> int:
    """Read every crowd, keep its band with its since, and tell who listens; returns how many changed. Safe to repeat."""
    changed, found = 0, readings(now=now)
    for demand, reading in found.values():
        with transaction.atomic():
            changed += _keep(demand, reading, now)
    PoolHealth.objects.filter(read_at__lt=now - WEEK).exclude(project__in=found).delete()
    return changed


def _keep(demand: pools.ProjectDemand, reading: Reading, now: datetime) -> bool:
    row, new = PoolHealth.objects.select_for_update().get_or_create(
        project=demand.project,
        defaults={"band": reading.band, "since": now, "why": reading.why, "read_at": now, "told_band": bands.HEALTHY},
    )
    before, row.why, row.figure, row.bound, row.read_at = row.band, reading.why, reading.figure, reading.bound, now
    if moved := reading.band != before:
        row.band, row.since = reading.band, now
        audit.record(
            subject=row, verb="pool.band", actor_id=None, now=now, from_state=before, to_state=reading.band, reason=reading.why
        )
    if row.band != row.told_band and now - row.since >= HOLDS_FOR and (not row.told_at or now - row.told_at >= TOLD_AT_MOST_EVERY):
        row.told_band, row.told_at = row.band, now
        _tell(demand, row)
    row.save()
    return moved or new


def _tell(demand: pools.ProjectDemand, row: PoolHealth) -> None:
    listeners = OpsRole.objects.filter(role__in=LISTENS[row.band]).values_list("user_id", flat=True).distinct()
    notices.tell_many(
        list(listeners), "pool.band", project=demand.project.name, project_id=str(demand.project.pk), band=row.band,
        reading=sentence(row.why, row.figure, row.bound), todo=row.why,
    )  # fmt: skip


def kept(project_ids: list[uuid.UUID]) -> dict[uuid.UUID, PoolHealth]:
    """The bands as they were last read."""
    return {row.project_id: row for row in PoolHealth.objects.filter(project__in=project_ids)}
