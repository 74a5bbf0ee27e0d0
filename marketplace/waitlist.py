"""The wait-list: places by the time of joining, who is told first when funded work opens, and what may be expected of it.

It keeps nobody from anything that a person can do alone - tests, courses, setting up - and nobody from work that fits: it says
who hears of it first, and whom ops offers a place in a pool that a project is limited to.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit import states
from kit.errors import Conflict, Invalid, NotFound, Refused
from marketplace import arrivals, demand, eligibility, outlook, pools, rules
from marketplace.demand import PATIENCE, Demand
from marketplace.models import BulkAction, Project, WaitCall, WaitPlace
from marketplace.models.joining import OPEN_PLACES
from marketplace.states import WAIT_PLACE
from qualification.models import Skill
from workers import my_data, notices
from workers.languages import LANGUAGES

MOST_PLACES = 10
NOT_AGAIN = timedelta(days=7)
"""Nobody is told of the same project more often than this."""
LET_IN_OVER = timedelta(days=56)
WEEKS_SHOWN = 4
AT_ONCE = 200
LOOKS_BACK = timedelta(days=3)

notices.declare(
    "work.turn", gettext_lazy("Your turn on the wait-list: %(project)s has work for you. Others are told after 48 hours."),
    url_name="market:work_home", mail=True,
)  # fmt: skip


class WorkNow(Conflict):
    """There is funded work that fits right now, so there is nothing to wait for."""

    code = "work_is_open"


class NothingFunded(Refused):
    """Nobody is asked to come where no funded work is open."""

    code = "nothing_funded"


@dataclass(frozen=True, slots=True)
class Standing:
    """A place as it is now: `number` counts everybody on the same list who joined before and still stands there."""

    place: WaitPlace
    number: int
    total: int
    told_before: int
    """How many of those before have been told and are free to begin."""
    paused_before: int
    """How many would come back before this one if they went on."""
    weeks: list[int]
    """How many of this list found work in each of the last four weeks, the latest first."""
    forecast: arrivals.Turn
    demand: list[Demand]
    """Funded open work of this list at this moment, whether or not this worker may do it."""


def mine(worker_id: uuid.UUID) -> QuerySet[WaitPlace]:
    """The open places of a worker, the first joined first."""
    rows = WaitPlace.objects.filter(worker_id=worker_id, state__in=OPEN_PLACES)
    return rows.select_related("skill").order_by("joined_at", "id")


def find(*, worker_id: uuid.UUID, place_id: uuid.UUID) -> WaitPlace:
    """An open place of this worker. Raises NotFound."""
    found = mine(worker_id).filter(pk=place_id).first()
    if found is None:
        raise NotFound(_("There is no such place."))
    return found


def name_of(place: WaitPlace) -> str:
    """What a place waits for, in words."""
    skill = place.skill.name if place.skill else _("Any work")
    return f"{skill} · {LANGUAGES[place.language]}" if place.language in LANGUAGES else skill


# --- joining and leaving ------------------------------------------------------------------------------------------------


def join(*, worker_id: uuid.UUID, skill: Skill | None = None, language: str = "", now: datetime) -> WaitPlace:
    """Stand at the end of a list; who stands there already keeps their place. Raises Invalid, WorkNow, Conflict."""
    if language and language not in LANGUAGES:
        raise Invalid(_("Expected a language by its ISO 639-1 code, such as en."), field="language")
    if skill is not None and skill.organisation_id is not None:
        raise Invalid(_("Expected a skill of the platform."), field="skill")
    there = mine(worker_id).filter(skill=skill, language=language).first()
    if there is not None:
        return there
    if mine(worker_id).count() >= MOST_PLACES:
        raise Conflict(_("You stand on %(most)s lists already. Leave one first.") % {"most": MOST_PLACES})
    _require_nothing_open(worker_id, skill, language, now)
    try:
        with transaction.atomic():
            return WaitPlace.objects.create(worker_id=worker_id, skill=skill, language=language, joined_at=now)
    except IntegrityError:
        return mine(worker_id).get(skill=skill, language=language)


def _require_nothing_open(worker_id: uuid.UUID, skill: Skill | None, language: str, now: datetime) -> None:
    """Whoever has work that fits needs no list; the answer says where it is."""
    open_now = {fit.project_id: fit for fit in outlook.fits(worker_id=worker_id, now=now) if fit.open_now}
    wanted = [one for one in Project.objects.filter(pk__in=list(open_now)) if _serves(one.eligibility, skill, language)]
    if wanted:
        fit = open_now[wanted[0].pk]
        raise WorkNow(
            _("There is work for you right now: %(project)s. You need no list for it.") % {"project": fit.name},
            project=str(fit.project_id),
        )


def _serves(rule: rules.Rule, skill: Skill | None, language: str) -> bool:
    """Whether work under this rule is what a list waits for."""
    spoken = {leaf["code"] for leaf in rules.leaves(rule) if leaf["fact"] == "language"}
    return (skill is None or skill.slug in rules.skills_of(rule)) and (not language or language in spoken)


def pause(*, place: WaitPlace, now: datetime) -> None:
    """Not told for now; the time of joining stays. Raises NoSuchMove, LostRace."""
    states.move(place, chart=WAIT_PLACE, to="paused", actor_id=place.worker_id, now=now)


def go_on(*, place: WaitPlace, now: datetime) -> None:
    """Back to the place that the time of joining gives. Raises NoSuchMove, LostRace."""
    states.move(place, chart=WAIT_PLACE, to="waiting", actor_id=place.worker_id, now=now)


def leave(*, place: WaitPlace, now: datetime) -> None:
    """Gone for good: who comes back stands at the end. Raises LostRace."""
    states.move(place, chart=WAIT_PLACE, to="left", actor_id=place.worker_id, now=now, ended_at=now)


# --- what may be expected -----------------------------------------------------------------------------------------------


def standing(*, place: WaitPlace, now: datetime, open_now: list[Demand]) -> Standing:
    """Where a place stands; five statements."""
    listed = WaitPlace.objects.filter(skill=place.skill_id, language=place.language)
    here = listed.filter(state__in=OPEN_PLACES)
    before = here.filter(Q(joined_at__lt=place.joined_at) | Q(joined_at=place.joined_at, pk__lt=place.pk))
    counts = {state: before.filter(state=state).count() for state in OPEN_PLACES}
    ended = listed.filter(state="begun", ended_at__gt=now - LET_IN_OVER, ended_at__lte=now).values_list("ended_at", flat=True)
    let_in = [moment for moment in ended if moment is not None]
    number = counts["waiting"] + counts["told"] + 1
    return Standing(
        place=place, number=number, total=here.exclude(state="paused").count() + (place.state == "paused"),
        told_before=counts["told"], paused_before=counts["paused"], weeks=by_week(let_in, now=now),
        forecast=arrivals.turn(let_in, place=number, over=LET_IN_OVER, now=now),
        demand=[one for one in open_now if _serves(one.project.eligibility, place.skill, place.language)],
    )  # fmt: skip


def by_week(moments: Iterable[datetime], *, now: datetime) -> list[int]:
    """How many fell into each of the last four weeks, the latest first."""
    counts = [0] * WEEKS_SHOWN
    for moment in moments:
        if 0 <= (week := (now - moment) // timedelta(days=7)) < WEEKS_SHOWN:
            counts[week] += 1
    return counts


# --- who is told --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Round:
    """Who would be told of a project's work, and why no more: `people` in order, out of `room` for whom there is work."""

    demand: Demand
    people: list[WaitPlace]
    fitting: int
    """Workers on its lists whom the rule lets in and who may be told now."""
    passed_over: int
    """Workers on its lists who do not fulfil the rule, or were told of it within the week, or want no alerts."""


