"""Idempotency keys: replays, conflicts, a day's memory, and what is never kept."""

from __future__ import annotations

import threading
import time

import pytest
import stripe

from tests.stripe_double.running import Running, recipient


def count(double: Running, account: str) -> int:
    return len(double.client.v1.transfers.list({"destination": account, "limit": 100}).data)


def test_a_repeated_key_gives_the_same_transfer_and_moves_nothing(double: Running) -> None:
    ana, before = double.worker(), double.available()
    first, again = double.pay(ana, key="k-1-" + ana), double.pay(ana, key="k-1-" + ana)
    assert first.id == again.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert double.available() == before - 1_000


def test_a_key_used_with_other_parameters_or_elsewhere_is_refused(double: Running) -> None:
    ana, key = double.worker(), "k-2"
    double.pay(ana, key=key)
    before = double.available()
    with pytest.raises(stripe.IdempotencyError):
        double.pay(ana, 2_000, key=key)
    with pytest.raises(stripe.IdempotencyError):
        double.client.v1.topups.create({"amount": 1_000, "currency": "usd"}, {"idempotency_key": key})
    assert double.available() == before
    with pytest.raises(stripe.IdempotencyError, match="255"):
        double.pay(ana, key="k" * 256)


def test_after_23_hours_the_key_still_gives_the_same_transfer_after_25_a_second_one(double: Running) -> None:
    ana, key = double.worker(), "k-3"
    first = double.pay(ana, key=key)
    double.advance(23 * 3600)
    assert double.pay(ana, key=key).id == first.id
    double.advance(2 * 3600)
    assert double.pay(ana, key=key).id != first.id
    assert count(double, ana) == 2


def test_a_500_is_sticky_whether_or_not_the_work_was_done(double: Running) -> None:
    for kind, done in (("500_before", 0), ("500_after", 1)):
        ana = double.worker()
        double.faults({"kind": kind, "path": "transfers", "times": 1})
        for _ in range(3):
            with pytest.raises(stripe.APIError) as broken:
                double.pay(ana, key=f"k-{kind}")
            assert broken.value.http_status == 500
        assert broken.value.headers["Idempotent-Replayed"] == "true"
        assert count(double, ana) == done


def test_a_refusal_by_the_books_is_kept_but_wrong_parameters_are_not(double: Running) -> None:
    ana = double.worker(active=False)
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            double.pay(ana, key="k-4")
    assert refusal.value.headers["Idempotent-Replayed"] == "true"
    double.control(f"accounts/{ana}/onboard", {})
    with pytest.raises(stripe.InvalidRequestError):
        double.pay(ana, key="k-4")
    assert double.pay(ana, key="k-4-new").destination == ana

    with pytest.raises(stripe.InvalidRequestError):
        double.pay(ana, 0, key="k-5")
    assert double.pay(ana, 5, key="k-5").amount == 5


def test_a_request_whose_twin_is_in_flight_is_refused_and_nothing_is_kept(double: Running) -> None:
    ana, seen = double.worker(), []
    double.faults({"kind": "slow", "path": "transfers", "method": "POST", "times": 1, "seconds": 0.6})
    slow = threading.Thread(target=lambda: seen.append(double.pay(ana, key="k-6")))
    slow.start()
    time.sleep(0.2)
    status, said = double.call(
        "POST", "/v1/transfers", f"amount=1000&currency=usd&destination={ana}".encode(),
        {"Authorization": "Bearer sk_test_double", "Idempotency-Key": "k-6"},
    )  # fmt: skip
    assert (status, said["error"]["code"]) == (409, "idempotency_key_in_use")
    slow.join()
    assert double.pay(ana, key="k-6").id == seen[0].id
    assert count(double, ana) == 1


def test_v2_replays_a_success_and_tries_failed_work_again(double: Running) -> None:
    options = {"idempotency_key": "k-7"}
    for kind in ("500_before", "500_after"):
        double.faults({"kind": kind, "path": "v2/core/accounts", "times": 1})
        with pytest.raises(stripe.APIError):
            double.client.v2.core.accounts.create(recipient(), options)
        double.faults()
    first = double.client.v2.core.accounts.create(recipient(), options)
    again = double.client.v2.core.accounts.create(recipient(), options)
    assert first.id == again.id
    assert first.last_response.headers["Idempotent-Replayed"] == "true", "the 500_after had made it"
    with pytest.raises(stripe.IdempotencyError):
        double.client.v2.core.accounts.create(recipient(country="fr"), options)


def test_the_same_key_of_another_account_is_another_key(double: Running) -> None:
    ana, wen = double.worker(), double.worker()
    for one in (ana, wen):
        double.pay(one, 5_000)
    payouts = [
        double.client.v1.payouts.create({"amount": 500, "currency": "usd"}, {"stripe_account": one, "idempotency_key": "k-8"})
        for one in (ana, wen)
    ]
    assert payouts[0].id != payouts[1].id


def test_keys_can_be_pruned_by_control(double: Running) -> None:
    ana = double.worker()
    first = double.pay(ana, key="k-9")
    assert double.control("prune", {"everything": True})["pruned"] > 0
    assert double.pay(ana, key="k-9").id != first.id
