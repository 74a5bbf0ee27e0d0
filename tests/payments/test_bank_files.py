"""The rail of bank files: details sealed and checked, each payment in one file, the bank's reports applied once, the books right."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from cryptography.fernet import Fernet
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Conflict, Invalid
from kit.ids import uuid7
from kit.models import OutboxEvent
from kit.money import Money
from payments import (
    bank_details,
    bank_files,
    bank_reports,
    holds,
    invariants,
    ledger,
    pain001,
    payout_accounts,
    payout_runs,
    rails,
    reconciliation,
    sealing,
    sending,
)
from payments.chart import Account, platform
from payments.models import Attempt, BankFile, BankPayment, BankReport, Mismatch, Payout, PayoutAccount, PayoutRun
from tests.marketplace.api.callers import Caller
from tests.payments.cast import NOW, client, earn, finance, launch, usd, worker
from tests.payments.conftest import ready
from tests.payments.test_pages import signed_in
from tests.stripe_double.running import Running
from tests.workers.doors import browser
from workers.people import NotIndependent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]

KENYA = {
    "country": "KE", "name": "Ana Wanjikú", "account": "0123 4567 890", "bic": "EQBLKENA", "street": "Moi Avenue 4", "postcode": "",
    "town": "Nairobi",
}  # fmt: skip
GEORGIA = KENYA | {"country": "GE", "account": "GE29 NB00 0000 0101 9049 17", "bic": "", "town": "Tbilisi"}
KEY = Fernet.generate_key().decode()
DEBTOR = {"name": "Evenhand Ltd", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}
SPACE = {"p": pain001.NAMESPACE}


@pytest.fixture(autouse=True)
def _rail_is_on(settings: Any) -> None:
    settings.PAYOUT_DETAILS_KEY = [KEY]
    settings.BANK_FILE_DEBTOR = DEBTOR


def later(**delta: float) -> dt.datetime:
    return NOW + dt.timedelta(**delta)


def banked(user: Any, **changes: str) -> PayoutAccount:
    """Ana is paid by bank transfer."""
    return bank_details.keep(user=user, details=bank_details.read(KENYA | changes, home="KE"), now=NOW)


def approved_run(*users: Any, amount: str = "12.34") -> PayoutRun:
    """Everybody earned something, and finance let the run go; their payments wait for a file."""
    _mira, acme = client()
    batch = launch(acme, usd("1000"))
    for user in users:
        earn(user, acme, batch, amount, confirmed=True)
    olu = finance()
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=olu.id, now=NOW, worker_ids=[user.id for user in users])
    with transaction.atomic():
        run = payout_runs.approve(run_id=run.pk, actor_id=olu.id, now=NOW)
    rounds(NOW)
    return run


def rounds(*moments: dt.datetime) -> None:
    for moment in moments:
        sending.send_round(clock=lambda now=moment: now, limit=1000)
        bank_reports.clear_settled(now=moment)


def written(run: PayoutRun, *, now: dt.datetime = NOW) -> BankFile:
    with transaction.atomic():
        return bank_files.write(run_id=run.pk, actor_id=uuid7(), now=now)


def downloaded(file: BankFile) -> bytes:
    with transaction.atomic():
        return bank_files.download(file_id=file.pk, actor_id=uuid7(), now=NOW)


def report(message_id: str, payments: dict[str, tuple[str, str]], *, whole: str = "PART", version: str = "10") -> bytes:
    """What a bank writes: ids with a status and perhaps a reason."""
    lines = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{key}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        + (f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else "") + "</TxInfAndSts>"
        for key, (status, reason) in payments.items()
    )  # fmt: skip
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}">'
        f"<CstmrPmtStsRpt><GrpHdr><MsgId>{uuid7().hex}</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>{whole}</GrpSts></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message_id}</OrgnlPmtInfId>{lines}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


def told(body: bytes, *, now: dt.datetime = NOW) -> tuple[BankReport, bool]:
    with transaction.atomic():
        return bank_reports.apply(body=body, actor_id=uuid7(), now=now)


def holds_true() -> list[str]:
    return [each.name for each in invariants.findings() if not each.ok]


def of_worker(kind: str, user: Any) -> Money:
    return ledger.balance(Account(f"worker_{kind}", user.id, "USD"))


# --- details ---------------------------------------------------------------------------------------------------------


def test_details_are_sealed_and_shown_masked() -> None:
    ana = worker()
    account = banked(ana)
    assert (account.state, account.masked, account.rail) == ("active", "•••• 7890", "bank_file")
    assert "01234567890" not in account.sealed
    assert "01234567890" not in repr(bank_details.opened(account.sealed))
    assert bank_details.opened(account.sealed).name == "Ana Wanjiku"
    assert bank_details.read(GEORGIA, home="GE").masked == "GE•••• 4917"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("account", GEORGIA | {"account": "GE29 NB00 0000 0101 9049 18"}),
        ("account", GEORGIA | {"account": "DE89 3704 0044 0532 0130 00"}),
        ("account", KENYA | {"account": "12"}),
        ("bic", KENYA | {"bic": ""}),
        ("bic", KENYA | {"bic": "COBADEFF"}),
        ("name", KENYA | {"name": "Анна"}),
        ("name", KENYA | {"name": "x" * 71}),
        ("town", KENYA | {"town": " "}),
        ("street", KENYA | {"street": "//etc"}),
        ("country", KENYA | {"country": "KP"}),
        ("country", KENYA | {"country": "ZZ"}),
    ],
)
def test_what_no_bank_would_take_is_refused_by_its_field(field: str, given: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        bank_details.read(given, home="KE")
    assert refused.value.field == field


def test_a_new_key_reads_what_an_old_one_sealed_and_without_it_nothing_is_told(settings: Any) -> None:
    account = banked(worker())
    settings.PAYOUT_DETAILS_KEY = [Fernet.generate_key().decode(), KEY]
    assert bank_details.opened(account.sealed).town == "Nairobi"
    settings.PAYOUT_DETAILS_KEY = settings.PAYOUT_DETAILS_KEY[:1]
    with pytest.raises(sealing.CannotOpen) as refused:
        bank_details.opened(account.sealed)
    assert "Nairobi" not in str(refused.value)


def test_a_payout_that_came_back_offers_the_next_rail_that_serves_its_worker(settings: Any) -> None:
    ana = worker()
    account = PayoutAccount.objects.create(
        user=ana, rail_account="acct_1", country="DE", currency="EUR", state="active", created_at=NOW, ready_at=NOW
    )
    _mira, acme = client()
    earn(ana, acme, launch(acme, usd("100")), "5.00", confirmed=True)
    with transaction.atomic():
        payout_runs.plan(currency="USD", actor_id=None, now=NOW)
    payout = Payout.objects.get()
    hers, program = signed_in(ana), Caller(ana, ["payments"])
    for state, offered in (("approved", None), ("returned", "bank_file"), ("failed", "bank_file")):
        Payout.objects.filter(pk=payout.pk).update(state=state, fault="" if state == "approved" else "account_closed")
        assert program.get("me/payouts/")[1]["results"][0]["next_rail"] == offered
        page = hers.get(f"/work/earnings/payouts/{payout.pk}/").content.decode()
        assert ("Or be paid another way" in page and "/account/bank/" in page) is bool(offered)
    PayoutAccount.objects.filter(pk=account.pk).update(rail="bank_file")
    assert rails.next_for(Payout.objects.get()) == "stripe"
    assert "Change to Stripe" in hers.get(f"/work/earnings/payouts/{payout.pk}/").content.decode()
    PayoutAccount.objects.filter(pk=account.pk).update(rail="stripe")
    settings.BANK_FILE_NOT_TO = ["DE"]
    assert rails.next_for(Payout.objects.get()) is None


def test_without_a_key_the_rail_is_off(settings: Any) -> None:
    ana = worker()
    banked(ana)
    settings.PAYOUT_DETAILS_KEY = []
    assert rails.serving("KE") == []
    _mira, acme = client()
    earn(ana, acme, launch(acme, usd("100")), "5.00", confirmed=True)
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=None, now=NOW)
    assert run.left_out == {"rail_off": {"workers": 1, "units": 50_000}}
    with pytest.raises(Conflict):
        bank_details.keep(user=ana, details=bank_details.Details(**dict.fromkeys(bank_details.Details.__slots__, "x")), now=NOW)


def test_new_details_wait_72_hours_and_their_owner_is_told() -> None:
    ana = worker()
    banked(ana)
    assert not holds.waiting_until([ana.id], now=later(minutes=1))
    bank_details.keep(user=ana, details=bank_details.read(GEORGIA, home="GE"), now=later(hours=1))
    assert holds.waiting_until([ana.id], now=later(hours=2)) == {ana.id: later(hours=73)}
    assert OutboxEvent.objects.filter(name="payout_account.changed", payload__user_id=str(ana.id)).count() == 1
    assert PayoutAccount.objects.get(user=ana).masked == "GE•••• 4917"


def test_changing_the_rail_closes_the_other_account_and_waits(rail: Running) -> None:
    ana = worker()
    ready(ana, rail)
    PayoutAccount.objects.update(tax_form="w8ben", tax_form_on=NOW.date())
    account = banked(ana)
    assert (account.tax_form, account.tax_form_on) == ("w8ben", NOW.date())
    assert [each.state for each in PayoutAccount.objects.filter(user=ana).order_by("created_at", "id")] == ["closed", "active"]
    assert account.details_changed_at == NOW
    payout_accounts.open_account(user=ana, country="DE", now=later(hours=1))
    assert sorted(PayoutAccount.objects.filter(user=ana).values_list("rail", "state")) == [
        ("bank_file", "closed"), ("stripe", "closed"), ("stripe", "started"),
    ]  # fmt: skip
    assert holds.waiting_until([ana.id], now=later(hours=2)) == {ana.id: later(hours=73)}


# --- the file --------------------------------------------------------------------------------------------------------


DETAILS = bank_details.Details(
    name="Ana", country="GE", account="GE29NB0000000101904917", is_iban=True, bic="", street="Street 1", postcode="", town="Tbilisi",
    home="GE",
)  # fmt: skip


@given(
    amounts=st.lists(st.integers(1, 10**9), min_size=1, max_size=30),
    currency=st.sampled_from(["USD", "EUR", "GBP"]),
    name=st.text("ABCxyz '+-().,:?/0", min_size=1, max_size=70),
)
def test_a_file_is_the_sum_of_its_payments_under_their_own_ids(amounts: list[int], currency: str, name: str) -> None:
    lines = [
        pain001.Line(key=rails.key("bank_file", payout_id=uuid.uuid4(), n=at % 99 + 1), amount=Money(cents * 100, currency), to=DETAILS)
        for at, cents in enumerate(amounts)
    ]
    body = pain001.write(
        message_id=uuid7().hex, written_at=NOW, execute_on=NOW.date(), debtor=pain001.Debtor(**DEBTOR | {"name": name}), lines=lines,
        about="Payout",
    )  # fmt: skip
    root = ElementTree.fromstring(body)
    sums = [Decimal(each.text or "") for each in root.iterfind(".//p:InstdAmt", SPACE)]
    assert sums == [Decimal(cents) / 100 for cents in amounts]
    assert {Decimal(each.text or "") for each in root.iterfind(".//p:CtrlSum", SPACE)} == {sum(sums)}
    assert {each.text for each in root.iterfind(".//p:NbOfTxs", SPACE)} == {str(len(amounts))}
    keys = [each.text or "" for each in root.iterfind(".//p:EndToEndId", SPACE)]
    assert keys == [line.key for line in lines]
    assert max(map(len, keys)) <= 35
    assert {each.get("Ccy") for each in root.iterfind(".//p:InstdAmt", SPACE)} == {currency}


def test_a_run_becomes_one_file_with_what_the_bank_needs() -> None:
    ana, wen = worker(), worker("Wen")
    banked(ana)
    banked(wen, **GEORGIA)
    run = approved_run(ana, wen)
    assert OutboxEvent.objects.filter(name="bank_file.waits").count() == 1
    assert [(each.count, each.total) for each in bank_files.waiting()] == [(2, usd("24.68"))]
    root = ElementTree.fromstring(downloaded(written(run)))
    assert root.tag == f"{{{pain001.NAMESPACE}}}Document"
    assert sorted(each.text for each in root.iterfind(".//p:EndToEndId", SPACE)) == sorted(Attempt.objects.values_list("key", flat=True))
    assert root.findtext(".//p:DbtrAcct/p:Id/p:IBAN", namespaces=SPACE) == DEBTOR["iban"]
    assert root.findtext(".//p:CdtrAcct/p:Id/p:Othr/p:Id", namespaces=SPACE) == "01234567890"
    assert root.findtext(".//p:CdtrAcct/p:Id/p:IBAN", namespaces=SPACE) == "GE29NB0000000101904917"
    assert root.findtext(".//p:Cdtr/p:PstlAdr/p:Ctry", namespaces=SPACE) == "KE"
    assert root.findtext(".//p:PmtMtd", namespaces=SPACE) == "TRF"
    assert {each.text for each in root.iterfind(".//p:ChrgBr", SPACE)} == {"DEBT"}
    assert bank_files.waiting() == []
    with pytest.raises(bank_files.NothingWaits), transaction.atomic():
        bank_files.write(run_id=run.pk, actor_id=uuid7(), now=NOW)


def test_a_crash_between_file_and_download_loses_and_doubles_nothing() -> None:
    ana = worker()
    banked(ana)
    run = approved_run(ana)
    with pytest.raises(RuntimeError), transaction.atomic():
        bank_files.write(run_id=run.pk, actor_id=uuid7(), now=NOW)
        raise RuntimeError("killed before the commit")
    assert BankFile.objects.count() == 0
    file = written(run)
    rounds(later(hours=7), later(hours=30), later(days=3))
    bank_details.keep(user=ana, details=bank_details.read(GEORGIA, home="GE"), now=later(hours=1))
    assert downloaded(file) == downloaded(file)
    assert b"01234567890" in downloaded(file)
    assert (BankPayment.objects.count(), Attempt.objects.count()) == (1, 1)
    assert holds_true() == []


def test_a_try_waits_for_the_bank_however_long_and_is_never_made_twice() -> None:
    ana = worker()
    banked(ana)
    approved_run(ana)
    rounds(later(hours=7), later(hours=21), later(hours=22), later(days=30))
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.fault, attempt.needs_person) == ("in_doubt", "at_the_bank", False)
    assert BankPayment.objects.count() == 1
    assert of_worker("in_transit", ana) == usd("12.34")


# --- the bank's report -----------------------------------------------------------------------------------------------


def test_a_report_half_of_which_is_refused_pays_the_one_and_gives_the_other_back() -> None:
    ana, wen = worker(), worker("Wen")
    banked(ana)
    banked(wen)
    file = written(approved_run(ana, wen))
    keys = {each.payout.worker_id: each.key for each in file.payments.select_related("payout")}
    made, new = told(report(file.message_id, {keys[ana.id]: ("ACSC", ""), keys[wen.id]: ("RJCT", "AC04")}))
    assert (new, made.settled, made.rejected, made.noted) == (True, 1, 1, 0)
    rounds(later(minutes=1))
    assert Payout.objects.get(worker=ana).state == "paid"
    returned = Payout.objects.get(worker=wen)
    assert (returned.state, returned.fault) == ("returned", "AC04")
    assert (of_worker("available", wen), of_worker("in_transit", wen), of_worker("in_transit", ana)) == (usd("12.34"), usd("0"), usd("0"))
    assert ledger.balance(platform("bank_clearing", "USD")) == usd("0")
    assert ledger.balance(platform("bank_available", "USD")) == usd("-12.34")
    assert holds_true() == []
    assert "closed" in browser(wen).get(f"/work/earnings/payouts/{returned.pk}/").content.decode()


def test_the_same_report_again_changes_nothing() -> None:
    ana = worker()
    banked(ana)
    file = written(approved_run(ana))
    body = report(file.message_id, {file.payments.get().key: ("ACSC", "")})
    told(body)
    rounds(later(minutes=1))
    before = ledger.balance(platform("bank_available", "USD"))
    assert told(body)[1] is False
    again = report(file.message_id, {file.payments.get().key: ("ACSC", "")})
    assert again != body
    assert told(again)[0].settled == 0
    rounds(later(minutes=2), later(hours=7))
    assert ledger.balance(platform("bank_available", "USD")) == before == usd("-12.34")
    assert Payout.objects.get().state == "paid"
    assert holds_true() == []


def test_news_on_the_way_moves_no_money_and_a_word_on_the_whole_file_is_for_all_of_it() -> None:
    ana, wen = worker(), worker("Wen")
    banked(ana)
    banked(wen)
    file = written(approved_run(ana, wen))
    assert told(report(file.message_id, {}, whole="ACCP", version="03"))[0].noted == 2
    rounds(later(hours=7))
    assert set(Payout.objects.values_list("state", flat=True)) == {"sending"}
    assert told(report(file.message_id, {}, whole="RJCT"), now=later(hours=8))[0].rejected == 2
    rounds(later(hours=8))
    assert set(Payout.objects.values_list("state", "fault")) == {("returned", "bank_refused")}
    assert holds_true() == []


def test_a_bank_that_says_otherwise_later_is_named_and_not_followed() -> None:
    ana = worker()
    banked(ana)
    file = written(approved_run(ana))
    key = file.payments.get().key
    told(report(file.message_id, {key: ("ACSC", "")}))
    rounds(later(minutes=1))
    told(report(file.message_id, {key: ("RJCT", "AC04")}))
    rounds(later(hours=7))
    assert Payout.objects.get().state == "paid"
    assert Mismatch.objects.get().kind == "bank_contradicts"
    assert holds_true() == []


BILLION_LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'


@pytest.mark.parametrize(
    "wrong",
    [
        lambda file, key: b"",
        lambda file, key: b"no xml",
        lambda file, key: b"\xff\xfe\x00<",
        lambda file, key: BILLION_LAUGHS,
        lambda file, key: b"<Document/>",
        lambda file, key: report(uuid7().hex, {key: ("ACSC", "")}),
        lambda file, key: report("not ours", {key: ("ACSC", "")}),
        lambda file, key: report(file.message_id, {key: ("ACSC", ""), "unknown": ("ACSC", "")}),
        lambda file, key: report(file.message_id, {key: ("WHAT", "")}),
        lambda file, key: report(file.message_id, {key: ("ACSC", "")}).replace(b"pain.001.001.09", b"pain.008.001.08"),
        lambda file, key: report(file.message_id, {key: ("ACSC", "")}).replace(
            b"</TxSts>", b'</TxSts><OrgnlTxRef><Amt><InstdAmt Ccy="USD">99.00</InstdAmt></Amt></OrgnlTxRef>'
        ),
        lambda file, key: b"<Document>" + b" " * bank_reports.LARGEST,
    ],
)
def test_a_wrong_report_is_refused_whole(wrong: Any) -> None:
    ana = worker()
    banked(ana)
    file = written(approved_run(ana))
    with pytest.raises(Invalid) as refused:
        told(wrong(file, file.payments.get().key))
    assert refused.value.field == "report"
    assert (file.payments.get().state, BankReport.objects.count(), Mismatch.objects.count()) == ("filed", 0, 0)


def test_payments_without_an_answer_are_named_after_days() -> None:
    ana, wen = worker(), worker("Wen")
    banked(ana)
    banked(wen)
    written(approved_run(ana))
    approved_run(wen)
    assert bank_reports.check(now=later(days=4)) == 0
    assert bank_reports.check(now=later(days=6)) == 2
    assert set(Mismatch.objects.values_list("kind", flat=True)) == {"bank_silent", "bank_file_missing"}


def test_stripe_and_bank_payouts_of_one_run_keep_their_books_apart(rail: Running) -> None:
    ana, wen = worker(), worker("Wen")
    banked(ana)
    ready(wen, rail)
    before = ledger.balance(platform("stripe_clearing", "USD"))
    file = written(approved_run(ana, wen))
    assert file.payments_count == 1
    told(report(file.message_id, {}, whole="ACSC"))
    rounds(later(minutes=1))
    assert {each.worker_id: each.state for each in Payout.objects.all()} == {ana.id: "paid", wen.id: "sent"}
    assert ledger.balance(platform("stripe_clearing", "USD")) == before + usd("1000") - usd("12.34")
    reconciliation.pull(now=later(minutes=2))
    assert PayoutRun.objects.get().state == "done"
    assert holds_true() == []


# --- doors -----------------------------------------------------------------------------------------------------------


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def test_a_worker_enters_details_after_saying_who_they_are_and_sees_them_masked(caplog: pytest.LogCaptureFixture) -> None:
    ana = with_password(worker(country="KE"))
    stale, fresh = browser(ana), browser(ana, reauthenticated=True)
    assert "Enter bank details" in text(stale.get("/work/earnings/account/"))
    assert "/account/reauthenticate/" in stale.get("/work/earnings/account/bank/").headers["Location"]
    assert stale.post("/work/earnings/account/bank/", KENYA).headers["Location"] == "/work/earnings/account/bank/"
    assert "4567" not in str(dict(stale.session))
    assert not PayoutAccount.objects.exists()
    page = fresh.post("/work/earnings/account/bank/", KENYA | {"bic": "EQBLDENA"})
    assert page.status_code == 422
    assert "another country" in page.content.decode()
    assert fresh.post("/work/earnings/account/bank/", KENYA).headers["Location"] == "/work/earnings/account/"
    page = text(fresh.get("/work/earnings/account/"))
    assert "•••• 7890" in page
    assert "0123" not in page
    assert "Change bank details" in page
    shown = fresh.get("/api/v1/me/payout-account/").json()
    assert (shown["masked"], shown["rail"]) == ("•••• 7890", "bank_file")
    assert "01234567890" not in str(shown) + caplog.text
    assert fresh.get("/api/v1/me/payout-rails/").json() == [{"rail": "bank_file"}]
    assert "4567" not in "".join(map(str, OutboxEvent.objects.values_list("payload", flat=True)))


def test_leaving_bank_transfers_for_stripe_asks_who_it_is(rail: Running) -> None:
    ana = with_password(worker())
    banked(ana)
    answer = browser(ana).post("/work/earnings/account/", {"country": "DE"})
    assert "/account/reauthenticate/" in answer.headers["Location"]
    assert PayoutAccount.objects.get().state == "active"
    assert browser(ana, reauthenticated=True).post("/work/earnings/account/", {"country": "DE"}).status_code == 302
    assert open_account(ana).rail == "stripe"


def with_password(user: Any) -> Any:
    """Somebody who can be asked for a password."""
    user.set_password("a long enough one")
    user.save(update_fields=["password"])
    return user


def open_account(user: Any) -> PayoutAccount:
    return PayoutAccount.objects.exclude(state="closed").get(user=user)


def test_finance_writes_a_file_takes_it_to_the_bank_and_reads_the_report() -> None:
    ana = worker()
    banked(ana)
    run = approved_run(ana)
    olu = browser(finance(), reauthenticated=True)
    assert "Write the file" in text(olu.get("/ops/payouts/bank-files/"))
    assert "At our bank" in text(olu.get(f"/ops/payouts/{run.pk}/progress/"))
    assert olu.post(f"/ops/payouts/{run.pk}/bank-file/").status_code == 302
    assert olu.post(f"/ops/payouts/{run.pk}/bank-file/").status_code == 409
    file = BankFile.objects.get()
    answer = olu.post(f"/ops/payouts/bank-files/{file.pk}/")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.content == downloaded(file)
    key = file.payments.get().key
    wrong = SimpleUploadedFile("r.xml", report(uuid7().hex, {key: ("ACSC", "")}))
    assert olu.post("/ops/payouts/bank-files/reports/", {"report": wrong}).status_code == 422
    body = report(file.message_id, {key: ("ACSC", "")})
    for sentence in ("Settled: 1", "Nothing has changed"):
        given = SimpleUploadedFile("report.xml", body)
        answer = olu.post("/ops/payouts/bank-files/reports/", {"report": given}, follow=True)
        assert sentence in text(answer)
    rounds(timezone.now())
    assert "Settled" in text(olu.get("/ops/payouts/bank-files/"))
    assert "Transferred by our bank" in text(browser(ana).get(f"/work/earnings/payouts/{Payout.objects.get().pk}/"))


def test_programs_of_finance_do_the_same() -> None:
    ana = worker()
    banked(ana)
    run = approved_run(ana)
    olu = browser(finance())
    made = olu.post("/api/v1/ops/bank-files/", {"run": str(run.pk)}, content_type="application/json")
    assert (made.status_code, made.json()["payments"]) == (201, 1)
    file = BankFile.objects.get()
    assert olu.get("/api/v1/ops/bank-files/").json()["results"][0]["states"] == [{"state": "filed", "payments": 1}]
    assert olu.post(f"/api/v1/ops/bank-files/{file.pk}/download/").content == downloaded(file)
    body = {"report": report(file.message_id, {}, whole="ACSC").decode()}
    codes = [olu.post("/api/v1/ops/bank-reports/", body, content_type="application/json").status_code for _turn in range(2)]
    assert codes == [201, 200]
    assert olu.post("/api/v1/ops/bank-reports/", {"report": "x"}, content_type="application/json").status_code == 422


def test_nobody_but_finance_touches_files_and_reports() -> None:
    ana, (eve, _other) = worker(), client("Eve")
    banked(ana)
    run = approved_run(ana)
    file = written(run)
    given = report(file.message_id, {}, whole="ACSC")
    for person in (ana, eve, worker("Wen")):
        asked = browser(person, reauthenticated=True)
        doors = [
            asked.get("/ops/payouts/bank-files/"), asked.post(f"/ops/payouts/{run.pk}/bank-file/"),
            asked.post(f"/ops/payouts/bank-files/{file.pk}/"),
            asked.post("/ops/payouts/bank-files/reports/", {"report": SimpleUploadedFile("r.xml", given)}),
            asked.post(f"/api/v1/ops/bank-files/{file.pk}/download/"), asked.get("/api/v1/ops/bank-files/"),
            asked.post("/api/v1/ops/bank-reports/", {"report": given.decode()}, content_type="application/json"),
        ]  # fmt: skip
        assert {answer.status_code for answer in doors} <= {403, 404}
    assert (BankReport.objects.count(), file.payments.get().state) == (0, "filed")
    assert "/account/reauthenticate/" in browser(with_password(finance())).post(f"/ops/payouts/bank-files/{file.pk}/").headers["Location"]


def test_above_the_limit_nothing_waits_for_a_file_before_a_second_person_approved(settings: Any) -> None:
    settings.PAYOUT_APPROVAL_LIMIT_UNITS = 10_000
    ana, olu, wen = worker(), finance(), finance("Wen")
    banked(ana)
    _mira, acme = client()
    earn(ana, acme, launch(acme, usd("1000")), "12.34", confirmed=True)
    with transaction.atomic():
        run = payout_runs.plan(currency="USD", actor_id=olu.id, now=NOW)
    with pytest.raises(NotIndependent), transaction.atomic():
        payout_runs.approve(run_id=run.pk, actor_id=olu.id, now=NOW)
    rounds(NOW)
    assert (bank_files.waiting(), of_worker("available", ana)) == ([], usd("12.34"))
    with pytest.raises(bank_files.NothingWaits), transaction.atomic():
        bank_files.write(run_id=run.pk, actor_id=wen.id, now=NOW)
    with transaction.atomic():
        payout_runs.approve(run_id=run.pk, actor_id=wen.id, now=NOW)
    rounds(NOW)
    assert written(run).payments_count == 1
