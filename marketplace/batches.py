"""The life of a batch: opened as a draft, launched on reserved money, paused, closed, settled."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as site
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kit import audit, hot, outbox, states
from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import budgets, eligibility, escalation, pricing, projects, rates, results, reviewers, routing, settlement, sql
from marketplace.models import Batch, Lease, Project, Queue, Slot, SlotKind, Submission, Task, Upload
from marketplace.states import BATCH
from payments import chargebacks, funding, pools

CHUNK = 5_000
"""Tasks whose slots are opened in one transaction."""
"""What part of the answers may need a review: a sampled project starts at all, since new workers are always reviewed."""
AFTER_PILOT = "pilot"
"""Why a batch is paused whose pilot is done."""
CHARGEBACK = "chargeback"
"""Why a batch is paused whose client's bank took a payment back."""


class NothingToLaunch(Conflict):
    """The batch has no tasks, or its files are still being read."""

    code = "nothing_to_launch"


def open_draft(*, project: Project, name: str, actor_id: uuid.UUID, now: datetime) -> Batch:
    """A new batch that rows can be added to."""
    name = name.strip()
    if not 1 <= len(name) <= 120 or "\x00" in name:
        raise Invalid(_("Expected a name of 1 to 120 characters."), field="name")
    if project.archived_at:
        raise Conflict(_("This project is archived."))
    return Batch.objects.create(project=project, name=name, currency=project.currency, created_by_id=actor_id)


def reserve_for(batch: Batch, *, now: datetime) -> pricing.Reserve:
    """What a launch would set aside now, part by part; raises NotSetUp without rates."""
    return _reserve(batch, _most(batch.project, now))


def _reserve(batch: Batch, most: dict[str, pricing.Most]) -> pricing.Reserve:
    """By the project as it is, or by what the batch froze once it was launched."""
    project, frozen = batch.project, batch.terms or vars(batch.project)
    experts = escalation.of_terms(batch.terms) if batch.terms else escalation.of_project(project)
    answer, review, adjudication = (most[kind] for kind in ("answer", "review", "adjudication"))
    review_share = routing.REVIEWS_HELD_BP[frozen["review_rule"]]
    return pricing.reserve(
        tasks=batch.task_count, max_overlap=max(frozen["max_overlap"], frozen["overlap"]),
        gold_share_bp=project.gold_most_bp if projects.gold_count(project) else 0,
        review_share_bp=review_share, adjudication_share_bp=experts.share_bp if experts else 0,
        answer_units=answer.base, review_units=review.base if review_share else 0, adjudication_units=adjudication.base,
        answer_bill=answer.bill, review_bill=review.bill if review_share else 0, adjudication_bill=adjudication.bill,
        fee_bp=frozen.get("fee_bp", site.PLATFORM_FEE_BP), bonus_pool_bp=project.bonus_pool_bp, floor_pool_bp=project.floor_pool_bp,
        bonus_each_units=0 if answer.bill else frozen.get("quality_bonus_units", 0),
        floor_gap_units=answer.lacks(frozen.get("floor_per_hour_units", 0), project.expected_seconds),
    )


def _most(project: Project, now: datetime) -> dict[str, pricing.Most]:
    """The most that a slot of each kind can come to at the tiers that a batch may ask; raises NotSetUp without its rate."""
    card = rates.card(project, now=now)
    return {kind: _dearest(project, kind, card) for kind in SlotKind.values}


def _dearest(project: Project, kind: str, card: rates.Card) -> pricing.Most:
    experts = escalation.of_project(project)
    tiers = {0} | {tier for of_kind, tier in (experts.queues if experts else []) if of_kind == kind}
    prices = [price for tier in tiers if (price := card.terms(kind, tier))]
    if not prices and kind == "answer":
        raise projects.NotSetUp(_("Set what an answer pays before you launch."), field="rates")
    if not prices and kind == "review" and routing.REVIEWS_HELD_BP[project.review_rule]:
        raise projects.NotSetUp(_("Set what a review pays: this project's answers are reviewed."), field="rates")
    if not prices and kind == "adjudication" and len(tiers) > 1:
        raise projects.NotSetUp(_("Set what an adjudication pays: experts have the last word here."), field="rates")
    return pricing.dearest(prices)


