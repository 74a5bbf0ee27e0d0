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

from kit import counts

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

# What a slow machine counted slowly would be believed for a while, and tests look again at once.
counts.REST = 0

KEPT = ["django_migrations", "django_content_type", "auth_permission"]
FILLED = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0 AND relname <> ALL(%s)
"""


def _empty(self: TransactionTestCase) -> None:
    """What a test committed goes, from the few tables that it filled. TRUNCATE would take all that refer to them along, which
    costs ten times as much; VACUUM gives their space back, so that rows lie in the order in which the next test writes them."""
    for name in self._databases_names(include_mirrors=False):
        with connections[name].cursor() as cursor:
            cursor.execute(FILLED, [KEPT])
            if tables := [row[0] for row in cursor.fetchall()]:
                gone = "; ".join(f"DELETE FROM {table}" for table in tables)
                cursor.execute(f"SET session_replication_role = replica; {gone}; SET session_replication_role = origin")
                cursor.execute(f"VACUUM {', '.join(tables)}")


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
