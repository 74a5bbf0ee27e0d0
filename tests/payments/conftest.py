"""Stripe's double as a real process, and workers who can be paid through it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from payments import db_roles, payout_accounts
from payments.models import PayoutAccount
from tests.payments.cast import NOW
from tests.stripe_double.running import Running

PATIENT = ("--payout-delay", "360000", "--payout-arrival", "3600", "--bank-delay", "360000")
"""Bank payouts and bank debits wait until a test says so."""


@pytest.fixture
def roles(transactional_db: None) -> None:
    """The database roles, as a migration leaves them."""
    assert db_roles.apply_roles(connection)


@pytest.fixture(scope="session")
def _shared_rail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("rail") / "books.sqlite3", *PATIENT)
    running.fund(100_000_000)
    yield running
    running.stop()


@pytest.fixture
def rail(_shared_rail: Running, settings: Any) -> Iterator[Running]:
    """The double with a full balance, shared by most tests."""
    settings.STRIPE_API_BASE = _shared_rail.url
    yield _shared_rail
    _shared_rail.call("DELETE", "/_control/faults")


@pytest.fixture
def own_rail(tmp_path: Path, settings: Any) -> Iterator[Callable[..., Running]]:
    """Starts a double of the test's own, with empty books."""
    started: list[Running] = []

    def begin(*options: str) -> Running:
        started.append(Running(tmp_path / f"books{len(started)}.sqlite3", *PATIENT, *options))
        settings.STRIPE_API_BASE = started[-1].url
        return started[-1]

    yield begin
    for running in started:
        running.stop()


def ready(user: Any, double: Running, *, country: str = "DE", now: dt.datetime = NOW) -> PayoutAccount:
    """A payout account with everything the rail asks for."""
    account = payout_accounts.open_account(user=user, country=country, now=now)
    double.control(f"accounts/{account.rail_account}/onboard", {})
    return payout_accounts.read_again(account_id=account.id, now=now)
