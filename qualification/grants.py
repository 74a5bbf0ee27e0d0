"""Grants: giving, renewing, letting expire, and taking away by a named person's decision; each touches the worker's facts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kit import audit, due, states
from kit.errors import Conflict, Invalid, NotFound
from qualification.grading import Score
from qualification.models import HIGHEST_TIER, Grant, Skill
from qualification.states import EXPIRED, GRANT, LIVE, REPLACED, TAKEN
from workers import decisions, facts, notices
from workers.models import Appeal, Credential, StandingDecision, WorkerProfile
from workers.states import VERIFIED

LONGEST_DAYS = 3660

notices.declare(
    "grant.expired",
    _("Your proof of %(skill)s has expired. You can take the exam again."),
    url_name="qualification:skills",
)
notices.declare(
    "grant.taken",
    _("A person of ops took away your proof of %(skill)s: %(reason)s. You can appeal until %(until)s."),
    url_name="workers:standing",
    words={"reason": lambda code: dict(StandingDecision.REASONS).get(code, code), "until": notices.day},
    mail=True,
)
notices.declare(
    "grant.restored", _("You won your appeal: your proof of %(skill)s counts again."), url_name="qualification:skills"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A grant that counts now."""

    grant_id: uuid.UUID
    skill_id: uuid.UUID
    slug: str
    tier: int
    score_bp: int | None
    low_bp: int | None
    high_bp: int | None
    expires_at: datetime | None


def grant(
    *,
    worker_id: uuid.UUID,
    skill: Skill,
    tier: int,
    source: str,
    now: datetime,
    score: Score | None = None,
    source_id: uuid.UUID | None = None,
    valid_days: int | None = None,
) -> Grant:
    """Give a skill at a tier. A live grant of the same or a lower tier is replaced; a higher one stays and is returned.

    Raises Invalid (tier, source, valid_days, worker).
    """
    if not 0 <= tier <= HIGHEST_TIER:
        raise Invalid(_("Expected a tier from 0 to 3."), field="tier")
    if source not in dict(Grant.SOURCES):
        raise Invalid(_("Expected a source from the list."), field="source")
    if valid_days is not None and not 1 <= valid_days <= LONGEST_DAYS:
        raise Invalid(_("A grant lasts 1 to 3,660 days."), field="valid_days")
    if not WorkerProfile.objects.filter(pk=worker_id).exists():
        raise Invalid(_("There is no such worker."), field="worker")
    expires_at = now + timedelta(days=valid_days) if valid_days else None
    old = Grant.objects.filter(worker_id=worker_id, skill=skill, state=LIVE).first()
    if (
        old is not None
        and _counts(old, now)
        and (old.tier > tier or (old.tier == tier and not _outlasts(expires_at, old.expires_at)))
    ):
        return _keep(old, tier=tier, score=score)
    if old is not None:
        ends = EXPIRED if not _counts(old, now) else REPLACED
        states.move(old, chart=GRANT, to=ends, actor_id=None, now=now, reason=source, ended_at=now)
    new = Grant.objects.create(
        worker_id=worker_id,
        skill=skill,
        tier=tier,
        source=source,
        source_id=source_id,
        valid_from=now,
        expires_at=expires_at,
        **_score_columns(score),
    )
    facts.touch(worker_id)
    return new


def give(
    *, worker_id: uuid.UUID, skill: Skill, tier: int, source: str, by_id: uuid.UUID, now: datetime, valid_days: int | None = None
) -> Grant:
    """A person of ops gives a skill: of their own knowledge, for work done here, or on a credential that was verified.

    Raises Invalid as `grant` does, and where there is no such credential.
    """
    source_id: uuid.UUID | None = by_id
    if source == "credential":
        verified = Credential.objects.filter(worker_id=worker_id, state=VERIFIED).order_by("-decided_at")
        source_id = verified.values_list("pk", flat=True).first()
        if source_id is None:
            raise Invalid(_("This person has no credential that was verified."), field="source")
    given = grant(
        worker_id=worker_id, skill=skill, tier=tier, source=source, source_id=source_id, valid_days=valid_days, now=now
    )
    if given.valid_from == now:
        audit.record(subject=given, verb="grant.given", actor_id=by_id, now=now, reason=source)
    return given


def _keep(old: Grant, *, tier: int, score: Score | None) -> Grant:
    """What is held is worth more than what was proven now: it stays, and a score of its own tier is brought up to date."""
    if score is not None and old.tier == tier:
        rescore(held=old, score=score)
    return old


def renew(*, held: Grant, until: datetime, by_id: uuid.UUID | None, now: datetime) -> None:
    """Let a live grant last longer, never shorter. Raises Invalid, Conflict when it is no longer live."""
    if held.expires_at is None or until <= held.expires_at:
        raise Invalid(_("A renewal only makes a grant last longer."), field="until")
    changed = Grant.objects.filter(pk=held.pk, state=LIVE, expires_at__lt=until).update(expires_at=until)
    if changed != 1:
        raise Conflict(_("This grant is no longer in force."))
    held.expires_at = until
    facts.touch(held.worker_id)


