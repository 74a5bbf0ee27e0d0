"""Disputes: opened by control as a payer's bank would, answered by API, closed as won or lost."""

from stripe_double import charges, events, money
from stripe_double.errors import refused
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, new_id

OPEN = ("needs_response", "under_review")
ANSWER_SECONDS = 7 * 86_400


def open_one(books: Books, params: Thing) -> Thing:
    """The payer's bank takes the amount at once, and Stripe its fee; the balance may go below zero."""
    charge = charges.find_charge(books, params)
    if charge["disputed"] or not charge["paid"]:
        raise refused(f"Charge '{charge['id']}' cannot be disputed.")
    amount: int = params["amount"] if "amount" in params else charge["amount"]
    ident = new_id("du")
    entry = money.post(
        books, kind="adjustment", amount=-amount, currency=charge["currency"], source=ident,
        fee=books.settings.dispute_fee,
        description=f"Chargeback withdrawal for {charge['id']}",
    )  # fmt: skip
    details = {
        "due_by": books.now + ANSWER_SECONDS, "enhanced_eligibility": {}, "has_evidence": False, "past_due": False,
        "submission_count": 0, "submission_method": "not_submitted",
    }  # fmt: skip
    dispute: Thing = {
        "id": ident, "object": "dispute", "amount": amount, "balance_transactions": [entry], "charge": charge["id"],
        "created": books.now, "currency": charge["currency"], "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}}, "evidence_details": details, "is_charge_refundable": False,
        "livemode": False, "metadata": {}, "network_reason_code": None, "payment_intent": charge["payment_intent"],
        "reason": params.get("reason", "fraudulent"), "status": "needs_response",
    }  # fmt: skip
    books.save({**charge, "disputed": True})
    books.add(dispute)
    events.emit(books, "charge.dispute.created", dispute)
    events.emit(books, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def update(call: Call) -> Thing:
    """Evidence goes in; with `submit` (the default) it goes to the bank."""
    dispute, params = call.books.need("dispute", call.id), call.params
    _need_open(dispute)
    dispute["evidence"] |= params.get("evidence") or {}
    dispute["metadata"] |= params.get("metadata") or {}
    if params.get("evidence"):
        dispute["evidence_details"]["has_evidence"] = True
        if params.get("submit", True):
            dispute["evidence_details"] |= {"submission_count": 1, "submission_method": "manual"}
            dispute["status"] = "under_review"
    return call.books.save(dispute)


def accept(call: Call) -> Thing:
    return close(call.books, call.id, won=False)


def close(books: Books, ident: str, *, won: bool) -> Thing:
    """Won: the amount comes back, the fee does not."""
    dispute = books.need("dispute", ident)
    _need_open(dispute)
    dispute["status"] = "won" if won else "lost"
    if won:
        dispute["balance_transactions"].append(money.post(
            books, kind="adjustment", amount=dispute["amount"], currency=dispute["currency"], source=ident,
            description=f"Chargeback reversal for {dispute['charge']}",
        ))  # fmt: skip
        events.emit(books, "charge.dispute.funds_reinstated", dispute)
    events.emit(books, "charge.dispute.closed", books.save(dispute))
    return dispute


def _need_open(dispute: Thing) -> None:
    if dispute["status"] not in OPEN:
        raise refused("This dispute is already closed.", code="dispute_closed")


def list_all(call: Call) -> Thing:
    return page(call, "dispute", where=("charge", "payment_intent"))
