"""The control addresses below /_control/: clock, faults, books, deliveries, and everything the outside world may do."""

import json
import re
from collections.abc import Callable
from typing import Any

from stripe_double import (
    accounts,
    audit,
    checkout,
    disputes,
    idempotency,
    identity,
    invoices,
    money,
    payouts,
    refunds,
    store,
    topups,
    transfers,
)
from stripe_double.api import Reply, Request
from stripe_double.deliveries import Postman
from stripe_double.double import Double
from stripe_double.errors import Failure
from stripe_double.faults import Fault
from stripe_double.forms import decode_json
from stripe_double.store import Books, Thing, new_id

WEBHOOK_FAULTS = ("lost_rate", "doubled_rate", "late_rate", "late_seconds", "shuffle_seconds", "seed")


def answer(double: Double, postman: Postman, request: Request) -> Reply:
    """The reply to a control request, JSON both ways."""
    try:
        said = decode_json(request.body)
        for method, pattern, act in (*WHOLE, *IN_BOOKS):
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return _json(act(double, postman, said, *match.groups()))
        return _json({"error": "no such control address", "addresses": addresses()}, 404)
    except Failure as failure:
        return _json({"error": failure.message, "code": failure.code, "param": failure.param}, failure.status)


def addresses() -> list[str]:
    return [f"{method} {pattern.replace('(.+)', '<id>')}" for method, pattern, _ in (*WHOLE, *IN_BOOKS)]


def _json(thing: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(thing, indent=2).encode(), {"Content-Type": "application/json"})


def _ask(said: Thing, name: str, kind: type, default: Any = ...) -> Any:
    """A field of the body. Raises Failure 400 if it is missing without default, or of another type."""
    value = said.get(name, default)
    if value is ...:
        raise Failure(f"'{name}' is missing", param=name)
    if value is not default and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise Failure(f"'{name}' must be of type {kind.__name__}", param=name)
    return value


def _pick(said: Thing, name: str, choices: tuple[str, ...], default: str) -> str:
    value = str(_ask(said, name, str, default))
    if value not in choices:
        raise Failure(f"'{name}' must be one of {', '.join(choices)}", param=name)
    return value


# The double as a whole


def _help(double: Double, postman: Postman, said: Thing) -> Any:
    return {"addresses": addresses()}


def _clock(double: Double, postman: Postman, said: Thing) -> Any:
    """Move the clock; what comes due by it is done before the answer."""
    if said.get("reset"):
        double.clock.reset()
    if "now" in said:
        double.clock.set(_ask(said, "now", int))
    if "advance_seconds" in said:
        double.clock.advance(_ask(said, "advance_seconds", int))
    with double.step() as books:
        books.set("clock_offset", double.clock.offset)
    return {"now": double.clock.now(), "offset": double.clock.offset}


def _faults(double: Double, postman: Postman, said: Thing) -> Any:
    with double.step() as books:
        webhooks = books.setting("webhook_faults", {})
    return {"requests": [fault.shown() for fault in double.faults.script], "webhooks": webhooks}


def _set_faults(double: Double, postman: Postman, said: Thing) -> Any:
    """Replace the script: {"requests": [fault...], "webhooks": {...}}; a part that is not named stays."""
    if "requests" in said:
        try:
            double.faults.replace([Fault(**line) for line in _ask(said, "requests", list)])
        except (TypeError, ValueError, re.error) as error:
            raise Failure(f"Not a fault: {error}", param="requests") from error
    webhooks = _ask(said, "webhooks", dict, {})
    if unknown := webhooks.keys() - set(WEBHOOK_FAULTS):
        raise Failure(f"Unknown webhook fault: {min(unknown)}", param="webhooks")
    if not all(isinstance(value, int | float) for value in webhooks.values()):
        raise Failure("Webhook faults are numbers", param="webhooks")
    if "webhooks" in said:
        with double.step() as books:
            books.set("webhook_faults", webhooks)
    return _faults(double, postman, said)


def _clear_faults(double: Double, postman: Postman, said: Thing) -> Any:
    return _set_faults(double, postman, {"requests": [], "webhooks": {}})


