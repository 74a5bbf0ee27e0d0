"""One person's whole story: who they are, what they proved, how they work, what was decided, who changed what."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit.errors import NotFound
from kit.models import AuditRecord
from marketplace.models import Lease, Question, Submission, Verdict, WorkerRecord
from payments import queries as money
from payments.models import Payout, PayoutAccount
from payments.queries import WorkerBalances
from qualification.models import Attempt, Grant
from task_types import registry
from workers import people
from workers.models import ApiToken, Appeal, Membership, Notice, OpsRole, Setup, StandingDecision, User

DAYS = 28
LAST = 15
TRAIL = 40


def find(person_id: uuid.UUID) -> User:
    """A person of any kind, with the worker's profile if there is one; raises NotFound."""
    found = User.objects.select_related("worker__decision").filter(pk=person_id).first()
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


def memberships(person_id: uuid.UUID) -> list[Membership]:
    return list(Membership.objects.filter(user_id=person_id).select_related("organisation").order_by("organisation__name"))


def roles(person_id: uuid.UUID) -> list[OpsRole]:
    return list(OpsRole.objects.filter(user_id=person_id).order_by("role"))


def grants(person_id: uuid.UUID) -> list[Grant]:
    """Live and past proofs, the live ones first."""
    rows = Grant.objects.filter(worker_id=person_id).select_related("skill").order_by("-valid_from")[:LAST * 2]
    return sorted(rows, key=lambda grant: (grant.state != "live", grant.skill.name))


def attempts(person_id: uuid.UUID) -> list[Attempt]:
    return list(Attempt.objects.filter(worker_id=person_id).select_related("exam").order_by("-started_at")[:LAST])


def records(person_id: uuid.UUID) -> list[WorkerRecord]:
    """Quality per project, the one with the most answers first."""
    rows = WorkerRecord.objects.filter(worker_id=person_id, answers__gt=0).select_related("project__organisation")
    return list(rows.order_by("-answers")[:50])


@dataclass(frozen=True, slots=True)
class Days:
    """What somebody handed in on each of the last days, oldest first."""

    days: list[date]
    answers: list[int]
    minutes: list[int]

    @property
    def total(self) -> int:
        return sum(self.answers)

    @property
    def hours(self) -> float:
        return sum(self.minutes) / 60


def work(person_id: uuid.UUID, *, now: datetime) -> Days:
    """One statement over the person's own last four weeks."""
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=DAYS - 1)
    rows = (
        Submission.objects.filter(worker_id=person_id, submitted_at__gte=start).annotate(day=TruncDate("submitted_at"))
        .values("day").annotate(n=Count("pk"), ms=Sum("active_ms")).order_by("day")
    )
    found = {row["day"]: row for row in rows}
    days = [start.date() + timedelta(days=at) for at in range(DAYS)]
    return Days(
        days=days, answers=[found[day]["n"] if day in found else 0 for day in days],
        minutes=[round(found[day]["ms"] / 60_000) if day in found else 0 for day in days],
    )


@dataclass(frozen=True, slots=True)
class Done:
    """A submission with its verdict and the answer in words."""

    submission: Submission
    verdict: Verdict | None
    answer: str
    right: bool | None


def last_done(person_id: uuid.UUID) -> list[Done]:
    """The latest submissions, gold ones graded again; two statements."""
    rows = Submission.objects.filter(worker_id=person_id).select_related("batch__project", "task__gold")
    found = list(rows.order_by("-submitted_at")[:LAST])
    verdicts = {one.submission_id: one for one in _verdicts(found)}
    return [_done(one, verdicts.get(one.pk)) for one in found]


def _verdicts(found: Sequence[Submission]) -> Sequence[Verdict]:
    return list(Verdict.objects.filter(submission__in=found).select_related("judge").order_by("round"))


def _done(one: Submission, verdict: Verdict | None) -> Done:
    drawer, settings = registry.drawer(one.batch.project.task_type), one.batch.project.settings
    gold = one.task.gold if one.gold else None
    right = drawer.grade(one.answer, gold.answer, settings=settings) >= 0.999 if gold and not gold.voided_at else None
    answer = drawer.summarise(one.answer, settings=settings) if one.kind != "review" else ""
    return Done(one, verdict, answer, right)


