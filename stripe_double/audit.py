"""The double's own books as one report, checked against each other: what drills compare their ledger with."""

from typing import Any

from stripe_double import money, transfers
from stripe_double.store import PLATFORM, Books


def books(open_books: Books) -> dict[str, Any]:
    """Balances in minor units, transfers and payouts counted and summed, and whatever does not add up."""
    connected = [
        row[0] for row in open_books.db.execute("SELECT DISTINCT account FROM balance WHERE account <> ? ORDER BY 1", (PLATFORM,))
    ]
    problems = _problems(open_books)
    return {
        "now": open_books.now, "platform": money.balances(open_books, PLATFORM),
        "connected": {account: money.balances(open_books, account) for account in connected},
        "transfers": _transfers(open_books), "payouts": _payouts(open_books),
        "fees": dict(_rows(open_books, "SELECT body ->> 'currency', SUM(body ->> 'fee') FROM object"
                                       " WHERE kind = 'balance_transaction' AND account = '' GROUP BY 1")),
        "idempotent_replays": _rows(open_books, "SELECT COALESCE(SUM(replays), 0) FROM idempotency")[0][0],
        "events": dict(_rows(open_books, "SELECT body ->> 'type', COUNT(*) FROM object"
                                         " WHERE kind IN ('event', 'v2.core.event') GROUP BY 1")),
        "problems": problems, "consistent": not problems,
    }  # fmt: skip


def _transfers(open_books: Books) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {}
    for line in transfers.summary(open_books):
        part = sums.setdefault(line["currency"], {"count": 0, "amount": 0, "reversed": 0})
        part["count"] += 1
        part["amount"] += line["amount"]
        part["reversed"] += line["amount_reversed"]
    return sums


def _payouts(open_books: Books) -> dict[str, dict[str, dict[str, int]]]:
    sums: dict[str, dict[str, dict[str, int]]] = {}
    query = (
        "SELECT body ->> 'currency', body ->> 'status', COUNT(*), SUM(body ->> 'amount')"
        " FROM object WHERE kind = 'payout' GROUP BY 1, 2"
    )
    for currency, status, count, amount in _rows(open_books, query):
        sums.setdefault(currency, {})[status] = {"count": count, "amount": amount}
    return sums


def _problems(open_books: Books) -> list[str]:
    """Every balance must be the sum of its balance transactions, and what transfers take must arrive."""
    sums = {
        (account, currency): (available, pending)
        for account, currency, available, pending in _rows(
            open_books,
            "SELECT account, body ->> 'currency',"
            " SUM(CASE body ->> 'status' WHEN 'available' THEN body ->> 'net' ELSE 0 END),"
            " SUM(CASE body ->> 'status' WHEN 'pending' THEN body ->> 'net' ELSE 0 END)"
            " FROM object WHERE kind = 'balance_transaction' GROUP BY 1, 2",
        )
    }
    problems = []
    for account, currency, available, pending in _rows(open_books, "SELECT account, currency, available, pending FROM balance"):
        if sums.pop((account, currency), (0, 0)) != (available, pending):
            problems.append(f"balance of {account or 'the platform'} in {currency} is not the sum of its transactions")
    problems += [f"{account or 'the platform'} has transactions but no balance in {currency}" for account, currency in sums]
    for name, kind in (("transfer", "payment"), ("transfer_refund", "payment_reversal")):
        left, came = (
            _rows(open_books,
            f"SELECT COALESCE(SUM(body ->> 'net'), 0) FROM object WHERE kind = 'balance_transaction'"
                              f" AND body ->> 'type' = '{part}' AND (account <> '') = {side}")[0][0]
            for part, side in ((name, 0), (kind, 1))
        )  # fmt: skip
        if left + came:
            problems.append(f"{name}: {-left} left the platform, {came} arrived")
    return problems


def _rows(open_books: Books, query: str) -> list[Any]:
    return open_books.db.execute(query).fetchall()