def launch(*, batch: Batch, actor_id: uuid.UUID, now: datetime, pilot_size: int | None = None) -> None:
    """Freeze the terms, reserve the money, and let a runner open the slots.

    Raises NothingToLaunch, NotSetUp, InsufficientFunds, OverBudget; then the batch stays a draft and nothing moved.
    """
    Batch.objects.select_for_update().get(pk=batch.pk)
    batch.refresh_from_db()
    BATCH.check(batch.state, "launching")
    chargebacks.check(organisation_id=batch.project.organisation_id)
    if batch.uploads.filter(Q(status__in=[Upload.Status.RECEIVED, Upload.Status.READING]) | Q(images_waiting__gt=0)).exists():
        raise NothingToLaunch(_("Files of this batch are still being read."))
    if not batch.task_count:
        raise NothingToLaunch(_("Upload tasks before you launch."))
    if pilot_size is not None and not 1 <= pilot_size <= batch.task_count:
        raise Invalid(_("Expected a pilot of 1 to %(most)s tasks.") % {"most": batch.task_count}, field="pilot_size")
    project = batch.project
    most = _most(project, now)
    reserve = _reserve(batch, most)
    batch.terms = _frozen(project, most)
    terms = {queue: projects.terms_for(batch=batch, kind=queue[0], tier=queue[1], now=now) for queue in _queues(project)}
    states.move(
        batch, chart=BATCH, to="launching", actor_id=actor_id, now=now, terms=batch.terms, launched_at=now,
        reserved_units=reserve.total, pilot_size=pilot_size,
    )
    budgets.check(project=project, more=Money(reserve.total, batch.currency), now=now)
    funding.reserve(
        organisation_id=project.organisation_id, batch_id=batch.pk, amount=Money(reserve.total, batch.currency),
        idem=f"launch:{batch.pk}", actor_id=actor_id, now=now,
    )
    pools.set_aside(batch_id=batch.pk, name=settlement.BONUS_POOL, units=reserve.bonus_pool)
    pools.set_aside(batch_id=batch.pk, name=settlement.FLOOR_POOL, units=reserve.floor_pool)
    experts = escalation.of_project(project)
    for (kind, tier), frozen in terms.items():
        slots = experts.slots_of(kind, tasks=batch.task_count) if experts and tier else 0
        Queue.objects.create(
            project=project, batch=batch, kind=kind, tier=tier, open=True, priority=batch.priority, opened_at=now,
            rule_version=project.rule_version, gold_count=projects.gold_for(project, kind=kind, tier=tier), terms=frozen,
            room_units=escalation.room(frozen, slots=slots) if tier else None, **_best_first(project, kind, tier, now),
        )
    outbox.emit("batch.launched", batch_id=str(batch.pk))


def _queues(project: Project) -> list[tuple[str, int]]:
    """Kind and tier of the queues of a batch."""
    experts = escalation.of_project(project)
    reviews = [("review", 0)] if routing.REVIEWS_HELD_BP[project.review_rule] else []
    return [("answer", 0), *reviews, *(experts.queues if experts else [])]


def _best_first(project: Project, kind: str, tier: int, now: datetime) -> dict[str, Any]:
    """The window in which ordinary answers are given out to good workers alone, where the project wants one."""
    if (kind, tier) != ("answer", 0) or not project.best_first_minutes:
        return {}
    return {"best_until": now + timedelta(minutes=project.best_first_minutes), "best_low_bp": project.best_first_low_bp}


def _frozen(project: Project, most: dict[str, pricing.Most]) -> dict[str, Any]:
    """`covers` is what the reserve holds for an ordinary slot of each kind: no higher price reaches new leases uncovered."""
    return {
        "overlap": project.overlap,
        "max_overlap": project.max_overlap,
        "review_rule": project.review_rule,
        "sampled_share_bp": project.sampled_share_bp,
        "judge_hours": project.judge_hours,
        "fee_bp": site.PLATFORM_FEE_BP,
        "target_accuracy_bp": project.target_accuracy_bp,
        "experts": escalation.frozen(escalation.of_project(project)),
        "billed": [kind for kind, one in most.items() if one.bill],
        "covers": {kind: one.cost(site.PLATFORM_FEE_BP) for kind, one in most.items()},
        **projects.extras(vars(project), kind="answer"),
    }


def open_slots(*, batch_id: uuid.UUID, now: datetime) -> bool:
    """Open the slots of the next chunk of tasks; returns whether there is more to do. Safe to run twice at once.

    A launch ends here; what a pilot left closed is opened here too, while the batch is active already.
    """
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None or batch.state not in ("launching", "active") or (batch.state == "active" and batch.pilot_size):
        return False
    queue = Queue.objects.get(batch=batch, kind="answer", tier=0)
    opened = Slot.objects.filter(queue=queue).count() // batch.terms["overlap"] if batch.pilot_size else 0
    limit = min(CHUNK, batch.pilot_size - opened) if batch.pilot_size else CHUNK
    last_line, count = _open_chunk(batch, queue, limit)
    if last_line is not None:
        Batch.objects.filter(pk=batch.pk).update(opened_to_line=last_line)
    # The new ranks may lie below a mark that was moved meanwhile.
    Queue.objects.filter(pk=queue.pk).update(mark=0)
    eligibility.announce()
    over = count < limit or bool(batch.pilot_size and opened + count >= batch.pilot_size)
    if over and batch.state == "launching":
        states.move(batch, chart=BATCH, to="active", actor_id=None, now=now)
        if chargebacks.stops(organisation_id=batch.project.organisation_id):
            pause(batch=batch, actor_id=None, now=now, why=CHARGEBACK)
    if not over and batch.state == "active":
        outbox.emit("batch.go_on", batch_id=str(batch.pk))
    return not over


