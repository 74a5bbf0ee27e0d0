"""The market's clocks: each job takes what is due, commits in small steps, and may run twice at once."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from marketplace import (
    announcements,
    batches,
    bonuses,
    budget_watch,
    cases,
    client_records,
    dispatch,
    drift,
    exam_rules,
    floors,
    fraud,
    intake,
    outlook,
    pool_health,
    raises,
    referrals,
    renewals,
    results,
    review,
    seats,
    turns,
    waitlist,
)
from marketplace.models import Batch, Draft
from marketplace.webhooks import happenings, sending
from workers import graph

DRAFT_DAYS = 30
SIGNS_SINCE = timedelta(minutes=90)
"""Half as long again as between two looks: one that was late leaves nothing out."""


@shared_task
def expire_leases(**_: Any) -> None:
    """Leases whose time is over give their slots back."""
    while True:
        with transaction.atomic(durable=True):
            if dispatch.expire_due(now=timezone.now()) < 500:
                return


@shared_task
def move_marks(**_: Any) -> None:
    with transaction.atomic(durable=True):
        dispatch.move_marks()


@shared_task
def share_out(**_: Any) -> None:
    """Scarce work is shared out among those who ask."""
    with transaction.atomic(durable=True):
        turns.share_out(now=timezone.now())


@shared_task
def accept_overdue(**_: Any) -> None:
    """Silence pays."""
    while True:
        with transaction.atomic(durable=True):
            if review.accept_overdue(now=timezone.now()) < review.OVERDUE_STEP:
                return


@shared_task
def open_slots(**_: Any) -> None:
    """Go on opening the slots of batches that are launching, whoever began."""
    for batch_id in Batch.objects.filter(state="launching").values_list("pk", flat=True):
        while True:
            with transaction.atomic(durable=True):
                if not batches.open_slots(batch_id=batch_id, now=timezone.now()):
                    break


@shared_task
def advance_batches(**_: Any) -> None:
    """Close what is complete, cancel what closes, settle what is closed."""
    for batch_id in Batch.objects.filter(state__in=["active", "closing", "closed"]).values_list("pk", flat=True):
        advance_batch(batch_id=batch_id, now=timezone.now())


def advance_batch(*, batch_id: uuid.UUID, now: datetime) -> str:
    """Take one batch as far as it goes by itself; returns its state. The last fit lies between closing and closed."""
    before, state = "", _step(batch_id, now)
    while state != before:
        before, state = state, _step(batch_id, now)
    return state


def _step(batch_id: uuid.UUID, now: datetime) -> str:
    batch = Batch.objects.get(pk=batch_id)
    while batch.state == "closing":
        with transaction.atomic(durable=True):
            if not batches.cancel_open_slots(batch_id=batch.pk):
                break
    if batch.state == "closing" and batches.is_quiet(batch):
        results.finish(batch_id=batch.pk, now=now)
    with transaction.atomic(durable=True):
        locked = Batch.objects.select_for_update(of=("self",)).select_related("project").get(pk=batch.pk)
        return batches.advance(batch=locked, now=now)


@shared_task
def begin_prices(**_: Any) -> None:
    """Dated prices take effect when their time has come."""
    raises.begin_due(now=timezone.now())


@shared_task
def begin_exam_rules(**_: Any) -> None:
    """Announced rules about tests begin on their day."""
    with transaction.atomic(durable=True):
        exam_rules.begin_due(now=timezone.now())


@shared_task
def watch_budgets(**_: Any) -> None:
    """Alerts, stops and goes on where projects with work in motion have budgets."""
    for project_id in budget_watch.moving():
        with transaction.atomic(durable=True):
            budget_watch.look(project_id=project_id, now=timezone.now())


@shared_task
def pay_night(**_: Any) -> None:
    """What the day before fell short of an hourly floor, and the streaks that it completed."""
    floors.pay_night(now=timezone.now())
    bonuses.reward_gold_left(now=timezone.now())
    bonuses.reward_streaks(now=timezone.now())
    bonuses.end_due(now=timezone.now())


@shared_task
def refit(**_: Any) -> None:
    """Fit the quality model of every project that has new answers."""
    results.refit_stale(now=timezone.now())


@shared_task
def renew_proofs(**_: Any) -> None:
    """Proofs of skills that end soon live on where good work shows the skill."""
    now, last = timezone.now(), None
    while True:
        with transaction.atomic(durable=True):
            last = renewals.renew_due(now=now, after=last)
        if last is None:
            return


@shared_task
def count_clients(**_: Any) -> None:
    """What workers are shown of clients: pay speed, rejections, lost disputes."""
    with transaction.atomic(durable=True):
        client_records.count(now=timezone.now())


@shared_task
def look_at_signs(**_: Any) -> None:
    """Many signs of tools bring a case before a person; one that nobody decides in time ends for the worker."""
    now = timezone.now()
    cases.look(since=now - SIGNS_SINCE, now=now)
    with transaction.atomic(durable=True):
        cases.end_overdue(now=now)
    cases.forget_signs(now=now)


@shared_task
def watch_drift(**_: Any) -> None:
    """Sound the alarm where known answers are met worse than before."""
    with transaction.atomic(durable=True):
        drift.watch(now=timezone.now())


@shared_task
def tell_of_work(**_: Any) -> None:
    """Workers who asked are told as soon as something fits them."""
    while True:
        with transaction.atomic(durable=True):
            if outlook.tell_waiting(now=timezone.now()) < outlook.ALERTS_A_ROUND:
                return


@shared_task
def read_uploads(**_: Any) -> None:
    """Read the files that wait, a chunk at a time."""
    for upload_id in intake.waiting_to_be_read():
        while intake.read(upload_id=upload_id, now=timezone.now()):
            continue


@shared_task
def fetch_images(**_: Any) -> None:
    """Bring in images that rows name by address; the network is met outside any transaction."""
    for upload_id in intake.waiting_for_images():
        while intake.fetch_images(upload_id=upload_id, now=timezone.now()):
            continue


@shared_task
def forget_drafts(**_: Any) -> None:
    """Drafts are kept for 30 days."""
    Draft.objects.filter(saved_at__lt=timezone.now() - timedelta(days=DRAFT_DAYS)).delete()


@shared_task
def pack_webhooks(**_: Any) -> None:
    """Make messages for clients' programs of results that were settled since the last round."""
    happenings.pack(now=timezone.now())


