"""Payments: payment intents with their charges, paid at once by card or some days later by bank debit."""

from stripe_double import money
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, blank, new_id

CARD = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "funding": "credit", "country": "US"}
METHODS = {"card": "card", "bank": "us_bank_account", "transfer": "customer_balance"}


def start(books: Books, *, amount: int, currency: str, method: str, fields: Thing) -> Thing:
    """A payment intent with one charge. `method`: card (paid now), bank (see settle) or transfer (money has come)."""
    kind = METHODS[method]
    intent_id, charge_id = new_id("pi"), new_id("ch" if method == "card" else "py")
    shared = {
        "amount": amount, "created": books.now, "currency": currency, "livemode": False,
        "customer": fields.get("customer"), "description": fields.get("description"),
        "metadata": fields.get("metadata") or {}, "transfer_group": fields.get("transfer_group"),
    }  # fmt: skip
    charge: Thing = {
        **shared, "id": charge_id, "object": "charge", "amount_captured": amount, "amount_refunded": 0,
        "captured": True, "billing_details": {**blank("address name phone tax_id"), "email": fields.get("email")},
        "disputed": False, "fraud_details": {}, "paid": False, "payment_intent": intent_id,
        "payment_method": new_id("pm"),
        "payment_method_details": {"type": kind, kind: dict(CARD) if method == "card" else {}}, "refunded": False,
        "status": "pending",
        **blank("application application_fee application_fee_amount balance_transaction calculated_statement_descriptor"
                " failure_balance_transaction failure_code failure_message on_behalf_of outcome receipt_email"
                " receipt_number receipt_url review shipping source source_transfer statement_descriptor"
                " statement_descriptor_suffix transfer_data"),
    }  # fmt: skip
    intent: Thing = {
        **shared, "id": intent_id, "object": "payment_intent", "amount_capturable": 0, "amount_received": 0,
        "capture_method": "automatic", "client_secret": f"{intent_id}_secret_double",
        "confirmation_method": "automatic", "latest_charge": charge_id, "payment_method": charge["payment_method"],
        "payment_method_types": [kind], "status": "processing",
        **blank("application application_fee_amount automatic_payment_methods canceled_at cancellation_reason"
                " last_payment_error next_action on_behalf_of processing receipt_email review setup_future_usage"
                " shipping source statement_descriptor statement_descriptor_suffix transfer_data"),
    }  # fmt: skip
    books.add(charge, method=method)
    books.add(intent)
    return succeed(books, charge_id) if method != "bank" else intent


def succeed(books: Books, charge_id: str) -> Thing:
    """The money of a charge is here; gives the payment intent."""
    charge, method = books.need("charge", charge_id), books.notes(charge_id)["method"]
    entry = money.post(
        books, kind="charge" if method == "card" else "payment", amount=charge["amount"], currency=charge["currency"],
        source=charge_id, fee=money.fee_of(books, charge["amount"], method=method), delay=books.settings.funds_delay,
        description=charge["description"] or "",
    )  # fmt: skip
    books.save({**charge, "paid": True, "status": "succeeded", "balance_transaction": entry["id"]})
    intent = books.need("payment_intent", charge["payment_intent"])
    return books.save({**intent, "status": "succeeded", "amount_received": charge["amount"]})


def settle(books: Books, charge_id: str, *, succeeded: bool) -> bool:
    """The outcome of a bank debit; False if it was known already."""
    charge = books.need("charge", charge_id)
    if charge["status"] != "pending":
        return False
    if succeeded:
        succeed(books, charge_id)
        return True
    reason = {"failure_code": "insufficient_funds", "failure_message": "The bank account has insufficient funds."}
    books.save({**charge, **reason, "status": "failed"})
    intent = books.need("payment_intent", charge["payment_intent"])
    error = {"type": "card_error", "code": reason["failure_code"], "message": reason["failure_message"]}
    books.save({**intent, "status": "requires_payment_method", "last_payment_error": error})
    return True


def list_charges(call: Call) -> Thing:
    return page(call, "charge", where=("customer", "payment_intent", "transfer_group"))


def list_intents(call: Call) -> Thing:
    return page(call, "payment_intent", where=("customer",))


def find_charge(books: Books, params: Thing) -> Thing:
    """The charge that a refund or a dispute means, by `charge` or `payment_intent`."""
    if "charge" in params:
        return books.need("charge", params["charge"], param="charge", status=400)
    intent = books.need("payment_intent", params.get("payment_intent", ""), param="payment_intent", status=400)
    return books.need("charge", intent["latest_charge"])
