"""A worker's main path in a real browser: what is open and why not, a task by key, drafts, skipping, two tabs, the reasons of the pay."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from marketplace.models import Lease, Project, Submission
from tests import market, people
from tests.browser.conftest import SignIn
from workers.models import User

pytestmark = pytest.mark.browser


def test_a_day_at_work_by_keyboard(page: Page, sign_in: SignIn) -> None:
    ana = at_work(page, sign_in, texts=3)

    # What is open, and what keeps the other door shut.
    page.goto("/work/")
    offer = page.locator(".mk-offer")
    expect(offer).to_have_count(1)
    expect(offer).to_contain_text("Weather")
    shut = page.locator(".mk-sheet", has=page.get_by_role("heading", name="Only in France"))
    expect(shut.locator(".mk-rules")).to_contain_text("France")

    # A draft outlives a reload, and a second tab shows the same task.
    page.keyboard.press("n")
    expect(page.locator("[data-task-root].task")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(page.locator("[data-task-root].task")).to_be_visible()
    assert answer(page) == {"label": "rainy"}
    other = page.context.new_page()
    other.goto("/work/")
    other.get_by_role("button", name="Start").click()
    expect(other.locator("[data-task-root].task")).to_be_visible()
    assert other.url == page.url and answer(other) == {"label": "rainy"}
    other.close()

    # One key hands in and brings the next task.
    first = page.url
    page.keyboard.press("Enter")
    expect(page.get_by_text("Handed in: 0.10 USD in review")).to_be_visible()
    expect(page.locator("[data-task-root].task")).to_be_visible()
    assert page.url != first and answer(page) == {}
    assert Submission.objects.get().answer == {"label": "rainy"}

    # A task that is not for Ana goes to somebody else.
    second = page.url
    page.keyboard.press("Alt+x")
    expect(page.locator("dialog[open]")).to_contain_text("Skipping costs you nothing.")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != second)
    expect(page.locator("[data-task-root].task")).to_be_visible()
    assert Lease.objects.get(pk=second.rstrip("/").rpartition("/")[2]).state == "given_back"

    # What was earned, and why so much.
    page.goto("/work/earnings/")
    line = page.locator("#earnings tbody tr")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("Pending")
    line.get_by_role("button", name="Explain").click()
    expect(page.locator(".mk-pop:popover-open")).to_contain_text("Base")
    assert people.of_worker("pending", ana) == people.usd("0.10")


def test_a_double_click_hands_in_once(page: Page, sign_in: SignIn) -> None:
    at_work(page, sign_in, texts=2)
    page.goto("/work/")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Sunny", exact=True).click()
    first = page.url
    page.get_by_role("button", name="Submit and go on").dblclick()
    page.wait_for_url(lambda url: url != first)
    expect(page.locator("[data-task-root].task")).to_be_visible()
    assert Submission.objects.count() == 1


def at_work(page: Page, sign_in: SignIn, *, texts: int) -> User:
    """Ana is signed in; one project is open to her, another one is not."""
    now = timezone.now() - dt.timedelta(minutes=1)
    ana, (mira, shop) = people.worker("Ana", country="DE"), people.client("Mira")
    people.pay_in(shop, people.usd("50"))
    abroad = market.project(mira, shop, eligibility={"fact": "country", "in": ["FR"]}, now=now)
    Project.objects.filter(pk=abroad.pk).update(name="Only in France")
    for made in (market.project(mira, shop, review_rule="client", now=now), abroad):
        market.launch(market.batch(made, mira, texts=texts, now=now), mira, now=now)
    sign_in(page, ana)
    return ana


def answer(page: Page) -> object:
    return page.evaluate("document.querySelector('[data-task-root]').task.value()")
