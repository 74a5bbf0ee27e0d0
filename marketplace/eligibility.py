"""Who may take which work: facts against rules, the ready row that dispatch believes, and the live count for a form."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Q, Subquery

from kit import hot
from marketplace import agency_work, apart, pools, pricing, routing, rules, turns
from marketplace.models import Project, Queue, Ready, Slot, WorkerRecord
from qualification import grants, guidelines
from workers import queries as people

QUEUES_AT_MOST = 64
"""Queues of one kind that every ask looks through; the others are read when these gave nothing."""
VALID_FOR = timedelta(minutes=5)
LOOKED_AT = 4_000
"""Open queues that are looked at for one worker, in the order of priority and age."""


@dataclass(frozen=True, slots=True)
class Person:
    """All that a rule may ask of one worker, and what dispatch checks besides."""

    facts: rules.Facts
    organisations: frozenset[uuid.UUID]
    facts_version: int
    may_work: bool
    next_expiry: datetime | None


def person(*, worker_id: uuid.UUID, now: datetime) -> Person | None:
    """A worker's facts, or None for somebody who is no worker."""
    known = people.worker_facts(worker_id)
    if known is None:
        return None
    held = grants.held_by(worker_id=worker_id, now=now)
    accepted, courses = _accepted_and_courses(worker_id)
    facts = rules.Facts(
        country=known["country"],
        languages=known["languages"],
        skills={grant.slug: grant.tier for grant in held},
        accepted=accepted,
        avoids=known["avoids"],
        credentials=known["credentials"],
        courses=courses,
        exams=guidelines.versions_passed(worker_id),
        agency=known["agency"],
    )
    return Person(
        facts=replace(facts, pools=pools.of_person(worker_id=worker_id, facts=facts)),
        organisations=frozenset(known["organisations"]),
        facts_version=known["facts_version"],
        may_work=known["onboarded"] and not known["ops"],
        next_expiry=min(filter(None, [*(grant.expires_at for grant in held), known["credentials_until"]]), default=None),
    )


KNOWN = """
SELECT (SELECT coalesce(sum(record.accepted), 0)::bigint FROM marketplace_workerrecord record WHERE record.worker_id = %(worker)s),
       (SELECT jsonb_object_agg(passed.course_id, passed.version) FROM (
           SELECT course_id, max(version) AS version FROM marketplace_courseprogress
           WHERE worker_id = %(worker)s AND passed_at IS NOT NULL GROUP BY course_id) passed)
"""


def _accepted_and_courses(worker_id: uuid.UUID) -> tuple[int, dict[str, int]]:
    """Accepted answers on the whole platform, and the highest version of each course that was passed, by project. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, {"worker": worker_id})
        accepted, passed = cursor.fetchone()
    return accepted, hot.from_json(passed) or {}


def rule_of(queue: Queue) -> rules.Rule:
    """Who may answer or, for reviews, who may review; where experts are asked, with their skill and tier besides."""
    rule = rule_for(queue.project, kind=queue.kind)
    return for_experts(rule, skill=queue.terms["skill"], tier=queue.tier) if queue.tier else rule


def rule_for(project: Project, *, kind: str = "answer") -> rules.Rule:
    """The whole rule of a project: what its client asks, the pool it is limited to, and nobody who asked not to see its content."""
    rule: rules.Rule = project.review_eligibility if kind == "review" else project.eligibility
    besides: list[rules.Rule] = []
    if project.pool_id:
        besides.append({"fact": "pool", "pool": str(project.pool_id)})
    if project.content_warnings:
        besides.append({"fact": "content", "shows": project.content_warnings})
    return {"all": [rule, *besides]} if besides else rule


def for_experts(rule: rules.Rule, *, skill: str, tier: int) -> rules.Rule:
    """The rule of a project and a live grant of the skill at the tier or a higher one."""
    return {"all": [rule, {"fact": "skill", "skill": skill, "tier": tier}]}


def lets_in(queue: Queue, who: Person) -> bool:
    """Standing aside: the rule holds, and nobody works for or judges an organisation that they belong to."""
    return queue.project.organisation_id not in who.organisations and rules.holds(rule_of(queue), who.facts)


def make_ready(*, worker_id: uuid.UUID, now: datetime) -> tuple[bool, list[uuid.UUID]]:
    """Work out which queues a worker may take from, in order, and keep it for the claims to come.

    Returns whether the first ones are all there are, and whom the worker is kept apart from.
    """
    who = person(worker_id=worker_id, now=now)
    if who is None:
        return True, []
    others = apart.of(worker_id)
    picked = agency_work.picked_for(worker_id) if who.facts.agency else frozenset()
    fitting = _fitting(who, picked) if who.may_work else []
    waits = turns.waits(worker_id=worker_id, queues=fitting, now=now) if fitting else {}
    if waits:
        seated = turns.seated(worker_id=worker_id, batch_ids={queue.batch_id for queue in fitting})
        mine = {queue.pk for queue in fitting if queue.batch_id in seated}
        waits = {queue_id: wait for queue_id, wait in waits.items() if queue_id not in mine}
    fitting = [queue for queue in fitting if queue.pk not in waits]
    records = dict(
        WorkerRecord.objects.filter(worker_id=worker_id, project__in={queue.project_id for queue in fitting})
        .values_list("project_id", "score_low_bp")
    )
    entries = [(queue.pk, queue.rule_version, pricing.band_of(records.get(queue.project_id))) for queue in fitting]
    first, further = _first_of_each_kind(fitting, entries)
    until = min([now + VALID_FOR, *(wait.until for wait in waits.values())])
    Ready.objects.update_or_create(
        worker_id=worker_id,
        defaults={
            "queues": [queue_id for queue_id, _version, _multiplier in first],
            "rule_versions": [version for _queue_id, version, _multiplier in first],
            "multipliers_bp": [multiplier for _queue_id, _version, multiplier in first],
            "further": further,
            "waits": [[wait.queue_id, wait.why, wait.until.isoformat()] for wait in waits.values()],
            "apart": others,
            "complete": not further,
            "facts_version": who.facts_version,
            "stale": False,
            "valid_until": min(until, who.next_expiry) if who.next_expiry else until,
            "made_at": now,
        },
    )
    return not further, others


def _fitting(who: Person, picked: frozenset[uuid.UUID]) -> list[Queue]:
    """The queues that let this person in, in routing's order, whosever turn it is; `picked`: projects that go first for them."""
    rows = Queue.objects.filter(open=True).select_related("project").order_by("-priority", "opened_at", "id")
    by_id = {queue.pk: queue for queue in rows[:LOOKED_AT] if lets_in(queue, who)}
    order = routing.ranked([
        routing.QueueToRank(queue.pk, queue.priority, queue.opened_at.timestamp(), queue.tier, queue.project_id in picked)
        for queue in by_id.values()
    ])
    return [by_id[place.queue_id] for place in order]


