"""The books: equal to their transactions under concurrency, consistent after a crash, kept over a restart."""

from __future__ import annotations

import random
import resource
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.stripe_double.running import Running, checkout, wait_until


def all_transactions(double: Running) -> list[stripe.BalanceTransaction]:
    return list(double.client.v1.balance_transactions.list({"limit": 100}).auto_paging_iter())


def test_the_balance_is_the_sum_of_its_transactions_under_eight_threads(start) -> None:
    double = start()
    double.fund(200_000)
    workers, refusals = [double.worker() for _ in range(4)], set()

    def act(number: int) -> None:
        dice, client = random.Random(number), double.new_client()
        for step in range(15):
            try:
                what = dice.randrange(4)
                if what == 0:
                    session = client.v1.checkout.sessions.create(checkout(dice.randrange(1_000, 9_000)))
                    double.control(f"checkout/{session.id}/complete", {})
                elif what == 3 and (made := client.v1.transfers.list({"limit": 5}).data):
                    client.v1.transfers.reversals.create(dice.choice(made).id, {"amount": 50})
                else:
                    key = {"idempotency_key": f"shared-{step}" if what == 1 else f"{number}-{step}"}
                    said = {"amount": 10_000, "currency": "usd", "destination": workers[step % 4]}
                    client.v1.transfers.create(said, key)
            except stripe.StripeError as refusal:
                refusals.add((refusal.http_status, refusal.code))

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(act, number) for number in range(8)]:
            done.result()

    assert refusals <= {(400, "balance_insufficient"), (400, None), (400, "transfer_already_reversed"), (409, None)}
    books, entries = double.audit(), all_transactions(double)
    assert sum(entry.net for entry in entries) == books["platform"]["usd"]["available"] >= 0
    keys = [one["idempotency_key"] for one in double.control("transfers")["transfers"]]
    assert len(keys) == len(set(keys)) > 0


def test_a_killed_double_has_whole_books_and_repeats_no_transfer(start) -> None:
    double = start()
    double.fund(10_000_000)
    ana, keys = double.worker(), [f"run-{number}" for number in range(300)]
    answered: dict[str, str] = {}

    def pay_all() -> None:
        client = double.new_client()
        for key in keys:
            said = {"amount": 1_000, "currency": "usd", "destination": ana, "transfer_group": key}
            answered[key] = client.v1.transfers.create(said, {"idempotency_key": key}).id

    def pay_until_it_dies() -> None:
        with pytest.raises(stripe.APIConnectionError):
            pay_all()

    running = threading.Thread(target=pay_until_it_dies)
    running.start()
    wait_until(lambda: len(answered) >= 50)
    double.kill()
    running.join()
    assert len(answered) < len(keys), "it must die half-way"
    before = dict(answered)

    double.start()
    double.audit()
    pay_all()
    assert {key: answered[key] for key in before} == before, "what had been answered is answered again"
    groups = [one["transfer_group"] for one in double.control("transfers")["transfers"]]
    assert sorted(groups) == sorted(keys)
    assert double.audit()["connected"][ana]["usd"]["available"] == 1_000 * len(keys)
    assert double.available() == 10_000_000 - 1_000 * len(keys)


def test_a_restart_keeps_money_keys_and_clock(start) -> None:
    double = start()
    double.fund()
    ana = double.worker()
    first = double.pay(ana, key="kept")
    double.advance(1_000)
    offset, books = double.control("clock")["offset"], double.audit()
    assert double.stop() == 0
    double.start()
    assert double.control("clock")["offset"] == offset
    after = double.audit()
    assert (after["platform"], after["connected"], after["transfers"]) == (
        books["platform"], books["connected"], books["transfers"],
    )  # fmt: skip
    assert double.pay(ana, key="kept").id == first.id


def test_the_report_notices_when_a_balance_is_not_its_sum(start) -> None:
    double = start()
    double.fund(5_000)
    double.stop()
    with sqlite3.connect(double.books) as tampered:
        tampered.execute("UPDATE balance SET available = available + 1")
    tampered.close()
    double.start()
    said = double.control("books")
    assert said["consistent"] is False
    assert said["problems"] == ["balance of the platform in usd is not the sum of its transactions"]


def test_the_clock_can_be_set_moved_and_reset(start) -> None:
    double = start()
    assert double.control("clock", {"now": 2_000_000_000})["now"] == pytest.approx(2_000_000_000, abs=2)
    double.fund()
    assert double.client.v1.topups.list().data[0].created == pytest.approx(2_000_000_000, abs=2)
    assert double.control("clock", {"reset": True})["offset"] == 0
    assert double.call("POST", "/_control/clock", {"advance_seconds": "soon"})[0] == 400


def test_it_starts_with_less_than_a_second_of_work_and_stops_cleanly(start) -> None:
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    double = start()
    double.available()
    assert double.stop() == 0
    assert sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before < 1.0


def test_control_says_what_it_has_and_what_it_has_not(double: Running) -> None:
    assert "POST /_control/clock" in double.control("")["addresses"]
    status, said = double.call("GET", "/_control/nothing")
    assert (status, said["error"]) == (404, "no such control address")
    assert double.call("GET", "/_control/accounts/acct_nobody")[0] == 404
    assert double.call("POST", "/_control/topup", {"amount": "much"})[0] == 400
    assert double.call("POST", "/_control/topup", b"{")[0] == 400
