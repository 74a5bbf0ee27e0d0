"""D5: a thousand webhooks, each one to five times, in any order, some lost; what we know in the end is what the rail knows."""

from __future__ import annotations

import json
import time
from typing import Any

from django.test import Client
from django.utils import timezone

from kit.money import Money
from payments import bank_payouts, gateway, invariants, jobs, stripe_events
from payments.models import Funding, LedgerTx, Payout, StripeEvent
from stripe_double.deliveries import signature
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.sabotage import swapped, when
from tests.drills.money.stage import SECRETS, Payee, Stage
from tests.drills.money.verdict import AtLeast, held

OUTCOMES = ("paid", "failed", "paid_then_failed", "canceled")
LOST = 0.1


def run(stage: Stage, sabotaged: bool) -> Figure:
    payees = at.payable(stage, stage.size(12, 220))
    at.plan(stage)
    at.rounds(stage, 50)
    # Hours lie between the first payments and the last, so that a lost event has newer ones behind it.
    wishes = _checkouts(stage, stage.size(8, 60))
    _banks(stage, payees)
    wishes += _checkouts(stage, stage.size(2, 10))
    told = [(door, body) for door, body in _events(stage, payees) if stage.dice.random() >= LOST]
    letters = [letter for letter in told for _copy in range(stage.dice.randint(1, 5))]
    stage.dice.shuffle(letters)
    with when(sabotaged, bodies_believed()), swapped(bank_payouts, RANK={} if sabotaged else bank_payouts.RANK):
        refused = _deliver(letters)
        _work_off()
        if not sabotaged:
            _ask_for_lost(stage)
            _work_off()
    found = _compared(stage, payees, wishes) | {"refused": refused, "events": len({body for _door, body in letters})}
    wanted = {
        "events": AtLeast(stage.size(40, 1_000)), "refused": 0, "payouts_differ": 0, "fundings_differ": 0, "unapplied": 0,
        "postings": 1.0, "broken": 0,
    }  # fmt: skip
    return held(found, wanted)


def _banks(stage: Stage, payees: list[Payee]) -> None:
    """Every payout to a bank ends somehow; a failed one comes again after new details, and may end otherwise."""
    for payee in payees:
        stage.rail.control("payouts/outcomes", {"account": payee.rail_account, "outcomes": [stage.dice.choice(OUTCOMES)]})
        stage.rail.control(f"accounts/{payee.rail_account}/pay_out", {})
    stage.advance(hours=3)
    stage.rail.audit()


def _checkouts(stage: Stage, count: int) -> list[Any]:
    """Clients who pay by card or from a bank that may say no; we hear of it by webhook alone."""
    from payments import funding
    from tests import people

    wishes = []
    for _ in range(count):
        mira, acme = people.client()
        wish = funding.start_checkout(
            organisation_id=acme.pk, amount=Money(stage.dice.randint(100, 90_000) * 100, "USD"), actor_id=mira.pk,
            now=stage.now(), success_url="http://localhost/a", cancel_url="http://localhost/b",
        )  # fmt: skip
        method = stage.dice.choice(("card", "bank"))
        stage.rail.control(f"checkout/{wish.checkout_id}/complete", {"method": method})
        if method == "bank":
            stage.rail.control(f"checkout/{wish.checkout_id}/settle", {"outcome": stage.dice.choice(("succeeded", "failed"))})
        wishes.append(wish)
    return wishes


def _events(stage: Stage, payees: list[Payee]) -> list[tuple[str, str]]:
    """Everything that the rail has to tell, by door."""
    api = stage.rail.client
    told = [("platform", event) for event in api.v1.events.list({"limit": 100}).auto_paging_iter()]
    for payee in payees:
        listed = api.v1.events.list({"limit": 100}, {"stripe_account": payee.rail_account})
        told += [("connect", event) for event in listed.auto_paging_iter()]
    told += [("thin", event) for event in api.v2.core.events.list({"limit": 100}).auto_paging_iter()]
    return [(door, json.dumps(json.loads(str(event)))) for door, event in told]


def _deliver(letters: list[tuple[str, str]]) -> int:
    """Knock with each; now and then the runner works off what came in. Returns how many were refused."""
    client, refused = Client(), 0
    for n, (door, body) in enumerate(letters):
        header = signature(body, SECRETS[door], int(time.time()))
        answer = client.post(
            f"/webhooks/stripe/{door}/", body, content_type="application/json", headers={"Stripe-Signature": header}
        )
        refused += answer.status_code != 200
        if n % 25 == 0:
            jobs.apply_stripe_events()
    return refused


def _work_off() -> None:
    while ids := stripe_events.take_due(now=timezone.now(), limit=100):
        for ident in ids:
            stripe_events.apply(event_id=ident, now=timezone.now())


def _ask_for_lost(stage: Stage) -> None:
    jobs.backfill_events()
    stage.advance(hours=2)
    jobs.read_bank_payouts()


def _compared(stage: Stage, payees: list[Payee], wishes: list[Any]) -> dict[str, Any]:
    wrong = 0
    for payee in payees:
        listed = stage.rail.client.v1.payouts.list({"limit": 10}, {"stripe_account": payee.rail_account}).data
        theirs = {"paid": "paid", "failed": "failed", "canceled": "failed"}[listed[0].status]
        wrong += theirs != Payout.objects.get(worker_id=payee.user_id).state
    sessions = [stage.rail.client.v1.checkout.sessions.retrieve(wish.checkout_id) for wish in wishes]
    states = dict(Funding.objects.values_list("checkout_id", "state"))
    paid = sum(session.payment_status == "paid" for session in sessions)
    postings = LedgerTx.objects.filter(kind__in=("fund", "payout_sent")).count()
    return {
        "payouts_differ": wrong,
        "fundings_differ": sum((states[session.id] == "settled") != (session.payment_status == "paid") for session in sessions),
        "unapplied": StripeEvent.objects.filter(applied_at__isnull=True).count(),
        "postings": postings / (paid + 1 + len(payees)),
        "broken": sum(not each.ok for each in invariants.findings()),
    }  # fmt: skip


def bodies_believed() -> Any:
    """What an event says is taken for what is, in the order in which events come."""
    real = stripe_events.reader_of

    def believe(event: StripeEvent, now: Any) -> None:
        from django.db import transaction

        from payments.models import PayoutAccount
        from payments.stripe_gateway import payments_in

        said = json.loads(event.body)["data"]["object"]
        account = PayoutAccount.objects.get(rail_account=event.account)
        seen = gateway.BankTransfer(
            id=said["id"], amount=Money(said["amount"] * 100, "USD"), status=said["status"],
            failure_code=said["failure_code"] or "", created_at=event.happened_at, arrives_at=None,
        )  # fmt: skip
        sources = payments_in(account=event.account, bank_transfer_id=said["id"])
        with transaction.atomic(durable=True):
            bank_payouts.keep(account=account, seen=seen, sources=sources, now=now)

    return swapped(stripe_events, reader_of=lambda kind: believe if kind.startswith("payout.") else real(kind))
