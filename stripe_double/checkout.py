"""Checkout sessions of mode `payment`: created by API, completed on the hosted page or by control."""

from stripe_double import charges, events, money
from stripe_double.errors import Failure, not_played, refuse_all, refused
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, blank, new_id

LIVES_SECONDS = 86_400
LEAST = {"usd": 50, "eur": 50, "cad": 50, "chf": 50, "aud": 50, "gbp": 30, "jpy": 50}
NOT_PLAYED = ("discounts", "shipping_options", "optional_items", "subscription_data", "setup_intent_data")


def create(call: Call) -> Thing:
    books, params = call.books, call.params
    _check(params)
    items = [_item(line) for line in params["line_items"]]
    currency = items[0]["currency"]
    if any(item["currency"] != currency for item in items):
        raise Failure("All line items must have the same currency.", param="line_items")
    total = sum(item["amount_total"] for item in items)
    money.check_amount(total, currency, least=LEAST.get(currency, 1))
    if "customer" in params:
        books.need("customer", params["customer"], param="customer", status=400)
    ends = params.get("expires_at", books.now + LIVES_SECONDS)
    if not books.now + 1_700 <= ends <= books.now + LIVES_SECONDS + 100:
        raise Failure("The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", param="expires_at")
    session = _session(books, params, currency, total, ends)
    address = f"/v1/checkout/sessions/{session['id']}/line_items"
    listed = {"object": "list", "data": items, "has_more": False, "url": address}
    books.add(session, hidden={"line_items": listed}, intent=params.get("payment_intent_data") or {})
    books.later(ends - books.now, "expire_checkout", session["id"])
    return session


def _session(books: Books, params: Thing, currency: str, total: int, ends: int) -> Thing:
    ident = new_id("cs_test")
    usual = ["card", "us_bank_account"] if currency == "usd" else ["card"]
    methods = params.get("allowed_payment_method_types") or usual
    given = "cancel_url client_reference_id customer customer_email locale submit_type success_url"
    return {
        **blank("after_expiration allow_promotion_codes billing_address_collection client_secret consent"
                " consent_collection currency_conversion customer_details discounts invoice invoice_creation"
                " payment_intent payment_link payment_method_options recovered_from setup_intent"
                " shipping_address_collection shipping_cost subscription"),
        **{name: params.get(name) for name in given.split()}, "id": ident, "object": "checkout.session",
        "amount_subtotal": total, "amount_total": total, "created": books.now,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "currency": currency, "custom_fields": [],
        "custom_text": blank("after_submit shipping_address submit terms_of_service_acceptance"),
        "customer_creation": "if_required", "expires_at": ends, "livemode": False,
        "metadata": params.get("metadata") or {}, "mode": "payment", "payment_method_collection": "if_required",
        "payment_method_types": methods, "payment_status": "unpaid", "phone_number_collection": {"enabled": False},
        "shipping_options": [], "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}, "ui_mode": "hosted_page",
        "url": f"{books.settings.public_url}/pay/{ident}",
    }  # fmt: skip


def _check(params: Thing) -> None:
    if params.get("mode") != "payment" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise Failure("The double plays mode=payment with ui_mode=hosted_page only.", param="mode")
    refuse_all(params, *NOT_PLAYED)
    refuse_all(params.get("payment_intent_data", {}), "application_fee_amount", "transfer_data", "on_behalf_of")
    if params.get("payment_intent_data", {}).get("capture_method", "automatic") == "manual":
        raise not_played("payment_intent_data[capture_method]")
    if params.get("automatic_tax", {}).get("enabled"):
        raise not_played("automatic_tax[enabled]")
    for name in ("line_items", "success_url"):
        if not params.get(name):
            raise Failure(f"Missing required param: {name}.", code="parameter_missing", param=name)
    for name in ("success_url", "cancel_url"):
        if not params.get(name, "http://").startswith(("http://", "https://")):
            raise Failure("Not a valid URL", code="url_invalid", param=name)


def _item(line: Thing) -> Thing:
    """One line with its sum. Prices are given inline: the double keeps no catalogue."""
    data = line.get("price_data")
    if data is None:
        raise Failure(f"No such price: '{line.get('price')}'", code="resource_missing", param="line_items[0][price]")
    if "unit_amount" not in data or "product_data" not in data:
        raise Failure("The double plays price_data with unit_amount and product_data only.", param="line_items[0][price_data]")
    quantity, currency = line.get("quantity", 1), data["currency"].lower()
    amount = data["unit_amount"] * quantity
    return {
        "id": new_id("li"), "object": "item", "amount_discount": 0, "amount_subtotal": amount, "amount_tax": 0,
        "amount_total": amount, "currency": currency, "description": data["product_data"]["name"],
        "quantity": quantity,
    }  # fmt: skip


def list_all(call: Call) -> Thing:
    return page(call, "checkout.session", where=("customer", "payment_intent", "status"))


def line_items(call: Call) -> Thing:
    call.books.need("checkout.session", call.id)
    return dict(call.books.notes(call.id)["hidden"]["line_items"])


def expire(call: Call) -> Thing:
    session = call.books.need("checkout.session", call.id)
    if session["status"] != "open":
        raise refused('Only Checkout Sessions with a status in ["open"] can be expired.', param="session")
    return _expired(call.books, session)


def expire_overdue(books: Books, ident: str) -> None:
    session = books.need("checkout.session", ident)
    if session["status"] == "open":
        _expired(books, session)


def _expired(books: Books, session: Thing) -> Thing:
    session = books.save({**session, "status": "expired", "url": None})
    events.emit(books, "checkout.session.expired", session)
    return session


def complete(books: Books, ident: str, *, method: str, email: str = "") -> Thing:
    """The payer has paid by card, or ordered a bank debit. Raises Failure if the session is no longer open."""
    session = books.need("checkout.session", ident)
    if session["status"] != "open":
        raise refused(f"This session is {session['status']}.", param="session")
    email = session["customer_email"] or email or "payer@example.com"
    fields = {"customer": session["customer"], "email": email, **books.notes(ident)["intent"]}
    intent = charges.start(books, amount=session["amount_total"], currency=session["currency"], method=method, fields=fields)
    if intent["status"] == "processing":
        books.later(books.settings.bank_delay, "settle_checkout", ident)
    session |= {
        "status": "complete", "payment_status": "paid" if intent["status"] == "succeeded" else "unpaid",
        "payment_intent": intent["id"], "url": None,
        "customer_details": {**blank("address business_name individual_name name phone tax_exempt tax_ids"),
        "email": email},
    }  # fmt: skip
    events.emit(books, "checkout.session.completed", books.save(session))
    return session


def settle_as_planned(books: Books, ident: str) -> None:
    settle(books, ident, succeeded=True)


def settle(books: Books, ident: str, *, succeeded: bool) -> Thing:
    """The outcome of a bank debit; a second word about the same debit changes nothing."""
    session = books.need("checkout.session", ident)
    intent = books.need("payment_intent", session["payment_intent"] or "")
    if charges.settle(books, intent["latest_charge"], succeeded=succeeded):
        session["payment_status"] = "paid" if succeeded else "unpaid"
        outcome = "succeeded" if succeeded else "failed"
        events.emit(books, f"checkout.session.async_payment_{outcome}", books.save(session))
    return session
