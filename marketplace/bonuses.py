"""What answers get beside their price: the quality bonus when a result settles, and missions and streaks while they last."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from kit import audit
from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import budgets, pricing, settlement
from marketplace.models import Batch, Mission, MissionKind, Queue, Result, Submission
from payments import earnings, funding, pools, words
from task_types import registry

LASTS_AT_MOST = timedelta(days=90)
COUNTS: dict[str, tuple[int, int]] = {"count": (1, 10_000), "per_day": (1, 1_000)}
DAYS_MOST = 31
"""Days in a row that a streak may ask for."""
IN_MOTION = ("launching", "active", "paused")


class MissionOver(Conflict):
    """It has ended already."""

    code = "mission_over"


# --- the quality bonus -------------------------------------------------------------------------------------------------


def reward_right(*, task_id: int, now: datetime) -> int:
    """Pay the quality bonus of each accepted answer that agrees with its task's settled result, as its lease promised; returns
    how many were paid now. Once per answer, whoever asks how often; a result that changes later takes nothing back."""
    result = Result.objects.filter(task_id=task_id, state="settled").select_related("task__project").first()
    if result is None or not result.answer:
        return 0
    project, paid = result.task.project, 0
    for row in _promised(task_id=task_id, gold=False):
        agreement = registry.drawer(project.task_type).agreement(row.answer, result.answer, settings=project.settings)
        paid += _reward(row, agreement, result.confidence_bp or 0, result.answers, now)
    return paid


def quality_source(submission_id: uuid.UUID) -> uuid.UUID:
    """What the quality bonus of a submission is known by; payments sees no more than this."""
    return uuid.uuid5(submission_id, "quality")


def _promised(**which: Any) -> Any:
    """Accepted answers whose lease promised a quality bonus."""
    rows = Submission.objects.filter(kind="answer", state="accepted", lease__terms__quality_bonus_units__gt=0, **which)
    return rows.select_related("lease")


def _reward(row: Submission, agreement: float, confidence_bp: int, answers: int, now: datetime) -> bool:
    terms = row.lease.terms
    lines = pricing.quality_bonus(
        terms, confidence_bp=confidence_bp, agreement_bp=round(agreement * pricing.BASIS), answers=answers
    )
    if not lines:
        return False
    accrual = settlement.accrual(
        worker_id=row.worker_id, terms=terms, lines=lines, source_kind="bonus", source_id=quality_source(row.pk),
        confirmed=True, now=now, from_revenue=bool(terms.get("bill_units")),
    )  # fmt: skip
    made = earnings.add(accrual) if accrual.from_revenue else pools.pay(accrual, pool=settlement.BONUS_POOL)
    if made and not row.gold:
        reward_gold(batch_id=row.batch_id, worker_id=row.worker_id, now=now)
    return made


def reward_gold(*, batch_id: uuid.UUID, worker_id: uuid.UUID | None, now: datetime) -> int:
    """The same bonus for right answers to known tasks, which must not be told from others: paid beside the next ordinary one of
    their author, the rest at night."""
    rows = _promised(batch_id=batch_id, gold=True, task__gold__voided_at=None)
    rows = (rows.filter(worker_id=worker_id) if worker_id else rows).select_related("lease", "task__project", "task__gold")
    paid = 0
    for row in rows:
        drawer, settings = registry.drawer(row.task.project.task_type), row.task.project.settings
        paid += _reward(row, drawer.grade(row.answer, row.task.gold.answer, settings=settings), pricing.BASIS, 2, now)
    return paid


def reward_gold_left(*, now: datetime) -> int:
    """Each night, for batches that promise the bonus. Opens its own transactions."""
    since, paid = now - settlement.POOLS_WAIT, 0
    promising = Batch.objects.filter(terms__quality_bonus_units__gt=0).filter(Q(closed_at=None) | Q(closed_at__gt=since))
    for batch_id in promising.exclude(state="draft").values_list("pk", flat=True):
        with transaction.atomic(durable=True):
            paid += reward_gold(batch_id=batch_id, worker_id=None, now=now)
    return paid


# --- missions ----------------------------------------------------------------------------------------------------------


def pool_of(mission: Mission) -> str:
    return f"mission:{mission.pk}"


def cost_of(mission: Mission) -> int:
    """One reward with the fee on it, in units."""
    return mission.amount_units + pricing.fee_on(mission.amount_units, int(mission.batch.terms["fee_bp"]))


def open_mission(
    *, batch: Batch, kind: str, name: str, count: int, amount: Money, budget: Money, ends_at: datetime, actor_id: uuid.UUID,
    now: datetime, per_day: int = 1, top_up: bool = True,
) -> Mission:
    """State a mission; its budget, fees included, is set aside at once: from the batch's bonus pool, and what that lacks from
    prepaid money (`top_up`, for the client alone). Raises Invalid, Conflict, OverBudget, InsufficientFunds; then nothing moved."""
    mission = Mission(
        batch=batch, kind=kind, name=name.strip(), count=count, per_day=per_day, amount_units=amount.units, starts_at=now,
        ends_at=ends_at, made_by_id=actor_id,
    )
    _check(mission, amount, budget, now)
    locked = Batch.objects.select_for_update().get(pk=batch.pk)
    if locked.state not in IN_MOTION:
        raise Conflict(_("A mission needs a batch that is in motion."))
    mission.save(force_insert=True)
    _set_aside(mission, budget, top_up=top_up, actor_id=actor_id, now=now)
    audit.record(subject=mission, verb="mission.opened", actor_id=actor_id, now=now)
    return mission


def _check(mission: Mission, amount: Money, budget: Money, now: datetime) -> None:
    if not 1 <= len(mission.name) <= 120 or "\x00" in mission.name:
        raise Invalid(_("Expected a name of 1 to 120 characters."), field="name")
    if mission.kind not in MissionKind.values:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(MissionKind.values)}, field="kind")
    for field, (low, high) in COUNTS.items():
        value, most = getattr(mission, field), DAYS_MOST if (field, mission.kind) == ("count", MissionKind.STREAK) else high
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= most:
            raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": low, "high": most}, field=field)
    for field, given in (("amount", amount), ("budget", budget)):
        if given.currency != mission.batch.currency or given.units <= 0:
            raise Invalid(_("Expected an amount above 0 in %(currency)s.") % {"currency": mission.batch.currency}, field=field)
    if not now < mission.ends_at <= now + LASTS_AT_MOST:
        raise Invalid(_("Expected an end within 90 days."), field="ends_at")
    if budget.units < cost_of(mission):
        raise Invalid(_("The budget does not pay a single reward with its fee."), field="budget")


def _set_aside(mission: Mission, budget: Money, *, top_up: bool, actor_id: uuid.UUID, now: datetime) -> None:
    batch = mission.batch
    free = max(pools.of(batch_id=batch.pk, name=settlement.BONUS_POOL).left - _owed_in_bonuses(batch), 0)
    missing = budget.units - min(free, budget.units)
    if missing and not top_up:
        raise Conflict(_("The batch's bonus pool has no more than %(left)s left for this.") % {
            "left": words.amount(Money(free, batch.currency))
        })  # fmt: skip
    if missing:
        budgets.check(project=batch.project, more=Money(missing, batch.currency), now=now)
        funding.reserve(
            organisation_id=batch.project.organisation_id, batch_id=batch.pk, amount=Money(missing, batch.currency),
            idem=f"mission:{mission.pk}", actor_id=actor_id, now=now,
        )
        pools.set_aside(batch_id=batch.pk, name=settlement.BONUS_POOL, units=missing)
    if not pools.move(batch_id=batch.pk, out_of=settlement.BONUS_POOL, into=pool_of(mission), units=budget.units):
        raise Conflict(_("The batch's bonus pool was used meanwhile. Try again."))


def _owed_in_bonuses(batch: Batch) -> int:
    """What the pool must keep for the quality bonuses that every answer of the batch may still bring."""
    each, answers = int(batch.terms.get("quality_bonus_units", 0)), batch.task_count * int(batch.terms["max_overlap"])
    if "answer" in batch.terms.get("billed", ()):
        return 0
    return answers * (each + pricing.fee_on(each, int(batch.terms["fee_bp"])) + 1) if each else 0


def done_by(*, mission: Mission, worker_id: uuid.UUID, now: datetime) -> int:
    """How far somebody is: accepted answers, or the days of their present run, today's included once it is full."""
    if mission.kind == MissionKind.COUNT:
        return int(_accepted(mission).filter(worker_id=worker_id)[: mission.count].count())
    today = now.astimezone(UTC).date()
    found = [run.days for last in (today, today - timedelta(days=1)) for run in runs(mission=mission, last=last, worker_id=worker_id)]
    days = max(found, default=0)
    return (days - 1) % mission.count + 1 if days else 0