def candidates(one: Demand, *, now: datetime, past_pool: bool = False) -> QuerySet[WaitPlace]:
    """Places of those who fit this work and may be told of it now, by the time of joining. `past_pool`: as if they were in the
    pool that the project is limited to."""
    rule = _rule(one.project, past_pool=past_pool)
    called = WaitCall.objects.filter(project=one.project, at__gt=now - NOT_AGAIN).values("worker_id")
    rows = _listed(one).filter(worker_id__in=pools.selected(rule), state="waiting")
    rows = rows.exclude(worker__setup__alerts_paused_until__gt=now).exclude(worker_id__in=called)
    rows = rows.exclude(worker__user__memberships__organisation=one.project.organisation_id)
    return rows.select_related("worker__user", "skill").order_by("joined_at", "id")


def _rule(project: Project, *, past_pool: bool) -> rules.Rule:
    rule = eligibility.rule_for(project)
    if not past_pool:
        return rule
    return {"all": [part for part in rule["all"] if part.get("pool") != str(project.pool_id)]}


def _listed(one: Demand) -> QuerySet[WaitPlace]:
    """Open places of the lists that this work is for."""
    of_list = Q(skill__isnull=True) | Q(skill__slug__in=one.skills)
    return WaitPlace.objects.filter(of_list, language__in=["", *one.languages])


