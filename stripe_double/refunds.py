"""Refunds of charges: done at once for cards, after some days for bank debits, and failing when control says so."""

from stripe_double import charges, events, money
from stripe_double.errors import refuse_all, refused
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, blank, new_id


def create(call: Call) -> Thing:
    """Raises `charge_already_refunded`, `balance_insufficient`, `resource_missing`. Stripe's fee is not given back."""
    books, params = call.books, call.params
    refuse_all(params, "reverse_transfer", "refund_application_fee", "origin", "customer")
    charge = charges.find_charge(books, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if not charge["paid"] or not left:
        raise refused(f"Charge {charge['id']} cannot be refunded.", code="charge_already_refunded" if charge["paid"] else None)
    money.check_positive(amount)
    if amount > left:
        raise refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    money.need_available(books, call.account, charge["currency"], amount, purpose="refund this amount")
    card = books.notes(charge["id"])["method"] == "card"
    ident = new_id("re")
    entry = money.post(
        books, kind="refund" if card else "payment_refund", amount=-amount, currency=charge["currency"], source=ident
    )
    refund: Thing = {
        "id": ident, "object": "refund", "amount": amount, "balance_transaction": entry["id"], "charge": charge["id"],
        "created": books.now, "currency": charge["currency"], "metadata": params.get("metadata") or {},
        "payment_intent": charge["payment_intent"], "reason": params.get("reason"),
        "status": "succeeded" if card else "pending",
        **blank("customer description failure_balance_transaction failure_reason pending_reason receipt_number"
                " source_transfer_reversal transfer_reversal"),
    }  # fmt: skip
    books.add(refund)
    events.emit(books, "charge.refunded", _count(books, charge["id"], amount))
    if not card:
        books.later(books.settings.bank_delay, "finish_refund", ident)
    return refund


def list_all(call: Call) -> Thing:
    return page(call, "refund", where=("charge", "payment_intent"))


def succeed(books: Books, ident: str) -> None:
    refund = books.need("refund", ident)
    if refund["status"] == "pending":
        events.emit(books, "refund.updated", books.save({**refund, "status": "succeeded"}))


def fail(books: Books, ident: str) -> Thing:
    """The payer's bank sends the money back to the platform."""
    refund = books.need("refund", ident)
    if refund["status"] == "failed":
        raise refused(f"Refund '{ident}' has failed already.")
    entry = money.post(books, kind="refund_failure", amount=refund["amount"], currency=refund["currency"], source=ident)
    refund |= {"status": "failed", "failure_reason": "unknown", "failure_balance_transaction": entry["id"]}
    books.save(refund)
    _count(books, refund["charge"], -refund["amount"])
    events.emit(books, "refund.updated", refund)
    events.emit(books, "refund.failed", refund)
    return refund


def _count(books: Books, charge_id: str, amount: int) -> Thing:
    charge = books.need("charge", charge_id)
    refunded = charge["amount_refunded"] + amount
    return books.save({**charge, "amount_refunded": refunded, "refunded": refunded == charge["amount"]})