def _requests(double: Double, postman: Postman, said: Thing) -> Any:
    return {"requests": list(double.requests)}


def _deliveries(double: Double, postman: Postman, said: Thing) -> Any:
    with double.step() as books:
        rows = books.db.execute(
            "SELECT event, endpoint, state, attempts, answer, body ->> 'type' FROM delivery ORDER BY seq DESC LIMIT 1000"
        ).fetchall()
        counts = dict(books.db.execute("SELECT state, COUNT(*) FROM delivery GROUP BY state").fetchall())
    names = ("event", "endpoint", "state", "attempts", "answer", "type")
    return {"counts": counts, "deliveries": [dict(zip(names, row, strict=True)) for row in rows]}


def _deliver(double: Double, postman: Postman, said: Thing) -> Any:
    """Try everything that waits once, now."""
    return {"delivered": postman.deliver(everything=True)}


def _reset(double: Double, postman: Postman, said: Thing) -> Any:
    """Empty books, the present time, no faults: as if just started for the first time."""
    double.faults.replace([])
    double.clock.reset()
    double.requests.clear()
    with double.store.step() as db:
        store.empty(db)
    return {"now": double.clock.now()}


# What happens to one thing, in one step of the books


def _in_books(act: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(double: Double, postman: Postman, said: Thing, *ids: str) -> Any:
        with double.step() as books:
            return act(books, said, *ids)

    return wrapped


def _books(books: Books, said: Thing) -> Any:
    return audit.books(books)


def _transfers(books: Books, said: Thing) -> Any:
    return {"transfers": transfers.summary(books)}


def _prune(books: Books, said: Thing) -> Any:
    return {"pruned": idempotency.prune(books, everything=_ask(said, "everything", bool, False))}


def _topup(books: Books, said: Thing) -> Any:
    currency = money.check_amount(_ask(said, "amount", int), _ask(said, "currency", str, "usd"))
    topup = topups.start(books, said["amount"], currency, {"description": "by control"})
    topups.succeed(books, topup["id"])
    return books.need("topup", topup["id"])


def _fail_topup(books: Books, said: Thing, ident: str) -> Any:
    return topups.fail(books, ident)


def _fee(books: Books, said: Thing) -> Any:
    """Stripe charges the platform for something that belongs to no payment."""
    currency = money.check_amount(_ask(said, "amount", int), _ask(said, "currency", str, "usd"))
    return money.post(books, kind="stripe_fee", amount=-said["amount"], currency=currency, source=new_id("fee"))


def _complete_checkout(books: Books, said: Thing, ident: str) -> Any:
    return checkout.complete(
        books, ident, method=_pick(said, "method", ("card", "bank"), "card"), email=_ask(said, "email", str, "")
    )


def _settle_checkout(books: Books, said: Thing, ident: str) -> Any:
    return checkout.settle(books, ident, succeeded=_pick(said, "outcome", ("succeeded", "failed"), "succeeded") == "succeeded")


def _account(books: Books, said: Thing, ident: str) -> Any:
    return {
        "account": accounts.need(books, ident),
        "notes": books.notes(ident),
        "balance": money.balances(books, ident),
    }


def _make_accounts(books: Books, said: Thing) -> Any:
    """So many recipients at once, ready to be paid, as if each had gone through the onboarding."""
    country = _ask(said, "country", str, "de")
    return {"accounts": [accounts.make_active(books, country) for _ in range(_ask(said, "count", int))]}


def _onboard(books: Books, said: Thing, ident: str) -> Any:
    """Complete the onboarding; {"stage": "pending"} leaves the verification open."""
    accounts.need(books, ident)
    if _pick(said, "stage", ("active", "pending"), "active") == "pending":
        accounts.set_stage(books, ident, "pending")
    else:
        accounts.verified(books, ident)
    return _account(books, said, ident)


def _restrict(books: Books, said: Thing, ident: str) -> Any:
    accounts.need(books, ident)
    accounts.set_stage(books, ident, _pick(said, "stage", ("restricted", "rejected"), "restricted"))
    return _account(books, said, ident)


def _pay_out(books: Books, said: Thing, ident: str) -> Any:
    accounts.need(books, ident)
    payouts.pay_out(books, ident)
    return _account(books, said, ident)


def _plan_payouts(books: Books, said: Thing) -> Any:
    """How the next payouts end, of one account or of any."""
    outcomes = _ask(said, "outcomes", list)
    if any(outcome not in payouts.OUTCOMES for outcome in outcomes):
        raise Failure(f"outcomes are {', '.join(payouts.OUTCOMES)}", param="outcomes")
    payouts.plan(books, _ask(said, "account", str, ""), outcomes, _ask(said, "failure_code", str, "account_closed"))
    return {"plans": books.setting("payout_plans")}


def _finish_payout(books: Books, said: Thing, ident: str) -> Any:
    outcome = _pick(said, "outcome", payouts.OUTCOMES, "paid")
    return payouts.finish(books, ident, outcome, _ask(said, "failure_code", str, ""))


def _dispute(books: Books, said: Thing) -> Any:
    """Open one, by `charge` or `payment_intent`; `amount` and `reason` may be given."""
    _ask(said, "amount", int, None)
    return disputes.open_one(
        books, {name: said[name] for name in ("charge", "payment_intent", "amount", "reason") if name in said}
    )


def _close_dispute(books: Books, said: Thing, ident: str) -> Any:
    return disputes.close(books, ident, won=_pick(said, "outcome", ("won", "lost"), "won") == "won")


def _fail_refund(books: Books, said: Thing, ident: str) -> Any:
    return refunds.fail(books, ident)


def _pay_invoice(books: Books, said: Thing, ident: str) -> Any:
    return invoices.pay(books, ident)


def _fail_invoice(books: Books, said: Thing, ident: str) -> Any:
    return invoices.fail(books, ident)


def _verify(books: Books, said: Thing, ident: str) -> Any:
    return identity.finish(books, ident, verified=True, person=said)


def _reject(books: Books, said: Thing, ident: str) -> Any:
    return identity.finish(books, ident, verified=False)


Line = tuple[str, str, Callable[..., Any]]

WHOLE: tuple[Line, ...] = (
    ("GET", "/_control/", _help),
    ("GET", "/_control/clock", _clock),
    ("POST", "/_control/clock", _clock),
    ("GET", "/_control/faults", _faults),
    ("POST", "/_control/faults", _set_faults),
    ("DELETE", "/_control/faults", _clear_faults),
    ("GET", "/_control/requests", _requests),
    ("GET", "/_control/deliveries", _deliveries),
    ("POST", "/_control/deliveries/deliver", _deliver),
    ("POST", "/_control/reset", _reset),
)
IN_BOOKS: tuple[Line, ...] = tuple(
    (method, path, _in_books(act))
    for method, path, act in (
        ("GET", "/_control/books", _books),
        ("GET", "/_control/transfers", _transfers),
        ("POST", "/_control/prune", _prune),
        ("POST", "/_control/topup", _topup),
        ("POST", "/_control/topups/(.+)/fail", _fail_topup),
        ("POST", "/_control/fee", _fee),
        ("POST", "/_control/checkout/(.+)/complete", _complete_checkout),
        ("POST", "/_control/checkout/(.+)/settle", _settle_checkout),
        ("POST", "/_control/accounts", _make_accounts),
        ("GET", "/_control/accounts/(.+)", _account),
        ("POST", "/_control/accounts/(.+)/onboard", _onboard),
        ("POST", "/_control/accounts/(.+)/restrict", _restrict),
        ("POST", "/_control/accounts/(.+)/pay_out", _pay_out),
        ("POST", "/_control/payouts/outcomes", _plan_payouts),
        ("POST", "/_control/payouts/(.+)/finish", _finish_payout),
        ("POST", "/_control/disputes", _dispute),
        ("POST", "/_control/disputes/(.+)/close", _close_dispute),
        ("POST", "/_control/refunds/(.+)/fail", _fail_refund),
        ("POST", "/_control/invoices/(.+)/pay", _pay_invoice),
        ("POST", "/_control/invoices/(.+)/fail", _fail_invoice),
        ("POST", "/_control/identity/(.+)/verify", _verify),
        ("POST", "/_control/identity/(.+)/reject", _reject),
    )
)
