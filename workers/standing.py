"""The standing of a worker: software may pause, a named person may begin an ending, a clock that nobody stopped completes it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from kit import audit, due, outbox, states
from kit.errors import Conflict, Invalid, NotFound, Refused, Text
from workers import decisions, facts, notices, teams
from workers.models import Appeal, Farewell, StandingDecision, WorkerProfile
from workers.models.people import LONGEST_PAUSE
from workers.states import ACTIVE, ENDED, ENDING, PAUSED, STANDING

PAUSE_REASONS: dict[str, tuple[Text, Text]] = {
    "own_wish": (_("You asked for a pause."), _("Resume whenever you like.")),
    "security": (
        _("Something unusual happened with your sign-in."),
        _("Check your sessions and change your password."),
    ),
    "identity": (
        _("Your identity has to be confirmed again."),
        _("Open onboarding and follow the step that is marked."),
    ),
    "quality_check": (
        _("Recent answers are being looked at by a person."),
        _("Nothing to do; you will hear from us before the pause ends."),
    ),
    "case_open": (
        _("A person is looking into a case that names you."),
        _("Nothing to do; you will be asked for your side."),
    ),
    "ending_considered": (
        _("Ops is considering to end your work."),
        _("You will be told reason and evidence, and can appeal."),
    ),
}
"""Why somebody may be paused: the sentence the worker reads, and what they can do about it."""

PAUSE_REASON_CHOICES = [(code, sentence) for code, (sentence, _help) in PAUSE_REASONS.items()]

OWN_WISH = "own_wish"
MERGED = "merged"
SOFTWARE_WINDOW = timedelta(days=60)
"""Within any window this long, software keeps somebody paused for at most the longest pause: then a person has to look."""
APPEAL_WON = "appeal_won"
PAUSE_OVER = "pause_over"


notices.declare(
    "standing.paused",
    _("Your work is paused until %(until)s. %(reason)s"),
    url_name="workers:standing",
    words={"reason": lambda code: " ".join(str(part) for part in PAUSE_REASONS[code]), "until": notices.day},
    mail=True,
)
notices.declare("standing.resumed", _("Your pause is over: you can take work again."), url_name="workers:standing", mail=True)
notices.declare(
    "standing.ending",
    _("A person of ops decided to end your work here: %(reason)s. You can appeal until %(until)s. What you earned stays yours."),
    url_name="workers:standing",
    words={"reason": lambda code: dict(StandingDecision.REASONS).get(code, code), "until": notices.day},
    mail=True,
)
notices.declare(
    "standing.ended",
    _("Your work here has ended. Your statements and payouts stay reachable."),
    url_name="workers:standing",
    mail=True,
)


class AppealStillPossible(Conflict):
    """The person's time to appeal is not over, or an appeal waits."""

    code = "appeal_still_possible"


class PausedEnough(Conflict):
    """Software has kept this person paused for as long as it may; the next word is a human's."""

    code = "paused_enough"


def profile(worker_id: uuid.UUID) -> WorkerProfile:
    """The worker's profile. Raises NotFound."""
    found = WorkerProfile.objects.select_related("decision").filter(pk=worker_id).first()
    if found is None:
        raise NotFound(_("There is no such worker."))
    return found


def pause(*, worker_id: uuid.UUID, reason: str, until: datetime, by_id: uuid.UUID | None, now: datetime) -> WorkerProfile:
    """Stop new work for a while; `by_id` is None for software. Never longer than 30 days.

    Raises Invalid, NoSuchMove, and PausedEnough where software would go on for more than 30 of 60 days.
    """
    if reason not in PAUSE_REASONS:
        raise Invalid(_("Expected a reason from the list."), field="reason", expected=sorted(PAUSE_REASONS))
    if not now < until <= now + LONGEST_PAUSE:
        raise Invalid(_("A pause ends within 30 days from now."), field="until")
    worker = profile(worker_id)
    if by_id is None and paused_by_software(worker_id, now=now) + (until - now) > LONGEST_PAUSE:
        raise PausedEnough(_("Software has paused this person for long enough; a person has to look first."))
    _move(worker, to=PAUSED, by_id=by_id, reason=reason, until=until, now=now)
    notices.tell(worker_id, "standing.paused", reason=reason, until=until.isoformat())
    return worker


