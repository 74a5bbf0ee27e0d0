"""A client's main path in a real browser: a project, its task, price and guideline, a file, a launch, results, a verdict."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from marketplace.models import Batch, Project, ProjectTry, Submission
from tests import market, people
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.browser

ROWS = "ref,message,region\nr1,It rains cats and dogs,north\nr2,,south\nr3,Not a cloud in the sky,west\n"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "messages.csv"
    path.write_text(ROWS)
    return path


def test_from_an_idea_to_answers_taken_home(page: Page, sign_in: SignIn, runner: None, rows: Path) -> None:
    mira, shop = people.client("Mira")
    ana = people.worker("Ana")
    people.pay_in(shop, people.usd("50"))
    sign_in(page, mira)

    # A project, its labels in the small table, the preview beside them.
    page.goto(f"/client/{shop.slug}/")
    page.get_by_role("link", name="Make a project").click()
    page.get_by_label("Name", exact=True).fill("Weather in messages")
    page.get_by_text("Choice", exact=True).click()
    page.get_by_role("button", name="Make the project").click()
    page.locator("#settings-form").get_by_label("Question").fill("What is the weather like?")
    labels = page.locator(".mk-rows__row")
    while labels.count() > 2:
        labels.last.get_by_role("button", name="Remove").click()
    for row, name in ((labels.first, "Rain"), (labels.last, "Sun")):
        row.get_by_label("Shown to workers").fill(name)
        row.get_by_label("In your results").fill(name.lower())
    preview = page.locator("#preview")
    expect(preview.get_by_text("What is the weather like?", exact=True)).to_be_visible()
    expect(preview.get_by_text("Sun", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert [label["value"] for label in Project.objects.get().settings["labels"]] == ["rain", "sun"]

    # The guideline is rendered while it is written.
    page.get_by_role("link", name="Guideline").click()
    page.get_by_label("Guideline", exact=True).fill("# Weather\n\n## 1. Rain\nWater that falls.")
    expect(page.locator("#rendered").get_by_role("heading", name="1. Rain")).to_be_visible()
    page.get_by_role("button", name="Publish").click()

    # The price says what it makes an hour before it is saved.
    page.get_by_role("link", name="Pay and judging").click()
    page.get_by_label("An answer pays").fill("0.10")
    page.get_by_label("A task takes about").fill("36")
    expect(page.locator("#sums")).to_contain_text("10.00")
    page.get_by_label("Answers for each task").fill("1")
    page.get_by_label("At most").fill("1")
    page.get_by_text("The client judges").click()
    page.get_by_role("button", name="Save").click()

    # A file: its columns, its rows while they are read, the bad one, a try, the launch.
    page.get_by_role("button", name="New batch").click()
    page.locator("dialog[open]").get_by_label("Name").fill("November")
    page.get_by_role("button", name="Open the draft").click()
    page.locator("input[type=file]").set_input_files(rows)
    page.get_by_label("ref").select_option(label="your own id")
    page.get_by_label("message").select_option(label="text")
    page.get_by_role("button", name="Read the rows").click()
    expect(page.get_by_text("2 tasks").first).to_be_visible()
    bad = page.locator(".mk-bad-rows tbody tr")
    expect(bad).to_have_count(1)
    expect(bad).to_contain_text("3")
    expect(bad).to_contain_text("Text or image: one of them is needed.")
    page.get_by_role("link", name="Try it as a worker").first.click()
    page.get_by_text("Rain", exact=True).last.click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your answer: Rain")).to_be_visible()
    assert ProjectTry.objects.count() == 1
    page.get_by_role("link", name="Back to the batch").click()
    expect(page.get_by_text("from 1 try of your own")).to_be_visible()
    page.keyboard.press("l")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Reserved now")
    dialog.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("are reserved; the first tasks open within seconds.")).to_be_visible()
    expect(page.locator(".mk-head").get_by_text("Active")).to_be_visible()
    batch = Batch.objects.get()
    assert batch.state == "active"

    # Results come without a reload, and are taken home.
    for label in ("rain", "sun"):
        market.work(ana, label, now=timezone.now())
    expect(page.get_by_text("It rains cats and dogs")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    taken = list(csv.DictReader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert [row["region"] for row in taken] == ["north", "west"]


def test_answers_are_judged_by_key(page: Page, sign_in: SignIn) -> None:
    ana, (mira, shop) = people.worker("Ana"), people.client("Mira")
    now = timezone.now()
    people.pay_in(shop, people.usd("50"))
    made = market.project(mira, shop, review_rule="client", now=now)
    market.launch(market.batch(made, mira, texts=["It rains", "It shines", "It blows"], now=now), mira, now=now)
    sign_in(page, mira)
    for _turn in range(3):
        market.work(ana, "rainy", now=now)
    page.goto(f"/client/{shop.slug}/review/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("[data-task-root].task")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Accepted and paid.")).to_be_visible()
    page.keyboard.press("4")
    page.get_by_label("Reason").select_option("wrong")
    page.locator("#guide-text").get_by_role("heading", name="Weather").click()
    expect(page.get_by_label("Clause of the guideline")).to_have_value("Weather")
    page.get_by_role("button", name="Give the verdict").click()
    expect(page.get_by_text("Rejected.")).to_be_visible()

    # The last one by ticking it in the list.
    page.goto(f"/client/{shop.slug}/review/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.locator("dialog[open]").get_by_role("button", name="Accept them").click()
    expect(page.get_by_text("1 answer judged.")).to_be_visible()
    assert sorted(Submission.objects.values_list("state", flat=True)) == ["accepted", "accepted", "rejected"]


def test_what_was_typed_survives_a_refusal_and_a_wrong_click_asks_first(page: Page, sign_in: SignIn) -> None:
    mira, shop = people.client("Mira")
    made = market.project(mira, shop)
    sign_in(page, mira)
    page.goto(f"/client/{shop.slug}/projects/{made.pk}/settings/")
    rows = page.locator(".mk-rows__row")
    rows.first.get_by_label("In your results").fill("rainy")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Two labels have the same value.").first).to_be_visible()
    expect(rows.first.get_by_label("In your results")).to_have_value("rainy")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    rows.first.get_by_label("In your results").fill("sun")
    page.get_by_role("link", name="Overview").click(no_wait_after=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"] and page.url.endswith("/settings/")
