"""A client's payment is credited once, when the money is there, and every cent of it is found again in Stripe's books."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from kit.errors import Invalid
from kit.models import OutboxEvent
from kit.money import Money
from payments import db_roles, funding, invariants, ledger, payout_accounts, reconciliation, stripe_gateway
from payments.chart import platform
from payments.models import Funding, LedgerTx, Mismatch, RailMovement
from tests.payments.cast import NOW, client, usd
from tests.payments.test_payouts import Killed, nothing_is_broken
from tests.stripe_double.running import Running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rail(own_rail: Callable[..., Running]) -> Running:
    return own_rail()


def begin(organisation: Any, amount: Money = usd("100")) -> Funding:
    return funding.start_checkout(
        organisation_id=organisation.id, amount=amount, actor_id=organisation.id, now=NOW,
        success_url="http://localhost/back/{funding}/", cancel_url="http://localhost/back/",
    )  # fmt: skip


def balance_of(kind: str) -> Money:
    return ledger.balance(platform(kind, "USD"))


def test_a_card_payment_is_credited_once_and_its_fee_is_ours(rail: Running) -> None:
    _mira, acme = client()
    wish = begin(acme)
    assert wish.state == "open"
    assert wish.url.startswith(rail.url)
    assert str(wish.pk) in wish.success_url
    rail.control(f"checkout/{wish.checkout_id}/complete", {"method": "card"})
    for _twice in range(2):
        funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    assert funding.prepaid(organisation_id=acme.id, currency="USD") == usd("100")
    assert balance_of("stripe_clearing") == usd("100")
    assert [reconciliation.pull(now=NOW) for _twice in range(2)] == [1, 0]
    assert (balance_of("stripe_clearing"), balance_of("stripe_available")) == (usd("0"), usd("96.80"))
    assert balance_of("platform_fees") == usd("3.20")
    assert rail.available() == 9_680
    assert OutboxEvent.objects.filter(name="funding.settled").count() == 1
    assert reconciliation.check(now=NOW) == []
    nothing_is_broken()


@pytest.mark.parametrize(("outcome", "state", "credited"), [("succeeded", "settled", "100"), ("failed", "failed", "0")])
def test_a_bank_payment_is_credited_when_the_bank_has_said_yes(rail: Running, outcome: str, state: str, credited: str) -> None:
    _mira, acme = client()
    wish = begin(acme)
    rail.control(f"checkout/{wish.checkout_id}/complete", {"method": "bank"})
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    wish.refresh_from_db()
    assert wish.state == "processing"
    assert funding.prepaid(organisation_id=acme.id, currency="USD") == usd("0")
    rail.control(f"checkout/{wish.checkout_id}/settle", {"outcome": outcome})
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    wish.refresh_from_db()
    assert wish.state == state
    assert funding.prepaid(organisation_id=acme.id, currency="USD") == usd(credited)


def test_a_page_nobody_pays_expires(rail: Running) -> None:
    _mira, acme = client()
    wish = begin(acme)
    rail.advance(90_000)
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    wish.refresh_from_db()
    assert wish.state == "expired"
    rail.control("clock", {"reset": True})


def test_a_crash_after_the_page_was_made_makes_no_second_page(rail: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    _mira, acme = client()

    def make_and_die(**kwargs: Any) -> Any:
        make(**kwargs)
        raise Killed

    make = stripe_gateway.open_checkout
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(stripe_gateway, "open_checkout", make_and_die)
        begin(acme)
    wish = Funding.objects.get()
    assert wish.state == "intended"
    again = funding.open_checkout(funding_id=wish.pk, now=NOW)
    assert again.state == "open"
    assert [session.id for session in rail.client.v1.checkout.sessions.list({}).data] == [again.checkout_id]


def test_a_silent_stripe_keeps_the_wish_and_says_so(rail: Running) -> None:
    _mira, acme = client()
    rail.faults({"kind": "drop_before", "path": "checkout"})
    with pytest.raises(payout_accounts.RailUnavailable):
        begin(acme)
    assert Funding.objects.get().state == "intended"
    with transaction.atomic():
        funding.give_up(funding_id=Funding.objects.get().pk, now=NOW + dt.timedelta(days=1))
    assert Funding.objects.get().state == "failed"


@pytest.mark.parametrize("amount", [usd("0.99"), usd("1.005"), usd("1000000"), Money(100_000, "JPY")])
def test_an_amount_that_cannot_be_charged_is_refused_before_anything_is_kept(amount: Money) -> None:
    _mira, acme = client()
    with pytest.raises(Invalid):
        begin(acme, amount)
    assert not Funding.objects.exists()


def test_a_payment_of_another_amount_is_credited_to_nobody_and_named(rail: Running) -> None:
    _mira, acme = client()
    wish = begin(acme)
    Funding.objects.filter(pk=wish.pk).update(amount_units=usd("1000").units)
    rail.control(f"checkout/{wish.checkout_id}/complete", {"method": "card"})
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    assert not LedgerTx.objects.filter(kind="fund").exists()
    assert Mismatch.objects.get().kind == "payment_differs"


@pytest.mark.drill
def test_every_difference_between_the_books_is_named_and_none_is_mended(rail: Running) -> None:
    _mira, acme = client()
    wish = begin(acme)
    rail.control(f"checkout/{wish.checkout_id}/complete", {"method": "card"})
    funding.read_again(checkout_id=wish.checkout_id or "", now=NOW)
    reconciliation.pull(now=NOW)
    tomorrow = RailMovement.objects.get().created_at + dt.timedelta(days=2)
    rail.fund(50_00)
    ghost = Funding.objects.create(
        organisation=acme, currency="USD", amount_units=usd("7").units, state="settled", started_by=acme.id, created_at=NOW,
        settled_at=NOW, charge_id="ch_never",
    )  # fmt: skip
    stranger = rail.client.v1.transfers.create({"amount": 100, "currency": "usd", "destination": rail.worker()})
    before = LedgerTx.objects.count()
    for _twice in range(2):
        reconciliation.check(now=max(tomorrow, NOW + dt.timedelta(days=2)))
    named = {(each.kind, each.subject.split(" ")[0]) for each in Mismatch.objects.all()}
    assert named == {
        ("movement_unexplained", "topup"), ("missing_at_rail", "funding"), ("balance_differs", "USD"),
        ("extra_at_rail", str(stranger.balance_transaction)),
    }  # fmt: skip
    assert Mismatch.objects.get(kind="missing_at_rail").subject == f"funding {ghost.pk}"
    assert Mismatch.objects.count() == 4
    assert LedgerTx.objects.count() == before


@pytest.mark.usefixtures("roles")
def test_ledger_check_prints_a_line_for_each_invariant(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ledger_check")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(invariants.INVARIANTS)
    assert all(line.startswith("ok ") for line in lines)


def test_ledger_check_says_what_is_broken_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    _mira, acme = client()
    Funding.objects.create(
        organisation=acme, currency="USD", amount_units=usd("7").units, state="settled", started_by=acme.id, created_at=NOW,
        settled_at=NOW, charge_id="ch_never",
    )  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        call_command("ledger_check")
    assert ended.value.code == 1
    assert "BROKEN clearing holds what is not yet seen at Stripe: USD -70000" in capsys.readouterr().out


@pytest.mark.usefixtures("roles")
def test_ledger_check_says_when_the_guard_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("GRANT UPDATE ON payments_ledgerentry TO marketplace_web")
    with pytest.raises(SystemExit) as ended:
        call_command("ledger_check")
    assert ended.value.code == 1
    assert capsys.readouterr().out.startswith("guard off: marketplace_web has UPDATE on payments_ledgerentry")
    assert db_roles.apply_roles(connection)
    assert db_roles.missing(connection) == []
