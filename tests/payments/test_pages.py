"""The pages of money open for the right people, say what they should, and ask the database little."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kit.ids import uuid7
from payments import earnings, funding, holds, mismatches, payout_runs, payouts, sending, sheets, statements
from payments.models import Attempt, Earning, Funding, Mismatch, Payout, PayoutAccount, PayoutRun
from tests.payments.cast import NOW, client, earn, finance, launch, usd, worker
from tests.payments.conftest import ready
from tests.stripe_double.running import Running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]


def signed_in(user: Any) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def some_earnings(user: Any, count: int = 3) -> list[earnings.Accrual]:
    _mira, acme = client()
    batch = launch(acme, usd("1000"))
    made = [earn(user, acme, batch, "2.50", confirmed=True) for _turn in range(count)]
    made.append(earn(user, acme, batch, "0.75"))
    return made


def test_a_worker_sees_four_parts_each_line_and_what_to_do_next() -> None:
    ana = worker()
    some_earnings(ana)
    page = text(signed_in(ana).get("/work/earnings/"))
    for words in ("In review", "Available", "On its way", "Held", "7.50", "0.75", "piece_rate/1", "Set up payouts"):
        assert words in page


def test_the_earnings_page_costs_the_same_with_few_and_many_lines() -> None:
    ana = worker()
    browser = signed_in(ana)
    counts = []
    for count in (1, 25):
        some_earnings(ana, count)
        browser.get("/work/earnings/")
        with CaptureQueriesContext(connection) as asked:
            browser.get("/work/earnings/")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12


def test_a_worker_who_earned_nothing_reads_what_will_show_here() -> None:
    page = text(signed_in(worker()).get("/work/earnings/"))
    assert "Nothing earned yet" in page
    assert "No payout yet" in page


def test_setting_up_payouts_leads_to_stripe_and_back(rail: Running) -> None:
    ana = worker()
    browser = signed_in(ana)
    assert "Country of your bank account" in text(browser.get("/work/earnings/account/"))
    assert browser.post("/work/earnings/account/", {"country": "XX"}).status_code == 422
    assert not PayoutAccount.objects.exists()
    assert browser.post("/work/earnings/account/", {"country": "DE"}).status_code == 302
    assert "Continue at Stripe" in text(browser.get("/work/earnings/account/"))
    away = browser.get("/work/earnings/account/link/")
    assert away.status_code == 302
    assert away.headers["Location"].startswith(rail.url)
    rail.control(f"accounts/{PayoutAccount.objects.get().rail_account}/onboard", {})
    back = text(browser.get("/work/earnings/account/?back=1", follow=True))
    assert "Your payout account is ready." in back
    assert "Open your account at Stripe" in back


def test_a_payout_explains_its_amount_and_how_far_it_is(rail: Running) -> None:
    ana, olu = worker(), finance()
    ready(ana, rail)
    some_earnings(ana)
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=olu.id, now=timezone.now(), worker_ids=[ana.id])
        payout_runs.approve(run_id=run.pk, actor_id=olu.id, now=timezone.now())
    sending.send_round(clock=timezone.now, limit=10)
    payout = Payout.objects.get(worker=ana)
    page = text(signed_in(ana).get(f"/work/earnings/payouts/{payout.pk}/"))
    assert "3 earnings" in page
    assert "Transferred to your account" in page
    assert signed_in(worker("Eve")).get(f"/work/earnings/payouts/{payout.pk}/").status_code == 404


def test_a_statement_adds_up_and_its_file_runs_no_formulas() -> None:
    ana = worker()
    some_earnings(ana)
    Earning.objects.filter(worker=ana, state="pending").update()
    from payments import words

    words.declare_source("submission", "Task", lambda ids: dict.fromkeys(ids, "=HYPERLINK(1)"))
    page = text(signed_in(ana).get(f"/work/earnings/statement/?month={NOW:%Y-%m}"))
    assert "7.50" in page
    answer = signed_in(ana).get(f"/work/earnings/statement.csv?month={NOW:%Y-%m}")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 4
    assert all("'=HYPERLINK(1)" in line and ",2.5000,USD," in line for line in lines[1:])
    words.NAMES.clear()
    assert signed_in(ana).get("/work/earnings/statement/?month=soon").status_code == 422


def test_a_long_statement_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    ana = worker()
    some_earnings(ana, 7)
    monkeypatch.setattr(statements, "PAGE", 3)
    lines = list(statements.month_csv(worker_id=ana.id, start=sheets.read_month(None, now=NOW)))
    assert len(lines) == len(set(lines)) or len(lines) == 8
    assert len(lines) == 8


def test_mira_pays_in_by_a_link_and_sees_the_money(rail: Running) -> None:
    mira, acme = client()
    browser = signed_in(mira)
    page = f"/client/{acme.slug}/billing/"
    assert "Add funds" in text(browser.get(page))
    wrong = browser.post(page, {"amount": "a lot"})
    assert (wrong.status_code, Funding.objects.count()) == (422, 0)
    sent = browser.post(page, {"amount": "200"})
    wish = Funding.objects.get()
    assert sent.headers["Location"] == f"{page}{wish.pk}/"
    assert wish.url in text(browser.get(f"{page}{wish.pk}/"))
    rail.control(f"checkout/{wish.checkout_id}/complete", {"method": "card"})
    assert "The money is here" in text(browser.get(f"{page}{wish.pk}/?back=1", headers={"HX-Request": "true"}))
    assert "200.00" in text(browser.get(page))
    rows = b"".join(browser.get(f"{page}account.csv").streaming_content).decode().splitlines()
    assert len(rows) == 2


def test_strangers_and_viewers_do_not_pay_in() -> None:
    mira, acme = client()
    eve, _other = client("Eve")
    assert signed_in(eve).get(f"/client/{acme.slug}/billing/").status_code == 404
    from workers.models import Membership

    Membership.objects.filter(user=mira).update(role="viewer")
    refused = signed_in(mira).post(f"/client/{acme.slug}/billing/", {"amount": "5"})
    assert (refused.status_code, Funding.objects.count()) == (403, 0)


def plan_page(rail: Running, browser: Client) -> PayoutRun:
    browser.post("/ops/payouts/plan/", {"currency": "USD", "minimum": "1.00"})
    return PayoutRun.objects.latest("drafted_at")


def reauthenticate(browser: Client) -> None:
    session = browser.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp(), "reauthenticated": True}
    ]
    session.save()


def test_another_address_is_told_to_the_old_one_and_stops_payouts_for_72_hours(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    old = ana.email
    ana.set_password("a long one of hers")
    ana.save()
    EmailAddress.objects.create(user=ana, email=old, verified=True, primary=True)
    browser = signed_in(ana)
    browser.post("/account/email/", {"action_add": "", "email": "new@example.test"})
    assert not EmailAddress.objects.filter(email="new@example.test").exists(), "only after proving who it is"
    browser.post("/account/reauthenticate/?next=/account/email/", {"password": "a long one of hers"})
    browser.post("/account/email/", {"action_add": "", "email": "new@example.test"})
    link = re.search(r"/account/confirm-email/[^/\s]+/", mail.outbox[-1].body)
    assert link and mail.outbox[-1].to == ["new@example.test"] and holds.waiting_until([ana.id], now=timezone.now()) == {}
    browser.get(link[0])
    assert type(ana).objects.get(pk=ana.pk).email == "new@example.test"
    assert [one.to for one in mail.outbox[-1:]] == [[old]]
    (until,) = holds.waiting_until([ana.id], now=timezone.now()).values()
    assert dt.timedelta(hours=71) < until - timezone.now() <= dt.timedelta(hours=72)
    assert "Payouts wait until" in text(browser.get("/work/earnings/account/"))


def test_finance_sees_the_dry_run_approves_it_and_watches_it_go(rail: Running) -> None:
    ana, wen, olu = worker(), worker("Wen"), finance()
    ready(ana, rail)
    some_earnings(ana)
    some_earnings(wen)
    browser = signed_in(olu)
    reauthenticate(browser)
    assert "2 workers" in text(browser.get("/ops/payouts/"))
    run = plan_page(rail, browser)
    dry = text(browser.get(f"/ops/payouts/{run.pk}/"))
    for words in ("No payout account yet", "first payout", "Send these payouts?", "Ana"):
        assert words in dry
    assert browser.post(f"/ops/payouts/{run.pk}/approve/").status_code == 302
    live = text(browser.get(f"/ops/payouts/{run.pk}/progress/"))
    assert "every 2s" in live
    sending.send_round(clock=timezone.now, limit=10)
    done = browser.get(f"/ops/payouts/{run.pk}/progress/")
    assert done.headers["HX-Refresh"] == "true"
    assert "Transfers known" in text(browser.get(f"/ops/payouts/{run.pk}/?state=sent"))


def test_a_draft_can_be_forgotten(rail: Running) -> None:
    ana, olu = worker(), finance()
    ready(ana, rail)
    some_earnings(ana)
    browser = signed_in(olu)
    run = plan_page(rail, browser)
    assert browser.post(f"/ops/payouts/{run.pk}/cancel/").status_code == 302
    assert not Payout.objects.exists()
    assert Earning.objects.filter(payout__isnull=False).count() == 0


@pytest.mark.parametrize("form", [{"currency": "XXX", "minimum": "1"}, {"currency": "USD", "minimum": "-1"}, {"currency": "USD"}, {}])
def test_a_dry_run_with_a_wrong_form_makes_nothing(form: dict[str, str]) -> None:
    assert signed_in(finance()).post("/ops/payouts/plan/", form).status_code == 422
    assert not PayoutRun.objects.exists()


def test_only_finance_opens_the_pages_of_payouts_and_the_ledger() -> None:
    from tests.people import ops

    for eve in (worker("Eve"), client("Eve")[0], ops("Eve", "pool_manager")):
        for page in ("/ops/payouts/", "/ops/ledger/"):
            assert signed_in(eve).get(page).status_code == 403
        assert signed_in(eve).post("/ops/payouts/plan/", {"currency": "USD", "minimum": "1"}).status_code == 403
    assert not PayoutRun.objects.exists()


def test_the_ledger_page_shows_invariants_accounts_and_differences() -> None:
    _mira, acme = client()
    launch(acme, usd("10"))
    with transaction.atomic():
        mismatch = mismatches.name(kind="extra_at_rail", subject="txn_1", now=NOW, currency="USD", theirs_units=5000)
    browser = signed_in(finance())
    assert "Not looked at yet" in text(browser.get("/ops/ledger/"))
    assert browser.post("/ops/ledger/check/").status_code == 302
    page = text(browser.get("/ops/ledger/"))
    for words in ("ledger sums to zero", "txn_1", "not yet seen at Stripe"):
        assert words in page
    assert browser.post(f"/ops/ledger/mismatches/{mismatch.pk}/close/", {"note": "no"}).status_code == 422
    assert browser.post(f"/ops/ledger/mismatches/{mismatch.pk}/close/", {"note": "A top-up by hand, posted."}).status_code == 302
    assert Mismatch.objects.get().closed_at is not None
    assert "txn_1" not in text(browser.get("/ops/ledger/"))
    assert "txn_1" in text(browser.get("/ops/ledger/?all"))


def test_a_person_decides_about_a_try_that_cannot_be_found(rail: Running) -> None:
    ana, olu = worker(), finance()
    ready(ana, rail)
    some_earnings(ana)
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=olu.id, now=NOW, worker_ids=[ana.id])
        payout_runs.approve(run_id=run.pk, actor_id=olu.id, now=NOW)
    with transaction.atomic():
        attempt = payouts.open_try(payout_id=Payout.objects.get(worker=ana).pk, now=NOW)
    assert attempt is not None
    Attempt.objects.filter(pk=attempt.pk).update(state="in_doubt", needs_person=True, first_sent_at=NOW - dt.timedelta(days=2))
    browser = signed_in(olu)
    reauthenticate(browser)
    assert "I looked: it was never made" in text(browser.get(f"/ops/payouts/{run.pk}/"))
    assert browser.post(f"/ops/payouts/attempts/{attempt.pk}/never-made/").status_code == 302
    assert browser.post(f"/ops/payouts/attempts/{uuid7()}/never-made/").status_code == 404
    assert Attempt.objects.get().state == "refused"


def test_prepaid_is_shown_in_the_currency_that_was_asked_for() -> None:
    mira, acme = client()
    assert "EUR" not in text(signed_in(mira).get(f"/client/{acme.slug}/billing/?currency=EUR"))
    assert funding.prepaid(organisation_id=acme.id, currency="EUR").units == 0
