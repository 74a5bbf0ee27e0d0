"""Transfers from the platform's balance to a connected account's, and their reversals."""

from stripe_double import accounts, events, money
from stripe_double.errors import refuse_all, refused
from stripe_double.listing import Call, page
from stripe_double.store import PLATFORM, Books, Thing, new_id


def create(call: Call) -> Thing:
    """Raises `balance_insufficient`, `insufficient_capabilities_for_transfer`, `account_invalid`, `resource_missing`.

    Money moves on both sides in one step, and an automatic payout of the receiver is put on the agenda.
    """
    books, params = call.books, call.params
    refuse_all(params, "source_transaction")
    currency = money.check_amount(params.get("amount"), params["currency"])
    _check_destination(books, params["destination"])
    money.need_available(books, call.account, currency, params["amount"], purpose="transfer to another account")
    ident, payment = new_id("tr"), new_id("py")
    entry = money.post(books, kind="transfer", amount=-params["amount"], currency=currency, source=ident, account=call.account)
    money.post(books, kind="payment", amount=params["amount"], currency=currency, source=payment, account=params["destination"])
    transfer: Thing = {
        "id": ident, "object": "transfer", "amount": params["amount"], "amount_reversed": 0,
        "balance_transaction": entry["id"], "created": books.now, "currency": currency,
        "description": params.get("description"), "destination": params["destination"],
        "destination_payment": payment, "livemode": False, "metadata": params.get("metadata") or {},
        "reversed": False, "source_transaction": None,
        "reversals": {"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{ident}/reversals"},
        "source_type": params.get("source_type", "card"), "transfer_group": params.get("transfer_group"),
    }  # fmt: skip
    books.add(transfer, account=call.account, idempotency_key=books.request["idempotency_key"])
    events.emit(books, "transfer.created", transfer)
    books.later(books.settings.payout_delay, "pay_out", params["destination"])
    return transfer


def _check_destination(books: Books, ident: str) -> None:
    account = books.need("v2.core.account", ident, param="destination", status=400)
    if account["closed"]:
        raise refused(f"The account '{ident}' is closed.", code="account_invalid", param="destination")
    if not accounts.may_receive(books, ident):
        raise refused(
            "Your destination account needs to have at least one of the following capabilities enabled: "
            "transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer", param="destination",
        )  # fmt: skip


def list_all(call: Call) -> Thing:
    return page(call, "transfer", where=("transfer_group", "destination"))


def reverse(call: Call) -> Thing:
    """Take money back, all of it or a part; the connected balance may go below zero, as the platform bears losses."""
    books, transfer = call.books, call.books.need("transfer", call.id, account=call.account)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.get("amount", left)
    money.check_positive(amount)
    if amount > left:
        raise refused(f"Reversal amount ({amount}) is greater than the unreversed amount on the transfer ({left}).",
                      code="transfer_already_reversed" if not left else None, param="amount")  # fmt: skip
    ident, refund = new_id("trr"), new_id("pyr")
    entry = money.post(
        books, kind="transfer_refund", amount=amount, currency=transfer["currency"], source=ident, account=call.account
    )
    money.post(books, kind="payment_reversal", amount=-amount, currency=transfer["currency"], source=refund,
               account=transfer["destination"])  # fmt: skip
    reversal: Thing = {
        "id": ident, "object": "transfer_reversal", "amount": amount, "balance_transaction": entry["id"],
        "created": books.now, "currency": transfer["currency"], "destination_payment_refund": refund,
        "metadata": call.params.get("metadata") or {}, "source_refund": None, "transfer": transfer["id"],
    }  # fmt: skip
    books.add(reversal, account=call.account)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    events.emit(books, "transfer.reversed", books.save(transfer))
    return reversal


def list_reversals(call: Call) -> Thing:
    call.books.need("transfer", call.id, account=call.account)
    return page(call, "transfer_reversal", also={"body ->> 'transfer' = ?": call.id})


def retrieve_reversal(call: Call) -> Thing:
    reversal = call.books.need("transfer_reversal", call.ids["id"], account=call.account)
    if reversal["transfer"] != call.ids["transfer"]:
        raise refused(f"No such transfer reversal: '{call.id}'", code="resource_missing", param="id", status=404)
    return reversal


def summary(books: Books) -> list[Thing]:
    """Every transfer in one line, for drills that compare books."""
    rows = books.db.execute(
        "SELECT id, body ->> 'amount', body ->> 'amount_reversed', body ->> 'currency', body ->> 'destination',"
        " body ->> 'transfer_group', notes ->> 'idempotency_key', created"
        " FROM object WHERE kind = 'transfer' AND account = ? ORDER BY seq", (PLATFORM,),
    )  # fmt: skip
    names = (
        "id",
        "amount",
        "amount_reversed",
        "currency",
        "destination",
        "transfer_group",
        "idempotency_key",
        "created",
    )
    return [dict(zip(names, row, strict=True)) for row in rows]