def look(*, project_id: uuid.UUID, people: int, now: datetime) -> Round:
    """A dry run of telling so many people of a project's work. Raises NothingFunded, Invalid."""
    one = demand.of(project_id, now=now)
    if one is None:
        raise NothingFunded(_("No funded task of this project is open right now. Fund and launch a batch, or let one go on."))
    if not 1 <= people <= AT_ONCE:
        raise Invalid(_("Expected 1 to 200 people."), field="people")
    return _round(one, people, now, past_pool=_named_pool(one.project))


def _named_pool(project: Project) -> bool:
    return project.pool is not None and project.pool.listed


def _round(one: Demand, people: int, now: datetime, *, past_pool: bool) -> Round:
    first: dict[uuid.UUID, WaitPlace] = {}
    for place in candidates(one, now=now, past_pool=past_pool)[: 4 * AT_ONCE]:
        first.setdefault(place.worker_id, place)
    everybody = _listed(one).filter(state__in=OPEN_PLACES).values("worker_id").distinct().count()
    chosen = list(first.values())[: min(people, one.room)]
    return Round(demand=one, people=chosen, fitting=len(first), passed_over=everybody - len(first))


def invite(*, project_id: uuid.UUID, people: int, by_id: uuid.UUID, now: datetime) -> Round:
    """Tell the next people on the list; where the project is limited to named people they get a place there. Needs a transaction.

    Never more than its funded slots carry. Raises NothingFunded, Invalid, Conflict where nobody can be told.
    """
    Project.objects.select_for_update().filter(pk=project_id).first()
    found = look(project_id=project_id, people=people, now=now)
    if not found.people:
        raise Conflict(_("There is nobody to tell: either the work carries no more people, or nobody on the list fits it."))
    pool = found.demand.project.pool
    if pool is not None and pool.listed:
        pools.apply(kind=BulkAction.ADD, pool=pool, worker_ids=[one.worker_id for one in found.people], actor_id=by_id, now=now)
    _tell(found, by_id, now)
    return found


def tell_next(*, now: datetime) -> int:
    """The clock: work that opened is told to the next ones on the list who fit it, as many as it carries. Returns how many.

    A project that is limited to named people waits for a person of ops. Safe to run twice at once; needs a transaction.
    """
    if not WaitPlace.objects.filter(state="waiting").exists():
        return 0
    told = 0
    for one in demand.now_open(now=now):
        if one.room and not _named_pool(one.project):
            Project.objects.select_for_update().get(pk=one.project.pk)
            again = demand.of(one.project.pk, now=now)
            if again is not None and again.room:
                found = _round(again, AT_ONCE, now, past_pool=False)
                _tell(found, None, now)
                told += len(found.people)
    return told