@shared_task
def send_webhooks(**_: Any) -> None:
    """Send the messages that are due."""
    sending.send_due(now=timezone.now())


@shared_task
def forget_webhooks(**_: Any) -> None:
    """The log of messages keeps a month."""
    sending.forget(before=timezone.now() - timedelta(days=sending.LOG_DAYS))


@shared_task
def send_announcements(**_: Any) -> None:
    """Tell the next readers of what is on its way."""
    with transaction.atomic(durable=True):
        announcements.send_due(now=timezone.now())


@shared_task
def tidy_seats(**_: Any) -> None:
    """Paid seats whose time is over lapse; what their batch set aside for them goes back to it."""
    with transaction.atomic(durable=True):
        seats.tidy(now=timezone.now())


@shared_task
def find_duplicates(**_: Any) -> None:
    """Open cases where people share a document or a payout account; free what cases have held for too long; forget old traits."""
    with transaction.atomic(durable=True):
        fraud.find_duplicates(now=timezone.now())
    with transaction.atomic(durable=True):
        fraud.let_go_due(now=timezone.now())
    with transaction.atomic(durable=True):
        graph.forget(now=timezone.now())


@shared_task
def move_wait_list(**_: Any) -> None:
    """Who found work leaves the list; funded work that opened is told to the next ones who fit it."""
    with transaction.atomic(durable=True):
        waitlist.settle(now=timezone.now())
    with transaction.atomic(durable=True):
        waitlist.tell_next(now=timezone.now())


@shared_task
def settle_referrals(**_: Any) -> None:
    """Whoever brought somebody that has worked enough is paid, out of the programme's budget."""
    with transaction.atomic(durable=True):
        referrals.settle_due(now=timezone.now())


@shared_task
def watch_pools(**_: Any) -> None:
    """Which band each project's crowd is in, and who hears of a change."""
    pool_health.watch(now=timezone.now())
