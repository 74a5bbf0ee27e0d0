"""Pools: people named one by one or selected by a rule; facts of eligibility, looked at before they are changed, undone in bulk."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict, Invalid, NotFound
from marketplace import rules, rules_sql
from marketplace.models import BulkAction, Pool, PoolMember, Project, Ready
from workers.models import WorkerProfile

MOST_MEMBERS = 50_000
MOST_AT_ONCE = 5_000
SHOWN = 25


class NameTaken(Conflict):
    """Another pool has this name."""

    code = "pool_name_taken"


class InUse(Conflict):
    """A project is limited to this pool."""

    code = "pool_in_use"


def live() -> QuerySet[Pool]:
    """Pools in use, by name."""
    return Pool.objects.filter(archived_at__isnull=True).order_by("name", "id")


def find(pool_id: uuid.UUID) -> Pool:
    """Raises NotFound."""
    found = Pool.objects.filter(pk=pool_id).first()
    if found is None:
        raise NotFound(_("There is no such pool."))
    return found


# --- as facts ----------------------------------------------------------------------------------------------------------


def of_person(*, worker_id: uuid.UUID, facts: rules.Facts) -> frozenset[str]:
    """The pools that this worker is in now: one statement, and each rule held against the facts."""
    member = Q(rule__isnull=True, members__worker_id=worker_id) | Q(rule__isnull=False)
    rows = Pool.objects.filter(member, archived_at__isnull=True).values_list("pk", "rule")
    return frozenset(str(pk) for pk, rule in rows if rule is None or rules.holds(rule, facts))


def resolved(rule: rules.Rule) -> rules.Rule:
    """The rule with every pool that is itself a rule written out, so that it can become SQL."""
    named = {leaf["pool"] for leaf in rules.leaves(rule) if leaf["fact"] == "pool"}
    if not named:
        return rule
    rows = Pool.objects.filter(pk__in=named, rule__isnull=False).values_list("pk", "rule")
    known: dict[str, rules.Rule] = {str(pk): inner for pk, inner in rows if inner is not None}
    return _written_out(rule, known)


def _written_out(rule: rules.Rule, known: dict[str, rules.Rule]) -> rules.Rule:
    for word in ("all", "any"):
        if word in rule:
            return {word: [_written_out(part, known) for part in rule[word]]}
    if "not" in rule:
        return {"not": _written_out(rule["not"], known)}
    return known.get(rule["pool"], rule) if rule["fact"] == "pool" else rule


# --- making and changing -----------------------------------------------------------------------------------------------


def create(*, name: str, about: str = "", rule: Any = None, actor_id: uuid.UUID, now: datetime) -> Pool:
    """A pool: listed without a rule, selected with one. Raises Invalid, NameTaken."""
    checked = _checked(rule)
    try:
        with transaction.atomic():
            made = Pool.objects.create(
                name=_name(name), about=about.strip()[:300], rule=checked, created_by_id=actor_id, created_at=now
            )
    except IntegrityError:
        raise NameTaken(_("Another pool has this name."), field="name") from None
    audit.record(subject=made, verb="pool.made", actor_id=actor_id, now=now)
    return made


def change_rule(*, pool: Pool, rule: Any, actor_id: uuid.UUID, now: datetime) -> None:
    """Select by another rule from now on; leases that exist stay. Raises Invalid, also for a listed pool."""
    if pool.listed:
        raise Invalid(_("This pool lists its people one by one."), field="rule")
    pool.rule = _checked(rule)
    pool.save(update_fields=["rule"])
    _everybody_again()
    audit.record(subject=pool, verb="pool.rule_changed", actor_id=actor_id, now=now)


def archive(*, pool: Pool, actor_id: uuid.UUID, now: datetime) -> None:
    """Put a pool away. Raises InUse while a project is limited to it; a second time changes nothing."""
    if Project.objects.filter(pool=pool, archived_at__isnull=True).exists():
        raise InUse(_("A project is limited to this pool. Take that back first."))
    if Pool.objects.filter(pk=pool.pk, archived_at__isnull=True).update(archived_at=now):
        audit.record(subject=pool, verb="pool.archived", actor_id=actor_id, now=now)
        _everybody_again()


def _checked(rule: Any) -> rules.Rule | None:
    if rule is None:
        return None
    checked = rules.check(rule, field="rule", ours=True)
    if any(leaf["fact"] == "pool" for leaf in rules.leaves(checked)):
        raise Invalid(_("A pool cannot be made of pools."), field="rule")
    return checked


def _name(text: str) -> str:
    name = text.strip()
    if not 2 <= len(name) <= 80 or "\x00" in name:
        raise Invalid(_("Expected a name of 2 to 80 characters."), field="name")
    return name


# --- who is in it ------------------------------------------------------------------------------------------------------


def people(pool: Pool) -> QuerySet[WorkerProfile]:
    """The workers of a pool, whoever they are now; those whose work here is ending or ended are not counted in by a rule."""
    rows = WorkerProfile.objects.select_related("user")
    if pool.rule is None:
        return rows.filter(pools__pool=pool)
    return rows.filter(pk__in=selected(pool.rule))


def selected(rule: rules.Rule) -> RawSQL:
    """The ids of active, onboarded workers whom a rule selects, as a subquery for `pk__in`."""
    condition, params = rules_sql.as_sql(resolved(rule))
    return RawSQL(SELECTED.format(what="p.user_id", condition=condition), params)  # noqa: S611 - placeholders only


SELECTED = "SELECT {what} FROM workers_workerprofile p WHERE p.standing = 'active' AND p.onboarded_at IS NOT NULL AND ({condition})"
"""The condition holds placeholders only, see rules.as_sql."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: how many would be changed, how many would not (they are so already), and some of the first."""

    changed: int
    unchanged: int
    some: list[WorkerProfile]


