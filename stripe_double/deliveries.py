"""The postman: a thread that delivers events, signed, with retries; what is not delivered survives a restart."""

import hashlib
import hmac
import http.client
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from stripe_double.double import Double

log = logging.getLogger("stripe_double")

ATTEMPTS_MOST, WAIT_MOST, TIMEOUT, AT_ONCE = 30, 600.0, 10.0, 4


def signature(body: str, secret: str, moment: int) -> str:
    """The `Stripe-Signature` header. It bears real time: receivers compare it with their own clock."""
    digest = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class Postman(threading.Thread):
    """Delivers what is due, a few at a time; order is not promised, as it is not by Stripe."""

    def __init__(self, double: Double) -> None:
        super().__init__(name="postman", daemon=True)
        self._double = double
        self._stopping = threading.Event()
        self._round = threading.Lock()  # a delivery on demand and the thread never send the same row twice
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="delivery")

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._double.something_due():
                    with self._double.step():
                        pass
                while self.deliver():
                    pass
            except Exception:
                log.exception("the postman stumbled")
            self._double.committed.wait(timeout=0.2)
            self._double.committed.clear()

    def stop(self) -> None:
        self._stopping.set()
        self._double.committed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def deliver(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """Deliver what is due (or all that waits) once; gives each outcome."""
        with self._round:
            horizon = time.time() + (10 * WAIT_MOST if everything else 0)
            with self._double.store.step() as db:
                rows = db.execute(
                    "SELECT seq, event, endpoint, body, attempts FROM delivery WHERE state = 'pending' AND due <= ?"
                    " ORDER BY due, seq LIMIT ?", (horizon, 1_000_000 if everything else 64),
                ).fetchall()  # fmt: skip
            if self._stopping.is_set():
                return []
            return list(self._pool.map(lambda row: self._deliver_one(*row), rows))

    def _deliver_one(self, seq: int, event: str, endpoint: str, body: str, attempts: int) -> dict[str, Any]:
        answer = self._post(endpoint, body)
        delivered, attempts = answer.startswith("2"), attempts + 1
        state = "delivered" if delivered else "given_up" if attempts >= ATTEMPTS_MOST else "pending"
        wait = min(self._double.settings.webhook_retry_seconds * 2 ** (attempts - 1), WAIT_MOST)
        with self._double.store.step() as db:
            db.execute("UPDATE delivery SET state = ?, attempts = ?, answer = ?, due = ? WHERE seq = ?",
                       (state, attempts, answer, time.time() + wait, seq))  # fmt: skip
        return {"event": event, "endpoint": endpoint, "state": state, "attempts": attempts, "answer": answer}

    def _post(self, endpoint: str, body: str) -> str:
        """The status of the receiver's answer, or what went wrong, as text."""
        settings = self._double.settings
        address = urlsplit(f"{settings.webhook_url.rstrip('/')}/{endpoint}/")
        secret = settings.webhook_secrets.get(endpoint, "")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, secret, int(time.time())),
            "User-Agent": "Stripe/1.0 (double)",
        }
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=TIMEOUT)
        try:
            connection.request("POST", address.path, body.encode(), headers)
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()
