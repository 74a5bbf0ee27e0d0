"""Leaving, or being told to: tasks in hand are paid, and earnings, statements and payouts stay reachable to the end."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from kit.money import Money
from marketplace import dispatch
from payments import payout_runs
from tests import market, people
from tests.flows.test_row_to_bank import deliver
from tests.workers.doors import browser, program
from workers import standing
from workers.models import User

pytestmark = pytest.mark.django_db(transaction=True)

REACHABLE = ("/work/", "/work/earnings/", "/work/standing/", "/work/standing/data.json", "/work/notices/", "/work/history/")


def ended_by_own_wish(ana: User, now: dt.datetime) -> None:
    with transaction.atomic():
        standing.leave(worker_id=ana.pk, now=now)


def ending_by_decision(ana: User, now: dt.datetime) -> None:
    olu = people.ops()
    with transaction.atomic():
        standing.pause(worker_id=ana.pk, reason="case_open", until=now + dt.timedelta(days=1), by_id=olu.pk, now=now)
        standing.decide_ending(
            worker_id=ana.pk, by_id=olu.pk, reason="quality", clause="3.1", evidence=[{"kind": "note", "note": "seen"}],
            reauthenticated_at=now, now=now,
        )


@pytest.mark.parametrize("goes", [ended_by_own_wish, ending_by_decision])
def test_whoever_goes_is_paid_for_what_they_hold_and_reaches_all_that_is_theirs(goes: object) -> None:
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    now = timezone.now()
    market.launched(mira, shop, texts=30, price="0.60", lease_seconds=3_600)
    for _task in range(3):
        assert market.work(ana, now=now)
    held = market.take(ana, now=now)
    assert held is not None
    goes(ana, now)  # type: ignore[operator]
    market.answer(ana, held, now=now)
    with pytest.raises(dispatch.NotWorking):
        market.take(ana, now=now)
    deliver()
    assert people.of_worker("available", ana) + people.of_worker("pending", ana) == people.usd("2.40")

    tab = browser(ana)
    assert {address: tab.get(address).status_code for address in REACHABLE} == dict.fromkeys(REACHABLE, 200)
    api = program(ana, "work", "payments")
    assert api.get("/api/v1/me/standing/").status_code == 200
    assert [api.get(f"/api/v1/me/{part}/").status_code for part in ("money", "earnings", "payouts")] == [200] * 3

    assert payout_runs.payable("USD", None).get(ana.pk, 0) == Money.parse("2.40", "USD").units

