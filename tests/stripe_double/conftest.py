"""The double for tests: one process shared by most, one of their own for those who kill it or count everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stripe_double.running import SECRETS, Receiver, Running

SLOW_PAYOUTS = ("--payout-delay", "3600", "--payout-arrival", "3600", "--bank-delay", "3600")
OPTION_OF = {
    "platform": "--webhook-secret",
    "connect": "--connect-webhook-secret",
    "thin": "--thin-webhook-secret",
}


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("double") / "books.sqlite3", *SLOW_PAYOUTS)
    yield running
    running.stop()


@pytest.fixture
def double(_shared: Running) -> Iterator[Running]:
    """The shared process, rich and without faults. Payouts and bank debits wait for the clock."""
    _shared.fund()
    yield _shared
    _shared.call("DELETE", "/_control/faults")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts processes that belong to one test."""
    started: list[Running] = []

    def begin(*options: str) -> Running:
        started.append(Running(tmp_path / f"books{len(started)}.sqlite3", *SLOW_PAYOUTS, *options))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def told(start: Callable[..., Running], receiver: Receiver) -> Running:
    """A process of its own that tells the receiver about everything."""
    options = [part for name, secret in SECRETS.items() for part in (OPTION_OF[name], secret)]
    return start("--webhook-url", receiver.url, "--webhook-retry-seconds", "0.05", *options)
