"""A payout reaches the worker once: through lost answers, crashes, races, short balances and changed details."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from kit import audit
from kit.models import OutboxEvent
from payments import holds, invariants, ledger, payout_runs, payouts, queries, sending, stripe_gateway
from payments.chart import Account
from payments.models import Attempt, Earning, Payout, PayoutRun
from tests.payments.cast import NOW, client, earn, finance, launch, usd, worker
from tests.payments.conftest import ready
from tests.stripe_double.running import Running
from workers.people import NotIndependent

pytestmark = pytest.mark.django_db(transaction=True)

SEND = {"method": "POST", "path": "^/v1/transfers$"}


def later(**delta: float) -> dt.datetime:
    return NOW + dt.timedelta(**delta)


def in_account(kind: str, user: Any) -> Any:
    return ledger.balance(Account(f"worker_{kind}", user.id, "USD"))


def paid_work(user: Any, *amounts: str) -> None:
    """Confirmed earnings in a batch of their own."""
    _mira, acme = client()
    batch = launch(acme, usd("1000"))
    for text in amounts:
        earn(user, acme, batch, text, confirmed=True)


def run_for(*users: Any, now: dt.datetime = NOW, **kwargs: Any) -> PayoutRun:
    """A planned and approved run of these workers alone."""
    olu = finance()
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=olu.id, now=now, worker_ids=[user.id for user in users], **kwargs)
    with transaction.atomic():
        return payout_runs.approve(run_id=run.pk, actor_id=olu.id, now=now)


def rounds(*moments: dt.datetime) -> None:
    for moment in moments:
        sending.send_round(clock=lambda now=moment: now, limit=1000)


def transfers(rail: Running, payout: Payout) -> list[Any]:
    return [line for line in rail.control("transfers")["transfers"] if line["transfer_group"] == f"payout_{payout.pk}"]


def the_payout(user: Any) -> Payout:
    return Payout.objects.filter(worker=user).latest("created_at", "pk")


def nothing_is_broken() -> None:
    assert [finding for finding in invariants.findings() if not finding.ok and finding.name != "guard"] == []


def test_earnings_are_floored_to_cents_sent_once_and_the_rest_opens_the_next(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "1.2345", "2.0001")
    run = run_for(ana)
    rounds(NOW, NOW)
    payout = the_payout(ana)
    assert (payout.state, payout.amount_units, payout.carry_out_units) == ("sent", usd("3.23").units, 46)
    assert [line["amount"] for line in transfers(rail, payout)] == [323]
    assert in_account("available", ana) == usd("0.0046")
    assert in_account("in_transit", ana) == usd("0")
    run.refresh_from_db()
    assert run.state == "done"
    paid_work(ana, "1.0054")
    run_for(ana, now=later(days=7))
    rounds(later(days=7))
    second = the_payout(ana)
    assert (second.carry_in_units, second.amount_units, second.carry_out_units) == (46, usd("1.01").units, 0)
    assert in_account("available", ana) == usd("0")
    assert OutboxEvent.objects.filter(name="payout.sent").count() == 2
    nothing_is_broken()


@pytest.mark.drill
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncated", "500_before", "500_after", "429", "409"])
def test_whatever_the_rail_does_to_the_first_call_the_money_arrives_once(rail: Running, kind: str) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    rail.faults({"kind": kind, "times": 3, **SEND})
    rounds(NOW)
    rail.call("DELETE", "/_control/faults")
    assert Attempt.objects.get(payout__worker=ana).state in ("in_doubt", "known")
    rounds(later(minutes=5), later(hours=1), later(hours=2))
    if kind == "500_before":
        # The key answers 500 for a day and nothing was made: only time and two empty looks open another try.
        assert the_payout(ana).state == "sending"
        rounds(later(hours=21), later(hours=21, minutes=5), later(hours=22), later(hours=22, minutes=1))
    assert the_payout(ana).state == "sent"
    assert [line["amount"] for line in transfers(rail, the_payout(ana))] == [500]
    nothing_is_broken()


def test_a_new_key_is_not_used_before_the_rail_was_asked_twice_with_time_between(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    rail.faults({"kind": "500_before", "times": 1, **SEND})
    rounds(NOW, later(hours=1), later(hours=20), later(hours=20, minutes=9))
    attempt = Attempt.objects.get(payout__worker=ana)
    assert (attempt.n, attempt.state, attempt.lookups_empty) == (1, "in_doubt", 1)
    rounds(later(hours=20, minutes=11), later(hours=20, minutes=12))
    assert list(Attempt.objects.filter(payout__worker=ana).order_by("n").values_list("n", "state")) == [
        (1, "refused"), (2, "known"),
    ]  # fmt: skip
    assert len(transfers(rail, the_payout(ana))) == 1


def test_a_large_payout_that_cannot_be_found_waits_for_a_person(rail: Running, settings: Any) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    settings.PAYOUT_APPROVAL_LIMIT_UNITS = usd("4").units
    rail.faults({"kind": "500_before", "times": 1, **SEND})
    rounds(NOW, later(hours=21), later(hours=22), later(hours=23))
    attempt = Attempt.objects.get(payout__worker=ana)
    assert (attempt.state, attempt.needs_person) == ("in_doubt", True)
    assert OutboxEvent.objects.filter(name="payout.needs_person").count() == 1
    payouts.decide_absent(attempt_id=attempt.pk, actor_id=finance().id, now=later(hours=24))
    rounds(later(hours=24))
    assert len(transfers(rail, the_payout(ana))) == 1


def test_after_a_day_the_forgotten_key_is_never_used_again(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    rail.faults({"kind": "drop_after", "times": 3, **SEND})
    rounds(NOW)
    rail.control("prune", {"everything": True})
    rounds(later(hours=25))
    assert the_payout(ana).state == "sent"
    assert len(transfers(rail, the_payout(ana))) == 1


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


@pytest.mark.drill
@pytest.mark.parametrize("point", ["intent", "noted", "called", "known"])
def test_a_runner_killed_at_any_point_leaves_what_the_next_round_finishes(
    rail: Running, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)

    def die(*_args: Any, **_kwargs: Any) -> Any:
        raise Killed

    def send_and_die(**kwargs: Any) -> Any:
        real_send(**kwargs)
        raise Killed

    real_send = stripe_gateway.send
    with monkeypatch.context() as patched:
        where: dict[str, tuple[Any, str, Callable[..., Any]]] = {
            "intent": (sending, "take_due", die), "noted": (stripe_gateway, "send", die),
            "called": (stripe_gateway, "send", send_and_die), "known": (payouts, "record_known", die),
        }  # fmt: skip
        patched.setattr(*where[point])
        with pytest.raises(Killed):
            rounds(NOW)
    rounds(later(seconds=1), later(seconds=160), later(seconds=320))
    assert the_payout(ana).state == "sent"
    assert len(transfers(rail, the_payout(ana))) == 1
    nothing_is_broken()


@pytest.mark.drill
def test_runs_planned_at_once_and_sent_by_many_pay_everybody_once(rail: Running) -> None:
    people = [worker(f"W{at}") for at in range(12)]
    for each in people:
        ready(each, rail)
        paid_work(each, "2.5")
    rail.faults({"kind": "drop_after", "rate": 0.3, "seed": 7, **SEND})
    olu = finance()
    start = threading.Barrier(4)
    troubles: list[BaseException] = []

    def compete() -> None:
        try:
            start.wait()
            with transaction.atomic():
                run = payout_runs.plan(currency="USD", actor_id=olu.id, now=NOW, worker_ids=[each.id for each in people])
            if run.payouts_planned:
                with transaction.atomic():
                    payout_runs.approve(run_id=run.pk, actor_id=olu.id, now=NOW)
            start.wait()
            rounds(NOW, later(seconds=1))
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=compete) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    rail.call("DELETE", "/_control/faults")
    rounds(later(minutes=10), later(hours=1))
    assert {the_payout(each).state for each in people} == {"sent"}
    assert all(Payout.objects.filter(worker=each).count() == 1 for each in people)
    assert [len(transfers(rail, the_payout(each))) for each in people] == [1] * 12
    nothing_is_broken()


@pytest.mark.drill
def test_a_short_balance_pauses_the_run_and_fails_nobody(own_rail: Callable[..., Running]) -> None:
    rail = own_rail()
    rail.fund(1_200)
    people = [worker(f"W{at}") for at in range(3)]
    for each in people:
        ready(each, rail)
        paid_work(each, "5")
    run = run_for(*people)
    rounds(NOW, later(minutes=1))
    run.refresh_from_db()
    assert (run.state, run.paused_for) == ("paused", "balance_short")
    assert Payout.objects.filter(run=run, state="sent").count() == 2
    assert not Payout.objects.filter(run=run, state="returned").exists()
    rail.fund(10_000)
    with transaction.atomic():
        payout_runs.resume(run_id=run.pk, actor_id=None, now=later(hours=1))
    rounds(later(hours=1))
    assert {the_payout(each).state for each in people} == {"sent"}
    assert sum(line["amount"] for line in rail.control("transfers")["transfers"]) == 1_500
    nothing_is_broken()


def test_a_key_that_the_rail_does_not_take_pauses_the_run_and_returns_nothing(
    rail: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run = run_for(ana)
    with monkeypatch.context() as patched:
        patched.setattr("django.conf.settings.STRIPE_API_KEY", "")
        rounds(NOW)
    run.refresh_from_db()
    assert (run.state, run.paused_for, the_payout(ana).state) == ("paused", "key_refused", "sending")
    with transaction.atomic():
        payout_runs.resume(run_id=run.pk, actor_id=finance().id, now=later(hours=1))
    rounds(later(hours=1))
    assert len(transfers(rail, the_payout(ana))) == 1


def test_an_account_that_lapsed_gets_nothing_and_the_money_is_available_again(rail: Running) -> None:
    ana = worker()
    account = ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    rail.control(f"accounts/{account.rail_account}/restrict", {})
    rounds(NOW)
    payout = the_payout(ana)
    assert (payout.state, payout.fault) == ("returned", "insufficient_capabilities_for_transfer")
    assert transfers(rail, payout) == []
    assert in_account("available", ana) == usd("5")
    assert Earning.objects.get(worker=ana).payout_id is None
    assert OutboxEvent.objects.filter(name="payout.returned").get().payload["reason"] == payout.fault
    rail.control(f"accounts/{account.rail_account}/onboard", {})
    run_for(ana, now=later(days=7))
    rounds(later(days=7))
    assert the_payout(ana).state == "sent"
    nothing_is_broken()


def test_changed_details_hold_payouts_for_three_days_before_and_after_approval(rail: Running) -> None:
    ana = worker()
    account = ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    account.details_changed_at = NOW
    account.save()
    rounds(later(hours=1))
    assert (the_payout(ana).state, the_payout(ana).fault) == ("returned", "details_changed")
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=None, now=later(hours=71), worker_ids=[ana.id])
    assert (run.payouts_planned, run.left_out) == (0, {"details_changed": {"workers": 1, "units": usd("5").units}})
    run_for(ana, now=later(hours=73))
    rounds(later(hours=73))
    assert the_payout(ana).state == "sent"


def test_a_changed_address_holds_payouts_too() -> None:
    ana = worker()
    audit.record(subject=ana, verb=holds.EMAIL_CHANGED, actor_id=ana.id, now=NOW)
    assert holds.waiting_until([ana.id], now=later(hours=1)) == {ana.id: later(hours=72)}
    assert holds.waiting_until([ana.id], now=later(hours=73)) == {}


def test_who_is_left_out_is_told_by_reason(rail: Running) -> None:
    ana, wen, eve = worker("Ana"), worker("Wen"), worker("Eve")
    ready(ana, rail)
    ready(eve, rail)
    for each, text in ((ana, "5"), (wen, "3"), (eve, "0.99")):
        paid_work(each, text)
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=None, now=NOW, worker_ids=[ana.id, wen.id, eve.id])
        again = payout_runs.plan(currency="USD", actor_id=None, now=NOW, worker_ids=[ana.id])
    assert run.payouts_planned == 1
    assert run.left_out == {
        "no_payout_account": {"workers": 1, "units": usd("3").units},
        "below_minimum": {"workers": 1, "units": usd("0.99").units},
    }
    assert again.payouts_planned == 0
    with pytest.raises(payout_runs.NothingToPay), transaction.atomic():
        payout_runs.approve(run_id=again.pk, actor_id=finance().id, now=NOW)
    with transaction.atomic():
        payout_runs.cancel(run_id=run.pk, actor_id=None, now=NOW)
    assert run_for(ana, eve, minimum_units=0).payouts_planned == 2


def test_a_large_run_takes_a_second_person(rail: Running, settings: Any) -> None:
    settings.PAYOUT_APPROVAL_LIMIT_UNITS = usd("4").units
    ana, olu = worker(), finance()
    ready(ana, rail)
    paid_work(ana, "5")
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=olu.id, now=NOW, worker_ids=[ana.id])
    with pytest.raises(NotIndependent), transaction.atomic():
        payout_runs.approve(run_id=run.pk, actor_id=olu.id, now=NOW)
    assert the_payout(ana).state == "draft"
    with transaction.atomic():
        payout_runs.approve(run_id=run.pk, actor_id=finance("Otto").id, now=NOW)
    assert the_payout(ana).state == "approved"


def test_a_held_earning_stays_behind_until_it_is_lifted(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5", "2")
    earning = Earning.objects.get(worker=ana, amount_units=usd("2").units)
    with transaction.atomic():
        hold = holds.stop(earning_id=earning.pk, reason="dispute", actor_id=None, now=NOW)
    assert queries.worker_balances(worker_id=ana.id, currency="USD").held == usd("2")
    run_for(ana)
    rounds(NOW)
    assert the_payout(ana).amount_units == usd("5").units
    with transaction.atomic():
        holds.lift(hold_id=hold.pk, actor_id=None, now=NOW)
    run_for(ana)
    rounds(NOW)
    assert the_payout(ana).amount_units == usd("2").units
    nothing_is_broken()


def test_an_earning_in_a_payout_on_its_way_cannot_be_taken_out_of_it(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    with pytest.raises(IntegrityError) as refused:
        Earning.objects.filter(worker=ana).update(payout=None)
    assert ledger.constraint_of(refused.value) == "earning_paid_once"


def test_the_second_transfer_of_a_payout_has_nowhere_to_be_written(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    paid_work(ana, "5")
    run_for(ana)
    rounds(NOW)
    payout = the_payout(ana)
    with pytest.raises(IntegrityError) as refused:
        Attempt.objects.create(payout=payout, n=2, key=str(uuid.uuid4()), state="known", transfer_id="tr_2", created_at=NOW, due_at=NOW)
    assert ledger.constraint_of(refused.value) == "one_transfer_per_payout"
