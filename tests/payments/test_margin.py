"""What the platform keeps of each project, by the ledger: fees less losses, and the rest named apart."""

from __future__ import annotations

import csv
import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from kit.ids import uuid7
from kit.money import total
from payments import earnings, ledger, margin, sheets, words
from payments.chart import platform
from tests.payments.cast import NOW, client, earn, finance, launch, usd, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]
MONTH = sheets.read_month(None, now=NOW)
CATS, DOGS = uuid7(), uuid7()


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> dict[uuid.UUID, uuid.UUID]:
    """Batch -> project, as the room above would say it."""
    known: dict[uuid.UUID, uuid.UUID] = {}
    assert get_resolver().url_patterns  # the room above has said its own by now
    titles = {CATS: "Cats", DOGS: "Dogs"}

    def names(ids: Any) -> dict[uuid.UUID, words.BatchName]:
        return {each: words.BatchName(batch="B", project_id=known[each], project=titles[known[each]]) for each in ids if each in known}

    monkeypatch.setattr(words, "BATCHES", [names])
    return known


def signed_in(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def test_margins_are_the_ledgers_and_add_up_over_batches_of_a_project(batches: dict[uuid.UUID, uuid.UUID]) -> None:
    ana, (_mira, acme) = worker(), client()
    one, two, three = (launch(acme, usd("100")) for _each in range(3))
    batches.update({one: CATS, two: CATS, three: DOGS})
    earn(ana, acme, one, "2", fee="0.50", confirmed=True)
    waiting = earn(ana, acme, two, "3", fee="0.75")
    earn(ana, acme, two, "9", fee="0.90")
    earn(ana, acme, three, "1", fee="0.25", confirmed=True)
    earn(ana, acme, three, "1", fee="0.25", confirmed=True, now=MONTH - dt.timedelta(seconds=1))
    with transaction.atomic():
        earnings.confirm(source_kind="submission", source_ids=[waiting.source_id], actor_id=None, now=NOW)
        lost = uuid7()
        ledger.post(ledger.Posting(
            idem=f"t:{lost}", kind="rail", source_kind="rail", source_id=lost, actor_id=None, now=NOW,
            legs=ledger.move(usd("0.30"), debit=platform("platform_fees", "USD"), credit=platform("stripe_clearing", "USD")),
        ))
    rows, (whole,) = margin.month(MONTH)
    assert [(row.project, row.pay, row.fee, row.losses) for row in rows] == [
        ("Cats", usd("5"), usd("1.25"), usd("0")), ("Dogs", usd("1"), usd("0.25"), usd("0")),
    ]
    assert (whole.projects, whole.rail_fees, whole.net) == (usd("1.50"), usd("0.30"), usd("1.20"))
    before, _wholes = margin.month(sheets.before(MONTH))
    both = total((row.fee for row in [*rows, *before]), "USD")
    assert both == ledger.balance(platform("platform_revenue", "USD"))


def test_what_the_platform_paid_itself_lowers_the_margin_of_its_project(batches: dict[uuid.UUID, uuid.UUID]) -> None:
    ana, (_mira, acme) = worker(), client()
    batch = launch(acme, usd("2.50"))
    batches[batch] = CATS
    first = earn(ana, acme, batch, "2", fee="0.50", confirmed=True)
    with transaction.atomic():
        earnings.adjust(
            adjustment_id=uuid7(), source_kind="submission", source_id=first.source_id, actor_id=None, now=NOW,
            lines=[earnings.Line("base", usd("1").units, {}, "dispute/1")],
        )
    ((row,), _wholes) = margin.month(MONTH)
    assert (row.pay, row.fee, row.losses, row.margin) == (usd("3"), usd("0.50"), usd("1"), usd("-0.50"))


def test_finance_reads_the_page_and_the_file_and_nobody_else_does(batches: dict[uuid.UUID, uuid.UUID]) -> None:
    ana, (mira, acme) = worker(), client()
    batch = launch(acme, usd("100"))
    batches[batch] = CATS
    earn(ana, acme, batch, "2", fee="0.50", confirmed=True)
    browser = signed_in(finance())
    page = browser.get(f"/ops/payouts/margin/?month={MONTH:%Y-%m}").content.decode()
    assert "Cats" in page and "0.50" in page
    answer = browser.get(f"/ops/payouts/margin.csv?month={MONTH:%Y-%m}")
    lines = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert [lines[0][name] for name in ("project", "to_workers", "fee", "margin", "currency")] == ["Cats", "2.0000", "0.5000", "0.5000", "USD"]
    assert browser.get("/ops/payouts/margin/?month=2026-13").status_code == 422
    for eve in (ana, mira):
        for address in ("/ops/payouts/margin/", "/ops/payouts/margin.csv"):
            assert signed_in(eve).get(address).status_code == 403


def test_the_page_costs_the_same_for_one_project_and_many_lines(batches: dict[uuid.UUID, uuid.UUID]) -> None:
    ana, (_mira, acme) = worker(), client()
    browser, counts = signed_in(finance()), []
    for more in (1, 8):
        for at in range(more):
            batch = launch(acme, usd("10"))
            batches[batch] = (CATS, DOGS)[at % 2]
            earn(ana, acme, batch, "2", confirmed=True)
        browser.get("/ops/payouts/margin/")
        with CaptureQueriesContext(connection) as asked:
            browser.get(f"/ops/payouts/margin/?month={MONTH:%Y-%m}")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12
