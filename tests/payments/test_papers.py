"""Papers add up, name everybody, cost the database little, and show nobody else's money."""

from __future__ import annotations

import csv
import datetime as dt
import re
import zlib
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from kit.ids import uuid7
from kit.money import total
from payments import ledger, papers, sheets, statements, tax, usage, words
from payments.chart import Account, platform
from payments.models import Funding, PayoutAccount
from payments.pdf import Sheet
from tests.payments.cast import NOW, client, earn, finance, launch, usd, worker
from workers import my_data

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]
MONTH = sheets.read_month(None, now=NOW)
YEAR = f"{NOW:%Y}"


def signed_in(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def rows_of(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    return list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))


def letters_of(made: bytes) -> str:
    """What a PDF says: its fonts' own tables turn glyph numbers back into letters."""
    streams = []
    for found in re.finditer(rb"stream\r?\n(.*?)\nendstream", made, re.S):
        try:  # a packed stream knows its own end; what looks like a line's end before the word may be its last byte
            streams.append(zlib.decompressobj().decompress(found.group(1)))
        except zlib.error:
            streams.append(found.group(1))
    maps = [_table(each) for each in streams if b"beginbfchar" in each or b"beginbfrange" in each]
    assert maps
    out = []
    for each in streams:
        if b"BT" not in each:
            continue
        for font, shown in re.findall(rb"/F(\d+) [\d.]+ Tf|\((.*?)(?<!\\)\) Tj", each, re.S):
            if font:
                table = maps[int(font) - 1]
            elif shown:
                out.append(_read(shown, table))
    return "\n".join(out)


