"""What would I get: everything that a project's work pays this worker, before a task is taken, by the terms it would freeze."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.errors import Text
from kit.money import Money
from marketplace import bonuses, pricing
from marketplace.models import Lease, Mission, Project, Queue, Ready, WorkerRecord
from payments import pools
from task_types import registry
from workers.models import WorkerProfile


@dataclass(frozen=True, slots=True)
class Band:
    """A quality band: the lower end of a score from which it holds, and what one unit pays there."""

    from_bp: int
    multiplier_bp: int
    pay: Money
    mine: bool


@dataclass(frozen=True, slots=True)
class MissionSeen:
    """A mission as the worker sees it: how far they are, and how many rewards the budget still pays."""

    name: str
    kind: str
    count: int
    per_day: int
    done: int
    amount: Money
    rewards_left: int
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one kind of slot pays. Amounts are for one unit: a task, or what the answer is counted in (at most `most_units`).

    `pay` is mine, band and country included; `lines` make it. `floor_per_hour` and `quality_bonus` are zero where none is
    promised. `countries` are the client's multipliers in basis points, all of them, open to everybody.
    """

    kind: str
    tier: int
    unit: str
    unit_label: Text
    most_units: int
    pay: Money
    lines: tuple[pricing.PriceLine, ...]
    bands: tuple[Band, ...]
    score_low_bp: int | None
    country: str
    countries: Mapping[str, int]
    kill_least: Money
    kill_most: Money
    round_extra: Money
    floor_per_hour: Money
    quality_bonus: Money
    quality_bonus_least_bp: int
    review_rule: str
    judge_hours: int
    missions: tuple[MissionSeen, ...]


def may_look(*, worker_id: uuid.UUID, project: Project) -> bool:
    """Who holds or held a lease there, or whose ready row leads there, be it later."""
    queues = list(Queue.objects.filter(project=project).values_list("pk", flat=True))
    ready = Ready.objects.filter(worker_id=worker_id).first()
    led = ready.multipliers.keys() | {queue_id for queue_id, _why, _until in ready.waits} if ready else set()
    may = not led.isdisjoint(queues)
    return may or Lease.objects.filter(worker_id=worker_id, queue_id__in=queues).exists()


def offers(*, worker_id: uuid.UUID, project: Project, now: datetime) -> list[Offer]:
    """What each kind of open slot of the project pays this worker; a bounded number of statements."""
    queues = Queue.objects.filter(project=project, open=True).order_by("-priority", "opened_at", "id")
    first: dict[tuple[str, int], Queue] = {}
    for queue in queues:
        first.setdefault((queue.kind, queue.tier), queue)
    low = WorkerRecord.objects.filter(worker_id=worker_id, project=project).values_list("score_low_bp", flat=True).first()
    country = WorkerProfile.objects.values_list("country", flat=True).get(pk=worker_id)
    running = bonuses.running(batch_ids=[queue.batch_id for queue in first.values()], now=now)
    missions = tuple(_mission(one, worker_id, now) for one in running)
    return [
        _offer(queue, project, low, country, missions if queue.kind == "answer" else ()) for queue in first.values()
    ]


def _offer(queue: Queue, project: Project, low: int | None, country: str, missions: tuple[MissionSeen, ...]) -> Offer:
    terms: dict[str, Any] = dict(queue.terms)
    countries = terms.pop("countries", {})
    terms |= {"country": country, "country_bp": countries.get(country, pricing.BASIS), "multiplier_bp": pricing.band_of(low)}
    lines, units = pricing.quote(terms), {one.name: one.label for one in registry.drawer(project.task_type).unit_kinds}
    least, most = (pricing.total(pricing.kill_fee(terms, active_ms=ms)) for ms in (0, 1_000 * terms["expected_seconds"]))
    extra = [line.units for line in pricing.quote(terms, round=3) if line.kind == "round"]

    def money(amount: int) -> Money:
        return Money(amount, terms["currency"])

    return Offer(
        kind=queue.kind, tier=queue.tier, unit=terms["unit"], unit_label=units.get(terms["unit"], terms["unit"]),
        most_units=terms.get("most_units", 1), pay=money(pricing.total(lines)), lines=tuple(lines),
        bands=tuple(
            Band(of, multiplier, money(pricing.total(pricing.quote(terms | {"multiplier_bp": multiplier}))),
                 multiplier == terms["multiplier_bp"])
            for of, multiplier in pricing.BANDS
        ),
        score_low_bp=low, country=country, countries=countries, kill_least=money(least), kill_most=money(most),
        round_extra=money(sum(extra)), floor_per_hour=money(terms.get("floor_per_hour_units", 0)),
        quality_bonus=money(terms.get("quality_bonus_units", 0)),
        quality_bonus_least_bp=terms.get("quality_bonus_least_bp", 0), review_rule=terms["review_rule"],
        judge_hours=terms["judge_hours"], missions=missions,
    )  # fmt: skip


def _mission(mission: Mission, worker_id: uuid.UUID, now: datetime) -> MissionSeen:
    left = pools.of(batch_id=mission.batch_id, name=bonuses.pool_of(mission)).left
    return MissionSeen(
        name=mission.name, kind=mission.kind, count=mission.count, per_day=mission.per_day,
        done=bonuses.done_by(mission=mission, worker_id=worker_id, now=now),
        amount=Money(mission.amount_units, mission.batch.currency), rewards_left=left // bonuses.cost_of(mission),
        ends_at=mission.ends_at,
    )  # fmt: skip
