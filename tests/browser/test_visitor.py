"""A visitor becomes a worker: the front page, the sign-up, the link in the mail, the first steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from workers import agreements
from workers.models import WorkerProfile

pytestmark = pytest.mark.browser


def test_from_the_front_page_to_the_first_steps(page: Page, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = settings.MAIL_DIR = tmp_path
    agreements.publish(kind="worker", title="Terms of work", text="# Terms\n\nPay is *yours*.", by_id=None, now=timezone.now())

    page.goto("/")
    doors = page.get_by_role("navigation", name="Three ways in")
    for door in ("I want to work", "I have work to post", "I want to run it"):
        expect(doors.get_by_role("link", name=door)).to_be_visible()
    page.get_by_role("link", name="Start working").first.click()
    expect(page.get_by_role("radio", name="I want to work")).to_be_checked()
    page.get_by_label("Your name").fill("Ana Ferreira")
    page.get_by_label("Email").fill("ana@example.test")
    page.locator("input[type=password]").fill("a quiet river at night")
    page.get_by_label("I am at least 18").check()
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()

    page.goto("/mail/")
    page.get_by_role("link", name="confirm-email").click()
    page.get_by_role("link", name="Open", exact=True).first.click()

    page.get_by_label("Country you live in").select_option("PT")
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    page.get_by_label("Language").first.select_option("pt")
    page.get_by_label("Level").first.select_option("native")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Your profile is saved.")).to_be_visible()

    page.locator("li", has_text="The agreement").get_by_role("link", name="Open").click()
    expect(page.get_by_text("Pay is yours.")).to_be_visible()
    page.get_by_label("I have read this and agree").check()
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator("li[data-done]")).to_have_count(2)
    assert WorkerProfile.objects.get(user__email="ana@example.test").onboarded_at is not None
