"""One API request from the wire to its answer: key, contract, faults, idempotency, endpoint."""

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from stripe_double import expansion, forms, idempotency
from stripe_double.contract import api_version
from stripe_double.double import Double
from stripe_double.errors import Failure
from stripe_double.faults import Fault
from stripe_double.idempotency import Answer, Key
from stripe_double.listing import Call
from stripe_double.routes import ROUTES
from stripe_double.store import Books, Thing, new_id

log = logging.getLogger("stripe_double")


@dataclass(frozen=True)
class Request:
    """What came over the wire; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes back; `cut` is "drop" (no answer at all) or "truncate" (half of the body)."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: str = ""


#: What may be asked in the name of a connected account.
FOR_CONNECTED = ("/v1/balance", "/v1/payouts", "/v1/events")
BROKEN = Failure("An unknown error occurred", status=500, kind="api_error")


def answer(double: Double, request: Request) -> Reply:
    """The reply to an API request; never raises. Every request is noted for drills that count calls."""
    request_id, started = new_id("req"), time.time()
    fault = None
    try:
        prepared = _prepare(double, request, request_id)
        fault = double.faults.draw(request.method, request.path)
        reply = _perform(double, prepared, fault)
    except Failure as failure:
        reply = _said(Answer(failure.status, _encoded(failure.body(request_id))))
    double.requests.append({
        "at": started, "id": request_id, "method": request.method, "path": request.path, "status": reply.status,
        "idempotency_key": request.headers.get("idempotency-key"), "replayed": "Idempotent-Replayed" in reply.headers,
        "fault": fault.kind if fault else None,
    })  # fmt: skip
    return Reply(reply.status, reply.body, {"Request-Id": request_id, **reply.headers}, reply.cut)


@dataclass(frozen=True)
class Prepared:
    """A request that passed the contract."""

    handler: Any
    params: Thing
    ids: dict[str, str]
    account: str
    path: str
    v2: bool
    request_id: str
    key: Key | None


def _prepare(double: Double, request: Request, request_id: str) -> Prepared:
    """Everything that Stripe checks before an endpoint begins. Raises Failure, never kept under a key."""
    _authenticate(request.headers.get("authorization", ""))
    version = request.headers.get("stripe-version", api_version())
    if version != api_version():
        raise Failure(f"Invalid Stripe API version: {version}. The double plays {api_version()} only.")
    operation, ids = double.contract.find(request.method, request.path)
    v2 = request.path.startswith("/v2/")
    form = request.method == "GET" or not v2
    said = _decode(request, form=form)
    params = double.contract.check(operation, said, form=form)
    handler = ROUTES.get((operation.method, operation.template))
    if handler is None:
        raise Failure(f"The double does not play {request.method} {operation.template}.", code="not_played_by_the_double")
    account = request.headers.get("stripe-account") or request.headers.get("stripe-context") or ""
    key = idempotency.key_of(
        request.headers.get("idempotency-key"),
        v2=v2, account=account, method=request.method, path=request.path, params=params,
    )  # fmt: skip
    return Prepared(handler, params, ids, account, request.path, v2, request_id, key)


def _authenticate(header: str) -> None:
    key = header.removeprefix("Bearer ").strip()
    if not key:
        raise Failure("You did not provide an API key.", status=401)
    if not key.startswith(("sk_test_", "rk_test_")):
        raise Failure("Invalid API Key provided: the double takes test keys (sk_test_...) only.", status=401)


def _decode(request: Request, *, form: bool) -> Thing:
    if not form:
        return forms.decode_json(request.body)
    try:
        text = request.query if request.method in ("GET", "DELETE") else request.body.decode()
    except UnicodeDecodeError as error:
        raise Failure("The body is not UTF-8") from error
    return forms.decode_form(text)


def _perform(double: Double, prepared: Prepared, fault: Fault | None) -> Reply:
    kind = fault.kind if fault else ""
    if kind == "drop_before":
        return Reply(0, b"", cut="drop")
    if kind == "429":
        raise Failure("Request rate limit exceeded.", status=429, code="rate_limit")
    if kind == "409":
        raise Failure("This object cannot be accessed right now because another API request is accessing it.",
                      status=409, code="lock_timeout")  # fmt: skip
    with double.in_flight.claim(prepared.key):
        if fault and kind == "slow":
            time.sleep(fault.seconds)
        cause = {"id": prepared.request_id, "idempotency_key": prepared.key.text if prepared.key else None}
        with double.step(cause) as books:
            before = idempotency.recall(books, prepared.key) if prepared.key else None
            reply = _said(before, replayed=True) if before else _said(_work(books, prepared, kind))
    if kind == "drop_after":
        return Reply(0, b"", cut="drop")
    return Reply(reply.status, reply.body, reply.headers, "truncate" if kind == "truncated" else "")


def _work(books: Books, prepared: Prepared, fault: str) -> Answer:
    """Do it once and keep the answer: v1 keeps every answer of an endpoint that began, v2 only a success."""
    broken = Answer(500, _encoded(BROKEN.body(prepared.request_id)))
    done = broken if fault == "500_before" else _endpoint(books, prepared)
    said = broken if fault == "500_after" else done
    kept = done if prepared.v2 else said
    if kept.status < 400 or not prepared.v2:
        idempotency.keep(books, prepared.key, kept)
    return said


def _endpoint(books: Books, prepared: Prepared) -> Answer:
    """Run the endpoint; what it did is undone when it refuses or breaks."""
    params = {name: value for name, value in prepared.params.items() if name != "expand"}
    call = Call(books=books, params=params, ids=prepared.ids, account=prepared.account, path=prepared.path)
    try:
        with books.attempt():
            _need_account(call)
            thing = prepared.handler(call)
            return Answer(200, _encoded(expansion.expand(books, thing, prepared.params.get("expand", []))))
    except Failure as failure:
        if not failure.kept:
            raise
        return Answer(failure.status, _encoded(failure.body(prepared.request_id)))
    except Exception:
        log.exception("%s broke", prepared.path)
        return Answer(500, _encoded(BROKEN.body(prepared.request_id)))


def _need_account(call: Call) -> None:
    if not call.account:
        return
    if call.books.find(call.account, "v2.core.account") is None:
        said = f"The provided key does not have access to account '{call.account}' (or that account does not exist)."
        raise Failure(said, status=403, code="account_invalid")
    if not call.path.startswith(FOR_CONNECTED):
        raise Failure(f"The double plays {call.path} for the platform only.", code="not_played_by_the_double")


def _said(answer: Answer, *, replayed: bool = False) -> Reply:
    headers = {"Content-Type": "application/json"}
    return Reply(answer.status, answer.body, {**headers, "Idempotent-Replayed": "true"} if replayed else headers)


def _encoded(thing: Thing) -> bytes:
    return json.dumps(thing, indent=2).encode()
