"""An earning is promised with its reasons, settled once, explained to the last unit, and only ever added to."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from kit.ids import uuid7
from kit.models import OutboxEvent
from kit.money import Money, half_even
from payments import earnings, funding, ledger, queries
from payments.chart import Account, platform
from payments.models import Earning, EarningLine, LedgerEntry, LedgerTx
from tests.payments.cast import NOW, accrual, client, earn, launch, usd, worker

pytestmark = pytest.mark.django_db(transaction=True)


def held(kind: str, owner: uuid.UUID) -> Money:
    return ledger.balance(Account(kind, owner, "USD"))


@pytest.fixture
def ana() -> Any:
    return worker("Ana")


@pytest.fixture
def acme() -> Any:
    return client("Mira")[1]


@pytest.fixture
def batch(acme: Any) -> uuid.UUID:
    return launch(acme, usd("100"))


def one(made: earnings.Accrual, **kwargs: Any) -> dict[str, Any]:
    return {"source_kind": made.source_kind, "source_ids": [made.source_id], "actor_id": None, "now": NOW} | kwargs


class Counting:
    """A raw psycopg cursor that counts what is sent through it."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.cursor = psycopg.Cursor(connection.connection)
        self.sent = 0

    def execute(self, query: str, params: Any) -> Any:
        self.sent += 1
        return self.cursor.execute(query, params)


