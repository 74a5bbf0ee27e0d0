"""A country closes: a named person of ops says from which day on, everybody there hears reason and dates, and winds down as anybody
whose work ends by a decision; what was earned stays payable, and whoever moves away in time stays."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from kit import audit, due
from kit.errors import Conflict, Invalid, NotFound, Text
from workers import decisions, notices, people, standing
from workers.countries import COUNTRIES
from workers.models import Appeal, CountryExit, OpsRole, StandingDecision, User, WorkerProfile
from workers.models.leaving import EXIT_NOTICE
from workers.models.standing import APPEAL_DAYS, REAUTHENTICATED_WITHIN_SECONDS
from workers.states import ACTIVE, PAUSED

APPEAL_TIME = timedelta(days=APPEAL_DAYS)
REASON = "country"
EVIDENCE = "country_exit"
"""The kind of evidence that a decision of an exit rests on; its ref is the exit's id."""


def _country(code: str) -> Text:
    return COUNTRIES.get(code, code)


notices.declare(
    "country.closing",
    _("Work in %(country)s ends on %(day)s: %(why)s. Until then you work as before. What you earned is paid in any case, and you"
      " can appeal; if you have moved, change your profile."),
    url_name="workers:standing", words={"country": _country, "day": notices.day, "why": notices.within}, mail=True,
)  # fmt: skip
notices.declare(
    "country.stays", _("Work in %(country)s goes on: the decision to end it was taken back."), url_name="workers:standing",
    words={"country": _country}, mail=True,
)  # fmt: skip


class CountryCloses(Conflict):
    """Work in this country ends or has ended."""

    code = "country_closes"


@dataclass(frozen=True, slots=True)
class Dry:
    """Whom an exit would concern: how many work there, and how many of them are paused."""

    people: int
    paused: int


def concerned(country: str) -> Dry:
    """Who is there now and has not ended already."""
    rows = WorkerProfile.objects.filter(country=country)
    paused = rows.filter(standing=PAUSED).count()
    return Dry(people=rows.filter(standing=ACTIVE).count() + paused, paused=paused)


def in_force(country: str) -> CountryExit | None:
    """The exit of a country, announced or carried out."""
    return CountryExit.objects.filter(country=country, taken_back_at__isnull=True).first()


def require_open(country: str) -> None:
    """Raises CountryCloses for a country in which nobody begins any more."""
    if in_force(country) is not None:
        raise CountryCloses(_("Work in this country ends, so nobody can begin there."), field="country")


def announce(
    *, country: str, clause: str, why: str, last_work_at: datetime, by_id: uuid.UUID, reauthenticated_at: datetime, now: datetime
) -> CountryExit:
    """End work in a country from a day on: a decision for each person there, with its time to appeal. Notice is two weeks at least.

    Raises Invalid, CountryCloses, decisions.NotADecider, decisions.ReauthenticationTooOld, people.NotIndependent when
    somebody there is the decider's own other account.
    """
    _check(country, clause, why, last_work_at, by_id, reauthenticated_at, now)
    made = CountryExit.objects.create(
        country=country, clause=clause.strip(), why=why.strip(), decided_by_id=by_id, decided_at=now, last_work_at=last_work_at
    )
    there = _there(country)
    for person in people.linked(by_id) & set(there):
        people.require_independent(by_id, person)
    _decide(made, there, reauthenticated_at, now)
    CountryExit.objects.filter(pk=made.pk).update(people=len(there))
    made.people = len(there)
    audit.record(subject=made, verb="country.closing", actor_id=by_id, now=now, reason=country)
    for person in there:
        notices.tell(person, "country.closing", country=country, day=last_work_at.isoformat(), why=made.why)
    return made


def _there(country: str) -> list[uuid.UUID]:
    rows = WorkerProfile.objects.filter(country=country, standing__in=[ACTIVE, PAUSED])
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _check(
    country: str, clause: str, why: str, last_work_at: datetime, by_id: uuid.UUID, reauthenticated_at: datetime, now: datetime
) -> None:
    if country not in COUNTRIES:
        raise Invalid(_("Expected a country by its ISO code, such as DE."), field="country")
    for field, value, most in (("clause", clause, 200), ("why", why, 500)):
        if not 2 <= len(value.strip()) <= most or "\x00" in value:
            raise Invalid(_("Expected 2 to %(most)d characters.") % {"most": most}, field=field)
    if last_work_at < now + EXIT_NOTICE:
        raise Invalid(_("People there are told at least 14 days before."), field="last_work_at")
    if not OpsRole.objects.filter(user_id=by_id, role=OpsRole.ADMIN).exists():
        raise decisions.NotADecider(_("Only an admin may close a country."))
    if not 0 <= (now - reauthenticated_at).total_seconds() <= REAUTHENTICATED_WITHIN_SECONDS:
        raise decisions.ReauthenticationTooOld(_("Confirm that it is you before you decide this."))
    require_open(country)