def paused_by_software(worker_id: uuid.UUID, *, now: datetime) -> timedelta:
    """For how long of the last 60 days software alone kept this person paused, as the trail has it."""
    since, total, begun = now - SOFTWARE_WINDOW, timedelta(), None
    moves = audit.history(WorkerProfile(pk=worker_id)).filter(verb__startswith="standing.")
    for move in moves.values("at", "to_state", "actor_id"):
        if begun is not None:
            total += max(move["at"] - max(begun, since), timedelta())
        begun = move["at"] if move["to_state"] == PAUSED and move["actor_id"] is None else None
    return total + (max(now - max(begun, since), timedelta()) if begun is not None else timedelta())


def resume(*, worker_id: uuid.UUID, by_id: uuid.UUID | None, now: datetime, reason: str = PAUSE_OVER) -> WorkerProfile:
    """End a pause. Raises NoSuchMove for somebody who is not paused."""
    worker = profile(worker_id)
    if worker.standing != PAUSED:
        raise states.NoSuchMove(_("Only a paused person can be resumed."), state=worker.standing)
    _move(worker, to=ACTIVE, by_id=by_id, reason=reason, now=now)
    notices.tell(worker_id, "standing.resumed")
    return worker


def resume_own(*, worker_id: uuid.UUID, now: datetime) -> WorkerProfile:
    """A person ends the pause that they asked for. Raises Refused for a pause that somebody else made."""
    worker = profile(worker_id)
    if worker.standing == PAUSED and worker.standing_reason != OWN_WISH:
        raise Refused(_("This pause is not yours to end. It ends by itself, or ops ends it."))
    return resume(worker_id=worker_id, by_id=worker_id, reason=OWN_WISH, now=now)


def resume_due(*, now: datetime, limit: int = 200) -> int:
    """End the pauses whose time has come; returns how many."""
    over = WorkerProfile.objects.filter(standing=PAUSED, standing_until__lte=now).order_by("standing_until")
    taken = due.take(over, limit=limit)
    for worker in taken:
        _move(worker, to=ACTIVE, by_id=None, reason=PAUSE_OVER, now=now)
        notices.tell(worker.pk, "standing.resumed")
    return len(taken)


def begin_ending(*, decision: StandingDecision, now: datetime) -> WorkerProfile:
    """Carry out a decision: no new work from now on; final only when the appeal clock is over.

    The database checks again that the decision is about this person and was not overturned. Raises NoSuchMove unless paused.
    """
    worker = profile(decision.person_id)
    if decision.subject_kind != StandingDecision.STANDING or decision.subject_id != worker.pk:
        raise Invalid(_("This decision is about something else."), field="decision")
    _move(worker, to=ENDING, by_id=decision.decided_by_id, reason=decision.reason, now=now, decision=decision)
    notices.tell(worker.pk, "standing.ending", reason=decision.reason, until=decision.appeal_until.isoformat())
    return worker


def carry_out(*, worker: WorkerProfile, decision: StandingDecision, now: datetime) -> None:
    """Begin, on its day, the ending that a person decided for later: a pause comes first, as the chart has it."""
    if worker.standing == ACTIVE:
        _move(
            worker, to=PAUSED, by_id=decision.decided_by_id, reason="ending_considered", until=now + timedelta(days=1), now=now
        )
    begin_ending(decision=decision, now=now)


def decide_ending(
    *,
    worker_id: uuid.UUID,
    by_id: uuid.UUID,
    reason: str,
    clause: str,
    evidence: Any,
    reauthenticated_at: datetime,
    now: datetime,
) -> StandingDecision:
    """Decide to end a person's work and begin it, as one. Raises what decisions.decide and begin_ending raise."""
    decision = decisions.decide(
        person_id=profile(worker_id).pk,
        subject_kind=StandingDecision.STANDING,
        subject_id=worker_id,
        by_id=by_id,
        reason=reason,
        clause=clause,
        evidence=evidence,
        reauthenticated_at=reauthenticated_at,
        now=now,
    )
    begin_ending(decision=decision, now=now)
    return decision