def in_hand(person_id: uuid.UUID) -> list[Lease]:
    rows = Lease.objects.filter(worker_id=person_id, live=True).select_related("queue__batch__project__organisation")
    return list(rows.order_by("expires_at"))


def appeals_of(person_id: uuid.UUID) -> list[Appeal]:
    rows = Appeal.objects.filter(person_id=person_id).select_related("answered_by", "decided_by")
    return list(rows.order_by("-opened_at")[:LAST])


def decisions_of(person_id: uuid.UUID) -> list[StandingDecision]:
    return list(StandingDecision.objects.filter(person_id=person_id).select_related("decided_by").order_by("-at")[:LAST])


@dataclass(frozen=True, slots=True)
class MoneyOf:
    """A worker's money, for finance: by currency, the account at the rail, the last payouts."""

    balances: dict[str, WorkerBalances]
    account: PayoutAccount | None
    payouts: list[Payout]


def money_of(person_id: uuid.UUID) -> MoneyOf:
    return MoneyOf(
        balances=money.worker_money(person_id), account=money.payout_account(person_id),
        payouts=list(Payout.objects.filter(worker_id=person_id).order_by("-created_at")[:LAST]),
    )


def setup(person_id: uuid.UUID) -> Setup | None:
    return Setup.objects.filter(worker_id=person_id).first()


def sessions(person_id: uuid.UUID) -> list[dict[str, Any]]:
    """Where they are signed in, the latest first: {user_agent, ip, sessions, last_seen_at} for each device and address."""
    rows = UserSession.objects.filter(user_id=person_id).values("user_agent", "ip")
    return list(rows.annotate(sessions=Count("pk"), last_seen_at=Max("last_seen_at")).order_by("-last_seen_at")[:LAST])


def tokens(person_id: uuid.UUID) -> list[ApiToken]:
    return list(ApiToken.objects.filter(user_id=person_id).order_by("-created_at")[:LAST])


def linked(person_id: uuid.UUID) -> list[User]:
    """Other accounts known to be of the same person."""
    return list(User.objects.filter(pk__in=people.linked(person_id) - {person_id}).order_by("name"))


def told(person_id: uuid.UUID) -> list[Notice]:
    """The latest notices that this person was given."""
    return list(Notice.objects.filter(user_id=person_id).order_by("-created_at", "-id")[:TRAIL])


def asked(person_id: uuid.UUID) -> list[Question]:
    """Their latest questions about work."""
    return list(Question.objects.filter(worker_id=person_id).select_related("project").order_by("-asked_at")[:LAST])


@dataclass(frozen=True, slots=True)
class Trace:
    """A line of the trail with names in place of ids; `own` says that the person did it."""

    record: AuditRecord
    actor: str
    own: bool


def trail(person_id: uuid.UUID) -> list[Trace]:
    """What happened to this person and what they did besides working, the newest first; three statements."""
    about = Q(subject_kind__in=["workers.workerprofile", "workers.user"], subject_id=str(person_id))
    about_them = list(AuditRecord.objects.filter(about).order_by("-id")[:TRAIL])
    by_them = list(AuditRecord.objects.filter(actor_id=person_id).exclude(about).order_by("-id")[:TRAIL])
    rows = sorted(about_them + by_them, key=lambda row: -row.pk)[:TRAIL]
    return _named(rows, person_id)


def standing_history(person_id: uuid.UUID) -> list[Trace]:
    """Each move of a worker's standing, the newest first."""
    rows = list(AuditRecord.objects.filter(
        subject_kind="workers.workerprofile", subject_id=str(person_id), verb__startswith="standing."
    ).order_by("-id")[:LAST])
    return _named(rows, person_id)


def _named(rows: Sequence[AuditRecord], person_id: uuid.UUID) -> list[Trace]:
    actors = {row.actor_id for row in rows if row.actor_id}
    names = dict(User.objects.filter(pk__in=actors).values_list("pk", "name")) if actors else {}
    return [Trace(row, names.get(row.actor_id, "") if row.actor_id else "", row.actor_id == person_id) for row in rows]
