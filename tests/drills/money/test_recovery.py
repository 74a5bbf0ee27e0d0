"""What the drills of lost news and lost databases brought to light, each by itself."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from payments import ledger, payout_runs, recovery, sending, stripe_events
from payments.chart import Account
from payments.models import Attempt, Mismatch, Payout, StripeEvent
from tests.payments.cast import client, earn, finance, launch, usd, worker
from tests.payments.conftest import _shared_rail, rail, ready
from tests.stripe_double.running import Running
from workers.models import User

__all__ = ["_shared_rail", "rail"]

pytestmark = pytest.mark.django_db(transaction=True)


def earned(user: User, text: str) -> None:
    _mira, acme = client()
    earn(user, acme, launch(acme, usd("100")), text, confirmed=True)


def planned(user: User) -> Payout:
    now = timezone.now()
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=finance().pk, now=now, worker_ids=[user.pk])
    with transaction.atomic():
        payout_runs.approve(run_id=run.pk, actor_id=finance().pk, now=now)
    return Payout.objects.get(run=run)


def test_a_transfer_that_the_books_forgot_is_written_down_again_and_only_once(rail: Running) -> None:
    ana = worker()
    account = ready(ana, rail)
    earned(ana, "5")
    payout, began = planned(ana), timezone.now() - dt.timedelta(minutes=1)
    made = rail.pay(account.rail_account or "", 500, transfer_group=f"payout_{payout.pk}")
    now = timezone.now()
    assert recovery.take_up_lost(since=began, now=now).restored == 1
    assert recovery.take_up_lost(since=began, now=now).restored == 0
    sending.send_round(clock=timezone.now, limit=10)
    assert Attempt.objects.get(payout=payout).transfer_id == made.id
    assert len([line for line in rail.control("transfers")["transfers"] if line["destination"] == account.rail_account]) == 1


def test_what_nobody_earned_is_named_and_nothing_is_guessed(rail: Running) -> None:
    ana = worker()
    account = ready(ana, rail)
    earned(ana, "3")
    began = timezone.now() - dt.timedelta(minutes=1)
    made = rail.pay(account.rail_account or "", 500, transfer_group="payout_0198a000-0000-7000-8000-000000000001")
    by_hand = rail.pay(account.rail_account or "", 100)
    found = recovery.take_up_lost(since=began, now=timezone.now())
    assert {made.id, by_hand.id} <= set(found.unexplained)
    assert Mismatch.objects.filter(kind="extra_at_rail", subject__in=[made.id, by_hand.id]).count() == 2
    assert not Payout.objects.filter(worker=ana).exists()
    assert ledger.balance(Account("worker_available", ana.pk, "USD")) == usd("3")


def test_a_lost_event_is_found_though_newer_ones_came(rail: Running) -> None:
    ana = worker()
    account = ready(ana, rail)
    stripe_events.look_through_all_again()
    rail.fund()
    lost = rail.pay(account.rail_account or "", 500)
    now = timezone.now()
    StripeEvent.objects.create(
        id="evt_new", endpoint="platform", type="balance.available", body="", happened_at=now + dt.timedelta(hours=5),
        received_at=now, due_at=now,
    )  # fmt: skip
    assert stripe_events.backfill(now=now) > 0
    assert StripeEvent.objects.filter(type="transfer.created", object_id=lost.id).exists()
    assert stripe_events.backfill(now=now) == 0


def test_a_look_for_lost_events_goes_on_where_the_last_one_ended(rail: Running) -> None:
    stripe_events.look_through_all_again()
    rail.fund()
    now = timezone.now()
    assert stripe_events.backfill(now=now + dt.timedelta(hours=3)) > 0
    StripeEvent.objects.all().delete()
    assert stripe_events.backfill(now=now + dt.timedelta(hours=4)) == 0
    assert stripe_events.backfill(now=now) > 0, "a moment that is still to come is not believed"
    StripeEvent.objects.all().delete()
    stripe_events.look_through_all_again()
    assert stripe_events.backfill(now=now) > 0
