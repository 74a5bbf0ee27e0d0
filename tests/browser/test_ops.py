"""An ops person's main path in a real browser: signing in, today, a payout run from dry run to done, pausing somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, expect

from payments import jobs
from payments.models import Payout
from tests import people
from tests.payments.cast import earn, launch
from tests.payments.conftest import PATIENT, ready
from tests.stripe_double.running import Running
from workers.models import User, WorkerProfile

pytestmark = pytest.mark.browser

PASSWORD = "a quiet river at night"


@pytest.fixture
def rail(tmp_path: Path, settings: Any) -> Iterator[Running]:
    double = Running(tmp_path / "books.sqlite3", *PATIENT)
    double.fund()
    settings.STRIPE_API_BASE = double.url
    yield double
    double.stop()


def test_from_signing_in_to_a_payout_and_a_pause(page: Page, rail: Running) -> None:
    olu, ana, (_mira, shop) = with_password(people.ops("Olu", "finance", "pool_manager")), people.worker("Ana"), people.client()
    ready(ana, rail, now=timezone.now() - dt.timedelta(days=4))
    earn(ana, shop, launch(shop, people.usd("100")), "5.25", confirmed=True)

    # The real door, then what needs a person today.
    page.goto("/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill(olu.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()
    expect(page.locator(".mk-skeleton")).to_have_count(0)

    # Money: a dry run moves nothing; approving asks once more who it is, some time after the sign-in; progress shows without a reload.
    page.get_by_role("link", name="Payouts").click()
    page.get_by_role("button", name="Start a dry run").click()
    expect(page.get_by_text("first payout")).to_be_visible()
    assert Payout.objects.get().state == "draft" and rail.control("transfers")["transfers"] == []
    sign_in_was(dt.timedelta(minutes=16))
    page.get_by_role("button", name="Approve").click()
    page.locator("dialog[open]").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("Approved. Payouts are being sent.")).to_be_visible()
    expect(page.locator("#run")).to_contain_text("0 of 1")
    jobs.send_payouts()
    expect(page.locator("#run")).to_contain_text("1 of 1")
    assert [sent["amount"] for sent in rail.control("transfers")["transfers"]] == [525]

    # A person, and a pause with its reason.
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Ana").click()
    expect(page.locator("#money")).to_contain_text("5.25")
    page.get_by_role("button", name="Pause").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Reason, as the person reads it").select_option(index=1)
    dialog.get_by_label("Days").fill("3")
    dialog.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused until")).to_be_visible()
    assert WorkerProfile.objects.get(pk=ana.pk).standing == "paused"


def sign_in_was(ago: dt.timedelta) -> None:
    """The one session's sign-in lies so long back."""
    session = Session.objects.get()
    data = session.get_decoded()
    for record in data[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= ago.total_seconds()
    session.session_data = Session.objects.encode(data)
    session.save()


def with_password(user: User) -> User:
    """Somebody who can come through the sign-in page."""
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
