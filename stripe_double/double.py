"""The double as a whole: its settings, clock, books and faults, and the step in which anything happens."""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from stripe_double import accounts, checkout, money, payouts, refunds, topups
from stripe_double.clock import Clock
from stripe_double.contract import Contract
from stripe_double.faults import Faults
from stripe_double.idempotency import InFlight
from stripe_double.settings import Settings
from stripe_double.store import Books, Store, Thing

log = logging.getLogger("stripe_double")

#: What the agenda can hold: action -> the function that does it to a subject.
ACTIONS = {
    "funds_available": money.funds_available,
    "verify_account": accounts.verified,
    "pay_out": payouts.pay_out,
    "finish_payout": payouts.finish_as_planned,
    "fail_paid_payout": payouts.fail_after_paid,
    "settle_checkout": checkout.settle_as_planned,
    "expire_checkout": checkout.expire_overdue,
    "finish_topup": topups.succeed,
    "finish_refund": refunds.succeed,
}


class Double:
    """Everything one process holds. `requests` is a note of the latest ones, for drills that count calls."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.books)
        self.contract = Contract()
        self.faults = Faults()
        self.in_flight = InFlight()
        self.requests: deque[Thing] = deque(maxlen=20_000)
        self.committed = threading.Event()  # something may wait for delivery
        with self.store.step() as db:
            self.clock = Clock(Books(db, now=0, settings=settings).setting("clock_offset", 0))

    @contextmanager
    def step(self, request: Thing | None = None) -> Iterator[Books]:
        """Open the books, do what is due, let the block act; all of it happens or nothing."""
        with self.store.step() as db:
            books = Books(db, now=self.clock.now(), settings=self.settings, request=request)
            run_due(books)
            yield books
        self.committed.set()

    def something_due(self) -> bool:
        with self.store.step() as db:
            return db.execute("SELECT 1 FROM agenda WHERE due <= ? LIMIT 1", (self.clock.now(),)).fetchone() is not None


def run_due(books: Books) -> None:
    """Do what the agenda says up to now, each thing at its own time: one jump of the clock does all that follows from it.
    What fails is logged and dropped, the rest goes on."""
    present, caused_by = books.now, books.request
    books.request = {"id": None, "idempotency_key": None}
    while row := books.db.execute(
        "SELECT seq, due, action, subject FROM agenda WHERE due <= ? ORDER BY due, seq LIMIT 1", (present,)
    ).fetchone():
        seq, books.now, action, subject = row
        books.db.execute("DELETE FROM agenda WHERE seq = ?", (seq,))
        try:
            with books.attempt():
                ACTIONS[action](books, subject)
        except Exception:
            log.exception("the agenda could not do %s to %s", action, subject)
    books.now, books.request = present, caused_by
