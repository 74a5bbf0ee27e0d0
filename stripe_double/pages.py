"""The hosted pages: paying, onboarding, identity check, invoice, dashboard. Their forms come back here."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from stripe_double import account_links, accounts, checkout, identity, invoices, money
from stripe_double.api import Reply, Request
from stripe_double.double import Double
from stripe_double.errors import Failure
from stripe_double.html import button, entry, form, frame, heading, price, table
from stripe_double.store import Books, Thing

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
NEW_BANK = button("bank", "Enter new bank details", main=True)
Page = Callable[[Books, str, dict[str, str] | None], Reply]


def answer(double: Double, request: Request) -> Reply:
    """A page or a redirect; an unknown address is a friendly 404."""
    try:
        said = dict(parse_qsl(request.body.decode("utf-8", "replace"))) if request.method == "POST" else None
        for pattern, page in PAGES:
            if match := re.fullmatch(pattern, request.path):
                with double.step() as books:
                    return page(books, match[1] if match.groups() else "", said)
        return _shown(frame("Not found", heading("Nothing here", "This address belongs to no page of the double.")), 404)
    except Failure as failure:
        return _shown(frame("Not possible", heading("That is not possible", failure.message)), failure.status)


def _shown(body: bytes, status: int = 200) -> Reply:
    return Reply(status, body, HEADERS)


def _go(address: str) -> Reply:
    return Reply(303, b"", {"Location": address, "Cache-Control": "no-store"})


def _home(books: Books, _: str, said: dict[str, str] | None) -> Reply:
    rows = [
        (f"Platform, {part}", price(amount, currency))
        for currency, parts in money.balances(books, "").items()
        for part, amount in parts.items()
    ]
    below = "It plays Stripe for development and tests. What it has done and can be made to do is listed at /_control/."
    return _shown(frame("Stripe double", heading("Stripe double", below), table(rows or [("Platform", "no money yet")])))


def _pay(books: Books, ident: str, said: dict[str, str] | None) -> Reply:
    session = books.need("checkout.session", ident)
    if said is None or session["status"] != "open":
        return _shown(_checkout_page(books, session))
    if said.get("do") == "cancel":
        return _go(session["cancel_url"] or session["success_url"])
    method = "card" if said.get("do") == "card" else "bank"
    if {"card": "card", "bank": "us_bank_account"}[method] not in session["payment_method_types"]:
        raise Failure("This way to pay is not offered.")
    checkout.complete(books, ident, method=method, email=said.get("email", ""))
    return _go(session["success_url"].replace("{CHECKOUT_SESSION_ID}", ident))


def _checkout_page(books: Books, session: Thing) -> bytes:
    items = books.notes(session["id"])["hidden"]["line_items"]["data"]
    amount = price(session["amount_total"], session["currency"])
    top = heading("Pay", _payer(books, session)) + f'<p class="sum">{amount}</p>'
    lines = table([(item["description"], price(item["amount_total"], item["currency"])) for item in items])
    if session["status"] != "open":
        return frame("Pay", top + lines, heading(f"This payment page is {session['status']}", "Nothing more can be paid here."))
    ways = {"card": "Pay by card", "us_bank_account": "Pay by bank (settles later)"}
    offered = [way for way in ways if way in session["payment_method_types"]]
    buttons = [button("card" if way == "card" else "bank", ways[way], main=way == offered[0]) for way in offered]
    ask = "" if session["customer_email"] else entry("email", "E-mail for the receipt", kind="email")
    return frame("Pay", top + lines, form(ask, *buttons, button("cancel", "Cancel")))


def _payer(books: Books, session: Thing) -> str:
    customer = books.find(session["customer"] or "") or {}
    return customer.get("name") or session["customer_email"] or session["client_reference_id"] or ""


def _onboarding(books: Books, token: str, said: dict[str, str] | None) -> Reply:
    link = books.need("v2.core.account_link", token)
    if said is not None:
        return _go(account_links.come_back(books, token, complete=said.get("do") == "complete"))
    if account_links.open_once(books, token) is None:
        return _go(account_links.details_of(link)["refresh_url"])
    account = accounts.need(books, link["account"])
    wanted = account["requirements"]["entries"]
    rows = [(_plain(need["description"].rpartition(".")[2]), _plain(need["minimum_deadline"]["status"])) for need in wanted]
    who = account["display_name"] or account["contact_email"] or account["id"]
    top = heading("Set up payouts", f"For {who}. One click stands for all the details that Stripe would ask for.")
    return _shown(frame(
        "Set up payouts", top + table(rows or [("Nothing is missing", "")]),
        form(button("complete", "Complete", main=True), button("later", "Leave for later")),
    ))  # fmt: skip


def _identity(books: Books, ident: str, said: dict[str, str] | None) -> Reply:
    session = books.need("identity.verification_session", ident)
    if session["status"] in identity.DONE:
        return _shown(frame("Identity check", heading(f"This check is {session['status']}", "You can close this page.")))
    if said is None:
        fields = entry("first_name", "First name", "Ana"), entry("last_name", "Last name", "Test")
        dated = entry("born", "Born on", "1990-05-17", kind="date")
        buttons = (
            button("verify", "Verify", main=True),
            button("reject", "Document cannot be read"),
            button("later", "Leave for later"),
        )
        top = heading("Identity check", "What you type stands for what the document says.")
        return _shown(frame("Identity check", top, form(*fields, dated, *buttons)))
    if said.get("do") in ("verify", "reject"):
        person = {
            "first_name": said.get("first_name"),
            "last_name": said.get("last_name"),
            "dob": _born(said.get("born", "")),
        }
        identity.finish(books, ident, verified=said["do"] == "verify", person=person)
    address = books.notes(ident)["return_url"]
    return _go(address) if address else _shown(frame("Identity check", heading("Thank you", "You can close this page.")))


def _born(text: str) -> Thing | None:
    try:
        day = datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return None
    return {"day": day.day, "month": day.month, "year": day.year}


def _invoice(books: Books, ident: str, said: dict[str, str] | None) -> Reply:
    if said is not None and said.get("do") == "pay":
        invoices.pay(books, ident)
    invoice = books.need("invoice", ident)
    lines = [(line["description"] or "", price(line["amount"], line["currency"])) for line in invoice["lines"]["data"]]
    total = price(invoice["total"], invoice["currency"])
    top = heading(f"Invoice {invoice['number'] or ''}", f"{invoice['status']}, to be paid by bank transfer")
    act = (
        form(button("pay", "The bank transfer has been sent", main=True))
        if invoice["status"] == "open"
        else heading(invoice["status"])
    )
    return _shown(frame("Invoice", top + f'<p class="sum">{total}</p>' + table(lines), act))


def _express(books: Books, token: str, said: dict[str, str] | None) -> Reply:
    books.need("login_link", token)
    ident = books.notes(token)["account_id"]
    if said is not None and said.get("do") == "bank":
        accounts.verified(books, ident)
    held = [
        (part.capitalize(), price(amount, currency))
        for currency, parts in money.balances(books, ident).items()
        for part, amount in parts.items()
    ]
    rows = books.db.execute(
        "SELECT created, body ->> 'status', body ->> 'amount', body ->> 'currency' FROM object"
        " WHERE kind = 'payout' AND account = ? ORDER BY seq DESC LIMIT 20", (ident,),
    )  # fmt: skip
    payouts = [(f"{_day(at)}, {_plain(status).lower()}", price(amount, currency)) for at, status, amount, currency in rows]
    name = accounts.need(books, ident)["display_name"] or ident
    parts = [
        heading(name, "Your balance") + table(held or [("Nothing yet", "")]),
        "<h2>Payouts to your bank</h2>" + table(payouts or [("None yet", "")]),
    ]
    if books.notes(ident)["bank_failed"]:
        parts.insert(0, heading("Your bank refused a payout", "The money is back on your balance.") + form(NEW_BANK))
    return _shown(frame("Your payouts", *parts))


def _plain(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")


PAGES: tuple[tuple[str, Page], ...] = (
    (r"/", _home),
    (r"/pay/(\w+)", _pay),
    (r"/onboarding/(\w+)", _onboarding),
    (r"/identity/(\w+)", _identity),
    (r"/invoice/(\w+)", _invoice),
    (r"/express/(\w+)", _express),
)