def _open_chunk(batch: Batch, queue: Queue, limit: int) -> tuple[int | None, int]:
    with hot.cursor() as cursor:
        row = cursor.execute(sql.OPEN_SLOTS, {
            "batch": batch.pk, "queue": queue.pk, "from_line": batch.opened_to_line, "limit": limit,
            "overlap": batch.terms["overlap"],
        }).fetchone()
    return (row[0], row[1]) if row else (None, 0)


def cover(*, batch: Batch, now: datetime, actor_id: uuid.UUID | None) -> None:
    """Reserve what today's prices need beyond what the batch was launched with, so that new leases may have them.

    For all tasks of the batch, as at a launch: what is not needed comes back. Raises InsufficientFunds, OverBudget; nothing moved then.
    """
    most = _most(batch.project, now)
    costs = {kind: one.cost(batch.terms["fee_bp"]) for kind, one in most.items()}
    held = batch.terms.get("covers", {})
    if all(costs[kind] <= held.get(kind, 0) for kind in costs):
        return
    missing = _reserve(batch, most).total - batch.reserved_units
    if missing > 0:
        budgets.check(project=batch.project, more=Money(missing, batch.currency), now=now)
        funding.reserve(
            organisation_id=batch.project.organisation_id, batch_id=batch.pk, amount=Money(missing, batch.currency),
            idem=f"cover:{batch.pk}:{batch.reserved_units}", actor_id=actor_id, now=now,
        )
    batch.reserved_units += max(missing, 0)
    batch.terms["covers"] = {kind: max(costs[kind], held.get(kind, 0)) for kind in costs}
    batch.save(update_fields=["reserved_units", "terms"])


def pause(*, batch: Batch, actor_id: uuid.UUID | None, now: datetime, why: str = "") -> None:
    """No new leases; live ones go on."""
    states.move(batch, chart=BATCH, to="paused", actor_id=actor_id, now=now, reason=why, paused_why=why)
    Queue.objects.filter(batch=batch).update(open=False)


def go_on(*, batch: Batch, actor_id: uuid.UUID | None, now: datetime) -> None:
    """Give out leases again; a batch that paused itself after its pilot opens the rest of its slots too.

    Raises chargebacks.AccountStopped, OverBudget.
    """
    chargebacks.check(organisation_id=batch.project.organisation_id)
    budgets.check_room(project=batch.project, now=now)
    pilot_size = None if batch.paused_why == AFTER_PILOT else batch.pilot_size
    states.move(batch, chart=BATCH, to="active", actor_id=actor_id, now=now, paused_why="", pilot_size=pilot_size)
    Queue.objects.filter(batch=batch).update(open=True)
    eligibility.announce()
    outbox.emit("batch.go_on", batch_id=str(batch.pk))


def stop_client(*, organisation_id: uuid.UUID, now: datetime) -> None:
    """No new leases for any batch of a client that is in motion; one that is launching stops when it is through."""
    found = Batch.objects.select_for_update(of=("self",)).filter(project__organisation_id=organisation_id, state="active")
    for batch in found.order_by("pk"):
        pause(batch=batch, actor_id=None, now=now, why=CHARGEBACK)


def reprioritise(*, batch: Batch, priority: int, actor_id: uuid.UUID, now: datetime) -> None:
    """Another place in the order, for every queue of the batch at once."""
    if not isinstance(priority, int) or not 0 <= priority <= 100:
        raise Invalid(_("Expected a priority from 0 to 100."), field="priority")
    Batch.objects.filter(pk=batch.pk).update(priority=priority)
    Queue.objects.filter(batch=batch).update(priority=priority)
    batch.priority = priority
    eligibility.announce()


def set_deadline(*, batch: Batch, deadline: datetime | None, actor_id: uuid.UUID, now: datetime) -> None:
    """When the client wants the results; pages measure progress against it, nothing else follows. Raises Invalid, Conflict."""
    if deadline is not None and deadline <= now:
        raise Invalid(_("Expected a moment that is still to come."), field="deadline")
    if Batch.objects.filter(pk=batch.pk).exclude(state__in=["closing", "closed", "settled"]).update(deadline=deadline) != 1:
        raise Conflict(_("This batch is over."))
    batch.deadline = deadline
    audit.record(subject=batch, verb="batch.deadline_set", actor_id=actor_id, now=now)