def _table(stream: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4,8})>", stream)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def _read(shown: bytes, table: dict[int, str]) -> str:
    plain = re.sub(rb"\\([nrtbf()\\])", lambda m: {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(m[1], m[1]), shown)
    return "".join(table.get(int.from_bytes(plain[at : at + 2]), "?") for at in range(0, len(plain), 2))


@pytest.mark.parametrize("name", ["Ana Ñandú Łódź", "Αθηνά Παπαδοπούλου", "Анна Щукіна Ёлкина"])
def test_a_name_in_latin_greek_or_cyrillic_stands_in_the_pdf_as_it_is_written(name: str) -> None:
    ana = worker(name)
    month = statements.month(worker_id=ana.id, currency="USD", start=MONTH)
    said = letters_of(papers.worker_month(user=ana, month=month, part=1, now=NOW))
    assert name in said
    assert "Unicode" not in said


def test_letters_that_the_font_lacks_are_spelled_and_the_sheet_says_so() -> None:
    sheet = Sheet(title="張 Li", now=NOW)
    said = letters_of(sheet.finish())
    assert "[U+5F35] Li" in said
    assert "Unicode number" in said


def test_ana_gets_every_line_with_its_reasons_as_pdf_and_csv() -> None:
    ana = worker()
    _mira, acme = client()
    batch = launch(acme, usd("1000"))
    for text in ("2.50", "1.25", "0.0045"):
        earn(ana, acme, batch, text, confirmed=True)
    earn(ana, acme, batch, "99", confirmed=False)
    browser = signed_in(ana)
    page = f"/work/earnings/statement/?month={MONTH:%Y-%m}"
    assert "3.75<" in browser.get(page).content.decode()
    answer = browser.get(f"/work/earnings/statement.pdf?month={MONTH:%Y-%m}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    said = letters_of(answer.content)
    for words_ in ("Ana", "3 earnings", "2.50 USD", "1.25 USD", "0.0045 USD", "3.7545 USD", "piece_rate/1", "Base"):
        assert words_ in said
    assert "99" not in said.replace(str(ana.email), "")
    lines = rows_of(browser.get(f"/work/earnings/statement.csv?month={MONTH:%Y-%m}"))
    assert sum(float(line["amount"]) for line in lines) == pytest.approx(3.7545)
    assert "rate 2.50" in lines[0]["reasons"] and "piece_rate/1" in lines[0]["reasons"]


def test_a_long_month_comes_in_parts_that_together_hold_every_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "PART", 2)
    monkeypatch.setattr(papers, "PART", 2)
    ana = worker()
    _mira, acme = client()
    batch = launch(acme, usd("1000"))
    for text in ("1.11", "2.22", "3.33"):
        earn(ana, acme, batch, text, confirmed=True)
    browser = signed_in(ana)
    address = f"/work/earnings/statement.pdf?month={MONTH:%Y-%m}&part="
    said = [letters_of(browser.get(f"{address}{part}").content) for part in (1, 2)]
    found = [re.findall(r"(?:1\.11|2\.22|3\.33) USD", each) for each in said]
    assert sorted({*found[0], *found[1]}) == ["1.11 USD", "2.22 USD", "3.33 USD"]
    assert not {*found[0]} & {*found[1]}
    assert [browser.get(f"{address}{wrong}").status_code for wrong in ("3", "0", "x")] == [404, 404, 404]


def test_the_pdf_asks_the_database_the_same_for_few_and_many_lines() -> None:
    ana = worker()
    _mira, acme = client()
    batch, counts, browser = launch(acme, usd("1000")), [], signed_in(ana)
    for more in (1, 20):
        for _each in range(more):
            earn(ana, acme, batch, "1", confirmed=True)
        browser.get("/work/earnings/statement/")
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(f"/work/earnings/statement.pdf?month={MONTH:%Y-%m}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 14


def test_mira_sees_what_a_month_was_charged_and_the_fee_apart() -> None:
    mira, acme = client()
    ana = worker()
    batch = launch(acme, usd("100"))
    for _each in range(3):
        earn(ana, acme, batch, "2.00", fee="0.50", confirmed=True)
    earn(ana, acme, batch, "9.00", fee="1", confirmed=False)
    found = usage.month(organisation_id=acme.id, currency="USD", start=MONTH)
    assert (found.pay, found.fee, found.total) == (usd("6"), usd("1.50"), usd("7.50"))
    assert found.fee == ledger.balance(platform("platform_revenue", "USD"))
    assert found.closing == ledger.balance(Account("client_prepaid", acme.id, "USD")) == usd("0")
    assert total([found.opening, *(amount for _kind, amount in found.moves)], "USD") == found.closing
    browser, address = signed_in(mira), f"/client/{acme.slug}/billing/month"
    page = browser.get(f"{address}/?month={MONTH:%Y-%m}").content.decode()
    for figure in ("7.50", "6.00", "1.50", "Reserved for a batch"):
        assert figure in page
    (line,) = rows_of(browser.get(f"{address}.csv?month={MONTH:%Y-%m}"))
    assert (line["count"], line["to_workers"], line["fee"], line["total"]) == ("3", "6.0000", "1.5000", "7.5000")
    said = letters_of(browser.get(f"{address}.pdf?month={MONTH:%Y-%m}").content)
    for figure in ("Mira Ltd", "7.50 USD", "6.00 USD", "1.50 USD"):
        assert figure in said
    before = usage.month(organisation_id=acme.id, currency="USD", start=sheets.before(MONTH))
    assert (before.charges, before.closing) == ([], usd("0"))
    assert browser.get(f"{address}/?month=soon").status_code == 422


def test_a_month_names_batches_and_costs_the_same_for_one_and_many(monkeypatch: pytest.MonkeyPatch) -> None:
    of = uuid7()
    assert get_resolver().url_patterns  # the room above has said its own by now
    monkeypatch.setattr(
        words, "BATCHES", [lambda ids: {each: words.BatchName(batch="Boxes", project_id=of, project="Cats") for each in ids}]
    )
    mira, acme = client()
    ana, counts, browser = worker(), [], signed_in(mira)
    for more in (1, 5):
        for _each in range(more):
            earn(ana, acme, launch(acme, usd("10")), "1", confirmed=True)
        browser.get(f"/client/{acme.slug}/billing/month/")
        with CaptureQueriesContext(connection) as asked:
            page = browser.get(f"/client/{acme.slug}/billing/month/?month={MONTH:%Y-%m}").content.decode()
        counts.append(len(asked))
        assert "Boxes" in page and "Cats" in page
    assert counts[0] == counts[1] <= 12


def test_a_payment_that_arrived_has_a_receipt_and_no_other_has() -> None:
    mira, acme = client()
    eve, other = client("Eve")
    launch(acme, usd("12.34"))
    wish = Funding.objects.get(organisation=acme)
    address = f"/client/{acme.slug}/billing/{wish.pk}/receipt.pdf"
    said = letters_of(signed_in(mira).get(address).content)
    for words_ in ("Receipt", "Mira Ltd", "12.34 USD", str(wish.pk), str(wish.charge_id)):
        assert words_ in said
    assert f"{wish.pk}/receipt.pdf" in signed_in(mira).get(f"/client/{acme.slug}/billing/").content.decode()
    assert signed_in(eve).get(address).status_code == 404
    assert signed_in(eve).get(f"/client/{other.slug}/billing/{wish.pk}/receipt.pdf").status_code == 404
    Funding.objects.filter(pk=wish.pk).update(state="open", settled_at=None)
    assert signed_in(mira).get(address).status_code == 404


def test_a_tax_year_goes_by_the_utc_date_of_confirmation() -> None:
    ana = worker()
    _mira, acme = client()
    batch = launch(acme, usd("10000"))
    last = dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    earn(ana, acme, batch, "1999.99", confirmed=True, now=last)
    earn(ana, acme, batch, "600", confirmed=True, now=last + dt.timedelta(seconds=1))
    assert tax.year_of(worker_id=ana.id, year=2026) == [usd("1999.99")]
    assert tax.year_of(worker_id=ana.id, year=2027) == [usd("600")]
    assert (tax.threshold(2025), tax.threshold(2026), tax.threshold(2027)) == (usd("600"), usd("2000"), usd("2000"))


def test_finance_notes_a_form_and_sees_for_whom_a_1099_is_due() -> None:
    ana, wen, olu = worker(), worker("Wen"), finance()
    _mira, acme = client()
    batch = launch(acme, usd("10000"))
    earn(ana, acme, batch, "2000", confirmed=True)
    earn(wen, acme, batch, "1999.99", confirmed=True)
    for each in (ana, wen):
        PayoutAccount.objects.create(user=each, country="US", currency="USD", created_at=NOW)
    browser = signed_in(olu)
    for each in (ana, wen):
        address = f"/ops/payouts/tax/{each.id}/form/"
        assert browser.post(address, {"form": "w9", "signed": "2026-02-01"}).status_code == 302
    assert {line.name: line.due for line in tax.lines(year=2026)} == {"Ana": True, "Wen": False}
    page = browser.get(f"/ops/payouts/tax/?year={YEAR}").content.decode()
    for words_ in ("2,000.00", "1,999.99", "W-9", "due", "Tax year 2026"):
        assert words_ in page
    lines = rows_of(browser.get("/ops/payouts/tax.csv?year=2026"))
    assert [(line["name"], line["form"], line["form_1099_nec_due"]) for line in lines] == [("Ana", "w9", "yes"), ("Wen", "w9", "no")]
    browser.post(f"/ops/payouts/tax/{wen.id}/form/", {"form": "w8ben", "signed": "2026-02-01"})
    assert [line.expired for line in tax.lines(year=2026)] == [False, False]
    kept = PayoutAccount.objects.get(user=wen)
    assert not tax._expired(kept.tax_form, kept.tax_form_on, 2029) and tax._expired(kept.tax_form, kept.tax_form_on, 2030)


@pytest.mark.parametrize("said", [{}, {"form": "w4", "signed": "2026-01-01"}, {"form": "w9"}, {"form": "w9", "signed": "2999-01-01"}, {"form": "w9", "signed": "x"}])
def test_a_wrong_form_is_refused_and_nothing_is_kept(said: dict[str, str]) -> None:
    ana = worker()
    PayoutAccount.objects.create(user=ana, country="US", currency="USD", created_at=NOW, tax_form="w8ben", tax_form_on=dt.date(2026, 1, 1))
    answer = signed_in(finance()).post(f"/ops/payouts/tax/{ana.id}/form/", said)
    assert answer.status_code == 422
    kept = PayoutAccount.objects.get()
    assert (kept.tax_form, kept.tax_form_on) == ("w8ben", dt.date(2026, 1, 1))


def test_the_file_of_a_year_holds_everybody_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tax, "PIECE", 2)
    _mira, acme = client()
    batch = launch(acme, usd("100"))
    for at in range(5):
        earn(worker(f"W{at}"), acme, batch, f"{at + 1}", confirmed=True)
    with CaptureQueriesContext(connection) as asked:
        found = list(csv.DictReader(tax.csv_lines(2026)))
    assert [line["name"] for line in found] == ["W4", "W3", "W2", "W1", "W0"]
    assert len([each for each in asked if "GROUP BY" in each["sql"]]) <= 1, "the year is summed once"


def test_nobody_but_finance_sees_tax_years_and_wrong_years_are_refused() -> None:
    ana, (mira, _acme) = worker(), client()
    PayoutAccount.objects.create(user=ana, country="US", currency="USD", created_at=NOW)
    for eve in (ana, mira):
        for page in ("/ops/payouts/tax/", "/ops/payouts/tax.csv"):
            assert signed_in(eve).get(page).status_code == 403
        assert signed_in(eve).post(f"/ops/payouts/tax/{ana.id}/form/", {"form": "w9", "signed": "2026-01-01"}).status_code == 403
    assert PayoutAccount.objects.get().tax_form == ""
    assert [signed_in(finance()).get(f"/ops/payouts/tax/?year={year}").status_code for year in ("x", "-1", "99999", "1")] == [422] * 4


def test_my_data_holds_my_money_with_every_line_and_nobody_elses_and_bank_details_masked() -> None:
    _mira, acme = client()
    ana, wen, batch = worker(), worker("Wen"), launch(acme, usd("100"))
    earn(ana, acme, batch, "2.50", confirmed=True)
    earn(ana, acme, batch, "0.75")
    earn(wen, acme, batch, "9.00", confirmed=True)
    PayoutAccount.objects.create(
        user=ana, rail="bank_file", country="DE", currency="", state="active", sealed="gAAAA-secret", masked="DE•• 3000", created_at=NOW
    )
    kept = my_data.collect(ana.id)
    assert [(row["amount"], row["state"], row["lines"][0]["kind"]) for row in kept["earnings"]] == [
        ("2.5000", "confirmed", "base"), ("0.7500", "pending", "base"),
    ]  # fmt: skip
    assert kept["statements"] == [{"month": f"{NOW:%Y-%m}", "currency": "USD", "earnings": 1, "confirmed": "2.5000"}]
    assert [row["masked"] for row in kept["payout_accounts"]] == ["DE•• 3000"] and "secret" not in str(kept)
    assert (kept["payouts"], kept["held_money"], kept["payouts_at_banks"]) == ([], [], [])
