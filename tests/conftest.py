"""Fixtures that every test may use: one Chromium for a whole run, started when the first test asks for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.test import TransactionTestCase
from playwright.sync_api import Browser, sync_playwright

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

BUILT = Path(__file__).resolve().parents[1] / "static_build"
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


LONGEST = ("drills/money/test_money.py", "marketplace/test_dispatch_machine.py", "house/test_matrix.py", "drills/test_dispatch_kill.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that the last minutes of a run are not one process waiting for another."""
    late = len(LONGEST)
    items.sort(key=lambda item: next((n for n, name in enumerate(LONGEST) if item.path.as_posix().endswith(name)), late))


KEPT = {"django_migrations", "django_content_type", "auth_permission"}
MANY = 2_000
"""Rows from which on a table is truncated: below, that costs more than deleting them."""


def _empty(self: TransactionTestCase) -> None:
    """What a test committed goes: the few tables that hold something are emptied, where Django would truncate all and fill
    its own again after every test."""
    for name in self._databases_names(include_mirrors=False):
        connection = connections[name]
        tables = sorted(set(connection.introspection.django_table_names(only_existing=False)) - KEPT)
        looks = ", ".join(f"('{table}', EXISTS (SELECT FROM {table}), EXISTS (SELECT FROM {table} OFFSET {MANY}))" for table in tables)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT name, many FROM (VALUES {looks}) AS looked (name, filled, many) WHERE filled")
            found = cursor.fetchall()
            steps = [f"TRUNCATE {table} CASCADE" if many else f"DELETE FROM {table}" for table, many in sorted(found, key=lambda row: not row[1])]
            if steps:
                # As a replica no trigger fires: neither foreign keys nor the guards of what is only ever added to.
                cursor.execute("; ".join(["SET session_replication_role = replica", *steps, "SET session_replication_role = DEFAULT"]))


TransactionTestCase._fixture_teardown = _empty  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this run. Without Chromium its tests are skipped; where CI is set they fail."""
    path = shutil.which("chromium")
    if path is None:
        message = "Chromium is not on the PATH: browser tests cannot run"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    assert (BUILT / "workspace.js").exists(), "the front end is not built: make setup"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