def rescore(*, held: Grant, score: Score) -> None:
    """A score may move both ways; the grant and its tier stay."""
    Grant.objects.filter(pk=held.pk).update(**_score_columns(score))
    facts.touch(held.worker_id)


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """End the grants whose day has come; returns how many."""
    over = Grant.objects.filter(state=LIVE, expires_at__lte=now).select_related("skill").order_by("expires_at")
    taken = due.take(over, limit=limit)
    for held in taken:
        states.move(held, chart=GRANT, to=EXPIRED, actor_id=None, now=now, ended_at=now)
        facts.touch(held.worker_id)
        notices.tell(held.worker_id, "grant.expired", skill=held.skill.name)
    return len(taken)


def take_away(
    *,
    held: Grant,
    by_id: uuid.UUID,
    reason: str,
    clause: str,
    evidence: Any,
    reauthenticated_at: datetime,
    now: datetime,
) -> StandingDecision:
    """Take a grant away before its day: only by a decision like an ending, with an appeal. Raises what decisions.decide
    raises, and NoSuchMove when it is not live."""
    decision = decisions.decide(
        person_id=held.worker_id,
        subject_kind=StandingDecision.GRANT,
        subject_id=held.pk,
        by_id=by_id,
        reason=reason,
        clause=clause,
        evidence=evidence,
        reauthenticated_at=reauthenticated_at,
        now=now,
    )
    states.move(held, chart=GRANT, to=TAKEN, actor_id=by_id, now=now, reason=reason, ended_at=now, decision=decision)
    facts.touch(held.worker_id)
    notices.tell(held.worker_id, "grant.taken", skill=held.skill.name, reason=reason, until=decision.appeal_until.isoformat())
    return decision


def appeal_decided(*, subject_kind: str, subject_id: str, outcome: str, **_rest: Any) -> None:
    """Reaction to `appeal.decided`: a won appeal restores the grant unless it was earned anew. Repeating changes nothing."""
    if subject_kind != decisions.SUBJECT or outcome == Appeal.UPHELD:
        return
    taken = Grant.objects.select_related("skill").filter(decision=uuid.UUID(subject_id), state=TAKEN).first()
    won = Appeal.objects.filter(subject_kind=subject_kind, subject_id=subject_id, decided_at__isnull=False).first()
    if taken is None or won is None or won.decided_at is None:
        return
    if Grant.objects.filter(worker_id=taken.worker_id, skill=taken.skill, state=LIVE).exists():
        return
    states.move(taken, chart=GRANT, to=LIVE, actor_id=won.decided_by_id, now=won.decided_at, reason="appeal_won", ended_at=None)
    facts.touch(taken.worker_id)
    notices.tell(taken.worker_id, "grant.restored", skill=taken.skill.name)


def live_of(*, worker_id: uuid.UUID, now: datetime) -> QuerySet[Grant]:
    """The grants of a worker that count now, by skill name."""
    rows = Grant.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), worker_id=worker_id, state=LIVE)
    return rows.order_by("skill__name")


def held_by(*, worker_id: uuid.UUID, now: datetime) -> list[Held]:
    """The same as small values for other rooms, in one statement."""
    rows = live_of(worker_id=worker_id, now=now).annotate(slug=F("skill__slug"))
    return [
        Held(
            grant_id=row.pk,
            skill_id=row.skill_id,
            slug=row.slug,
            tier=row.tier,
            score_bp=row.score_bp,
            low_bp=row.low_bp,
            high_bp=row.high_bp,
            expires_at=row.expires_at,
        )
        for row in rows
    ]


def lasting(*, worker_id: uuid.UUID, skill_ids: Iterable[uuid.UUID], until: datetime) -> dict[uuid.UUID, Grant]:
    """A worker's live grants that count beyond `until`, by skill."""
    rows = Grant.objects.filter(worker_id=worker_id, skill_id__in=list(skill_ids), state=LIVE)
    return {row.skill_id: row for row in rows.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=until))}


def find(grant_id: uuid.UUID) -> Grant:
    """Raises NotFound."""
    found = Grant.objects.select_related("skill", "worker__user").filter(pk=grant_id).first()
    if found is None:
        raise NotFound(_("There is no such grant."))
    return found


def _counts(held: Grant, now: datetime) -> bool:
    return held.expires_at is None or held.expires_at > now


def _outlasts(new: datetime | None, old: datetime | None) -> bool:
    """Does the new day come no earlier than the old one? None is never."""
    return new is None or (old is not None and new >= old)


def _score_columns(score: Score | None) -> dict[str, int | None]:
    if score is None:
        return {"score_bp": None, "low_bp": None, "high_bp": None}
    return {"score_bp": score.mean, "low_bp": score.low, "high_bp": score.high}
