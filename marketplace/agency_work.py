"""Agencies and work: which open projects they may put first for whom, and what they see of their teams; never more than that."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from marketplace import rules
from marketplace.models import AgencyPick, Project, Queue
from qualification.models import Grant
from workers import agencies, facts, notices, teams
from workers.models import Organisation, TeamPlace

AT_ONCE = 500
"""People for whom one act may put a project first."""
LISTED = 300
"""Open projects that an agency is shown, those opened last first."""

notices.declare(
    "agency.picked", gettext_lazy("%(agency)s put the project %(project)s first for you. Everything else stays open to you as before."),
    url_name="market:my_agency",
)  # fmt: skip

DONE = """
SELECT place.worker_id, project.id, project.name, count(*) AS answers,
    count(*) FILTER (WHERE s.state = 'accepted') AS accepted, coalesce(sum(s.active_ms), 0)::bigint AS active_ms
FROM workers_teamplace place
JOIN marketplace_submission s ON s.worker_id = place.worker_id AND s.submitted_at >= place.since AND s.submitted_at >= %(since)s
JOIN marketplace_batch batch ON batch.id = s.batch_id
JOIN marketplace_project project ON project.id = batch.project_id
WHERE place.agency_id = %(agency)s AND place.until IS NULL
GROUP BY place.worker_id, project.id, project.name
ORDER BY answers DESC, project.name
"""
"""What the people of a team did since a moment and while they are in it; what they did before is nobody's business here."""


@dataclass(frozen=True, slots=True)
class Done:
    """One person's answers in one project, in hours and numbers."""

    project_id: uuid.UUID
    project: str
    answers: int
    accepted: int
    active_ms: int


@dataclass(frozen=True, slots=True)
class Member:
    """All that an agency sees of one person."""

    worker_id: uuid.UUID
    name: str
    standing: str
    since: datetime
    skills: Sequence[tuple[str, int]]
    done: Sequence[Done]
    first: Sequence[str]

    @property
    def answers(self) -> int:
        return sum(one.answers for one in self.done)

    @property
    def accepted(self) -> int:
        return sum(one.accepted for one in self.done)

    @property
    def hours(self) -> float:
        """Active time, in hours with one decimal."""
        return round(sum(one.active_ms for one in self.done) / 3_600_000, 1)


