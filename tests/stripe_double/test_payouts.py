"""Automatic payouts of connected accounts and the outcomes that a bank can give them."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe_double.running import Running


def payouts_of(double: Running, account: str) -> list[stripe.Payout]:
    return double.client.v1.payouts.list({"limit": 100}, {"stripe_account": account}).data


def test_what_was_transferred_is_paid_out_by_itself_and_arrives(double: Running) -> None:
    ana = double.worker()
    transfers = [double.pay(ana, amount) for amount in (700, 300)]
    assert payouts_of(double, ana) == []
    double.advance(3600)
    payout = payouts_of(double, ana)[0]
    assert (payout.amount, payout.status, payout.automatic) == (1_000, "in_transit", True)
    assert double.audit()["connected"][ana]["usd"]["available"] == 0

    entries = double.client.v1.balance_transactions.list({"payout": payout.id}, {"stripe_account": ana}).data
    assert sum(entry.net for entry in entries) == 0
    assert {entry.source for entry in entries} == {payout.id, *(one.destination_payment for one in transfers)}

    double.advance(3600)
    read = double.client.v1.payouts.retrieve(payout.id, None, {"stripe_account": ana})
    assert (read.status, read.reconciliation_status) == ("paid", "completed")
    with pytest.raises(stripe.InvalidRequestError):
        double.client.v1.payouts.retrieve(payout.id)


def test_a_failed_payout_brings_the_money_back_and_stops_until_the_bank_is_mended(double: Running) -> None:
    ana = double.worker()
    double.pay(ana, 1_000)
    double.control("payouts/outcomes", {"account": ana, "outcomes": ["failed"], "failure_code": "no_account"})
    double.advance(3600)
    double.advance(3600)
    failed = payouts_of(double, ana)[0]
    assert (failed.status, failed.failure_code) == ("failed", "no_account")
    assert double.audit()["connected"][ana]["usd"]["available"] == 1_000

    account = double.client.v2.core.accounts.retrieve(ana, {"include": ["configuration.recipient", "requirements"]})
    balance = account.configuration.recipient.capabilities.stripe_balance
    assert (balance.stripe_transfers.status, balance.payouts.status) == ("active", "restricted")
    assert [entry.description for entry in account.requirements.entries] == ["default_payout_method"]

    double.pay(ana, 500)
    double.advance(7200)
    assert len(payouts_of(double, ana)) == 1, "no bank, no payout"
    double.control(f"accounts/{ana}/onboard", {})
    double.advance(7200)
    assert [(one.amount, one.status) for one in payouts_of(double, ana)] == [(1_500, "paid"), (1_000, "failed")]


def test_a_paid_payout_can_still_fail(double: Running) -> None:
    ana = double.worker()
    double.pay(ana, 1_000)
    double.control("payouts/outcomes", {"account": ana, "outcomes": ["paid_then_failed"]})
    statuses = []
    for _ in range(3):
        double.advance(3600)
        statuses.append(payouts_of(double, ana)[0].status)
    assert statuses == ["in_transit", "paid", "failed"]
    assert double.audit()["connected"][ana]["usd"]["available"] == 1_000


def test_one_jump_of_the_clock_does_all_that_follows_from_it_at_its_own_time(double: Running) -> None:
    ana = double.worker()
    transfer = double.pay(ana, 1_000)
    double.advance(25 * 3600)
    payout = payouts_of(double, ana)[0]
    assert (payout.status, payout.created) == ("paid", transfer.created + 3600)


def test_a_payout_by_hand_can_be_canceled_while_it_is_pending(double: Running) -> None:
    ana = double.worker()
    double.pay(ana, 1_000)
    mine = {"stripe_account": ana}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.payouts.create({"amount": 1_001, "currency": "usd"}, mine)
    assert refusal.value.code == "balance_insufficient"
    payout = double.client.v1.payouts.create({"amount": 400, "currency": "usd"}, mine)
    assert double.client.v1.payouts.cancel(payout.id, None, mine).status == "canceled"
    assert double.audit()["connected"][ana]["usd"]["available"] == 1_000
    assert double.call("POST", f"/_control/payouts/{payout.id}/finish", {"outcome": "paid"})[0] == 400


def test_control_finishes_a_payout_at_once(double: Running) -> None:
    ana = double.worker()
    double.pay(ana, 1_000)
    double.control(f"accounts/{ana}/pay_out", {})
    ident = payouts_of(double, ana)[0].id
    assert double.control(f"payouts/{ident}/finish", {"outcome": "paid"})["status"] == "paid"
    assert double.control(f"payouts/{ident}/finish", {"outcome": "failed"})["failure_code"] == "account_closed"
    assert double.call("POST", "/_control/payouts/outcomes", {"outcomes": ["lost at sea"]})[0] == 400


def test_the_platforms_own_payouts_are_by_hand_and_its_settings_are_kept(double: Running) -> None:
    assert double.client.v1.balance_settings.retrieve().payments.payouts.schedule.interval == "manual"
    said = {"payments": {"payouts": {"minimum_balance_by_currency": {"usd": 50_000}}}}
    kept = double.client.v1.balance_settings.update(said)
    assert kept.payments.payouts.minimum_balance_by_currency["usd"] == 50_000


def test_nobody_acts_for_an_account_that_is_not_there(double: Running) -> None:
    with pytest.raises(stripe.PermissionError):
        double.client.v1.payouts.list({}, {"stripe_account": "acct_nobody"})
    with pytest.raises(stripe.InvalidRequestError, match="for the platform only"):
        double.client.v1.transfers.list({}, {"stripe_account": double.worker()})
