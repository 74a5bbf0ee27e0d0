"""Reading the balance and its transactions; the settings of the platform's own payouts."""

from stripe_double import money
from stripe_double.listing import Call, page
from stripe_double.store import Thing

PAYOUTS = {
    "minimum_balance_by_currency": None,
    "schedule": {"interval": "manual"},
    "statement_descriptor": None,
    "status": "enabled",
}


def retrieve(call: Call) -> Thing:
    return money.statement(call.books, call.account)


def list_transactions(call: Call) -> Thing:
    also = {"notes ->> 'payout' = ?": call.params["payout"]} if "payout" in call.params else {}
    return page(call, "balance_transaction", where=("type", "source", "currency"), handled=("payout",), also=also)


def settings(call: Call) -> Thing:
    """The platform's own payouts happen by hand only: nothing drains what clients have prepaid."""
    payouts = {**PAYOUTS, **call.books.setting(f"payout_settings/{call.account}", {})}
    timing = {"delay_days": 0, "delay_days_override": None, "start_of_day": None}
    payments = {"debit_negative_balances": None, "payouts": payouts, "settlement_timing": timing}
    return {"object": "balance_settings", "payments": payments}


def update_settings(call: Call) -> Thing:
    name = f"payout_settings/{call.account}"
    call.books.set(name, {**call.books.setting(name, {}), **call.params.get("payments", {}).get("payouts", {})})
    return settings(call)