def _tell(found: Round, by_id: uuid.UUID | None, now: datetime) -> None:
    project, ids = found.demand.project, [place.pk for place in found.people]
    moved = set(states.move_all(
        WaitPlace.objects.filter(pk__in=ids), chart=WAIT_PLACE, before="waiting", to="told", actor_id=by_id, now=now, told_at=now
    ))  # fmt: skip
    told = [place for place in found.people if place.pk in moved]
    WaitCall.objects.bulk_create(
        WaitCall(place=place, worker_id=place.worker_id, project=project, at=now, by_id=by_id) for place in told
    )
    notices.tell_many([place.worker_id for place in told], "work.turn", project=project.name)


# --- what became of it --------------------------------------------------------------------------------------------------

BEGUN = """
SELECT w.id FROM marketplace_waitplace w LEFT JOIN qualification_skill k ON k.id = w.skill_id
 WHERE w.state = %(state)s AND EXISTS (
   SELECT 1 FROM marketplace_submission s JOIN marketplace_batch b ON b.id = s.batch_id
     JOIN marketplace_project p ON p.id = b.project_id
    WHERE s.worker_id = w.worker_id AND s.submitted_at > greatest(w.joined_at, %(since)s) AND s.kind = 'answer'
      AND (w.skill_id IS NULL OR jsonb_path_exists(p.eligibility, '$.** ? (@.skill == $it)', jsonb_build_object('it', k.slug)))
      AND (w.language = '' OR jsonb_path_exists(p.eligibility, '$.** ? (@.code == $it)', jsonb_build_object('it', w.language))))
 LIMIT 1000
"""
"""Places of people who have handed in work of their list since they joined it; looked at every minute, so a few days back are
enough, however much somebody has done of other work."""


def settle(*, now: datetime) -> int:
    """Who found work leaves the list, as does whoever works here no more; who was told 48 hours ago and did not begin stands in
    their place again. Returns how many found work. Safe to run twice; needs a transaction."""
    begun = 0
    for state in OPEN_PLACES:
        with connection.cursor() as cursor:
            cursor.execute(BEGUN, {"state": state, "since": now - LOOKS_BACK})
            ids = [row[0] for row in cursor.fetchall()]
        if ids:
            found = WaitPlace.objects.filter(pk__in=ids)
            begun += len(states.move_all(
                found, chart=WAIT_PLACE, before=state, to="begun", actor_id=None, now=now, ended_at=now
            ))  # fmt: skip
    gone = WaitPlace.objects.filter(worker__standing__in=["ending", "ended"])
    for state in OPEN_PLACES:
        if gone.filter(state=state).exists():
            states.move_all(gone, chart=WAIT_PLACE, before=state, to="left", actor_id=None, now=now, ended_at=now)
    late = WaitPlace.objects.filter(state="told", told_at__lte=now - PATIENCE).order_by(F("told_at"))
    ids = list(late.values_list("pk", flat=True)[:1000])
    if ids:
        states.move_all(
            WaitPlace.objects.filter(pk__in=ids), chart=WAIT_PLACE, before="told", to="waiting", actor_id=None, now=now
        )
    return begun


def bring(*, old_id: uuid.UUID, kept_id: uuid.UUID, now: datetime) -> int:
    """Two accounts became one: the old one's places are the kept one's, by the earlier time; returns how many came over."""
    came = 0
    for place in mine(old_id):
        there = mine(kept_id).filter(skill=place.skill_id, language=place.language).first()
        if there is None:
            came += WaitPlace.objects.filter(pk=place.pk).update(worker_id=kept_id)
            continue
        WaitPlace.objects.filter(pk=there.pk, joined_at__gt=place.joined_at).update(joined_at=place.joined_at)
        states.move(place, chart=WAIT_PLACE, to="left", actor_id=None, now=now, reason="merged", ended_at=now)
    return came


def _my_data(user_id: uuid.UUID) -> list[dict[str, Any]]:
    rows = WaitPlace.objects.filter(worker_id=user_id).order_by("joined_at")
    return [dict(row) for row in rows.values("skill__slug", "language", "state", "joined_at", "told_at", "ended_at")]


my_data.declare("wait_list", _my_data)
