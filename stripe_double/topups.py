"""Top-ups: money that the platform sends to its own balance."""

from stripe_double import events, money
from stripe_double.errors import refused
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, blank, new_id


def create(call: Call) -> Thing:
    currency = money.check_amount(call.params["amount"], call.params["currency"])
    topup = start(call.books, call.params["amount"], currency, call.params)
    call.books.later(call.books.settings.bank_delay, "finish_topup", topup["id"])
    return topup


def start(books: Books, amount: int, currency: str, params: Thing) -> Thing:
    topup: Thing = {
        "id": new_id("tu"), "object": "topup", "amount": amount, "created": books.now, "currency": currency,
        "description": params.get("description"), "livemode": False, "metadata": params.get("metadata") or {},
        "expected_availability_date": books.now + books.settings.bank_delay, "status": "pending",
        "statement_descriptor": params.get("statement_descriptor"), "transfer_group": params.get("transfer_group"),
        **blank("balance_transaction failure_code failure_message source"),
    }  # fmt: skip
    return books.add(topup)


def succeed(books: Books, ident: str) -> None:
    topup = books.need("topup", ident)
    if topup["status"] != "pending":
        return
    entry = money.post(books, kind="topup", amount=topup["amount"], currency=topup["currency"], source=ident)
    events.emit(books, "topup.succeeded", books.save({**topup, "status": "succeeded", "balance_transaction": entry["id"]}))


def fail(books: Books, ident: str) -> Thing:
    topup = books.need("topup", ident)
    if topup["status"] != "pending":
        raise refused(f"Top-up '{ident}' is {topup['status']}.")
    topup |= {
        "status": "failed",
        "failure_code": "insufficient_funds",
        "failure_message": "The bank account has insufficient funds.",
    }
    events.emit(books, "topup.failed", books.save(topup))
    return topup


def list_all(call: Call) -> Thing:
    return page(call, "topup", where=("status", "amount"))