def end(*, worker: WorkerProfile, now: datetime) -> None:
    """Complete an ending. Raises AppealStillPossible while the clock runs or an appeal waits or was won, as does the database."""
    decision = worker.decision
    if worker.standing != ENDING or decision is None:
        raise states.NoSuchMove(_("Only an ending that was decided can be completed."), state=worker.standing)
    appeal = Appeal.objects.filter(subject_kind=decisions.SUBJECT, subject_id=decision.id).first()
    if now < decision.appeal_until or (appeal is not None and appeal.outcome != Appeal.UPHELD):
        raise AppealStillPossible(_("The appeal is not over yet."))
    _move(worker, to=ENDED, by_id=None, reason=worker.standing_reason, now=now)
    notices.tell(worker.pk, "standing.ended")


def end_due(*, now: datetime, limit: int = 200) -> int:
    """Complete the endings whose appeal clock is over and whose appeal, if any, was upheld; returns how many."""
    asked = Appeal.objects.filter(subject_kind=decisions.SUBJECT).exclude(outcome=Appeal.UPHELD)
    over = (
        WorkerProfile.objects.filter(standing=ENDING, decision__appeal_until__lte=now)
        .exclude(decision_id__in=asked.values("subject_id"))
        .select_related("decision")
        .order_by("pk")
    )
    taken = due.take(over, limit=limit)
    for worker in taken:
        end(worker=worker, now=now)
    return len(taken)


def leave(*, worker_id: uuid.UUID, now: datetime) -> WorkerProfile:
    """A person ends their own work here; what they earned stays theirs and payable, and tasks they hold may be finished.

    The database asks for the farewell, which only a person's own request writes. Raises NoSuchMove unless they are active.
    """
    worker = profile(worker_id)
    if worker.standing != ACTIVE:
        raise states.NoSuchMove(
            _("You can leave once the pause is over, or after the decision about you."), state=worker.standing
        )
    Farewell.objects.create(user_id=worker_id, at=now)
    _move(worker, to=ENDED, by_id=worker_id, reason=OWN_WISH, now=now)
    notices.tell(worker_id, "standing.ended")
    return worker


def end_merged(*, worker_id: uuid.UUID, by_id: uuid.UUID, now: datetime) -> None:
    """End an account that became part of another one of the same person. The database asks for the merge that was approved."""
    worker = profile(worker_id)
    if worker.standing == PAUSED:
        _move(worker, to=ACTIVE, by_id=by_id, reason=MERGED, now=now)
    _move(worker, to=ENDED, by_id=by_id, reason=MERGED, now=now)


def appeal_decided(*, subject_kind: str, subject_id: str, outcome: str, **_rest: Any) -> None:
    """Reaction to `appeal.decided`: a won appeal of an ending makes the person active again. Repeating it changes nothing."""
    if subject_kind != decisions.SUBJECT or outcome == Appeal.UPHELD:
        return
    worker = WorkerProfile.objects.filter(decision=uuid.UUID(subject_id), standing=ENDING).first()
    won = Appeal.objects.filter(subject_kind=subject_kind, subject_id=subject_id).first()
    if worker is None or won is None or won.decided_at is None:
        return
    _move(worker, to=ACTIVE, by_id=won.decided_by_id, reason=APPEAL_WON, now=won.decided_at)


def _move(
    worker: WorkerProfile,
    *,
    to: str,
    by_id: uuid.UUID | None,
    reason: str,
    now: datetime,
    until: datetime | None = None,
    **changes: Any,
) -> None:
    """Move the standing, raise the version of the facts, and tell the other rooms."""
    states.move(
        worker,
        chart=STANDING,
        column="standing",
        to=to,
        actor_id=by_id,
        now=now,
        reason=reason,
        standing_reason=reason,
        standing_since=now,
        standing_until=until,
        **changes,
    )
    facts.touch(worker.pk)
    if to == ENDED:
        teams.end_for(worker_id=worker.pk, by_id=by_id, now=now)
    outbox.emit("standing.changed", user_id=str(worker.pk), standing=to, reason=reason)
