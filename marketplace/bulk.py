"""Pausing everybody in a pool, or giving them all a skill: looked at first, done for those whom it concerns, taken back where that
is possible: a pause is, a proof is not, since taking one away is a decision about each person with an appeal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from kit import audit
from kit.errors import Conflict, Invalid
from marketplace import pools
from marketplace.models import BulkAction, Pool
from qualification import grants, skills
from qualification.models import Grant, Skill
from workers import decisions, people, standing
from workers.models import OpsRole, WorkerProfile
from workers.states import ACTIVE, PAUSED

MOST = 500
"""People at once: each is told, and each has lines of their own in the trail."""
SHOWN = 20
LONGEST_DAYS = 3_660


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: how many would be changed, how many would not (they are so already), and some of the first."""

    changed: int
    unchanged: int
    some: list[WorkerProfile]


def preview(*, kind: str, pool: Pool, by_id: uuid.UUID, skill: str = "", tier: int = 0) -> Preview:
    """A dry run. Raises Invalid, decisions.NotADecider."""
    found, everybody = _concerned(kind, pool, by_id, skill, tier), pools.people(pool).count()
    return Preview(changed=len(found), unchanged=everybody - len(found), some=found[:SHOWN])


def pause(*, pool: Pool, reason: str, days: int, by_id: uuid.UUID, now: datetime) -> BulkAction:
    """Pause all of a pool who are active; each reads the reason and the end. Raises Invalid, decisions.NotADecider."""
    if not 1 <= days <= 30:
        raise Invalid(_("A pause ends within 30 days from now."), field="days")
    until = now + timedelta(days=days)
    found = _concerned(BulkAction.PAUSE, pool, by_id, "", 0)
    for worker in found:
        standing.pause(worker_id=worker.pk, reason=reason, until=until, by_id=by_id, now=now)
    return _remember(BulkAction.PAUSE, pool, found, {"reason": reason, "until": until.isoformat()}, by_id, now)


def give(*, pool: Pool, skill: str, tier: int, days: int, by_id: uuid.UUID, now: datetime) -> BulkAction:
    """Give a skill to all of a pool who do not hold as much already. Raises Invalid, decisions.NotADecider."""
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(_("A grant lasts 1 to 3,660 days."), field="days")
    found, wanted = _concerned(BulkAction.GRANT, pool, by_id, skill, tier), _skill(skill)
    for worker in found:
        grants.grant(worker_id=worker.pk, skill=wanted, tier=tier, source="ops", now=now, valid_days=days, source_id=by_id)
    return _remember(BulkAction.GRANT, pool, found, {"skill": skill, "tier": tier, "days": days}, by_id, now)


def undo(*, action: BulkAction, by_id: uuid.UUID, now: datetime) -> int:
    """Take an action back for those whom it changed and nobody else changed since; returns how many. Raises Conflict, for proofs
    too."""
    if action.kind == BulkAction.GRANT:
        raise Conflict(_("A proof is not taken back in bulk: that is a decision about each person, with an appeal."))
    if action.kind != BulkAction.PAUSE:
        pools.undo(action=action, actor_id=by_id, now=now)
        return len(action.changed)
    _require_decider(by_id)
    if not BulkAction.objects.filter(pk=action.pk, undone_at__isnull=True).update(undone_at=now):
        raise Conflict(_("This was taken back already."))
    still = WorkerProfile.objects.filter(
        pk__in=action.changed, standing=PAUSED, standing_reason=action.params["reason"],
        standing_until=datetime.fromisoformat(action.params["until"]),
    )  # fmt: skip
    ids = list(still.order_by("pk").values_list("pk", flat=True))
    for worker_id in ids:
        standing.resume(worker_id=worker_id, by_id=by_id, reason="by_ops", now=now)
    audit.record(subject=action, verb="bulk.undone", actor_id=by_id, now=now, reason=action.kind)
    return len(ids)


def _concerned(kind: str, pool: Pool, by_id: uuid.UUID, skill: str, tier: int) -> list[WorkerProfile]:
    """Whom it would really change, by name; never an account of whoever does it."""
    _require_decider(by_id)
    rows = pools.people(pool).exclude(pk__in=people.linked(by_id)).order_by("user__name", "pk")
    if kind == BulkAction.PAUSE:
        rows = rows.filter(standing=ACTIVE)
    elif kind == BulkAction.GRANT:
        if not 0 <= tier <= 3:
            raise Invalid(_("Expected a tier from 0 to 3."), field="tier")
        enough = Grant.objects.filter(skill=_skill(skill), state="live", tier__gte=tier)
        rows = rows.filter(standing__in=[ACTIVE, PAUSED]).exclude(pk__in=enough.values("worker_id"))
    else:
        raise Invalid(_("Expected pause or grant."), field="kind", expected=[BulkAction.PAUSE, BulkAction.GRANT])
    found = list(rows[: MOST + 1])
    if len(found) > MOST:
        raise Invalid(_("At most 500 people at once: make a smaller pool."), field="pool")
    return found


def _skill(slug: str) -> Skill:
    found = skills.by_slug(slug.replace("\x00", "")[:80])
    if found is None:
        raise Invalid(_("There is no such skill."), field="skill")
    return found


def _require_decider(by_id: uuid.UUID) -> None:
    if not OpsRole.objects.filter(user_id=by_id, role__in=(*decisions.LOOKS_AFTER_PEOPLE, OpsRole.ADMIN)).exists():
        raise decisions.NotADecider(_("Only a pool manager, a quality lead or an admin may do this."))


def _remember(
    kind: str, pool: Pool, found: Sequence[WorkerProfile], params: dict[str, object], by_id: uuid.UUID, now: datetime
) -> BulkAction:
    if not found:
        raise Invalid(_("This would change nobody."), field="pool")
    done = BulkAction.objects.create(
        kind=kind, pool=pool, params=params, changed=[str(one.pk) for one in found], by_id=by_id, at=now
    )
    audit.record(subject=done, verb=f"bulk.{kind}", actor_id=by_id, now=now, reason=str(pool.pk))
    return done
