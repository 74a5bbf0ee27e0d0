"""The platform's own money in another currency: books that balance in each currency, cleared by Stripe's, the difference on fx."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from kit.errors import Invalid
from kit.money import Money
from payments import exchange, invariants, ledger, own_exchange, reconciliation
from payments.chart import platform
from payments.models import LedgerTx, Mismatch, OwnExchange, RailMovement
from tests.marketplace.api import callers
from tests.payments.cast import NOW, finance, usd, worker
from tests.payments.test_pages import signed_in, text
from workers.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore:No directory at")]
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def eur(figure: str) -> Money:
    return Money.parse(figure, "EUR")


def moved(ident: str, amount: Money, *, kind: str = "payout", fee: int = 0, at: dt.datetime = NOW) -> RailMovement:
    """One of Stripe's balance transactions."""
    return RailMovement.objects.create(
        id=ident, type=kind, amount_units=amount.units, fee_units=fee, currency=amount.currency, source="po_1", created_at=at
    )


def record(out: str = "100", into: str = "90", *, by: User | None = None, now: dt.datetime = NOW, **options: Any) -> OwnExchange:
    with transaction.atomic():
        return own_exchange.record(
            out=usd(out), into=eur(into), note="At our bank", actor_id=(by or finance()).id, now=now, **options
        )


def held(kind: str) -> tuple[Money, Money]:
    return ledger.balance(platform(kind, "USD")), ledger.balance(platform(kind, "EUR"))


def nothing_is_broken() -> None:
    assert [each for each in invariants.findings() if not each.ok and each.name != "guard"] == []


def test_what_left_and_what_came_squares_fx_by_currency_and_waits_in_clearing() -> None:
    record()
    assert held("platform_fx") == (usd("100"), eur("-90")) and held("stripe_clearing") == (usd("-100"), eur("90"))
    nothing_is_broken()


def test_stripes_books_clear_each_side_by_its_amount_and_fee_whichever_comes_first() -> None:
    made = record()
    moved("txn_out", usd("-100"))
    assert reconciliation.clear_open(now=NOW + HOUR) == 1
    nothing_is_broken()
    moved("txn_in", eur("90"), kind="topup", fee=5_000)
    assert reconciliation.clear_open(now=NOW + 2 * HOUR) == 1
    assert held("stripe_available") == (usd("-100"), eur("89.50")) and held("stripe_clearing") == (usd("0"), eur("0"))
    assert ledger.balance(platform("platform_fees", "EUR")) == eur("0.50")
    made.refresh_from_db()
    assert (made.out_movement_id, made.into_movement_id) == ("txn_out", "txn_in") and not Mismatch.objects.exists()
    nothing_is_broken()


def test_movements_that_were_named_as_unexplained_are_chosen_and_their_differences_closed() -> None:
    moved("txn_out", usd("-100"))
    moved("txn_in", eur("91"), kind="topup")
    reconciliation.clear_open(now=NOW)
    assert Mismatch.objects.filter(closed_at=None).count() == 2
    olu = finance()
    made = record("1", "1", by=olu, out_movement="txn_out", into_movement="txn_in")
    assert (made.out_units, made.into_units) == (usd("100").units, eur("91").units), "Stripe's amounts, not those typed"
    assert not Mismatch.objects.filter(closed_at=None).exists()
    assert set(Mismatch.objects.values_list("closed_by", flat=True)) == {olu.id}
    assert held("stripe_available") == (usd("-100"), eur("91")) and held("stripe_clearing") == (usd("0"), eur("0"))
    nothing_is_broken()
    with pytest.raises(Invalid):
        record(out_movement="txn_out")


def test_one_movement_answers_for_one_exchange_and_another_amount_or_a_far_day_for_none() -> None:
    record()
    record(now=NOW + HOUR)
    moved("txn_1", usd("-100"))
    moved("txn_2", usd("-99"))
    moved("txn_3", usd("-100"), at=NOW + 11 * DAY)
    assert reconciliation.clear_open(now=NOW + 11 * DAY) == 1
    assert OwnExchange.objects.filter(out_cleared_at=None).count() == 1
    assert set(Mismatch.objects.values_list("subject", flat=True)) == {"payout txn_2", "payout txn_3"}
    nothing_is_broken()


def test_a_side_that_stripe_never_shows_is_named_after_five_days() -> None:
    record()
    assert own_exchange.open_sides(since=NOW - DAY) == []
    assert reconciliation._missing(NOW + 4 * DAY) == ""
    assert reconciliation._missing(NOW + 5 * DAY) == "missing_at_rail"
    assert {row.ours_units for row in Mismatch.objects.all()} == {usd("100").units, eur("90").units}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"out": usd("0")}, "out"), ({"into": usd("5")}, "into"), ({"into": Money(5, "PLN")}, "into"), ({"note": " "}, "note"),
        ({"out_movement": "txn_none"}, "out_movement"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named_and_posts_nothing(wrong: dict[str, Any], field: str) -> None:
    stated: dict[str, Any] = {"out": usd("100"), "into": eur("90"), "note": "At our bank"}
    with pytest.raises(Invalid) as refused, transaction.atomic():
        own_exchange.record(actor_id=finance().id, now=NOW, **stated | wrong)
    assert refused.value.field == field and not OwnExchange.objects.exists() and not LedgerTx.objects.exists()


def test_an_amount_far_from_the_kept_rate_has_to_be_confirmed_on_the_page() -> None:
    olu = finance()
    with transaction.atomic():
        exchange.put(base="USD", quote="EUR", rate="0.9", actor_id=olu.id, now=NOW)
    browser, form = signed_in(olu), {"out": "100", "out_currency": "USD", "into": "9", "into_currency": "EUR", "note": "At our bank"}
    asked = browser.post("/ops/payouts/exchanges/", form)
    assert asked.status_code == 422 and b"a rate of 0.09" in asked.content and b'name="sure"' in asked.content
    assert not OwnExchange.objects.exists()
    done = browser.post("/ops/payouts/exchanges/", form | {"sure": "on"}, follow=True)
    assert all(said in text(done) for said in ("At our bank", "Left over", "Used up"))
    moved("txn_out", usd("-70"))
    assert "70.00 USD · payout" in text(browser.get("/ops/payouts/exchanges/"))
    chosen = form | {"out": "", "out_movement": "txn_out", "into": "63"}
    assert browser.post("/ops/payouts/exchanges/", chosen).status_code == 302
    assert OwnExchange.objects.filter(out_units=usd("70").units, out_cleared_at__isnull=False).exists()
    nothing_is_broken()


def test_programs_record_and_read_and_eve_does_not() -> None:
    olu = callers.Caller(finance(), ["ops", "payments"])
    body = {"out": {"amount": "100", "currency": "USD"}, "into": {"amount": "90", "currency": "EUR"}, "note": "At our bank"}
    eve = callers.Caller(worker("Eve"), ["payments"])
    assert eve.post("ops/own-exchanges/", body)[0] == 403 and eve.get("ops/own-exchanges/")[0] == 403
    assert olu.post("ops/own-exchanges/", body | {"into": None})[0] == 422 and not OwnExchange.objects.exists()
    status, made = olu.post("ops/own-exchanges/", body, key="once")
    assert status == 201 and made["into"] == {"amount": "90.0000", "currency": "EUR"} and made["out_cleared_at"] is None
    assert olu.post("ops/own-exchanges/", body, key="once") == (201, made)
    assert [one["id"] for one in olu.get("ops/own-exchanges/")[1]["results"]] == [made["id"]]
