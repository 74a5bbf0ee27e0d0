"""The ledger refuses every posting that is not balanced, complete, new and covered, whoever writes it."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from kit.ids import uuid7
from kit.money import Money
from payments import chart, ledger
from payments.chart import Account, platform
from payments.models import LedgerAccount, LedgerBalance, LedgerEntry, LedgerTx
from tests.payments.cast import NOW, usd

pytestmark = pytest.mark.django_db(transaction=True)

CLEARING, LOSSES = platform("stripe_clearing", "USD"), platform("platform_losses", "USD")


def posting(legs: list[ledger.Leg], idem: str = "") -> ledger.Posting:
    return ledger.Posting(
        idem=idem or f"t:{uuid7()}", kind="test", source_kind="test", source_id=uuid.UUID(int=1), legs=legs, actor_id=None, now=NOW
    )


def prepaid(amount: Money, owner: uuid.UUID | None = None, idem: str = "") -> Account:
    account = Account("client_prepaid", owner or uuid7(), amount.currency)
    ledger.post(posting(ledger.move(amount, debit=platform("stripe_clearing", amount.currency), credit=account), idem))
    return account


def constraint(error: pytest.ExceptionInfo[BaseException]) -> str:
    return ledger.constraint_of(error.value)


def raw_tx(cursor: object, *, legs: int = 2) -> uuid.UUID:
    tx = uuid7()
    cursor.execute(  # type: ignore[attr-defined]
        "INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, at) VALUES (%s, %s, 't', 't', %s, %s, %s)",
        [tx, str(tx), tx, legs, NOW],
    )
    return tx


def raw_entry(cursor: object, tx: uuid.UUID, n: int, account: Account, amount: int) -> None:
    cursor.execute(  # type: ignore[attr-defined]
        "INSERT INTO payments_ledgerentry (tx_id, n, account_id, amount) VALUES (%s, %s, %s, %s)", [tx, n, account.id, amount]
    )


def counts() -> tuple[int, int]:
    return LedgerTx.objects.count(), LedgerEntry.objects.count()


@pytest.fixture(autouse=True)
def _two_accounts_to_write_between() -> None:
    ledger.post(posting(ledger.move(usd("1"), debit=LOSSES, credit=CLEARING)))
    euro = (platform("stripe_clearing", "EUR"), platform("platform_losses", "EUR"))
    ledger.post(posting(ledger.move(Money(1, "EUR"), debit=euro[1], credit=euro[0])))


def test_the_database_derives_the_same_account_ids_as_we_do() -> None:
    account = Account("worker_available", uuid7(), "EUR")
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_account_id(%s, %s, %s)", [account.kind, account.owner_id, account.currency])
        assert cursor.fetchone() == (account.id,)


def test_a_posting_moves_money_and_its_balance_is_kept() -> None:
    account = prepaid(usd("12.5"))
    assert ledger.balance(account) == usd("12.5")
    row = LedgerAccount.objects.get(pk=account.id)
    assert (row.tracked, row.guarded, row.debit_side) == (True, True, False)


@pytest.mark.parametrize(
    ("legs", "entries"),
    [
        (2, [(1, CLEARING, 5), (2, LOSSES, -4)]),
        (2, [(1, CLEARING, 5)]),
        (2, []),
        (2, [(1, CLEARING, 5), (2, platform("stripe_clearing", "EUR"), -5)]),
        (3, [(1, CLEARING, 5), (2, LOSSES, -5)]),
    ],
    ids=["unbalanced", "one-legged", "empty", "across currencies", "fewer than announced"],
)
def test_what_does_not_balance_is_refused_at_commit(legs: int, entries: list[tuple[int, Account, int]]) -> None:
    before = counts()
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:  # noqa: PT012
        tx = raw_tx(cursor, legs=legs)
        for n, account, amount in entries:
            raw_entry(cursor, tx, n, account, amount)
    assert constraint(refused) == "ledger_balances"
    assert counts() == before


def test_one_leg_cannot_even_be_announced() -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
        raw_tx(cursor, legs=1)
    assert constraint(refused) == "ledger_tx_two_legs"


def test_a_zero_entry_is_refused() -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:  # noqa: PT012
        raw_entry(cursor, raw_tx(cursor), 1, CLEARING, 0)
    assert constraint(refused) == "ledger_entry_not_zero"


def test_an_overdraft_is_refused_and_leaves_the_transaction_usable() -> None:
    account = prepaid(usd("10"))
    before = counts()
    with transaction.atomic():
        with pytest.raises(ledger.Overdrawn):
            ledger.post(posting(ledger.move(usd("10.0001"), debit=account, credit=CLEARING)))
        assert ledger.balance(account) == usd("10")
    assert counts() == before
    assert ledger.post(posting(ledger.move(usd("10"), debit=account, credit=CLEARING)))
    assert ledger.balance(account) == usd("0")


def test_a_debit_side_account_is_guarded_on_its_own_side() -> None:
    owed = Account("worker_receivable", uuid7(), "USD")
    ledger.post(posting(ledger.move(usd("3"), debit=owed, credit=LOSSES)))
    assert ledger.balance(owed) == usd("3")
    with pytest.raises(ledger.Overdrawn):
        ledger.post(posting(ledger.move(usd("3.01"), debit=LOSSES, credit=owed)))


@pytest.mark.parametrize("table", ["payments_ledgeraccount", "payments_ledgertx", "payments_ledgerentry", "payments_earningline"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_nothing_is_edited_or_deleted_even_by_the_owner(table: str, verb: str) -> None:
    column = {"payments_ledgeraccount": "kind", "payments_ledgertx": "idem", "payments_ledgerentry": "amount"}.get(table, "units")
    with pytest.raises(IntegrityError) as refused, connection.cursor() as cursor:
        cursor.execute(verb.format(table, column, column))
    assert constraint(refused) == "append_only"


def test_a_late_entry_is_refused() -> None:
    tx = LedgerTx.objects.order_by("id")[0]
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
        raw_entry(cursor, tx.id, 3, CLEARING, 5)
    assert constraint(refused) == "ledger_sealed"


def test_forcing_the_check_early_leaves_no_room_for_another_entry() -> None:
    before = counts()
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:  # noqa: PT012
        tx = raw_tx(cursor)
        raw_entry(cursor, tx, 1, CLEARING, 5)
        raw_entry(cursor, tx, 2, LOSSES, -5)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        raw_entry(cursor, tx, 3, CLEARING, 7)
    assert constraint(refused) == "ledger_sealed"
    assert counts() == before


def test_an_account_cannot_be_given_an_id_or_guards_of_ones_own() -> None:
    with pytest.raises(IntegrityError) as refused, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_ledgeraccount (id, kind, owner_id, currency) VALUES (%s, 'client_prepaid', %s, 'USD')",
            [uuid7(), uuid7()],
        )
    assert constraint(refused) == "ledger_account_id_derived"


def test_a_replay_posts_nothing_and_another_posting_under_the_key_is_an_error() -> None:
    owner = uuid7()
    account = prepaid(usd("5"), owner, "fund:1")
    before = counts()
    same = posting(ledger.move(usd("5"), debit=CLEARING, credit=account), "fund:1")
    assert ledger.post(same) is False
    assert counts() == before
    with pytest.raises(ledger.ReplayDiffers):
        ledger.post(posting(ledger.move(usd("6"), debit=CLEARING, credit=account), "fund:1"))
    with pytest.raises(ledger.ReplayDiffers):
        ledger.post(posting(ledger.move(usd("5"), debit=LOSSES, credit=account), "fund:1"))
    assert counts() == before
    assert ledger.balance(account) == usd("5")


def test_two_currencies_never_meet_in_one_move() -> None:
    with pytest.raises(ValueError, match="cannot move"):
        ledger.move(usd("1"), debit=CLEARING, credit=platform("platform_losses", "EUR"))


def test_kept_balances_are_the_sums_of_their_entries() -> None:
    account = prepaid(usd("5"))
    for text in ("1", "0.0001", "2.25"):
        ledger.post(posting(ledger.move(usd(text), debit=account, credit=LOSSES)))
    kept = LedgerBalance.objects.get(account_id=account.id)
    assert (kept.amount, kept.entries) == (-usd("1.7499").units, 4)
    assert ledger.balances([account, CLEARING])[account] == usd("1.7499")


def test_every_kind_says_which_side_it_is_on_and_guards_only_what_it_tracks() -> None:
    assert all(kind.tracked for kind in chart.KINDS if kind.guarded)
    assert {kind.side for kind in chart.KINDS} == {chart.DEBIT, chart.CREDIT}
