"""Two accounts become one, as money sees it: whatever the old one held, nothing is lost, and the books hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from payments import earnings, holds, ledger, merging
from payments.models import Earning, MoneyMove, Payout
from tests import people
from tests.payments.cast import NOW, client, earn, launch, usd, worker
from tests.payments.conftest import ready
from tests.payments.test_payouts import in_account, later, nothing_is_broken, paid_work, rounds, run_for
from tests.stripe_double.running import Running
from workers.models import Merge, User

pytestmark = pytest.mark.django_db(transaction=True)

PLACES = ("pending", "available", "held", "in_transit")


def merged(old: User, kept: User) -> Merge:
    """As two people of ops said it."""
    one, two = people.ops("Olu"), people.ops("Oda")
    made = Merge.objects.create(old_id=old.pk, kept_id=kept.pk, why="same passport", proposed_by=one, proposed_at=NOW)
    Merge.objects.filter(pk=made.pk).update(state="done", decided_by=two, decided_at=NOW)
    return Merge.objects.get(pk=made.pk)


def total(*users: User) -> Any:
    return sum((in_account(place, user) for user in users for place in PLACES), start=usd("0"))


@pytest.mark.parametrize("seed", range(4))
def test_no_money_is_lost_whatever_the_old_account_held(seed: int, rail: Running) -> None:
    chance = random.Random(seed)
    ana, twin, (_mira, shop) = worker("Ana"), worker("Twin"), client()
    batch = launch(shop, usd("1000"))
    ready(twin, rail)
    paid_work(twin, f"1.{chance.randint(1, 9999):04}")
    run_for(twin)
    rounds(NOW, NOW)
    assert Payout.objects.get(worker=twin).state == "sent"
    for somebody in (ana, twin):
        for _each in range(chance.randint(1, 4)):
            amount, confirmed = f"{chance.randint(0, 2)}.{chance.randint(1, 9999):04}", chance.random() < 0.6
            made = earn(somebody, shop, batch, amount, confirmed=confirmed)
            with transaction.atomic():
                if confirmed and chance.random() < 0.4:
                    holds.stop(earning_id=made.earning_id, reason="case", actor_id=None, now=NOW)
                elif not confirmed and chance.random() < 0.3:
                    earnings.release(source_kind="submission", source_ids=[made.source_id], actor_id=None, now=NOW, reason="rejected")
    before = total(ana, twin)
    with transaction.atomic():
        merging.move(merge=merged(twin, ana), actor_id=None, now=NOW)
    assert total(ana) == before and total(twin) == usd("0")
    nothing_is_broken()
    left = Earning.objects.filter(worker=ana, state="pending").values_list("source_id", flat=True)
    with transaction.atomic():
        earnings.confirm(source_kind="submission", source_ids=list(left), actor_id=None, now=NOW)
    ready(ana, rail)
    run_for(ana, now=later(days=7))
    rounds(later(days=7), later(days=7))
    assert total(ana) - in_account("held", ana) < usd("0.01"), "all that can be paid was paid"
    nothing_is_broken()


def test_what_arrives_later_follows(rail: Running) -> None:
    ana, twin, (_mira, shop) = worker("Ana"), worker("Twin"), client()
    batch, merge = launch(shop, usd("100")), merged(twin, ana)
    with transaction.atomic():
        assert merging.move(merge=merge, actor_id=None, now=NOW) == []
    earn(twin, shop, batch, "0.40", confirmed=True)
    for expected in (1, 0):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE marketplace_runner")
            assert merging.follow_up(now=later(days=1)) == expected
    assert in_account("available", ana) == usd("0.40")
    nothing_is_broken()


def test_money_on_its_way_keeps_everything_where_it_is(rail: Running) -> None:
    ana, twin = worker("Ana"), worker("Twin")
    ready(twin, rail)
    paid_work(twin, "5")
    run_for(twin)
    paid_work(twin, "2")
    with pytest.raises(ledger.Overdrawn), transaction.atomic():
        merging.move(merge=merged(twin, ana), actor_id=None, now=NOW)
    assert in_account("available", ana) == usd("0")
    assert not MoneyMove.objects.exists()
    nothing_is_broken()


@pytest.mark.parametrize("how", ["nobody_said_so", "proposed_only", "to_somebody_else"])
def test_the_database_moves_no_earning_to_another_person(how: str) -> None:
    ana, twin, eve, (_mira, shop) = worker("Ana"), worker("Twin"), worker("Eve"), client()
    made = earn(twin, shop, launch(shop, usd("10")), "0.40", confirmed=True)
    acts: dict[str, Callable[[], object]] = {
        "nobody_said_so": lambda: None,
        "proposed_only": lambda: Merge.objects.create(
            old_id=twin.pk, kept_id=ana.pk, why="seems so", proposed_by=people.ops(), proposed_at=NOW
        ),
        "to_somebody_else": lambda: merged(twin, eve),
    }
    acts[how]()
    with pytest.raises(IntegrityError, match="stays with its worker"), transaction.atomic():
        Earning.objects.filter(pk=made.earning_id).update(worker_id=ana.pk)
    assert Earning.objects.get(pk=made.earning_id).worker_id == twin.pk