def test_a_pending_earning_is_one_statement_on_the_hot_path(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = accrual(ana, acme, batch)
    with transaction.atomic():
        cursor = Counting()
        earnings.accrue(cursor=cursor, accrual=made)
    assert cursor.sent == 1
    assert held("worker_pending", ana.id) == usd("0.50")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("99.50")
    assert ledger.balance(Account("batch_reserved", batch, "USD")) == usd("99.50")


def test_the_three_statements_can_go_out_as_one_pipeline(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    with transaction.atomic():
        connection.ensure_connection()
        with connection.connection.pipeline(), psycopg.Cursor(connection.connection) as cursor:
            earnings.accrue(cursor=cursor, accrual=accrual(ana, acme, batch))
            earnings.accrue(cursor=cursor, accrual=accrual(ana, acme, batch, confirmed=True))
    assert held("worker_pending", ana.id) == held("worker_available", ana.id) == usd("0.50")
    assert ledger.balance(platform("platform_revenue", "USD")) == usd("0.10")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("98.90")


def test_no_foreign_key_of_the_hot_path_waits_for_the_commit() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND condeferrable AND"
            " conrelid IN ('payments_earning'::regclass, 'payments_earningline'::regclass, 'payments_ledgertx'::regclass,"
            " 'payments_ledgerentry'::regclass, 'payments_ledgerbalance'::regclass, 'payments_batchtally'::regclass)"
        )
        assert cursor.fetchall() == []


def test_one_source_earns_once(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    source = uuid7()
    earn(ana, acme, batch, source_id=source)
    assert earnings.add(accrual(ana, acme, batch, source_id=source)) is False
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
        earnings.accrue(cursor=cursor, accrual=accrual(ana, acme, batch, source_id=source))
    assert ledger.constraint_of(refused.value) == "one_earning_per_source"
    assert held("worker_pending", ana.id) == usd("0.50")


def test_work_that_pays_nothing_is_still_explained_and_moves_no_money(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = earn(ana, acme, batch, "0", fee="0")
    assert earnings.confirm(**one(made)) == [made.source_id]
    assert not LedgerTx.objects.filter(source_kind="earning").exists()
    assert EarningLine.objects.filter(earning_id=made.earning_id).count() == 1


def test_confirming_makes_it_available_and_charges_the_fee_once(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = earn(ana, acme, batch)
    assert earnings.confirm(**one(made)) == [made.source_id]
    assert earnings.confirm(**one(made)) == []
    assert earnings.release(**one(made, reason="late")) == []
    assert held("worker_pending", ana.id) == usd("0")
    assert held("worker_available", ana.id) == usd("0.50")
    assert ledger.balance(platform("platform_revenue", "USD")) == usd("0.10")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("99.40")


def test_a_share_goes_back_to_the_reserve_with_a_line_that_says_so(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = earn(ana, acme, batch, "0.5001", fee="0.1003")
    earnings.confirm(**one(made, share_bp=5000))
    assert held("worker_available", ana.id) == usd("0.2500")
    assert ledger.balance(platform("platform_revenue", "USD")) == usd("0.0502")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("99.6998")
    view = queries.earnings_of(source_kind="submission", source_ids=[made.source_id])[made.source_id]
    assert (view.state, view.amount, view.fee) == ("confirmed", usd("0.25"), usd("0.0502"))
    assert [(line.kind, line.units) for line in view.lines] == [("base", 5001), ("share", -2501)]
    assert sum(line.units for line in view.lines) == view.amount.units


@given(units=st.integers(0, 10**12), bp=st.integers(0, 10_000))
def test_the_database_takes_shares_as_our_money_does(units: int, bp: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_share(%s::bigint, %s)", [units, bp])
        assert cursor.fetchone()[0] == half_even(units * bp, 10_000)


def test_releasing_gives_all_of_it_back(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = earn(ana, acme, batch)
    assert earnings.release(**one(made, reason="rejected")) == [made.source_id]
    assert held("worker_pending", ana.id) == held("worker_available", ana.id) == usd("0")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("100")
    view = queries.earnings_of(source_kind="submission", source_ids=[made.source_id])[made.source_id]
    assert (view.state, view.amount, view.fee) == ("released", usd("0"), usd("0"))
    assert sum(line.units for line in view.lines) == 0


@pytest.mark.parametrize("bp", [-1, 10_001])
def test_a_share_beyond_its_bounds_moves_nothing(ana: Any, acme: Any, batch: uuid.UUID, bp: int) -> None:
    made = earn(ana, acme, batch)
    with pytest.raises(Invalid):
        earnings.confirm(**one(made, share_bp=bp))
    assert held("worker_pending", ana.id) == usd("0.50")


def test_many_are_confirmed_by_one_statement_and_one_posting_each(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    wen = worker("Wen")
    made = [earn(person, acme, batch) for person in (ana, wen) for _turn in range(6)]
    done = earnings.confirm_many(
        source_kind="submission", source_ids=[each.source_id for each in made], actor_id=None, now=NOW, chunk=5
    )
    assert done == 12
    assert LedgerTx.objects.filter(kind="confirm").count() == 12
    assert LedgerEntry.objects.filter(tx__kind="confirm").count() == 48
    assert held("worker_available", ana.id) == held("worker_available", wen.id) == usd("3")
    assert queries.batch_spend(batch) == queries.BatchSpend(
        paid=usd("6"), fees=usd("1.20"), pending=usd("0"), reserved=usd("92.80")
    )


def test_a_promise_cannot_be_edited_nor_a_decision_changed(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = earn(ana, acme, batch)
    earnings.confirm(**one(made, share_bp=5000))
    row = Earning.objects.filter(pk=made.earning_id)
    for change in ({"amount_units": 1}, {"worker": worker("Eve")}, {"confirmed_units": 1}, {"state": "released", "confirmed_units": None}):
        with pytest.raises(IntegrityError) as refused:
            row.update(**change)
        assert ledger.constraint_of(refused.value) == "earning_frozen"


def test_an_adjustment_only_adds_and_is_paid_from_the_reserve(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = earn(ana, acme, batch)
    earnings.release(**one(made, reason="rejected"))
    adjustment = {
        "source_kind": "submission", "source_id": made.source_id, "adjustment_id": uuid7(), "actor_id": None, "now": NOW,
        "lines": [earnings.Line("overturned", 5000, {"dispute": "upheld"}, "dispute/1")], "fee_units": 1000,
    }  # fmt: skip
    assert earnings.adjust(**adjustment) is True
    assert earnings.adjust(**adjustment) is False
    assert held("worker_available", ana.id) == usd("0.50")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("99.40")
    view = queries.earnings_of(source_kind="submission", source_ids=[made.source_id])[made.source_id]
    assert (view.amount, view.fee) == (usd("0.50"), usd("0.10"))
    with pytest.raises(Invalid):
        earnings.adjust(**adjustment | {"adjustment_id": uuid7(), "lines": [earnings.Line("less", -1, {}, "x/1")]})


def test_an_adjustment_of_a_settled_batch_falls_on_our_losses_and_alerts(ana: Any, acme: Any, batch: uuid.UUID) -> None:
    made = earn(ana, acme, batch)
    earnings.release(**one(made, reason="rejected"))
    with transaction.atomic():
        funding.return_reserve(
            organisation_id=acme.id, batch_id=batch, amount=usd("100"), idem="settle", actor_id=None, now=NOW
        )
    with transaction.atomic():
        earnings.adjust(
            source_kind="submission", source_id=made.source_id, adjustment_id=uuid7(), actor_id=None, now=NOW, fee_units=1000,
            lines=[earnings.Line("overturned", 5000, {}, "dispute/1")],
        )  # fmt: skip
    assert held("worker_available", ana.id) == usd("0.50")
    assert ledger.balance(platform("platform_losses", "USD")) == usd("0.50")
    assert ledger.balance(Account("batch_reserved", batch, "USD")) == usd("0")
    assert OutboxEvent.objects.filter(name="reserve.dry").count() == 1
