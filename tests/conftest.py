"""Fixtures that every test may use: one Chromium for a whole run, started when the first test asks for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
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


# The product's own way of hashing, at the least that it may cost: what it costs is for those who guess, and nobody guesses here.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def _empty(self: TransactionTestCase) -> None:
    """What a test committed goes. Django would also fill its own tables again, and give rights anew, after every test."""
    for name in self._databases_names(include_mirrors=False):
        connection = connections[name]
        tables = sorted(set(connection.introspection.django_table_names(only_existing=False)) - KEPT)
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)}")


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
