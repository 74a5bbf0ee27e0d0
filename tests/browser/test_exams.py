"""An adaptive test in a real browser: by key from the first question to the tier, a reload on the way, and what the page counts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from qualification.models import Attempt, AttemptItem
from tests import people
from tests.browser.conftest import SignIn
from tests.qualification import cast
from tests.qualification.test_adaptive import adaptive_exam

pytestmark = pytest.mark.browser


def test_an_adaptive_test_by_key_from_start_to_tier(page: Page, sign_in: SignIn) -> None:
    made = adaptive_exam(most=12)
    sign_in(page, people.worker("Wen"))
    page.goto(f"/work/exams/{made.pk}/")
    expect(page.locator("main")).to_contain_text("at most 12 questions")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/work/attempts/[^/]+/1/$"))

    # A draft outlives a reload, and nothing is decided by it.
    choose_right(page)
    expect(page.locator("#exam-saved")).to_contain_text("1 answer kept")
    page.reload()
    expect(page.locator("input[name=picked]:checked")).to_have_count(1)
    page.evaluate("document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: new DataTransfer()}))")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/2/$"))
    assert AttemptItem.objects.get(n=1).signals == {"pastes": 1}

    # Forward, until the tier is clear.
    while not page.url.endswith("/result/"):
        before = page.url
        choose_right(page)
        page.keyboard.press("Control+Enter")
        page.wait_for_url(lambda url, before=before: url != before)
        page.wait_for_load_state()
    expect(page.get_by_role("heading", name="Passed")).to_be_visible()
    expect(page.locator(".mk-stats")).to_contain_text("Your tier")
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.tier) == ("passed", 3)
    assert attempt.items.count() < 12


def choose_right(page: Page) -> None:
    row = AttemptItem.objects.select_related("item").get(final_at__isnull=True)
    page.locator(f"input[name=picked][value={cast.right_answer(row)[0]}]").check()
    expect(page.locator("#exam-saved")).to_contain_text("kept")
