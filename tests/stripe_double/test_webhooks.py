"""Webhooks: signed as the SDK verifies, sent where they belong, again when refused, and lost when told to be."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
import stripe

from tests.stripe_double import replies
from tests.stripe_double.running import SECRETS, Receiver, Running, checkout, wait_until

#: Every snapshot event but balance.available, which follows the clock.
TOLD = {
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "invoice.paid",
    "invoice.payment_failed",
    "charge.refunded",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "transfer.created",
    "transfer.updated",
    "transfer.reversed",
    "payout.created",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "topup.succeeded",
    "topup.failed",
    "identity.verification_session.verified",
    "identity.verification_session.requires_input",
}


def test_a_checkout_reaches_the_product_as_an_event_that_the_sdk_verifies(told: Running, receiver: Receiver) -> None:
    session = told.client.v1.checkout.sessions.create(checkout())
    told.control(f"checkout/{session.id}/complete", {})
    arrived = receiver.wait_for("checkout.session.completed")
    assert arrived.endpoint == "platform"
    event = stripe.Webhook.construct_event(arrived.body, arrived.signature, SECRETS["platform"])
    assert (event.data.object.id, event.data.object.payment_status) == (session.id, "paid")
    assert event.data.object.metadata["funding_id"] == "f-1"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(arrived.body, arrived.signature, SECRETS["connect"])
    assert told.client.v1.events.retrieve(event.id).data.object.id == session.id


def test_events_of_a_connected_account_come_with_it_and_by_their_own_secret(told: Running, receiver: Receiver) -> None:
    told.fund()
    ana = told.worker()
    told.pay(ana, 1_000)
    told.control(f"accounts/{ana}/pay_out", {})
    arrived = receiver.wait_for("payout.created")
    event = stripe.Webhook.construct_event(arrived.body, arrived.signature, SECRETS["connect"])
    assert (arrived.endpoint, event.account, event.data.object.amount) == ("connect", ana, 1_000)
    assert receiver.wait_for("transfer.created").endpoint == "platform"
    assert event.id in [one.id for one in told.client.v1.events.list({"type": "payout.*"}, {"stripe_account": ana}).data]
    assert event.id not in [one.id for one in told.client.v1.events.list({"limit": 100}).data]


def test_thin_events_are_parsed_and_lead_to_their_object(told: Running, receiver: Receiver) -> None:
    ana = told.worker()
    kind = "v2.core.account[configuration.recipient].capability_status_updated"
    arrived = receiver.wait_for(kind)
    notification = told.client.parse_event_notification(arrived.body, arrived.signature, SECRETS["thin"])
    assert (notification.type, notification.related_object.id) == (kind, ana)
    assert "data" not in arrived.event
    assert notification.fetch_related_object().id == ana
    assert notification.fetch_event().data.updated_capability.startswith("stripe_balance.")
    receiver.wait_for("v2.core.account[requirements].updated")

    told.client.v2.core.accounts.close(ana, {"applied_configurations": ["recipient"]})
    assert receiver.wait_for("v2.core.account.closed").endpoint == "thin"
    types = [event.type for event in told.client.v2.core.events.list({"object_id": ana})]
    assert types[0] == "v2.core.account.closed"
    with pytest.raises(ValueError, match="thin event"):
        stripe.Webhook.construct_event(arrived.body, arrived.signature, SECRETS["thin"])


def test_every_event_of_the_list_is_told_and_every_object_is_as_the_package_has_it(told: Running, receiver: Receiver) -> None:
    client = told.client
    told.fund()
    debits = [client.v1.checkout.sessions.create(checkout()) for _ in range(2)]
    for session, outcome in zip(debits, ("succeeded", "failed"), strict=True):
        told.control(f"checkout/{session.id}/complete", {"method": "bank"})
        told.control(f"checkout/{session.id}/settle", {"outcome": outcome})
    client.v1.checkout.sessions.expire(client.v1.checkout.sessions.create(checkout()).id)
    card = client.v1.checkout.sessions.create(checkout())
    told.control(f"checkout/{card.id}/complete", {})
    intent = client.v1.checkout.sessions.retrieve(card.id).payment_intent
    refund = client.v1.refunds.create({"payment_intent": intent, "amount": 100})
    told.control(f"refunds/{refund.id}/fail", {})
    dispute = told.control("disputes", {"payment_intent": intent})
    told.control(f"disputes/{dispute['id']}/close", {"outcome": "won"})
    told.control(f"topups/{client.v1.topups.create({'amount': 1, 'currency': 'usd'}).id}/fail", {})
    ana = told.worker()
    transfer = told.pay(ana, 1_000)
    client.v1.transfers.update(transfer.id, {"metadata": {"seen": "yes"}})
    client.v1.transfers.reversals.create(transfer.id, {"amount": 100})
    for outcome in ("paid", "failed", "canceled"):
        told.control(f"accounts/{ana}/onboard", {})
        told.pay(ana, 1_000)
        told.control(f"accounts/{ana}/pay_out", {})
        payout = client.v1.payouts.list({}, {"stripe_account": ana}).data[0]
        told.control(f"payouts/{payout.id}/finish", {"outcome": outcome})
    for act in ("verify", "reject"):
        told.control(f"identity/{client.v1.identity.verification_sessions.create({'type': 'document'}).id}/{act}", {})
    mira = client.v1.customers.create({"email": "mira@example.com"})
    invoice = client.v1.invoices.create({"customer": mira.id, "collection_method": "send_invoice", "days_until_due": 7})
    client.v1.invoice_items.create({"customer": mira.id, "invoice": invoice.id, "amount": 5_000, "currency": "usd"})
    client.v1.invoices.send_invoice(invoice.id)
    for act in ("fail", "pay"):
        told.control(f"invoices/{invoice.id}/{act}", {})
    wait_until(lambda: set(receiver.types()) >= TOLD)
    for arrived in receiver.arrived:
        if arrived.endpoint != "thin":
            stripe.Webhook.construct_event(arrived.body, arrived.signature, SECRETS[arrived.endpoint])

    told.stop()
    with closing(sqlite3.connect(told.books)) as books:
        kept = [json.loads(body) for (body,) in books.execute("SELECT body FROM object WHERE kind <> 'v2.core.event'")]
    assert len({thing["object"] for thing in kept}) >= 18
    wrong = sorted({problem for thing in kept for problem in replies.problems(thing)})
    assert wrong == [], "the package's classes know other fields"


def test_pages_of_thin_events_keep_their_filters(told: Running, receiver: Receiver) -> None:
    told.worker()
    told.advance(1_000)
    since, late = told.control("clock")["now"], [told.worker() for _ in range(3)]
    moment = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    kinds = ["v2.core.account[requirements].updated"]
    found = told.client.v2.core.events.list({"created": {"gte": moment}, "types": kinds, "limit": 1}).auto_paging_iter()
    assert [event.related_object.id for event in found] == late[::-1]


def test_a_refused_webhook_comes_again_with_the_same_event(told: Running, receiver: Receiver) -> None:
    receiver.refuse = 2
    told.fund()
    event = receiver.wait_for("topup.succeeded").event
    delivered = wait_until(lambda: told.control("deliveries")["counts"].get("delivered"))
    line = told.control("deliveries")["deliveries"][0]
    assert (delivered, line["event"], line["attempts"], line["answer"]) == (1, event["id"], 3, "200")


def test_what_was_not_delivered_goes_out_after_a_crash(told: Running, receiver: Receiver) -> None:
    receiver.refuse = 10_000
    told.fund()
    wait_until(lambda: receiver.refuse < 10_000)
    told.kill()
    receiver.refuse = 0
    told.start()
    assert receiver.wait_for("topup.succeeded").endpoint == "platform"


def test_webhooks_can_be_doubled_lost_late_and_shuffled_by_rate(told: Running, receiver: Receiver) -> None:
    told.control("faults", {"webhooks": {"doubled_rate": 1.0}})
    told.fund(1)
    receiver.wait_for("topup.succeeded", count=2)
    assert receiver.arrived[0].event["id"] == receiver.arrived[1].event["id"]

    told.control("faults", {"webhooks": {"lost_rate": 1.0}})
    told.fund(2)
    lost = told.client.v1.events.list({"types": ["topup.succeeded"]}).data[0]
    assert lost.data.object.amount == 2
    assert told.control("deliveries")["counts"] == {"delivered": 2, "lost": 1}

    told.control("faults", {"webhooks": {"late_rate": 1.0, "late_seconds": 60}})
    told.fund(3)
    assert told.control("deliveries")["counts"]["pending"] == 1
    assert told.control("deliveries/deliver", {})["delivered"][0]["state"] == "delivered"
    assert receiver.arrived[-1].event["data"]["object"]["amount"] == 3

    told.control("faults", {"webhooks": {"shuffle_seconds": 0.3, "seed": 4}})
    amounts = list(range(10, 30))
    for amount in amounts:
        told.fund(amount)
    wait_until(lambda: len(receiver.arrived) == 3 + len(amounts))
    came = [arrived.event["data"]["object"]["amount"] for arrived in receiver.arrived[3:]]
    assert sorted(came) == amounts != came


def test_events_can_be_listed_for_thirty_days(told: Running, receiver: Receiver) -> None:
    told.fund()
    event = told.client.v1.events.list().data[0]
    told.advance(30 * 86_400)
    assert told.client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        told.client.v1.events.retrieve(event.id)
