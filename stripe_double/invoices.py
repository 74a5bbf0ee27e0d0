"""Customers and invoices for funding by bank transfer: draft, open, then paid (or not) by control."""

from stripe_double import charges, events, money
from stripe_double.errors import Failure, refuse_all, refused
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, blank, new_id


def create_customer(call: Call) -> Thing:
    customer: Thing = {
        **blank("address currency default_source description discount email name phone shipping test_clock"),
        **{name: call.params.get(name) for name in ("address", "description", "email", "name", "phone")},
        "id": new_id("cus"), "object": "customer", "balance": 0, "created": call.books.now, "delinquent": False,
        "invoice_prefix": new_id("x")[2:10].upper(), "livemode": False, "metadata": call.params.get("metadata") or {},
        "preferred_locales": [], "tax_exempt": "none",
    }  # fmt: skip
    return call.books.add(customer)


def list_customers(call: Call) -> Thing:
    return page(call, "customer", where=("email",))


def create_item(call: Call) -> Thing:
    """A line for a draft invoice, or for the customer's next one."""
    books, params = call.books, call.params
    if not {"amount", "currency", "customer"} <= params.keys():
        raise Failure("The double plays invoice items with customer, amount and currency only.", param="amount")
    refuse_all(params, "discounts", "tax_rates", "quantity", "quantity_decimal", "pricing", "price_data", "subscription")
    currency = money.check_amount(params["amount"], params["currency"])
    books.need("customer", params["customer"], param="customer", status=400)
    invoice = _draft(books, params["invoice"]) if "invoice" in params else None
    item: Thing = {
        "id": new_id("ii"), "object": "invoiceitem", "amount": params["amount"], "currency": currency,
        "date": books.now, "customer": params["customer"], "description": params.get("description"),
        "discountable": False, "discounts": [], "invoice": params.get("invoice"), "livemode": False,
        "metadata": params.get("metadata") or {}, "proration": False,
        "period": {"start": books.now, "end": books.now}, "quantity": 1, "quantity_decimal": "1", "tax_rates": [],
        **blank("parent pricing test_clock"),
    }  # fmt: skip
    books.add(item)
    if invoice:
        books.save(_with_lines(invoice, [item]))
    return item


def create(call: Call) -> Thing:
    books, params = call.books, call.params
    if "customer" not in params:
        raise Failure("Missing required param: customer.", code="parameter_missing", param="customer")
    refuse_all(params, "application_fee_amount", "discounts", "default_tax_rates", "transfer_data", "from_invoice")
    refuse_all(params, "shipping_cost", "subscription")
    customer = books.need("customer", params["customer"], param="customer", status=400)
    ident, currency = new_id("in"), params.get("currency", "usd").lower()
    due = params.get("due_date") or (books.now + 86_400 * params["days_until_due"] if "days_until_due" in params else None)
    invoice: Thing = {
        **blank("account_country account_tax_ids application automatically_finalizes_at billing_reason custom_fields"
                " customer_address customer_phone customer_shipping default_payment_method default_source effective_at"
                " ending_balance footer from_invoice hosted_invoice_url invoice_pdf last_finalization_error"
                " latest_revision next_payment_attempt number on_behalf_of parent receipt_number rendering"
                " shipping_cost shipping_details statement_descriptor test_clock webhooks_delivered_at"),
        "id": ident, "object": "invoice", "account_name": "Test double", "attempt_count": 0, "attempted": False,
        "auto_advance": params.get("auto_advance", False),
        "automatic_tax": {
            "enabled": False, "disabled_reason": None, "liability": None, "provider": None, "status": None},
        "amount_due": 0, "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": 0, "amount_shipping": 0,
        "collection_method": params.get("collection_method", "charge_automatically"), "created": books.now,
        "currency": currency, "customer": customer["id"], "customer_email": customer["email"],
        "customer_name": customer["name"], "customer_tax_exempt": "none", "customer_tax_ids": [],
        "default_tax_rates": [], "description": params.get("description"), "discounts": [], "due_date": due,
        "issuer": {"type": "self"},
        "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/invoices/{ident}/lines"},
        "livemode": False, "metadata": params.get("metadata") or {},
        "payment_settings": blank("default_mandate payment_method_options payment_method_types"),
        "period_start": books.now, "period_end": books.now, "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0, "starting_balance": 0, "status": "draft", "subtotal": 0,
        "status_transitions": blank("finalized_at marked_uncollectible_at paid_at voided_at"), "total": 0,
    }  # fmt: skip
    books.add(invoice)
    if params.get("pending_invoice_items_behavior") == "include":
        _with_lines(invoice, _pending_items(books, customer["id"], currency, ident))
    return books.save(invoice)


