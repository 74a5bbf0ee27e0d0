"""Money from clients: checkout, bank debits, invoices, refunds, disputes, and the fees that Stripe keeps."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe_double.running import Running, checkout


def paid(double: Running, amount: int = 10_000) -> stripe.checkout.Session:
    session = double.client.v1.checkout.sessions.create(checkout(amount))
    double.control(f"checkout/{session.id}/complete", {"method": "card"})
    return double.client.v1.checkout.sessions.retrieve(session.id)


def test_a_card_payment_is_there_at_once_less_the_fee(double: Running) -> None:
    before = double.available()
    session = paid(double, 10_000)
    assert (session.status, session.payment_status, session.client_reference_id) == ("complete", "paid", "org-1")
    intent = double.client.v1.payment_intents.retrieve(session.payment_intent)
    assert (intent.status, intent.transfer_group, intent.metadata["funding_id"]) == ("succeeded", "funding_f-1", "f-1")
    charge = double.client.v1.charges.retrieve(intent.latest_charge)
    entry = double.client.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (entry.type, entry.amount, entry.fee, entry.net) == ("charge", 10_000, 320, 9_680)
    assert [one.id for one in double.client.v1.balance_transactions.list({"source": charge.id}).data] == [entry.id]
    assert double.available() == before + 9_680
    with pytest.raises(stripe.InvalidRequestError):
        double.client.v1.checkout.sessions.expire(session.id)


@pytest.mark.parametrize(("outcome", "status", "gained"), [("succeeded", "paid", 99_500), ("failed", "unpaid", 0)])
def test_a_bank_debit_ends_days_later_one_way_or_the_other(double: Running, outcome, status, gained) -> None:
    before = double.available()
    session = double.client.v1.checkout.sessions.create(checkout(100_000))
    double.control(f"checkout/{session.id}/complete", {"method": "bank"})
    read = double.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (read.status, read.payment_status, read.payment_intent.status) == ("complete", "unpaid", "processing")
    assert double.available() == before

    double.control(f"checkout/{session.id}/settle", {"outcome": outcome})
    double.control(f"checkout/{session.id}/settle", {"outcome": "succeeded"})
    read = double.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert read.payment_status == status
    assert double.available() == before + gained, "0.8 %, at most 5.00, taken once"


def test_a_bank_debit_settles_by_the_clock_and_a_session_expires_by_it(double: Running) -> None:
    debit, left = (double.client.v1.checkout.sessions.create(checkout()) for _ in range(2))
    double.control(f"checkout/{debit.id}/complete", {"method": "bank"})
    double.advance(3600)
    assert double.client.v1.checkout.sessions.retrieve(debit.id).payment_status == "paid"
    double.advance(24 * 3600)
    read = double.client.v1.checkout.sessions.retrieve(left.id)
    assert (read.status, read.url) == ("expired", None)
    assert double.call("POST", f"/_control/checkout/{left.id}/complete", {})[0] == 400


def test_fees_and_the_wait_for_funds_are_settings(start) -> None:
    double = start("--card-fee-bp", "100", "--card-fee-fixed", "0", "--funds-delay", "172800")
    paid(double, 10_000)
    assert double.audit()["platform"]["usd"] == {"available": 0, "pending": 9_900}
    assert double.client.v1.balance.retrieve().pending[0].amount == 9_900
    double.advance(172_800)
    assert double.audit()["platform"]["usd"] == {"available": 9_900, "pending": 0}
    told = double.client.v1.events.list({"type": "balance.available"}).data[0]
    assert told.data.object.available[0].amount == 9_900


def test_refunds_stop_at_what_was_paid_and_the_fee_stays_with_stripe(double: Running) -> None:
    before = double.available()
    session = paid(double, 10_000)
    refund = double.client.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 4_000})
    assert refund.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        double.client.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 6_001})
    double.client.v1.refunds.create({"charge": refund.charge})
    assert double.client.v1.charges.retrieve(refund.charge).refunded is True
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.refunds.create({"charge": refund.charge})
    assert refusal.value.code == "charge_already_refunded"
    assert double.available() == before - 320
    double.control(f"refunds/{refund.id}/fail", {})
    assert double.available() == before - 320 + 4_000


def test_a_refund_needs_the_money_to_be_there(start) -> None:
    double = start()
    session = paid(double, 10_000)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.refunds.create({"payment_intent": session.payment_intent})
    assert refusal.value.code == "balance_insufficient"
    assert double.available() == 9_680


@pytest.mark.parametrize(("outcome", "change"), [("won", -1_500), ("lost", -11_500)])
def test_a_dispute_takes_the_money_and_gives_it_back_when_won(double: Running, outcome, change) -> None:
    session = paid(double, 10_000)
    before = double.available()
    ident = double.control("disputes", {"payment_intent": session.payment_intent, "reason": "fraudulent"})["id"]
    assert double.available() == before - 11_500
    updated = double.client.v1.disputes.update(ident, {"evidence": {"uncategorized_text": "they had the results"}})
    assert updated.status == "under_review"
    double.control(f"disputes/{ident}/close", {"outcome": outcome})
    assert double.client.v1.disputes.retrieve(ident).status == outcome
    assert double.available() == before + change
    assert double.call("POST", f"/_control/disputes/{ident}/close", {})[0] == 400


def test_an_invoice_goes_from_draft_to_paid_by_bank_transfer(double: Running) -> None:
    client, before = double.client, double.available()
    mira = client.v1.customers.create({"name": "Mira Ltd", "email": "mira@example.com"})
    client.v1.invoice_items.create({"customer": mira.id, "amount": 30_000, "currency": "usd", "description": "Prepaid work"})
    invoice = client.v1.invoices.create({
        "customer": mira.id, "collection_method": "send_invoice", "days_until_due": 30,
        "metadata": {"funding_id": "f-2"}, "pending_invoice_items_behavior": "include",
    })  # fmt: skip
    client.v1.invoice_items.create({"customer": mira.id, "invoice": invoice.id, "amount": 10_000, "currency": "usd"})
    opened = client.v1.invoices.finalize_invoice(invoice.id)
    assert (opened.status, opened.amount_due, len(opened.lines.data)) == ("open", 40_000, 2)
    double.control(f"invoices/{invoice.id}/fail", {})
    assert double.available() == before
    double.control(f"invoices/{invoice.id}/pay", {})
    read = client.v1.invoices.retrieve(invoice.id, {"expand": ["payments"]})
    assert (read.status, read.amount_paid, read.amount_remaining) == ("paid", 40_000, 0)
    assert client.v1.payment_intents.retrieve(read.payments.data[0].payment.payment_intent).amount == 40_000
    assert double.available() == before + 40_000 - 320
    assert double.call("POST", f"/_control/invoices/{invoice.id}/pay", {})[0] == 400


def test_a_top_up_arrives_by_the_clock_or_fails(double: Running) -> None:
    double.advance(30 * 86_400)  # what others began has arrived
    before = double.available()
    arrives, fails = (double.client.v1.topups.create({"amount": 5_000, "currency": "usd"}) for _ in range(2))
    double.control(f"topups/{fails.id}/fail", {})
    double.advance(3600)
    assert double.client.v1.topups.retrieve(arrives.id).status == "succeeded"
    assert double.client.v1.topups.retrieve(fails.id).status == "failed"
    assert double.available() == before + 5_000


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"line_items": []}, "line_items"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items[0][price]"),
        ({"customer": "cus_nobody"}, "customer"),
        ({"expires_at": 1}, "expires_at"),
        ({"discounts": [{"coupon": "x"}]}, "discounts"),
    ],
)
def test_a_checkout_that_cannot_be_played_is_refused_rather_than_played_wrongly(double: Running, change, param) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.checkout.sessions.create({**checkout(), **change})
    assert refusal.value.param == param


def test_a_checkout_below_the_smallest_amount_is_refused(double: Running) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        double.client.v1.checkout.sessions.create(checkout(49))
    assert refusal.value.code == "amount_too_small"


def test_an_identity_check_ends_verified_or_wants_more(double: Running) -> None:
    said = {
        "type": "document",
        "metadata": {"worker": "w-1"},
        "client_reference_id": "w-1",
        "return_url": "http://127.0.0.1/back",
    }
    session = double.client.v1.identity.verification_sessions.create(said)
    double.control(f"identity/{session.id}/reject", {})
    read = double.client.v1.identity.verification_sessions.retrieve(session.id)
    assert (read.status, read.last_error.code) == ("requires_input", "document_unverified_other")
    double.control(f"identity/{session.id}/verify", {"first_name": "Ana", "dob": {"day": 1, "month": 2, "year": 1990}})
    read = double.client.v1.identity.verification_sessions.retrieve(session.id, {"expand": ["verified_outputs"]})
    assert (read.status, read.verified_outputs.first_name, read.verified_outputs.dob.year) == ("verified", "Ana", 1990)
    with pytest.raises(stripe.InvalidRequestError):
        double.client.v1.identity.verification_sessions.cancel(session.id)
