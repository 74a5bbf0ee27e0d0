"""Starts the tests' own PostgreSQL and Valkey before Django reads its settings; parallel test processes share them."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config import embedded  # noqa: E402 - the path has to be there first

FIXED = {"DATA": "", "PUBLIC_URL": "http://localhost:8000", "MARKETPLACE_PROCESS": "", "STRIPE_API_KEY": "sk_test_double",
         "STRIPE_WEBHOOK_SECRET_PLATFORM": "whsec_platform", "STRIPE_WEBHOOK_SECRET_CONNECT": "whsec_connect",
         "STRIPE_WEBHOOK_SECRET_THIN": "whsec_thin"}

if "PYTEST_XDIST_WORKER" not in os.environ:
    base = Path(os.environ.get("TEST_DATA") or Path(tempfile.gettempdir()) / f"marketplace-tests-{os.getpid()}")
    base.mkdir(parents=True, exist_ok=True)
    os.environ.update(FIXED | {"DATA": str(base)})
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "STRIPE_API_BASE"):
        os.environ.pop(name, None)
    if "TEST_DATA" not in os.environ:
        # Registered before the servers' own exit hooks, so it runs after them.
        atexit.register(shutil.rmtree, base, ignore_errors=True)
    embedded.ensure(base, durable=False)
else:
    # A Redis database of its own: one process empties its cache, and the other's rate limits are not touched.
    server, _slash, _number = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{server}/{1 + int(os.environ['PYTEST_XDIST_WORKER'].removeprefix('gw'))}"