Entry = tuple[int, int, int]
"""A queue, the rule version that was checked, and the worker's multiplier there."""


def _first_of_each_kind(queues: Sequence[Queue], entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The first entries of each kind, and the others."""
    taken: Counter[str] = Counter()
    first, further = list[Entry](), list[Entry]()
    for queue, entry in zip(queues, entries, strict=True):
        taken[queue.kind] += 1
        (first if taken[queue.kind] <= QUEUES_AT_MOST else further).append(entry)
    return first, further


def announce() -> None:
    """Queues opened, closed or changed places: every ready row is made again at its worker's next ask."""
    Ready.objects.filter(stale=False).update(stale=True)


def how_many(rule: rules.Rule) -> int:
    """How many active workers a rule lets in right now: the live count beside the form."""
    return pools.count(rule)


@dataclass(frozen=True, slots=True)
class Closed:
    """A project with open work that a worker may not take, and what keeps the door shut; `tier` above 0: work for experts.

    `slots` is how much funded work waits behind the door, counted up to 1,000 in the first of its queues.
    """

    project_id: uuid.UUID
    name: str
    misses: list[rules.Miss]
    own_organisation: bool
    kind: str = "answer"
    tier: int = 0
    queue_id: int = 0
    slots: int | None = None


def why_not(
    *, worker_id: uuid.UUID, now: datetime, limit: int = 20, kinds: Sequence[str] = ("answer", "adjudication"),
    who: Person | None = None,
) -> list[Closed]:
    """The projects with open work that this worker is kept out of, those nearest to opening first.

    Ordinary answers count while their batch goes on, work for experts while somebody waits for it. `who` where it is known.
    """
    who = who or person(worker_id=worker_id, now=now)
    if who is None:
        return []
    # One slot by the index of open ones: EXISTS would be planned as one pass over all of them.
    first = Subquery(Slot.objects.filter(queue=OuterRef("pk"), open=True).order_by("rank").values("pk")[:1])
    queues = Queue.objects.alias(first=first).filter(Q(tier=0) | Q(first__isnull=False), open=True, kind__in=kinds)
    rows = queues.select_related("project")
    found: dict[Any, Closed] = {}
    for queue in rows.order_by("-priority", "opened_at", "tier")[:LOOKED_AT]:
        if queue.project_id not in found and not lets_in(queue, who):
            found[queue.project_id] = Closed(
                project_id=queue.project_id, name=queue.project.name, misses=rules.misses(rule_of(queue), who.facts),
                own_organisation=queue.project.organisation_id in who.organisations, kind=queue.kind, tier=queue.tier,
                queue_id=queue.pk,
            )
    return sorted(found.values(), key=lambda closed: (closed.own_organisation, len(closed.misses)))[:limit]