def team(agency: Organisation, *, since: datetime, now: datetime) -> list[Member]:
    """An agency's team with what it did since then. Four statements, whatever its size."""
    places = list(teams.members(agency.pk)[:AT_ONCE])
    skills, first = _skills(places, now), _first(places)
    done: dict[uuid.UUID, list[Done]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(DONE, {"agency": agency.pk, "since": since})
        for worker_id, *columns in cursor.fetchall():
            done[worker_id].append(Done(*columns))
    return [
        Member(
            worker_id=place.worker_id, name=place.worker.user.name, standing=place.worker.standing, since=place.since,
            skills=skills[place.worker_id], done=done[place.worker_id], first=first[place.pk],
        )
        for place in places
    ]  # fmt: skip


def _skills(places: Sequence[TeamPlace], now: datetime) -> dict[uuid.UUID, list[tuple[str, int]]]:
    """The platform's own skills alone: what a client keeps for itself is not shown to others."""
    live = Grant.objects.filter(worker_id__in=[place.worker_id for place in places], state="live", skill__organisation=None)
    held: dict[uuid.UUID, list[tuple[str, int]]] = defaultdict(list)
    rows = live.exclude(expires_at__lte=now).order_by("skill__name").values_list("worker_id", "skill__name", "tier")
    for worker_id, name, tier in rows:
        held[worker_id].append((name, tier))
    return held


def _first(places: Sequence[TeamPlace]) -> dict[uuid.UUID, list[str]]:
    rows = AgencyPick.objects.filter(place__in=[place.pk for place in places], ended_at__isnull=True).order_by("project__name")
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for place_id, name in rows.values_list("place_id", "project__name"):
        found[place_id].append(name)
    return found


# --- putting projects first --------------------------------------------------------------------------------------------


def open_projects(agency_id: uuid.UUID) -> list[Project]:
    """Projects with funded, open work that an agency may put first: those that are limited to no agency, or to this one, and are
    for no pool of invited people."""
    funded = Exists(Queue.objects.filter(project=OuterRef("pk"), open=True, kind="answer"))
    rows = Project.objects.filter(funded, archived_at__isnull=True, pool__isnull=True).select_related("organisation")
    found = [project for project in rows.order_by("-created_at")[: 2 * LISTED] if listed_for(project, agency_id)]
    return found[:LISTED]


def listed_for(project: Project, agency_id: uuid.UUID) -> bool:
    """Whether a project's client leaves it to all agencies, or asked for this one."""
    asked = rules.agencies_of(project.eligibility)
    return not asked or str(agency_id) in asked


def pick(
    *, agency: Organisation, project_id: uuid.UUID, worker_ids: Iterable[uuid.UUID] | None, by_id: uuid.UUID, now: datetime
) -> list[AgencyPick]:
    """Put a project first for these people of the team, or for all of it; those for whom it is first already stay as they are.

    Raises NotFound for a project that is not open to the agency, Invalid for somebody who is not in the team, agencies.Paused.
    """
    agencies.require_active(agency.pk)
    project = next((each for each in open_projects(agency.pk) if each.pk == project_id), None)
    if project is None:
        raise NotFound(_("There is no such project, or it has no open work for your team."))
    places = _places(agency, worker_ids)
    known = set(AgencyPick.objects.filter(project=project, place__in=places, ended_at__isnull=True).values_list("place_id", flat=True))
    new = [place for place in places if place.pk not in known]
    made = AgencyPick.objects.bulk_create([AgencyPick(place=place, project=project, by_id=by_id, at=now) for place in new])
    audit.record_many(model=AgencyPick, ids=[one.pk for one in made], verb="agency.picked", actor_id=by_id, now=now)
    for place in new:
        facts.touch(place.worker_id)
    notices.tell_many([place.worker_id for place in new], "agency.picked", agency=agency.name, project=project.name)
    return made


def _places(agency: Organisation, worker_ids: Iterable[uuid.UUID] | None) -> list[TeamPlace]:
    rows = teams.members(agency.pk)
    if worker_ids is None:
        return list(rows[:AT_ONCE])
    wanted = set(worker_ids)
    if not wanted:
        raise Invalid(_("Choose at least one person."), field="people")
    if len(wanted) > AT_ONCE:
        raise Invalid(_("At most 500 people at once."), field="people")
    found = list(rows.filter(worker_id__in=wanted))
    if len(found) != len(wanted):
        raise Invalid(_("Somebody of these is not in your team."), field="people")
    return found


def unpick(*, agency: Organisation, project_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> int:
    """Put a project first for nobody any more; what people hold or handed in is not touched. Raises Conflict where it was not."""
    rows = AgencyPick.objects.filter(place__agency=agency, place__until__isnull=True, project_id=project_id, ended_at__isnull=True)
    ids = dict(rows.values_list("pk", "place__worker_id"))
    if not ids:
        raise Conflict(_("This project is first for nobody of your team."))
    AgencyPick.objects.filter(pk__in=ids).update(ended_at=now, ended_by_id=by_id)
    audit.record_many(model=AgencyPick, ids=ids, verb="agency.unpicked", actor_id=by_id, now=now)
    for worker_id in ids.values():
        facts.touch(worker_id)
    return len(ids)


def picked_for(worker_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The projects that go first for this worker now."""
    return frozenset(_live().filter(place__worker_id=worker_id).values_list("project_id", flat=True))


def picks_for(worker_id: uuid.UUID) -> list[AgencyPick]:
    """The same as rows with their projects, for the worker's page."""
    return list(_live().filter(place__worker_id=worker_id).select_related("project").order_by("project__name"))


def people_by_project(agency_id: uuid.UUID) -> dict[uuid.UUID, list[str]]:
    """For which people of a team each project is first, by name."""
    rows = _live().filter(place__agency_id=agency_id).order_by("place__worker__user__name")
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for project_id, name in rows.values_list("project_id", "place__worker__user__name"):
        found[project_id].append(name)
    return found


def _live() -> QuerySet[AgencyPick]:
    """Picks that count: of a place that lasts, in a team whose agency is not paused."""
    return AgencyPick.objects.filter(ended_at__isnull=True, place__until__isnull=True, place__agency__agency__paused_at__isnull=True)
