"""Money in the double: amounts, fees, balance transactions and the balances that are their sums."""

from typing import Any

from stripe_double import events
from stripe_double.errors import Failure, refused
from stripe_double.store import PLATFORM, Books, Thing, blank, new_id

CURRENCIES = frozenset({
    "usd", "eur", "gbp", "cad", "chf", "aud", "nzd", "jpy", "sek", "nok", "dkk", "pln", "czk", "huf", "ron", "bgn",
    "isk", "sgd", "hkd", "mxn", "brl", "inr", "twd", "ugx", "kes", "ngn", "zar", "php", "thb",
})  # fmt: skip
WHOLE_UNITS = frozenset({"isk", "huf", "twd", "ugx"})  # written in hundredths, but only whole units can be paid out
AMOUNT_MOST = 999_999_999_999

CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_reversal": "refund",
    "transfer": "transfer",
    "transfer_refund": "transfer_reversal",
    "payout": "payout",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "topup": "topup",
    "adjustment": "dispute",
    "stripe_fee": "fee",
}


def check_amount(amount: int | None, currency: str, *, least: int = 1) -> str:
    """The currency in lower case. Raises Failure for what Stripe would refuse before any work."""
    currency = currency.lower()
    if currency not in CURRENCIES:
        raise Failure(
            f"Invalid currency: {currency}. Stripe currently supports: {', '.join(sorted(CURRENCIES))}",
            param="currency",
        )
    if amount is None:
        raise Failure("Missing required param: amount.", code="parameter_missing", param="amount")
    check_positive(amount)
    if amount < least:
        raise Failure(f"Amount must be at least {least} {currency}", code="amount_too_small", param="amount")
    if amount > AMOUNT_MOST:
        raise Failure("Amount is too large", code="amount_too_large", param="amount")
    if currency in WHOLE_UNITS and amount % 100:
        raise Failure(f"Amounts in {currency} must be a multiple of 100.", code="parameter_invalid_integer", param="amount")
    return currency


def check_positive(amount: int) -> None:
    if amount < 1:
        raise Failure("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")


def fee_of(books: Books, amount: int, *, method: str) -> int:
    """What Stripe keeps: cards cost a share and a fixed part, bank debits a share up to a cap. Halves round up."""
    settings = books.settings
    if method == "card":
        return min(amount, (amount * settings.card_fee_bp + 5_000) // 10_000 + settings.card_fee_fixed)
    return min((amount * settings.bank_fee_bp + 5_000) // 10_000, settings.bank_fee_cap)


def post(
    books: Books,
    *,
    kind: str,
    amount: int,
    currency: str,
    source: str,
    account: str = PLATFORM,
    fee: int = 0,
    delay: int = 0,
    description: str = "",
    **notes: Any,
) -> Thing:
    """One balance transaction, and the balance moved by its net amount in the same step."""
    net, waits = amount - fee, delay > 0
    details = [{"amount": fee, "application": None, "currency": currency, "description": "Fee", "type": "stripe_fee"}]
    entry = books.add(
        {
            "id": new_id("txn"), "object": "balance_transaction", "amount": amount, "fee": fee, "net": net,
            "available_on": books.now + delay, "balance_type": "payments", "created": books.now, "currency": currency,
            "description": description or None, "exchange_rate": None, "fee_details": details if fee else [],
            "reporting_category": CATEGORIES[kind], "source": source,
            "status": "pending" if waits else "available", "type": kind,
        },
        account=account, **notes,
    )  # fmt: skip
    _move(books, account, currency, available=0 if waits else net, pending=net if waits else 0)
    if waits:
        books.later(delay, "funds_available", entry["id"])
    return entry


def funds_available(books: Books, ident: str) -> None:
    """A pending balance transaction reaches its day."""
    entry = books.find(ident)
    assert entry is not None
    account = books.owner(ident)
    books.save({**entry, "status": "available"})
    _move(books, account, entry["currency"], available=entry["net"], pending=-entry["net"])
    events.emit(books, "balance.available", statement(books, account), account=account)


def _move(books: Books, account: str, currency: str, *, available: int, pending: int) -> None:
    books.db.execute(
        "INSERT INTO balance VALUES (?, ?, ?, ?) ON CONFLICT (account, currency) DO UPDATE SET"
        " available = available + excluded.available, pending = pending + excluded.pending",
        (account, currency, available, pending),
    )


def available(books: Books, account: str, currency: str) -> int:
    row = books.db.execute("SELECT available FROM balance WHERE account = ? AND currency = ?", (account, currency)).fetchone()
    return int(row[0]) if row else 0


def balances(books: Books, account: str) -> dict[str, dict[str, int]]:
    """Currency -> available and pending, in minor units."""
    rows = books.db.execute(
        "SELECT currency, available, pending FROM balance WHERE account = ? ORDER BY currency", (account,)
    ).fetchall()
    return {currency: {"available": available, "pending": pending} for currency, available, pending in rows}


def need_available(books: Books, account: str, currency: str, amount: int, *, purpose: str) -> None:
    """Raises the failure `balance_insufficient`, kept under the idempotency key: paying later takes a new key."""
    if available(books, account, currency) < amount:
        raise refused(
            f"You have insufficient available funds in your Stripe account to {purpose}. "
            "Try adding funds directly to your available balance.",
            code="balance_insufficient",
        )


def statement(books: Books, account: str) -> Thing:
    """The `balance` object."""
    held = balances(books, account) or {"usd": {"available": 0, "pending": 0}}

    def lines(part: str) -> list[Thing]:
        return [
            {"amount": sums[part], "currency": currency, "source_types": {"card": sums[part]}} for currency, sums in held.items()
        ]

    return {"object": "balance", "livemode": False, "available": lines("available"), "pending": lines("pending"),
            **blank("connect_reserved instant_available issuing refund_and_dispute_prefunding")}  # fmt: skip
