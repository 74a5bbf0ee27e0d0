"""A real process of the double, the SDK pointed at it, and a receiver for its webhooks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import stripe

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect", "thin": "whsec_thin"}


@dataclass
class Arrived:
    """One webhook as it came in."""

    endpoint: str
    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.event["type"]


@dataclass
class Receiver:
    """Takes webhooks; `refuse` is how many it answers with 500 first."""

    arrived: list[Arrived] = field(default_factory=list)
    refuse: int = 0

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refused = receiver.refuse > 0
                receiver.refuse -= refused
                if not refused:
                    endpoint = self.path.strip("/").rpartition("/")[2]
                    receiver.arrived.append(Arrived(endpoint, body, self.headers["Stripe-Signature"]))
                self.send_response(500 if refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, kind: str, count: int = 1) -> Arrived:
        """The first webhook of a type, once `count` of them are here."""
        return wait_until(lambda: len(found := [one for one in self.arrived if one.type == kind]) >= count and found[0])

    def types(self) -> list[str]:
        return [one.type for one in self.arrived]


def wait_until(question: Callable[[], Any], seconds: float = 5.0) -> Any:
    """The first true answer; fails when none comes in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.01)
    raise AssertionError("waited in vain")


class Running:
    """The process with its address, an SDK client, and the control addresses."""

    def __init__(self, books: Path, *options: str) -> None:
        self.books, self.options = books, options
        self.start()

    def start(self, port: int = 0) -> None:
        command = [
            sys.executable,
            "-m",
            "stripe_double",
            "--port",
            str(port),
            "--books",
            str(self.books),
            *self.options,
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "listens on" in line, self.process.communicate()[1]
        self.url = line.split()[-1]
        self.port = int(self.url.rpartition(":")[2])
        self.client = self.new_client()

    def new_client(self, **options: Any) -> stripe.StripeClient:
        http = stripe.RequestsClient(timeout=5)
        return stripe.StripeClient("sk_test_double", base_addresses={"api": self.url}, http_client=http, **options)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        self.process.terminate()
        return self._ended()

    def _ended(self) -> int:
        code = self.process.wait(timeout=10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """A plain HTTP request; gives status and decoded JSON (or text)."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.url + path, data, headers or {}, method=method), timeout=10) as reply:
                status, raw = reply.status, reply.read()
        except HTTPError as error:
            status, raw = error.code, error.read()
            error.close()
        try:
            return status, json.loads(raw)
        except ValueError:
            return status, raw.decode()

    def control(self, path: str, body: Any = ...) -> Any:
        """GET without a body, POST with one; fails unless it is answered with 200."""
        status, said = self.call("GET" if body is ... else "POST", f"/_control/{path}", None if body is ... else body)
        assert status == 200, said
        return said

    def faults(self, *script: dict[str, Any]) -> None:
        self.control("faults", {"requests": list(script)})

    def advance(self, seconds: int) -> None:
        self.control("clock", {"advance_seconds": seconds})

    def audit(self) -> Any:
        """The double's own books; always consistent."""
        said = self.control("books")
        assert said["consistent"], said["problems"]
        return said

    def available(self, currency: str = "usd") -> int:
        return self.audit()["platform"].get(currency, {"available": 0})["available"]

    def fund(self, amount: int = 1_000_000, currency: str = "usd") -> None:
        self.control("topup", {"amount": amount, "currency": currency})

    def worker(self, *, active: bool = True, **identity: Any) -> str:
        """The account of somebody who is to be paid; gives its id."""
        account = self.client.v2.core.accounts.create(recipient(**identity))
        if active:
            self.control(f"accounts/{account.id}/onboard", {})
        return account.id

    def pay(self, account: str, amount: int = 1_000, key: str | None = None, **params: Any) -> stripe.Transfer:
        options = {"idempotency_key": key} if key else {}
        said = {"amount": amount, "currency": "usd", "destination": account, **params}
        return self.client.v1.transfers.create(said, options)


def recipient(**identity: Any) -> dict[str, Any]:
    """What the product sends to open an account for a worker."""
    return {
        "contact_email": "ana@example.com",
        "display_name": "Ana",
        "dashboard": "express",
        "identity": {"country": "us", "entity_type": "individual", **identity},
        "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
        "configuration": {
            "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}},
        },
        "include": ["configuration.recipient", "requirements", "future_requirements"],
    }


def checkout(amount: int = 10_000, **more: Any) -> dict[str, Any]:
    """What the product sends to let a client pay."""
    price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Prepaid work"}}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://127.0.0.1/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1/cancelled",
        "client_reference_id": "org-1",
        "metadata": {"funding_id": "f-1"},
        "payment_intent_data": {"transfer_group": "funding_f-1", "metadata": {"funding_id": "f-1"}},
        **more,
    }