def preview(*, kind: str, pool: Pool, worker_ids: Iterable[uuid.UUID]) -> Preview:
    """A dry run of adding to or taking out of a listed pool. Raises Invalid."""
    ids = _to_change(kind, pool, worker_ids)
    some = WorkerProfile.objects.filter(pk__in=ids).select_related("user").order_by("user__name")[:SHOWN]
    return Preview(changed=len(ids), unchanged=len(set(worker_ids)) - len(ids), some=list(some))


def apply(
    *, kind: str, pool: Pool, worker_ids: Iterable[uuid.UUID], actor_id: uuid.UUID, now: datetime
) -> BulkAction:
    """Add people to a listed pool or take them out, and remember who was really changed. Raises Invalid."""
    ids = sorted(_to_change(kind, pool, list(worker_ids)))
    _change(kind, pool, ids, actor_id, now)
    done = BulkAction.objects.create(kind=kind, pool=pool, changed=[str(one) for one in ids], by_id=actor_id, at=now)
    audit.record(subject=pool, verb=f"pool.{'added' if kind == BulkAction.ADD else 'removed'}", actor_id=actor_id, now=now)
    return done


def undo(*, action: BulkAction, actor_id: uuid.UUID, now: datetime) -> None:
    """Take a bulk action back for those whom it changed; a second time is refused with Conflict."""
    if action.pool is None or not BulkAction.objects.filter(pk=action.pk, undone_at__isnull=True).update(undone_at=now):
        raise Conflict(_("This was taken back already."))
    opposite = BulkAction.REMOVE if action.kind == BulkAction.ADD else BulkAction.ADD
    ids = _to_change(opposite, action.pool, [uuid.UUID(one) for one in action.changed])
    _change(opposite, action.pool, sorted(ids), actor_id, now)
    audit.record(subject=action.pool, verb="pool.undone", actor_id=actor_id, now=now)


def _to_change(kind: str, pool: Pool, worker_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    wanted = set(worker_ids)
    if not pool.listed:
        raise Invalid(_("This pool selects its people by a rule."), field="pool")
    if kind not in (BulkAction.ADD, BulkAction.REMOVE):
        raise Invalid(_("Expected add or remove."), field="kind", expected=[BulkAction.ADD, BulkAction.REMOVE])
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(_("At most 5,000 people at once."), field="people")
    known = set(WorkerProfile.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if unknown := wanted - known:
        raise Invalid(_("Some of these are no workers."), field="people", unknown=sorted(map(str, unknown))[:20])
    inside = set(PoolMember.objects.filter(pool=pool, worker_id__in=wanted).values_list("worker_id", flat=True))
    return wanted - inside if kind == BulkAction.ADD else inside


def _change(kind: str, pool: Pool, ids: Sequence[uuid.UUID], actor_id: uuid.UUID, now: datetime) -> None:
    if kind == BulkAction.ADD:
        if pool.members.count() + len(ids) > MOST_MEMBERS:
            raise Invalid(_("A listed pool holds at most 50,000 people."), field="people")
        PoolMember.objects.bulk_create(
            [PoolMember(pool=pool, worker_id=one, added_by_id=actor_id, added_at=now) for one in ids], ignore_conflicts=True
        )
    else:
        PoolMember.objects.filter(pool=pool, worker_id__in=ids).delete()
    # The version of the facts says it to dispatch at the next claim; nothing else has to be told.
    WorkerProfile.objects.filter(pk__in=ids).update(facts_version=F("facts_version") + 1)


def _everybody_again() -> None:
    """What a pool's rule selects changed for anybody: ready rows are made again at the next ask."""
    Ready.objects.filter(stale=False).update(stale=True)


def with_counts() -> list[dict[str, Any]]:
    """Live pools with how many people are in each now and which projects are limited to it; a statement per rule."""
    rows = live().annotate(listed_people=Count("members", distinct=True)).select_related("created_by").prefetch_related("projects")
    return [
        {"pool": pool, "people": pool.listed_people if pool.rule is None else count(pool.rule),
         "projects": [project for project in pool.projects.all() if project.archived_at is None]}
        for pool in rows[:200]
    ]  # fmt: skip


def count(rule: rules.Rule) -> int:
    """How many people a rule selects right now."""
    condition, params = rules_sql.as_sql(resolved(rule))
    with connection.cursor() as cursor:
        cursor.execute(SELECTED.format(what="count(*)", condition=condition), params)
        return int(cursor.fetchone()[0])
