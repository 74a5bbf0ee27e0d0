"""Scripted faults as the SDK meets them: what was done, what the product sees, what a second try finds."""

from __future__ import annotations

import time

import pytest
import stripe

from tests.stripe_double.running import Running


def count(double: Running, account: str) -> int:
    return len(double.client.v1.transfers.list({"destination": account, "limit": 100}).data)


@pytest.mark.parametrize(
    ("kind", "error", "done"),
    [
        ("drop_before", stripe.APIConnectionError, 0),
        ("drop_after", stripe.APIConnectionError, 1),
        ("truncated", stripe.APIConnectionError, 1),
        ("429", stripe.RateLimitError, 0),
        ("409", stripe.APIError, 0),
    ],
)
def test_after_a_fault_the_same_key_makes_exactly_one_transfer(double: Running, kind, error, done) -> None:
    ana, key = double.worker(), f"fault-{kind}"
    double.faults({"kind": kind, "path": "/v1/transfers$", "method": "POST", "times": 1})
    with pytest.raises(error):
        double.pay(ana, key=key)
    assert count(double, ana) == done
    again = double.pay(ana, key=key)
    assert count(double, ana) == 1
    assert ("Idempotent-Replayed" in again.last_response.headers) is bool(done)
    assert double.audit()["connected"][ana]["usd"]["available"] == 1_000


def test_a_slow_answer_runs_into_the_timeout_and_is_done_all_the_same(double: Running) -> None:
    ana = double.worker()
    double.faults({"kind": "slow", "path": "transfers", "method": "POST", "times": 1, "seconds": 0.5})
    hasty = stripe.StripeClient(
        "sk_test_double", base_addresses={"api": double.url}, http_client=stripe.RequestsClient(timeout=0.15)
    )
    with pytest.raises(stripe.APIConnectionError):
        hasty.v1.transfers.create({"amount": 1_000, "currency": "usd", "destination": ana}, {"idempotency_key": "slow"})
    time.sleep(0.6)
    assert count(double, ana) == 1
    assert "Idempotent-Replayed" in double.pay(ana, key="slow").last_response.headers


def test_the_sdk_retries_drops_but_not_rate_limits(double: Running) -> None:
    ana = double.worker()
    patient = double.new_client(max_network_retries=2)
    said = {"amount": 1_000, "currency": "usd", "destination": ana}
    double.faults({"kind": "drop_after", "path": "transfers", "method": "POST", "times": 1})
    assert patient.v1.transfers.create(said).last_response.headers["Idempotent-Replayed"] == "true"
    assert count(double, ana) == 1
    double.faults({"kind": "429", "path": "transfers", "method": "POST"})
    with pytest.raises(stripe.RateLimitError):
        patient.v1.transfers.create(said)
    assert double.control("faults")["requests"][0]["hits"] == 1


def test_a_script_can_skip_count_and_throw_seeded_dice(double: Running) -> None:
    ana = double.worker()

    def outcomes(fault: dict[str, object]) -> str:
        double.faults({"kind": "429", "path": "transfers", "method": "POST", **fault})
        said = []
        for _ in range(12):
            try:
                double.pay(ana, 10)
                said.append(".")
            except stripe.RateLimitError:
                said.append("x")
        return "".join(said)

    assert outcomes({"skip": 2, "times": 1}) == "..x........."
    first, again, other = (outcomes({"rate": 0.5, "seed": seed}) for seed in (7, 7, 8))
    assert first == again != other
    assert 0 < first.count("x") < 12


def test_faults_hit_only_what_they_match_and_bad_scripts_are_refused(double: Running) -> None:
    double.faults({"kind": "drop_before", "path": "nowhere"}, {"kind": "429", "path": "transfers", "method": "GET"})
    assert double.pay(double.worker()).amount == 1_000
    for wrong in (
        {"kind": "meteor"},
        {"kind": "429", "path": "("},
        {"kind": "429", "unknown": 1},
        {"kind": "429", "rate": "often"},
        "text",
    ):
        status, _ = double.call("POST", "/_control/faults", {"requests": [wrong]})
        assert status == 400
    assert double.call("POST", "/_control/faults", {"webhooks": {"eaten_rate": 1}})[0] == 400


def test_every_request_is_noted_for_drills_that_count(double: Running) -> None:
    ana = double.worker()
    double.pay(ana, key="noted")
    double.pay(ana, key="noted")
    noted = [one for one in double.control("requests")["requests"] if one["idempotency_key"] == "noted"]
    assert [(one["status"], one["replayed"]) for one in noted] == [(200, False), (200, True)]
    summary = [one for one in double.control("transfers")["transfers"] if one["idempotency_key"] == "noted"]
    assert [(one["destination"], one["amount"]) for one in summary] == [(ana, 1_000)]
