"""What a client owes has a number and a paper, and says what settled it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from kit.ids import uuid7
from kit.money import Money
from payments import earnings, ledger, owed, receivables
from payments.chart import Account, platform
from payments.models import Earning
from tests.marketplace.api import callers
from tests.payments.cast import NOW, client, earn, pay_in, usd, worker
from tests.payments.test_pages import signed_in, text
from tests.payments.test_papers import letters_of
from workers.models import Organisation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]


def charged(acme: Organisation, pay: str, fee: str, *, now: dt.datetime = NOW) -> None:
    """A late decision for Ana that the batch's reserve did not cover any more."""
    first = earn(worker(), acme, uuid7(), "0", fee="0", confirmed=True)
    added = uuid7()
    with transaction.atomic():
        earnings.add(earnings.Accrual(
            earning_id=uuid7(), worker_id=first.worker_id, organisation_id=acme.id, batch_id=first.batch_id, source_kind="adjustment",
            source_id=added, currency="USD", lines=[earnings.Line("dispute", usd(pay).units, {}, "dispute/1")], fee_units=0,
            confirmed=True, now=now, from_losses=True, adjusts_id=Earning.objects.get(source_id=first.source_id).pk,
        ))  # fmt: skip
        receivables.charge(
            organisation_id=acme.id, pay=usd(pay), fee=usd(fee), source_kind="adjustment", source_id=added, actor_id=None, now=now
        )


def settle(acme: Organisation, amount: Money, *, now: dt.datetime) -> None:
    pay_in(acme, amount)
    with transaction.atomic():
        receivables.collect(organisation_id=acme.id, currency="USD", source_kind="funding", source_id=uuid7(), now=now)


def test_payments_settle_the_oldest_charge_first_and_the_day_of_the_last_part_counts() -> None:
    _mira, acme = client()
    day = dt.timedelta(days=1)
    charged(acme, "2.00", "0.30")
    charged(acme, "1.00", "0.15", now=NOW + day)
    settle(acme, usd("1"), now=NOW + 2 * day)
    newer, older = owed.charges(organisation=acme, currency="USD")
    assert (older.amount, older.settled, older.settled_on) == (usd("2.30"), usd("1"), None)
    assert newer.open == usd("1.15") and dict(older.parts) == {"To the worker": usd("2"), "Our fee": usd("0.30")}
    settle(acme, usd("2"), now=NOW + 3 * day)
    newer, older = owed.charges(organisation=acme, currency="USD")
    assert older.settled_on == NOW + 3 * day and newer.open == usd("0.45") and newer.settled_on is None
    assert owed.open_sum([newer, older], "USD") == receivables.owed(organisation_id=acme.id, currency="USD")


def test_the_page_lists_what_is_open_with_its_invoice_and_a_way_to_pay_it() -> None:
    mira, acme = client()
    browser, page = signed_in(mira), f"/client/{acme.slug}/billing/owed/"
    assert "Nothing was ever charged afterwards" in text(browser.get(page))
    charged(acme, "2.00", "0.3050")
    seen = text(browser.get(page))
    (charge,) = owed.charges(organisation=acme, currency="USD")
    assert charge.number in seen and "Pay it" in seen and 'name="amount" value="2.3100"' in seen, "whole cents"
    assert "You owe something" in text(browser.get(f"/client/{acme.slug}/billing/"))
    paper = browser.get(f"{page}{charge.number}.pdf")
    said = letters_of(paper.content)
    assert paper["Content-Type"] == "application/pdf"
    for words in ("Invoice", charge.number, "2.3050 USD", "0.3050 USD", "Still open", "Mira Ltd", "accepted after its reserve"):
        assert words in said
    eve, other = client("Eve")
    assert signed_in(eve).get(f"{page}{charge.number}.pdf").status_code == 404
    assert signed_in(eve).get(f"/client/{other.slug}/billing/owed/{charge.number}.pdf").status_code == 404
    assert browser.get(f"{page}nothing-USD.pdf").status_code == 404


def test_a_program_reads_what_is_owed_and_a_correction_of_it_too() -> None:
    caller, acme = callers.client()
    pay_in(acme, usd("1"))
    with transaction.atomic():
        ledger.post(ledger.Posting(
            idem="by hand", kind="correction", source_kind="correction", source_id=uuid7(), actor_id=None, now=NOW,
            legs=ledger.move(usd("5"), debit=Account("client_receivable", acme.id, "USD"), credit=platform("platform_losses", "USD")),
        ))
    status, told = caller.get("billing/owed/")
    (charge,) = told["charges"]
    assert status == 200 and (charge["open"]["amount"], charge["about"]) == ("5.0000", "Correction of your account")
    assert charge["pdf"].endswith(f"{charge['number']}.pdf")
    eve, _shop = callers.client("Eve")
    assert eve.get("billing/owed/")[1] == {"charges": []}