def _decide(made: CountryExit, there: list[uuid.UUID], reauthenticated_at: datetime, now: datetime) -> None:
    """One decision for each person, with the same words: reason, clause, evidence, and the time to appeal."""
    rows = [
        StandingDecision(
            person_id=person, subject_kind=StandingDecision.STANDING, subject_id=person, decided_by_id=made.decided_by_id,
            reason=REASON, clause=made.clause, evidence=[{"kind": EVIDENCE, "ref": str(made.pk), "note": made.why}],
            reauthenticated_at=reauthenticated_at, at=now,
            appeal_until=max(made.last_work_at, now + APPEAL_TIME),
        )  # fmt: skip
        for person in there
    ]
    StandingDecision.objects.bulk_create(rows, batch_size=500)
    audit.record_many(
        model=StandingDecision, ids=[row.pk for row in rows], verb="decision.standing", actor_id=made.decided_by_id, now=now,
        reason=REASON,
    )  # fmt: skip


def take_back(*, exit_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> CountryExit:
    """The country stays open after all; only before its last day, as endings do not turn back. Raises NotFound, Conflict."""
    found = CountryExit.objects.select_for_update().filter(pk=exit_id, taken_back_at__isnull=True).first()
    if found is None:
        raise NotFound(_("There is no such exit, or it was taken back already."))
    if now >= found.last_work_at:
        raise Conflict(_("Its last day is over: people there have ended or are ending."))
    found.taken_back_at, found.taken_back_by = now, User.objects.get(pk=by_id)
    found.save(update_fields=["taken_back_at", "taken_back_by"])
    audit.record(subject=found, verb="country.stays", actor_id=by_id, now=now, reason=found.country)
    for person in _decided(found).values_list("person_id", flat=True):
        notices.tell(person, "country.stays", country=found.country)
    return found


def _decided(found: CountryExit) -> models.QuerySet[StandingDecision]:
    return StandingDecision.objects.filter(reason=REASON, evidence__contains=[{"ref": str(found.pk)}])


def taken_back(made: list[StandingDecision]) -> set[uuid.UUID]:
    """Those decisions whose exit was taken back: nothing follows from them any more."""
    refs = {row.pk: row.evidence[0]["ref"] for row in made if row.reason == REASON and row.evidence[0].get("kind") == EVIDENCE}
    back = CountryExit.objects.filter(pk__in=refs.values(), taken_back_at__isnull=False).values_list("pk", flat=True)
    return {decision for decision, ref in refs.items() if uuid.UUID(ref) in set(back)}


def wind_down_due(*, now: datetime, limit: int = 200) -> int:
    """On the last day, begin the ending of whoever still lives there, by the decision about them; returns how many.

    Whoever won their appeal, moved away or ended meanwhile is left alone. Nothing is decided here.
    """
    begun = 0
    for found in CountryExit.objects.filter(taken_back_at__isnull=True, last_work_at__lte=now):
        begun += _wind_down(found, now=now, limit=limit - begun)
    return begun


def _wind_down(found: CountryExit, *, now: datetime, limit: int) -> int:
    won = Appeal.objects.filter(subject_kind=decisions.SUBJECT, outcome__in=[Appeal.OVERTURNED, Appeal.BY_SILENCE])
    made = _decided(found).exclude(pk__in=won.values("subject_id"))
    there = WorkerProfile.objects.filter(country=found.country, standing__in=[ACTIVE, PAUSED])
    taken = due.take(there.filter(pk__in=made.values("person_id")).order_by("pk"), limit=limit)
    by_person = {row.person_id: row for row in made.filter(person_id__in=[worker.pk for worker in taken])}
    for worker in taken:
        standing.carry_out(worker=worker, decision=by_person[worker.pk], now=now)
    return len(taken)