def _accepted(mission: Mission) -> Any:
    return Submission.objects.filter(
        batch_id=mission.batch_id, kind="answer", state="accepted", submitted_at__gte=mission.starts_at,
        submitted_at__lte=mission.ends_at,
    )  # fmt: skip


def running(*, batch_ids: list[uuid.UUID], now: datetime) -> list[Mission]:
    rows = Mission.objects.filter(batch__in=batch_ids, ended_at=None, starts_at__lte=now, ends_at__gt=now)
    return list(rows.select_related("batch").order_by("ends_at", "pk"))


def reward_counts(*, submission_id: uuid.UUID, now: datetime) -> int:
    """After an acceptance: pay the missions of its batch that its author has now done, once each; returns how many."""
    row = Submission.objects.filter(pk=submission_id, kind="answer", state="accepted").first()
    if row is None:
        return 0
    paid = 0
    for mission in Mission.objects.filter(batch=row.batch_id, kind=MissionKind.COUNT, ended_at=None).select_related("batch"):
        done = _accepted(mission).filter(worker_id=row.worker_id)[: mission.count].count()
        if done >= mission.count:
            inputs = {"mission": mission.name, "count": mission.count}
            paid += _pay(mission, worker_id=row.worker_id, key=str(row.worker_id), inputs=inputs, now=now)
    return paid


