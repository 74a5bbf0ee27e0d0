"""Decisions against a person: a named human, a reason, a clause, evidence, fresh re-authentication, and a time to appeal."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Invalid, Refused
from workers import appeals, people
from workers.models import Appeal, OpsRole, StandingDecision
from workers.models.standing import APPEAL_DAYS, REAUTHENTICATED_WITHIN_SECONDS

LOOKS_AFTER_PEOPLE = (OpsRole.POOL_MANAGER, OpsRole.QUALITY_LEAD)
"""Ops roles, besides admin, that pause, decide and answer appeals."""

SUBJECT = "decision"
"""The subject kind of an appeal against a decision."""


class NotADecider(Refused):
    """Only a named person of ops with the right role decides against somebody."""

    code = "not_a_decider"


class ReauthenticationTooOld(Refused):
    """Decisions against a person need the decider's password or passkey again."""

    code = "reauthenticate"


class TooLate(Refused):
    """The time in which this could be appealed is over."""

    code = "appeal_too_late"


def decide(
    *,
    person_id: uuid.UUID,
    subject_kind: str,
    subject_id: uuid.UUID,
    by_id: uuid.UUID,
    reason: str,
    clause: str,
    evidence: Any,
    reauthenticated_at: datetime,
    now: datetime,
) -> StandingDecision:
    """Write a decision; it moves nothing by itself. `evidence` is a list of at least one {"kind", "ref", "note"}.

    Raises Invalid (reason, clause, evidence), NotADecider, people.NotIndependent, ReauthenticationTooOld.
    """
    if reason not in dict(StandingDecision.REASONS):
        raise Invalid(
            _("Expected a reason from the list."),
            field="reason",
            expected=[code for code, _name in StandingDecision.REASONS],
        )
    if not clause.strip():
        raise Invalid(_("Name the clause of the rules that this rests on."), field="clause")
    checked = _check_evidence(evidence)
    if not OpsRole.objects.filter(user_id=by_id, role__in=(*LOOKS_AFTER_PEOPLE, OpsRole.ADMIN)).exists():
        raise NotADecider(_("Only a pool manager, a quality lead or an admin may decide this."))
    people.require_independent(by_id, person_id)
    if not 0 <= (now - reauthenticated_at).total_seconds() <= REAUTHENTICATED_WITHIN_SECONDS:
        raise ReauthenticationTooOld(_("Confirm that it is you before you decide against a person."))
    decision = StandingDecision.objects.create(
        person_id=person_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        decided_by_id=by_id,
        reason=reason,
        clause=clause.strip(),
        evidence=checked,
        reauthenticated_at=reauthenticated_at,
        at=now,
        appeal_until=now + timedelta(days=APPEAL_DAYS),
    )
    audit.record(subject=decision, verb=f"decision.{subject_kind}", actor_id=by_id, now=now, reason=reason)
    return decision


def appeal(*, decision_id: uuid.UUID, person_id: uuid.UUID, text: str, now: datetime) -> Appeal:
    """The person asks for a second look. Raises NotFound, TooLate, Invalid, appeals.AlreadyAppealed."""
    decision = StandingDecision.objects.filter(pk=decision_id, person_id=person_id).first()
    if decision is None:
        raise appeals.NoSuchAppeal(_("There is no such decision."))
    if now >= decision.appeal_until:
        raise TooLate(_("The time to appeal this decision is over."))
    return appeals.open_appeal(
        subject_kind=SUBJECT,
        subject_id=decision.id,
        person_id=person_id,
        against_id=decision.decided_by_id,
        text=text,
        now=now,
    )


def _check_evidence(evidence: Any) -> list[dict[str, str]]:
    """At least one piece, each with a kind and something to look at."""
    if not isinstance(evidence, list) or not 1 <= len(evidence) <= 50:
        raise Invalid(_("Name at least one piece of evidence (at most 50)."), field="evidence")
    checked = []
    for piece in evidence:
        row = piece if isinstance(piece, dict) else {}
        kept = {name: str(row.get(name) or "").strip()[:2000] for name in ("kind", "ref", "note")}
        if not kept["kind"] or not (kept["ref"] or kept["note"]):
            raise Invalid(_("Each piece of evidence needs a kind and a reference or a note."), field="evidence")
        checked.append(kept)
    return checked
