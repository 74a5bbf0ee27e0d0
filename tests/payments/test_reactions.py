"""Whoever should know of money that moved is told, in words, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from kit.ids import uuid7
from payments import funding, mismatches, payout_runs, reactions
from payments.models import Funding, Payout, PayoutAccount
from tests.payments.cast import NOW, client, earn, finance, launch, usd, worker
from tests.people import ops
from workers import notices
from workers.models import Notice

pytestmark = pytest.mark.django_db


def told(user: Any) -> list[str]:
    return [notices.show(notice).sentence for notice in Notice.objects.filter(user=user).order_by("created_at", "id")]


def a_payout() -> Payout:
    ana = worker()
    PayoutAccount.objects.create(
        user=ana, rail_account="acct_1", country="DE", currency="EUR", state="active", created_at=NOW, ready_at=NOW
    )
    _mira, acme = client()
    earn(ana, acme, launch(acme, usd("10")), "5", confirmed=True)
    with transaction.atomic():
        payout_runs.plan(currency="USD", actor_id=None, now=NOW)
    return Payout.objects.get(worker=ana)


def test_a_worker_hears_how_a_payout_goes() -> None:
    payout = a_payout()
    ident = str(payout.pk)
    reactions.on_payout_sent(payout_id=ident)
    reactions.on_payout_paid(payout_id=ident)
    Payout.objects.filter(pk=ident).update(fault="no_account")
    reactions.on_payout_failed(payout_id=ident)
    reactions.on_payout_returned(payout_id=ident, reason="details_changed")
    assert told(payout.worker) == [
        "5.00 USD is on its way to your bank.",
        "5.00 USD arrived at your bank.",
        "Your bank sent 5.00 USD back. Your bank did not find the account. Check the details in your payout account.",
        "A payout of 5.00 USD could not go out. Your payout details changed in the last 72 hours. It goes out with the next run.",
    ]


def test_owners_and_managers_hear_of_their_money() -> None:
    mira, acme = client()
    eve, _other = client("Eve")
    wish = Funding.objects.create(
        organisation=acme, currency="USD", amount_units=usd("20").units, started_by=mira.id, created_at=NOW
    )
    reactions.on_funding_settled(funding_id=str(wish.pk))
    reactions.on_funding_failed(funding_id=str(wish.pk))
    reactions.on_budget_low(organisation_id=str(acme.pk), prepaid_units=12_345, currency="USD")
    assert told(mira) == [
        f"20.00 USD was paid in for {acme.name}.",
        f"A payment of 20.00 USD for {acme.name} did not go through.",
        f"Prepaid money of {acme.name} is running low: 1.2345 USD is left.",
    ]
    assert told(eve) == []


def test_finance_hears_of_what_needs_a_person_and_others_do_not() -> None:
    olu, eve = finance(), ops("Eve", "pool_manager")
    payout = a_payout()
    reactions.on_run_waits(run_id=str(payout.run_id))
    reactions.on_run_paused(run_id=str(payout.run_id), reason="balance_short")
    reactions.on_needs_person(payout_id=str(payout.pk))
    mismatches.name(kind="extra_at_rail", subject="txn_1", now=NOW)
    reactions.on_mismatch(kind="extra_at_rail", mismatch_id=str(uuid7()))
    reactions.on_ledger_broken(invariants=["ledger sums to zero"])
    reactions.on_reserve_dry(batch_id=str(uuid7()), units=5_000, currency="USD")
    assert told(olu) == [
        "A payout run of 5.00 USD waits for approval.",
        "A payout run is paused: balance short.",
        "A transfer cannot be found at Stripe and needs a person's decision.",
        "Our books and Stripe's differ: extra at rail.",
        "An invariant of the ledger does not hold: ledger sums to zero.",
        "A batch's reserve ran dry: 0.50 USD was paid from platform losses.",
    ]
    assert told(eve) == []


def test_a_worker_hears_of_their_payout_account() -> None:
    ana = worker()
    for react in (reactions.on_account_ready, reactions.on_account_stopped, reactions.on_account_changed):
        react(user_id=str(ana.id))
    assert [sentence.split(".")[0] for sentence in told(ana)] == [
        "Your payout account is ready",
        "Your payout account needs your attention before it can be paid again",
        "Your bank details changed",
    ]


def test_every_notice_leads_to_a_page() -> None:
    payout = a_payout()
    mira, acme = client()
    params = {"payout_id": str(payout.pk), "run_id": str(payout.run_id), "org": acme.slug, "correction_id": str(payout.pk)}
    for name, _sentence, _leads, _mail in reactions.KINDS:
        assert notices.show(notices.tell(mira.id, name, **params)).url.startswith("/"), name


def test_prepaid_of_nobody_is_zero() -> None:
    assert funding.prepaid(organisation_id=uuid7(), currency="GBP").units == 0
