"""When the crowd is not sure: an expert's blind answer, then one person who sees all answers, while the reserve covers it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit import hot
from marketplace import pricing, sql
from marketplace.models import Batch, Project, Queue, Slot, Task, WorkerRecord
from marketplace.quality import policy
from payments import funding
from qualification import grants

BASIS = 10_000
WEAK_BELOW_BP = 6_000
"""A sure crowd whose label is right less often than this is still worth an expert; also the bound of "ambiguous"."""
EXPERT_GUESS = 0.9
"""How often an expert is thought to be right of whom nothing was measured."""
GOLD_ENOUGH = 5
"""From so many known answers on, an expert's score in the project says more than the grant that let them in."""
IN_MOTION = {"launching", "active", "paused"}
ANSWER, ADJUDICATION = "answer", "adjudication"


@dataclass(frozen=True, slots=True)
class Experts:
    """Who is asked where the crowd is not sure, and which share of the tasks may come to a last word; frozen at launch."""

    skill: str
    tier: int
    share_bp: int

    @property
    def queues(self) -> list[tuple[str, int]]:
        """Slot kind and tier of the queues that experts take from."""
        return [(ANSWER, self.tier), (ADJUDICATION, self.tier)] if self.share_bp else [(ANSWER, self.tier)]

    def slots_of(self, kind: str, *, tasks: int) -> int:
        """The most slots of a kind that the reserve holds: one answer for each task, a last word for the share."""
        return tasks if kind == ANSWER else -(-tasks * self.share_bp // BASIS)


def of_project(project: Project) -> Experts | None:
    if project.expert_skill is None or project.expert_tier is None:
        return None
    return Experts(project.expert_skill, project.expert_tier, project.adjudication_share_bp)


def frozen(experts: Experts | None) -> dict[str, Any] | None:
    """As the terms of a batch keep it."""
    if experts is None:
        return None
    return {"skill": experts.skill, "tier": experts.tier, "share_bp": experts.share_bp}


def of_terms(terms: Mapping[str, Any]) -> Experts | None:
    """What a batch froze; None also for batches that were launched before experts could be asked."""
    found = terms.get("experts")
    return Experts(found["skill"], found["tier"], found["share_bp"]) if found else None


def room(queue_terms: Mapping[str, Any], *, slots: int) -> int:
    """What the reserve holds for so many slots of these terms, in units."""
    return slots * pricing.most_cost(queue_terms)


def policy_of(terms: Mapping[str, Any]) -> policy.Policy:
    """The policy of a batch with a target. The most answers hold the expert's: the crowd gives one less, where that leaves
    it the least."""
    experts = of_terms(terms)
    tiers = int(experts is not None and terms["max_overlap"] > terms["overlap"])
    return policy.Policy(
        minimum=terms["overlap"], maximum=terms["max_overlap"] - tiers, target=terms["target_accuracy_bp"] / BASIS,
        expert_below=WEAK_BELOW_BP / BASIS if experts else 0.0, tiers=tiers, adjudicated=bool(experts and experts.share_bp),
    )


def ask(*, task: Task, step: policy.Step) -> bool:
    """Open the slot that a step asks for, or the next higher one; returns False once nothing more can come for the task.

    Nothing is opened while a slot of the task is open or being worked on. Needs the lock on the task's result.
    """
    batch = task.batch
    if batch is None or batch.state not in IN_MOTION:
        return True
    slots = Slot.objects.filter(task=task, queue__batch=batch, queue__kind__in=[ANSWER, ADJUDICATION])
    found = list(slots.values_list("queue__kind", "state"))
    if any(state in {"open", "leased"} for _kind, state in found):
        return True
    made, experts = Counter(kind for kind, _state in found), of_terms(batch.terms)
    free = made[ANSWER] < batch.terms["max_overlap"]
    if step is policy.Step.ONE_MORE and (free or experts is None):
        return not free or _open_one_more(task, batch)
    if experts is None:
        return False
    if step is policy.Step.EXPERT and free and _open_covered(task, batch, ANSWER, experts.tier):
        return True
    last_word = experts.share_bp > 0 and not made[ADJUDICATION]
    return last_word and _open_covered(task, batch, ADJUDICATION, experts.tier)


def _open_one_more(task: Task, batch: Batch) -> bool:
    queue = Queue.objects.get(batch=batch, kind=ANSWER, tier=0)
    with hot.cursor() as cursor:
        cursor.execute(sql.OPEN_ONE_MORE, {"queue": queue.pk, "task": task.pk})
    return True


def _open_covered(task: Task, batch: Batch, kind: str, tier: int) -> bool:
    """A slot for an expert, if the reserve still covers it: the queue's own part of it, and what is really left."""
    queue = Queue.objects.filter(batch=batch, kind=kind, tier=tier).first()
    if queue is None or funding.reserved(batch_id=batch.pk, currency=batch.currency).units < (cost := pricing.most_cost(queue.terms)):
        return False
    with hot.cursor() as cursor:
        return cursor.execute(sql.OPEN_COVERED, {"queue": queue.pk, "task": task.pk, "cost": cost}).rowcount == 1


def accuracy(*, worker_id: uuid.UUID, project_id: uuid.UUID, skill: str, now: datetime) -> float:
    """How often an expert is right, as their word is weighed.

    Their score in the project once it rests on five known answers; before that the score of the grant that lets them in;
    .9 where nothing was measured.
    """
    record = WorkerRecord.objects.filter(worker_id=worker_id, project_id=project_id, gold_seen__gte=GOLD_ENOUGH).first()
    if record is not None and record.score_bp is not None:
        return record.score_bp / BASIS
    held = next((grant for grant in grants.held_by(worker_id=worker_id, now=now) if grant.slug == skill), None)
    return held.score_bp / BASIS if held is not None and held.score_bp is not None else EXPERT_GUESS
