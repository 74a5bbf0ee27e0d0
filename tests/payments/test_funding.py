"""A batch is promised no more than its client paid in, however many launches race, and gets back only what is left."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from kit.errors import Conflict, Invalid
from kit.ids import uuid7
from kit.models import OutboxEvent
from payments import funding, ledger
from payments.chart import Account
from payments.models import LedgerTx
from tests.payments.cast import NOW, client, earn, launch, pay_in, usd, worker

pytestmark = pytest.mark.django_db(transaction=True)


def promise(organisation: Any, text: str, **kwargs: Any) -> Any:
    batch_id = kwargs.pop("batch_id", None) or uuid7()
    with transaction.atomic():
        funding.reserve(
            organisation_id=organisation.id, batch_id=batch_id, amount=usd(text),
            idem=kwargs.pop("idem", f"reserve:{batch_id}"), actor_id=None, now=NOW,
        )  # fmt: skip
    return batch_id


def test_a_reserve_takes_prepaid_money_once() -> None:
    _mira, acme = client()
    pay_in(acme, usd("100"))
    batch = promise(acme, "60")
    promise(acme, "60", batch_id=batch)
    assert funding.prepaid(organisation_id=acme.id, currency="USD") == usd("40")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("60")


def test_a_launch_beyond_the_balance_says_what_is_missing_and_moves_nothing() -> None:
    _mira, acme = client()
    pay_in(acme, usd("10"))
    before = LedgerTx.objects.count()
    with pytest.raises(funding.InsufficientFunds) as refused:
        promise(acme, "10.0001")
    assert refused.value.missing == usd("0.0001")
    assert refused.value.extra == {"missing": "0.0001", "currency": "USD"}
    assert LedgerTx.objects.count() == before
    assert funding.prepaid(organisation_id=acme.id, currency="USD") == usd("10")


@pytest.mark.parametrize("text", ["0", "-1"])
def test_only_amounts_above_zero_are_reserved_or_returned(text: str) -> None:
    _mira, acme = client()
    with pytest.raises(Invalid):
        promise(acme, text)


def test_a_client_whose_prepaid_runs_low_is_told() -> None:
    _mira, acme = client()
    pay_in(acme, usd("100"))
    promise(acme, "50")
    assert not OutboxEvent.objects.filter(name="budget.low").exists()
    promise(acme, "45")
    assert OutboxEvent.objects.get(name="budget.low").payload["prepaid_units"] == usd("5").units


def test_no_more_is_returned_than_is_left_and_once_per_key() -> None:
    _mira, acme = client()
    batch = launch(acme, usd("10"))
    earn(worker(), acme, batch, "4")
    give_back = {"organisation_id": acme.id, "batch_id": batch, "actor_id": None, "now": NOW}
    with pytest.raises(Conflict), transaction.atomic():
        funding.return_reserve(**give_back, amount=usd("6.0001"), idem="back")
    for _twice in range(2):
        with transaction.atomic():
            funding.return_reserve(**give_back, amount=usd("6"), idem="back")
    assert funding.prepaid(organisation_id=acme.id, currency="USD") == usd("6")
    assert funding.reserved(batch_id=batch, currency="USD") == usd("0") == ledger.balance(Account("batch_reserved", batch, "USD"))


@pytest.mark.drill
def test_fifty_launches_race_over_one_balance_and_never_promise_more_than_it_holds() -> None:
    _mira, acme = client()
    pay_in(acme, usd("20"))
    granted: list[Any] = []
    start = threading.Barrier(50)

    def compete() -> None:
        try:
            start.wait()
            for _turn in range(3):
                try:
                    granted.append(promise(acme, "1"))
                except funding.InsufficientFunds:
                    continue
        finally:
            connection.close()

    threads = [threading.Thread(target=compete) for _each in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 20
    assert funding.prepaid(organisation_id=acme.id, currency="USD") == usd("0")
    assert all(funding.reserved(batch_id=batch, currency="USD") == usd("1") for batch in granted)
