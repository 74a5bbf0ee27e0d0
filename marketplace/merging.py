"""Two accounts of one person become one: one person of ops proposes, a second approves; work seen, proofs and money go over, and
the old account ends with a link to the kept one. Nobody is punished by it, and nothing is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kit import audit, states
from kit.errors import Conflict, Invalid, NotFound
from marketplace import joined_scores, referrals, waitlist
from marketplace.models import Apart, ApartWish, CourseProgress, Lease, PoolMember, Ready, Seat, Submission
from payments import merging as money
from payments import queries as payments
from payments.models import MoneyMove
from payments.queries import WorkerBalances
from qualification import grants
from qualification.grading import Score
from qualification.models import Attempt, Grant
from workers import decisions, facts, notices, people, queries, standing, work_queues
from workers.models import Membership, Merge, OpsRole, WorkerProfile
from workers.states import ACTIVE, MERGE, PAUSED

REASON = "merged"

notices.declare(
    "merge.proposed",
    lazy("Ops found that you have two accounts and proposes to make them one: this one would end, everything in it goes over to the"
          " other. Write to us if that is wrong."),
    url_name="workers:support", mail=True,
)  # fmt: skip
notices.declare(
    "merge.done", lazy("Your two accounts are one now: proofs, work and money of the old one are here."),
    url_name="workers:standing", mail=True,
)  # fmt: skip
notices.declare(
    "merge.closed", lazy("This account is part of your other one now: sign in there. What was paid here stays readable here."),
    url_name="workers:standing", mail=True,
)  # fmt: skip
notices.declare("merge.declined", lazy("Your two accounts stay apart."), url_name="workers:standing")

SEEN = """
INSERT INTO marketplace_assignment (id, task_id, worker_id, judges, state)
SELECT gen_random_uuid(), task_id, %(kept)s, judges, 'done' FROM marketplace_assignment WHERE worker_id = %(old)s
ON CONFLICT (task_id, worker_id) DO NOTHING
"""
"""What the old account was ever given is closed for the kept one too, to answer or to judge."""


class NotYetMergeable(Conflict):
    """Something of the old account is still in motion; the sentences say what."""

    code = "not_yet_mergeable"


def propose(*, old_id: uuid.UUID, kept_id: uuid.UUID, why: str, by_id: uuid.UUID, now: datetime) -> Merge:
    """Say that two workers' accounts are one person's; nothing moves. Raises Invalid, decisions.NotADecider, people.NotIndependent,
    Conflict for an account that is part of a merge already or whose work ends or has ended."""
    if old_id == kept_id:
        raise Invalid(_("Expected two different accounts."), field="kept")
    if not 2 <= len(why.strip()) <= 500 or "\x00" in why:
        raise Invalid(_("Say in 2 to 500 characters what shows that they are one person."), field="why")
    old, kept = standing.profile(old_id), standing.profile(kept_id)
    _require_decider(by_id, old_id, kept_id)
    _require_working(old, kept)
    if Merge.objects.filter(Q(old_id__in=[old_id, kept_id]), state__in=["proposed", "done"]).exists():
        raise Conflict(_("One of these accounts is part of a merge already."))
    made = Merge.objects.create(old=old, kept=kept, why=why.strip(), proposed_by_id=by_id, proposed_at=now)
    audit.record(subject=made, verb="merge.proposed", actor_id=by_id, now=now)
    notices.tell(old_id, "merge.proposed")
    return made


def decline(*, merge: Merge, by_id: uuid.UUID, now: datetime) -> None:
    """They stay two accounts; whoever proposed it may say so too. Raises NoSuchMove, decisions.NotADecider."""
    _require_decider(by_id, merge.old_id, merge.kept_id)
    states.move(merge, chart=MERGE, to="declined", actor_id=by_id, now=now, decided_by_id=by_id, decided_at=now)
    notices.tell(merge.old_id, "merge.declined")


def approve(*, merge: Merge, by_id: uuid.UUID, now: datetime) -> Merge:
    """Carry it out, as a second person. Raises people.NotIndependent, decisions.NotADecider, NoSuchMove, NotYetMergeable."""
    _require_decider(by_id, merge.old_id, merge.kept_id)
    people.require_independent(by_id, merge.proposed_by_id)
    for worker_id in sorted((merge.old_id, merge.kept_id)):
        WorkerProfile.objects.select_for_update().get(pk=worker_id)
    _require_working(standing.profile(merge.old_id), standing.profile(merge.kept_id))
    if first := in_the_way(merge.old_id):
        raise NotYetMergeable(" ".join(first), expected=first)
    states.move(merge, chart=MERGE, to="done", actor_id=by_id, now=now, decided_by_id=by_id, decided_at=now)
    people.link(a=merge.old_id, b=merge.kept_id, reason=REASON, by_id=by_id, now=now)
    moved: dict[str, Any] = {
        "skills": _give_grants(merge, now),
        "tests": Attempt.objects.filter(worker_id=merge.old_id).update(worker_id=merge.kept_id),
        "tasks": _close_seen(merge),
        "apart": _keep_apart(merge),
        "pools": _join_pools(merge),
        "courses": _bring_courses(merge),
        "scores": joined_scores.join(merge=merge, now=now),
        "referrals": referrals.bring(old_id=merge.old_id, kept_id=merge.kept_id, now=now),
        "places": waitlist.bring(old_id=merge.old_id, kept_id=merge.kept_id, now=now),
    }
    standing.end_merged(worker_id=merge.old_id, by_id=by_id, now=now)
    facts.touch(merge.kept_id)
    notices.tell(merge.kept_id, "merge.done")
    notices.tell(merge.old_id, "merge.closed")
    Merge.objects.filter(pk=merge.pk).update(moved=moved)
    money.move(merge=merge, actor_id=by_id, now=now)
    return Merge.objects.get(pk=merge.pk)


def in_the_way(old_id: uuid.UUID) -> list[str]:
    """What has to come to an end at the old account first, in words."""
    found = []
    if Lease.objects.filter(worker_id=old_id, live=True).exists():
        found.append(_("The old account holds a task: it is finished or given back first."))
    if Submission.objects.filter(worker_id=old_id, state="sent_back").exists():
        found.append(_("Work of the old account was sent back: it is handed in again first."))
    if Attempt.objects.filter(worker_id=old_id, state__in=["live", "reading"]).exists():
        found.append(_("A test of the old account is not over."))
    if Membership.objects.filter(user_id=old_id).exists() or queries.ops_roles(old_id):
        found.append(_("The old account belongs to an organisation or to ops: it leaves first."))
    return [*found, *(str(each) for each in money.in_the_way(old_id))]


def find(merge_id: uuid.UUID) -> Merge:
    """Raises NotFound."""
    found = Merge.objects.select_related("old__user", "kept__user", "proposed_by", "decided_by").filter(pk=merge_id).first()
    if found is None:
        raise NotFound(_("There is no such proposal."))
    return found


def waiting() -> QuerySet[Merge]:
    """Proposals that wait for a second person, the oldest first."""
    return Merge.objects.filter(state="proposed").select_related("old__user", "kept__user", "proposed_by").order_by("proposed_at")


def money_of(merge: Merge) -> list[MoneyMove]:
    """What went over, by currency and time."""
    return list(MoneyMove.objects.filter(merge=merge).order_by("at", "currency"))


def _require_decider(by_id: uuid.UUID, *accounts: uuid.UUID) -> None:
    if not OpsRole.objects.filter(user_id=by_id, role__in=(*decisions.LOOKS_AFTER_PEOPLE, OpsRole.ADMIN)).exists():
        raise decisions.NotADecider(_("Only a pool manager, a quality lead or an admin may decide this."))
    for account in accounts:
        people.require_independent(by_id, account)


def _require_working(*workers: WorkerProfile) -> None:
    if any(worker.standing not in (ACTIVE, PAUSED) for worker in workers):
        raise Conflict(_("Work of one of these accounts ends or has ended: that is settled by itself."))


def _give_grants(merge: Merge, now: datetime) -> int:
    """Live proofs of the old account, with what is left of their time; a better one of the kept account stays."""
    given, theirs = 0, set(Grant.objects.filter(worker_id=merge.kept_id, state="live").values_list("pk", flat=True))
    for held in Grant.objects.filter(worker_id=merge.old_id, state="live").select_related("skill"):
        days = (held.expires_at - now).days if held.expires_at else None
        if days is not None and days < 1:
            continue
        new = grants.grant(
            worker_id=merge.kept_id, skill=held.skill, tier=held.tier, source=held.source, source_id=held.source_id, now=now,
            valid_days=days, score=_score(held),
        )  # fmt: skip
        given += new.pk not in theirs
    return given


def _score(held: Grant) -> Score | None:
    if held.score_bp is None or held.low_bp is None or held.high_bp is None:
        return None
    return Score(share=held.score_bp, mean=held.score_bp, low=held.low_bp, high=held.high_bp)


def _close_seen(merge: Merge) -> int:
    with connection.cursor() as cursor:
        cursor.execute(SEEN, {"kept": merge.kept_id, "old": merge.old_id})
        return int(cursor.rowcount)


def _keep_apart(merge: Merge) -> int:
    """Whoever was kept apart from the old account is from the kept one."""
    made = 0
    for pair in Apart.objects.filter(Q(one_id=merge.old_id) | Q(other_id=merge.old_id), ended_at__isnull=True):
        third = pair.other_id if pair.one_id == merge.old_id else pair.one_id
        if third == merge.kept_id:
            continue
        one, other = sorted((third, merge.kept_id))
        _row, new = Apart.objects.get_or_create(
            one_id=one, other_id=other, ended_at=None, defaults={"why": pair.why, "set_by_id": pair.set_by_id, "set_at": pair.set_at}
        )
        made += new
        Ready.objects.filter(worker_id__in=[one, other]).update(stale=True)
    ApartWish.objects.filter(worker_id=merge.old_id, closed_at__isnull=True).update(worker_id=merge.kept_id)
    return made


def _join_pools(merge: Merge) -> int:
    """Pools that the old account was named in."""
    there = set(PoolMember.objects.filter(worker_id=merge.kept_id).values_list("pool_id", flat=True))
    rows = PoolMember.objects.filter(worker_id=merge.old_id).exclude(pool_id__in=there)
    new = [PoolMember(pool_id=row.pool_id, worker_id=merge.kept_id, added_by_id=row.added_by_id, added_at=row.added_at) for row in rows]
    return len(PoolMember.objects.bulk_create(new))


def _bring_courses(merge: Merge) -> int:
    """Courses begun or passed, and paid places; where both accounts have the same one, the kept account's stays unless only the
    other one passed, and a place stays where it is, so that nobody is paid for it twice."""
    theirs = {(one.course_id, one.version): one for one in CourseProgress.objects.filter(worker_id=merge.kept_id)}
    brought = 0
    for one in CourseProgress.objects.filter(worker_id=merge.old_id):
        same = theirs.get((one.course_id, one.version))
        if same is None:
            brought += CourseProgress.objects.filter(pk=one.pk).update(worker_id=merge.kept_id)
        elif one.passed_at and not same.passed_at:
            same.steps, same.done, same.since, same.passed_at = one.steps, one.done, one.since, one.passed_at
            same.save(update_fields=["steps", "done", "since", "passed_at"])
            brought += 1
    taken = Seat.objects.filter(worker_id=merge.kept_id).values("subject")
    return brought + Seat.objects.filter(worker_id=merge.old_id).exclude(subject__in=taken).update(worker_id=merge.kept_id)


MOVED = {
    "skills": lazy("Proofs of skills"), "tests": lazy("Tests taken"), "tasks": lazy("Tasks that are not shown again"),
    "apart": lazy("People kept apart"), "pools": lazy("Pools"), "courses": lazy("Courses and paid places"),
    "scores": lazy("Projects whose counts and scores were joined"),
    "places": lazy("Places on wait-lists"), "referrals": lazy("Promises for people who were brought"),
}  # fmt: skip


def moved_in_words(merge: Merge) -> list[tuple[str, int]]:
    """What went over, in words with counts; money has lines of its own."""
    return [(str(words), merge.moved[key]) for key, words in MOVED.items() if key in merge.moved]


@dataclass(frozen=True, slots=True)
class Account:
    """One of the two accounts as a page shows it, with its money by currency."""

    profile: WorkerProfile
    answers: int
    skills: int
    money: dict[str, WorkerBalances]


def outlook(merge: Merge) -> list[Account]:
    """Both accounts side by side, the one that ends first."""
    return [
        Account(
            profile=worker, answers=Submission.objects.filter(worker_id=worker.pk).count(),
            skills=Grant.objects.filter(worker_id=worker.pk, state="live").count(), money=payments.worker_money(worker.pk),
        )  # fmt: skip
        for worker in (merge.old, merge.kept)
    ]


def _items(limit: int) -> Iterator[work_queues.Item]:
    for one in waiting()[:limit]:
        yield work_queues.Item(
            id=one.pk, title=f"{one.old.user.name} → {one.kept.user.name}",
            note=_("%(who)s proposes: %(why)s") % {"who": one.proposed_by.name, "why": one.why},
            url=reverse("market:ops_merge", args=[one.pk]), since=one.proposed_at,
        )  # fmt: skip


work_queues.declare(work_queues.WorkQueue(
    key="merges", title=lazy("Accounts of one person"), none=lazy("No merge waits for a second person."),
    about=lazy("Two accounts that ops proposes to make one; a second person approves or declines."),
    roles=decisions.LOOKS_AFTER_PEOPLE, waiting=_items, count=lambda: waiting()[: work_queues.LOOKED_AT].count(),
))  # fmt: skip