def _pay(mission: Mission, *, worker_id: uuid.UUID, key: str, inputs: dict[str, Any], now: datetime) -> bool:
    """Pay one reward while the budget lasts; the mission ends the moment it cannot pay another."""
    terms = Queue.objects.get(batch=mission.batch_id, kind="answer", tier=0).terms
    lines = [pricing.PriceLine("mission", mission.amount_units, pricing.RULE_MISSION, inputs)]
    accrual = settlement.accrual(
        worker_id=worker_id, terms=terms, lines=lines, source_kind="bonus", source_id=uuid.uuid5(mission.pk, key),
        confirmed=True, now=now, fee_units=cost_of(mission) - mission.amount_units,
    )  # fmt: skip
    made = pools.pay_if_covered(accrual, pool=pool_of(mission))
    if made is None or pools.of(batch_id=mission.batch_id, name=pool_of(mission)).left < cost_of(mission):
        end(mission=mission, why="budget", actor_id=None, now=now)
    return bool(made)


def end(*, mission: Mission, why: str, actor_id: uuid.UUID | None, now: datetime) -> None:
    """No more rewards; what is left of the budget goes back to the batch's bonus pool. Raises MissionOver from a person."""
    if Mission.objects.filter(pk=mission.pk, ended_at=None).update(ended_at=now, ended_why=why) != 1:
        if actor_id is not None:
            raise MissionOver(_("This mission has ended already."))
        return
    left = pools.of(batch_id=mission.batch_id, name=pool_of(mission)).left
    pools.move(batch_id=mission.batch_id, out_of=pool_of(mission), into=settlement.BONUS_POOL, units=left)
    audit.record(subject=mission, verb="mission.ended", actor_id=actor_id, now=now, reason=why)


def end_due(*, now: datetime) -> int:
    """End what is over: by its date, or a day after its batch took no more work. Opens its own transactions."""
    over = [
        mission for mission in Mission.objects.filter(ended_at=None).select_related("batch")
        if mission.ends_at + timedelta(days=1) <= now or (mission.batch.closed_at and mission.batch.closed_at + timedelta(days=1) <= now)
    ]  # fmt: skip
    for mission in over:
        with transaction.atomic(durable=True):
            end(mission=mission, why="time", actor_id=None, now=now)
    return len(over)


# --- streaks -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row of one worker, up to and with `last`."""

    worker_id: uuid.UUID
    days: int
    last: date


def reward_streaks(*, now: datetime) -> int:
    """Each night: pay those whose run of full days reached the stated length, or a multiple of it, yesterday. Once per run."""
    yesterday, paid = now.astimezone(UTC).date() - timedelta(days=1), 0
    for mission in Mission.objects.filter(kind=MissionKind.STREAK, ended_at=None).select_related("batch"):
        for run in runs(mission=mission, last=yesterday):
            if run.days % mission.count == 0:
                inputs = {"mission": mission.name, "days": mission.count, "per_day": mission.per_day, "last": str(run.last)}
                with transaction.atomic(durable=True):
                    paid += _pay(mission, worker_id=run.worker_id, key=f"{run.worker_id}:{run.last}", inputs=inputs, now=now)
    return paid


def runs(*, mission: Mission, last: date, worker_id: uuid.UUID | None = None) -> Iterator[Run]:
    """Who handed in enough on each of the days up to `last`; rejected and sent back work does not count."""
    rows = Submission.objects.filter(
        batch_id=mission.batch_id, kind="answer", state__in=["accepted", "accepted_share", "waiting"],
        submitted_at__gte=mission.starts_at, submitted_at__lte=mission.ends_at,
    )  # fmt: skip
    rows = rows.filter(worker_id=worker_id) if worker_id else rows
    full = rows.annotate(day=TruncDate("submitted_at", tzinfo=UTC)).values("worker_id", "day").annotate(n=Count("pk"))
    days: dict[uuid.UUID, set[date]] = {}
    for row in full.filter(n__gte=mission.per_day).order_by():
        days.setdefault(row["worker_id"], set()).add(row["day"])
    for worker, on in sorted(days.items()):
        length = 0
        while last - timedelta(days=length) in on:
            length += 1
        if length:
            yield Run(worker, length, last)