def _pending_items(books: Books, customer: str, currency: str, invoice: str) -> list[Thing]:
    rows = books.db.execute(
        "SELECT id FROM object WHERE kind = 'invoiceitem' AND body ->> 'customer' = ? AND body ->> 'currency' = ?"
        " AND body ->> 'invoice' IS NULL", (customer, currency),
    ).fetchall()  # fmt: skip
    return [books.save({**books.need("invoiceitem", ident), "invoice": invoice}) for (ident,) in rows]


def _with_lines(invoice: Thing, items: list[Thing]) -> Thing:
    for item in items:
        if item["currency"] != invoice["currency"]:
            raise refused("The invoice item's currency is not the invoice's.", param="currency")
        details = {"invoice_item": item["id"], "proration": False, "proration_details": None, "subscription": None}
        invoice["lines"]["data"].append({
            "id": new_id("il"), "object": "line_item", "amount": item["amount"], "currency": item["currency"],
            "description": item["description"], "discountable": False, "discount_amounts": [], "discounts": [],
            "invoice": invoice["id"], "livemode": False, "metadata": {}, "period": item["period"], "quantity": 1,
            "parent": {"type": "invoice_item_details", "invoice_item_details": details,
            "subscription_item_details": None},
            "subtotal": item["amount"], **blank("pricing"),
        })  # fmt: skip
    total = sum(line["amount"] for line in invoice["lines"]["data"])
    return invoice | {"subtotal": total, "total": total, "amount_due": total, "amount_remaining": total}


def _draft(books: Books, ident: str) -> Thing:
    invoice = books.need("invoice", ident, param="invoice", status=400)
    if invoice["status"] != "draft":
        raise refused("This invoice is no longer a draft.", code="invoice_not_editable")
    return invoice


def finalize(call: Call) -> Thing:
    books = call.books
    books.need("invoice", call.id)
    invoice = _draft(books, call.id)
    if not invoice["total"]:
        raise refused("Nothing to invoice.", code="invoice_no_customer_line_items")
    number = 1 + books.setting("invoices", 0)
    books.set("invoices", number)
    invoice |= {"status": "open", "number": f"DOUBLE-{number:04}", "effective_at": books.now,
                "hosted_invoice_url": f"{books.settings.public_url}/invoice/{call.id}"}  # fmt: skip
    invoice["status_transitions"]["finalized_at"] = books.now
    return books.save(invoice)


def send(call: Call) -> Thing:
    """Sends nothing, but opens a draft, as Stripe does."""
    invoice = call.books.need("invoice", call.id)
    return finalize(call) if invoice["status"] == "draft" else _open(call.books, call.id)


def void(call: Call) -> Thing:
    invoice = _open(call.books, call.id)
    invoice["status_transitions"]["voided_at"] = call.books.now
    return call.books.save({**invoice, "status": "void"})


def pay(books: Books, ident: str) -> Thing:
    """The client's bank transfer has arrived in full."""
    invoice = _open(books, ident)
    intent = charges.start(
        books, amount=invoice["amount_remaining"], currency=invoice["currency"], method="transfer",
        fields={"customer": invoice["customer"], "description": f"Invoice {invoice['number']}",
        "metadata": invoice["metadata"]},
    )  # fmt: skip
    payment = {
        "id": new_id("inpay"), "object": "invoice_payment", "amount_paid": intent["amount"],
        "amount_requested": intent["amount"], "created": books.now, "currency": invoice["currency"], "invoice": ident,
        "is_default": True, "livemode": False, "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        "status": "paid", "status_transitions": {"canceled_at": None, "paid_at": books.now},
    }  # fmt: skip
    books.add(payment)
    listed = {"object": "list", "data": [payment], "has_more": False, "url": "/v1/invoice_payments"}
    books.note(ident, hidden={"payments": listed})
    invoice |= {
        "status": "paid",
        "amount_paid": invoice["total"],
        "amount_remaining": 0,
        "attempted": True,
        "attempt_count": 1,
    }
    invoice["status_transitions"]["paid_at"] = books.now
    events.emit(books, "invoice.paid", books.save(invoice))
    return invoice


def fail(books: Books, ident: str) -> Thing:
    invoice = _open(books, ident)
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    events.emit(books, "invoice.payment_failed", books.save(invoice))
    return invoice


def _open(books: Books, ident: str) -> Thing:
    invoice = books.need("invoice", ident)
    if invoice["status"] != "open":
        raise refused(f"This invoice is {invoice['status']}.", code="invoice_not_open")
    return invoice


def list_all(call: Call) -> Thing:
    return page(call, "invoice", where=("customer", "status", "collection_method"))


def list_payments(call: Call) -> Thing:
    return page(call, "invoice_payment", where=("invoice", "status"))