def discard(*, batch: Batch, actor_id: uuid.UUID, now: datetime) -> None:
    """Throw a draft away with the tasks in it; its files go first (`intake.discard`). Raises Conflict after a launch."""
    Batch.objects.select_for_update().get(pk=batch.pk)
    batch.refresh_from_db(fields=["state"])
    if batch.state != "draft":
        raise Conflict(_("Only a draft can be thrown away. Close this batch instead."))
    audit.record(subject=batch, verb="batch.discarded", actor_id=actor_id, now=now)
    for rows in (Task.objects.filter(batch=batch), Batch.objects.filter(pk=batch.pk)):
        rows._raw_delete(rows.db)  # a draft has nothing else: not read into memory, a million rows go in one statement


def close(*, batch: Batch, actor_id: uuid.UUID | None, now: datetime, why: str = "") -> None:
    """No new leases; live ones are honoured; what is open is cancelled by a runner."""
    states.move(batch, chart=BATCH, to="closing", actor_id=actor_id, now=now, reason=why)
    Queue.objects.filter(batch=batch).update(open=False)
    outbox.emit("batch.closing", batch_id=str(batch.pk))


def cancel_open_slots(*, batch_id: uuid.UUID, limit: int = 10_000) -> int:
    """Cancel the next open slots of a batch that closes; returns how many."""
    ids = Slot.objects.filter(queue__batch_id=batch_id, open=True).order_by("queue_id", "rank").values_list("pk", flat=True)
    return Slot.objects.filter(pk__in=list(ids[:limit]), open=True).update(open=False, state="cancelled")


def advance(*, batch: Batch, now: datetime) -> str:
    """Take a batch as far as it can go by itself: full -> closing, then closed -> settled; returns its state.

    Between the two its results are brought up to date, which only `results.finish` does: it is due once `is_quiet`.
    """
    if batch.state == "active" and _nothing_left(batch):
        close(batch=batch, actor_id=None, now=now, why="complete")
        return str(batch.state)
    if batch.state == "active" and batch.pilot_size and _pilot_is_over(batch):
        pause(batch=batch, actor_id=None, now=now, why=AFTER_PILOT)
    if batch.state == "closing" and not _open_ends(batch):
        states.move(batch, chart=BATCH, to="closed", actor_id=None, now=now, closed_at=now)
        settlement.return_what_is_free(batch=batch, actor_id=None, now=now)
    owed = settlement.disputable(batch=batch, now=now) + settlement.promised_by_pools(batch=batch, now=now)
    if batch.state == "closed" and not owed:
        settlement.return_what_is_free(batch=batch, actor_id=None, now=now)
        states.move(batch, chart=BATCH, to="settled", actor_id=None, now=now, settled_at=now)
        outbox.emit("batch.settled", batch_id=str(batch.pk))
    return str(batch.state)


def _nothing_left(batch: Batch) -> bool:
    """Every slot is used and every result is settled; a paused or pilot batch is left to its client.

    Second looks that nobody took up delay nothing.
    """
    if batch.pilot_size:
        return False
    unsettled = Task.objects.filter(batch=batch).exclude(result__state="settled")
    wanted = Slot.objects.filter(queue__batch=batch, state__in=["open", "leased"]).exclude(
        state="open", subject__isnull=False, n__gte=reviewers.SECOND_LOOK
    )
    return not wanted.exists() and not unsettled.exists()


def _pilot_is_over(batch: Batch) -> bool:
    """Every task of the pilot has its result."""
    opened = Task.objects.filter(batch=batch, line__lte=batch.opened_to_line)
    in_work = Slot.objects.filter(queue__batch=batch, queue__kind="answer", state__in=["open", "leased"])
    return not in_work.exists() and not opened.exclude(result__state="settled").exists()


def is_quiet(batch: Batch) -> bool:
    """Nobody works on it, and nothing waits for a judge; review slots that nobody takes do not count."""
    return not (
        Slot.objects.filter(queue__batch=batch, queue__kind="answer", state__in=["open", "leased"]).exists()
        or Lease.objects.filter(queue__batch=batch, live=True).exists()
        or Submission.objects.filter(batch=batch, state__in=["waiting", "sent_back"]).exists()
    )


def _open_ends(batch: Batch) -> bool:
    """Work in motion and answers without a settled result keep a batch closing."""
    counted = Submission.objects.filter(batch=batch, kind="answer", gold=False).exclude(state__in=results.NOT_COUNTED)
    return not is_quiet(batch) or counted.exclude(task__result__state="settled").exists()
