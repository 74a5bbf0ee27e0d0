"""Paying workers: accounts, transfers, reversals, and every refusal that the product must understand."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe_double.running import Running, recipient


def test_a_new_account_cannot_receive_until_it_is_onboarded(double: Running) -> None:
    account = double.client.v2.core.accounts.create(recipient())
    capability = account.configuration.recipient.capabilities.stripe_balance.stripe_transfers
    assert (capability.status, capability.status_details[0].resolution) == ("restricted", "provide_info")
    assert {entry.description for entry in account.requirements.entries} >= {"default_payout_method"}

    before = double.available()
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.pay(account.id)
    assert refusal.value.code == "insufficient_capabilities_for_transfer"
    assert double.available() == before

    double.control(f"accounts/{account.id}/onboard", {})
    read = double.client.v2.core.accounts.retrieve(account.id, {"include": ["configuration.recipient", "requirements"]})
    assert read.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status == "active"
    assert read.requirements.entries == []
    assert read.identity is None, "what is not asked for by include stays out"
    assert double.pay(account.id).destination == account.id


def test_a_transfer_moves_money_once_and_can_be_found_by_its_group(double: Running) -> None:
    ana, before = double.worker(), double.available()
    transfer = double.pay(ana, 4_321, transfer_group="pi_item-1", metadata={"item": "1"})
    assert double.available() == before - 4_321
    assert double.audit()["connected"][ana]["usd"]["available"] == 4_321

    found = double.client.v1.transfers.list({"transfer_group": "pi_item-1"}).data
    assert [one.id for one in found] == [transfer.id]
    assert double.client.v1.transfers.retrieve(transfer.id).metadata.to_dict() == {"item": "1"}
    entry = double.client.v1.balance_transactions.retrieve(transfer.balance_transaction)
    assert (entry.type, entry.net, entry.fee, entry.source) == ("transfer", -4_321, 0, transfer.id)


def test_a_partial_reversal_gives_back_its_part_and_no_more_than_the_whole(double: Running) -> None:
    ana, before = double.worker(), double.available()
    transfer = double.pay(ana, 1_000)
    reversal = double.client.v1.transfers.reversals.create(transfer.id, {"amount": 300, "metadata": {"why": "fraud"}})
    assert (reversal.transfer, reversal.amount) == (transfer.id, 300)
    read = double.client.v1.transfers.retrieve(transfer.id)
    assert (read.amount_reversed, read.reversed) == (300, False)
    assert double.available() == before - 700

    with pytest.raises(stripe.InvalidRequestError, match="greater than the unreversed amount"):
        double.client.v1.transfers.reversals.create(transfer.id, {"amount": 701})
    double.client.v1.transfers.reversals.create(transfer.id)
    assert double.client.v1.transfers.retrieve(transfer.id).reversed is True
    assert double.available() == before
    assert len(double.client.v1.transfers.reversals.list(transfer.id).data) == 2
    assert double.client.v1.transfers.reversals.retrieve(transfer.id, reversal.id).amount == 300
    with pytest.raises(stripe.InvalidRequestError):
        double.client.v1.transfers.reversals.retrieve(double.pay(ana, 1).id, reversal.id)


def test_a_reversal_after_the_payout_makes_the_workers_balance_negative(start) -> None:
    double = start()
    double.fund(5_000)
    ana = double.worker()
    transfer = double.pay(ana, 5_000)
    double.control(f"accounts/{ana}/pay_out", {})
    double.client.v1.transfers.reversals.create(transfer.id)
    assert double.audit()["connected"][ana]["usd"]["available"] == -5_000
    assert double.available() == 5_000


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": 10**11}, "balance_insufficient", None),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"currency": "eur"}, "balance_insufficient", None),
        ({"currency": "huf", "amount": 1_050}, "parameter_invalid_integer", "amount"),
        ({"currency": "isk", "amount": 99}, "parameter_invalid_integer", "amount"),
        ({"destination": "acct_nobody"}, "resource_missing", "destination"),
    ],
)
def test_a_transfer_that_stripe_would_refuse_is_refused_and_moves_nothing(double: Running, change, code, param) -> None:
    ana, before = double.worker(), double.audit()["platform"]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.transfers.create({"amount": 100, "currency": "usd", "destination": ana, **change})
    assert (refusal.value.code, refusal.value.param) == (code, param)
    assert double.audit()["platform"] == before


def test_whole_unit_currencies_take_multiples_of_a_hundred(double: Running) -> None:
    double.fund(100_000, "huf")
    assert double.client.v1.transfers.create({"amount": 1_100, "currency": "huf", "destination": double.worker()}).amount == 1_100


def test_a_restricted_account_gets_nothing_more(double: Running) -> None:
    ana = double.worker()
    double.pay(ana)
    double.control(f"accounts/{ana}/restrict", {})
    before = double.available()
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.pay(ana)
    assert refusal.value.code == "insufficient_capabilities_for_transfer"
    assert double.available() == before


def test_an_account_is_closed_only_when_empty_and_then_gets_nothing(double: Running) -> None:
    ana = double.worker()
    transfer = double.pay(ana)
    with pytest.raises(stripe.InvalidRequestError, match="balance that is not zero"):
        double.client.v2.core.accounts.close(ana, {"applied_configurations": ["recipient"]})
    double.client.v1.transfers.reversals.create(transfer.id)
    assert double.client.v2.core.accounts.close(ana, {"applied_configurations": ["recipient"]}).closed is True
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.pay(ana)
    assert refusal.value.code == "account_invalid"


def test_people_in_countries_that_connect_does_not_serve_are_told(double: Running) -> None:
    account = double.client.v2.core.accounts.create(recipient(country="ke"))
    capability = account.configuration.recipient.capabilities.stripe_balance.stripe_transfers
    assert (capability.status, capability.status_details[0].code) == ("unsupported", "unsupported_country")
    double.control(f"accounts/{account.id}/restrict", {"stage": "rejected"})
    with pytest.raises(stripe.InvalidRequestError):
        double.pay(account.id)


def test_an_account_can_be_changed_and_listed(double: Running) -> None:
    ana = double.worker()
    changed = double.client.v2.core.accounts.update(
        ana,
        {
            "contact_email": "ana@new.example",
            "identity": {"individual": {"given_name": "Ana"}},
            "include": ["identity"],
        },
    )
    assert (changed.contact_email, changed.identity.country, changed.identity.individual.given_name) == (
        "ana@new.example", "us", "Ana",
    )  # fmt: skip
    seen = [account.id for account in double.client.v2.core.accounts.list({"limit": 2}).auto_paging_iter()]
    assert seen[0] == ana
    assert len(seen) == len(set(seen)) > 2


def test_pages_of_a_list_neither_repeat_nor_miss(double: Running) -> None:
    ana = double.worker()
    made = [double.pay(ana, 100 + number).id for number in range(7)]
    listed = [one.id for one in double.client.v1.transfers.list({"destination": ana, "limit": 3}).auto_paging_iter()]
    assert listed == made[::-1]
    first = double.client.v1.transfers.list({"destination": ana, "limit": 3})
    assert first.has_more is True
    back = double.client.v1.transfers.list({"destination": ana, "limit": 3, "ending_before": made[3]})
    assert [one.id for one in back.data] == made[:3:-1]
    created = double.client.v1.transfers.retrieve(made[0]).created
    assert not double.client.v1.transfers.list({"destination": ana, "created": {"lt": created}}).data
