"""A real Chromium against the real site: `live` is the address, `page` a tab, `sign_in` puts a person into it, `runner` does the jobs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from config import jobs as roof
from marketplace import jobs
from workers.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PATIENCE = 15_000
"""Milliseconds that a page may take on a machine that does other things too."""
EACH_ROUND = (
    roof.deliver_outbox, jobs.open_slots, jobs.read_uploads, jobs.fetch_images, jobs.advance_batches, jobs.accept_overdue,
)  # fmt: skip
"""What a runner does again and again."""
NO_FAULT = re.compile(r"status of 422|htmx:(afterRequest|sendAbort)")
"""A form that was refused (the page says so), and a fragment that nobody waits for since the page was left."""

SignIn = Callable[[Page, User], None]


@pytest.fixture
def live(transactional_db: None, live_server: LiveServer) -> str:
    """Where the site answers, on a database that every thread sees; emptied afterwards."""
    cache.clear()
    return str(live_server.url)


@pytest.fixture
def page(chromium: Browser, live: str) -> Iterator[Page]:
    """A tab at desktop width. At the end no tab may have complained: no error, no refused script or style, nothing missing."""
    complaints: list[str] = []
    expect.set_options(timeout=PATIENCE)
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=live)
    context.set_default_timeout(PATIENCE)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda message: complaints.append(message.text) if _is_fault(message) else None)
    yield context.new_page()
    context.close()
    assert complaints == []


def _is_fault(message: ConsoleMessage) -> bool:
    return message.type == "error" and not NO_FAULT.search(message.text)


@pytest.fixture
def sign_in(live: str) -> SignIn:
    """Give a tab the session of a person, as if they had signed in."""

    def put(tab: Page, user: User) -> None:
        session = SessionStore()
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        tab.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": live}])

    return put


@pytest.fixture
def runner(live: str) -> Iterator[None]:
    """The jobs run beside the test, as Celery and its beat would run them."""
    over = threading.Event()

    def work() -> None:
        try:
            while not over.wait(0.3):
                for job in EACH_ROUND:
                    job()
        finally:
            connections.close_all()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
