"""Payouts from an account's balance to its bank: automatic ones after transfers, and what the bank makes of them."""

from stripe_double import accounts, events, money
from stripe_double.errors import Failure, refused
from stripe_double.listing import Call, page
from stripe_double.store import Books, Thing, blank, new_id

OUTCOMES = ("paid", "failed", "paid_then_failed", "canceled")
OPEN = ("pending", "in_transit")
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "no_account": "The bank account details on file are incorrect.",
    "could_not_process": "The bank could not process this payout.",
    "invalid_currency": "The bank was unable to process this payout because of its currency.",
}


def create(call: Call) -> Thing:
    """A payout by hand, of the platform or (with Stripe-Account) of a connected account."""
    currency = money.check_amount(call.params["amount"], call.params["currency"])
    if call.account and not accounts.may_pay_out(call.books, call.account):
        raise refused("This account cannot currently make payouts.", code="payouts_not_allowed")
    money.need_available(call.books, call.account, currency, call.params["amount"], purpose="pay out")
    return _start(call.books, call.account, call.params["amount"], currency, automatic=False, params=call.params)


def list_all(call: Call) -> Thing:
    return page(call, "payout", where=("status", "destination", "arrival_date"))


def cancel(call: Call) -> Thing:
    payout = call.books.need("payout", call.id, account=call.account)
    if payout["automatic"] or payout["status"] != "pending":
        raise refused("Payouts can only be canceled while pending, and automatic ones not at all.", code="payout_cannot_cancel")
    return finish(call.books, payout["id"], "canceled")


def pay_out(books: Books, account: str) -> None:
    """Pay out all that is available, per currency, in whole units where it must be; nothing without a bank."""
    if not accounts.may_pay_out(books, account):
        return
    for currency, parts in money.balances(books, account).items():
        amount = parts["available"] // 100 * 100 if currency in money.WHOLE_UNITS else parts["available"]
        if amount > 0:
            payout = _start(books, account, amount, currency, automatic=True, params={})
            books.db.execute(
                "UPDATE object SET notes = json_set(notes, '$.payout', ?)"
                " WHERE kind = 'balance_transaction' AND account = ? AND body ->> 'currency' = ?"
                " AND body ->> 'status' = 'available' AND notes ->> 'payout' IS NULL",
                (payout["id"], account, currency),
            )


def _start(books: Books, account: str, amount: int, currency: str, *, automatic: bool, params: Thing) -> Thing:
    ident = new_id("po")
    entry = money.post(books, kind="payout", amount=-amount, currency=currency, source=ident, account=account)
    payout: Thing = {
        "id": ident, "object": "payout", "amount": amount, "arrival_date": books.now + books.settings.payout_arrival,
        "automatic": automatic, "balance_transaction": entry["id"], "created": books.now, "currency": currency,
        "description": params.get("description"),
        "destination": f"ba_{(account or 'acct_platform').removeprefix('acct_')}", "livemode": False,
        "metadata": params.get("metadata") or {}, "method": params.get("method", "standard"),
        "reconciliation_status": "in_progress" if automatic else "not_applicable", "source_type": "card",
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "in_transit" if automatic else "pending", "type": "bank_account",
        **blank("application_fee application_fee_amount failure_balance_transaction failure_code failure_message"
                " original_payout payout_method reversed_by trace_id"),
    }  # fmt: skip
    books.add(payout, account=account)
    events.emit(books, "payout.created", payout, account=account)
    books.later(books.settings.payout_arrival, "finish_payout", ident)
    return payout


def plan(books: Books, account: str, outcomes: list[str], failure_code: str) -> None:
    """Say how the next payouts of an account end ("" for any account), in order; after that they are paid."""
    plans = books.setting("payout_plans", {})
    books.set("payout_plans", {**plans, account: [[outcome, failure_code] for outcome in outcomes]})


def finish_as_planned(books: Books, ident: str) -> None:
    if books.need("payout", ident, account=books.owner(ident))["status"] not in OPEN:
        return  # canceled, or finished by hand
    plans, account = books.setting("payout_plans", {}), books.owner(ident)
    queue = plans.get(account) or plans.get("") or []
    outcome, failure_code = queue.pop(0) if queue else ("paid", "")
    books.set("payout_plans", plans)
    finish(books, ident, outcome, failure_code)


def finish(books: Books, ident: str, outcome: str, failure_code: str = "") -> Thing:
    """The bank's word. A payout on its way can end in any way, a paid one can still fail; another is refused."""
    payout = books.find(ident, "payout")
    if payout is None or not (payout["status"] in OPEN or (payout["status"] == "paid" and outcome == "failed")):
        raise Failure(f"Payout '{ident}' is not on its way.", code="payout_not_open")
    if outcome in ("failed", "canceled"):
        return _return(books, payout, outcome, failure_code or "account_closed")
    payout |= {"status": "paid", "reconciliation_status": "completed" if payout["automatic"] else "not_applicable"}
    events.emit(books, "payout.paid", books.save(payout), account=books.owner(ident))
    if outcome == "paid_then_failed":
        books.note(ident, failure_code=failure_code)
        books.later(books.settings.payout_arrival, "fail_paid_payout", ident)
    return payout


def fail_after_paid(books: Books, ident: str) -> None:
    finish(books, ident, "failed", books.notes(ident).get("failure_code", ""))


def _return(books: Books, payout: Thing, outcome: str, failure_code: str) -> Thing:
    """The money is back on the account's balance; after a failure it stays there until the bank details are new."""
    account, failed = books.owner(payout["id"]), outcome == "failed"
    entry = money.post(
        books, kind="payout_failure" if failed else "payout_cancel", amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"], account=account,
    )  # fmt: skip
    payout |= {"status": outcome, "failure_balance_transaction": entry["id"]}
    if failed:
        payout |= {"failure_code": failure_code, "failure_message": FAILURES.get(failure_code, "The payout failed.")}
    books.save(payout)
    if failed and account:
        accounts.set_bank(books, account, failed=True)
    events.emit(books, f"payout.{outcome}", payout, account=account)
    return payout
