"""Web and runners cannot rewrite what happened: the database refuses them, by rights and by trigger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction

from payments import db_roles, ledger
from payments.models import LedgerTx
from tests.payments.cast import client, earn, launch, usd, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("roles")]

LEDGER = ["payments_ledgeraccount", "payments_ledgertx", "payments_ledgerentry", "payments_earningline", "kit_auditrecord"]


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def attempt(statement: str) -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        return str(error)
    return "done"


def test_the_roles_stand_and_nothing_is_missing_from_their_rights() -> None:
    assert db_roles.missing(connection) == []


@pytest.mark.drill
@pytest.mark.parametrize("role", db_roles.ROLES)
@pytest.mark.parametrize("table", LEDGER)
def test_no_role_of_the_application_edits_or_empties_what_happened(role: str, table: str) -> None:
    _mira, acme = client()
    earn(worker(), acme, launch(acme, usd("10")))
    before = LedgerTx.objects.count()
    with acting_as(role):
        for statement in (
            f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE", f"ALTER TABLE {table} DISABLE TRIGGER ALL", f"DROP TABLE {table} CASCADE",
        ):  # fmt: skip
            assert "permission denied" in (said := attempt(statement)) or "must be owner" in said, said
    assert LedgerTx.objects.count() == before


@pytest.mark.drill
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_ledgerbalance SET amount = 0",
        "INSERT INTO payments_ledgerbalance (account_id, amount, entries) VALUES (gen_random_uuid(), 1, 1)",
        "UPDATE payments_ledgerentry SET amount = 1",
        "INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, at, created_xid)"
        " VALUES (gen_random_uuid(), 'x', 'x', 'x', gen_random_uuid(), 2, now(), '999999999')",
        "CREATE OR REPLACE FUNCTION payments_tx_balances() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SET session_replication_role = replica",
        "ALTER TABLE payments_ledgeraccount ADD COLUMN mine int",
    ],
)
def test_balances_and_seals_are_the_databases_own(statement: str) -> None:
    with acting_as("marketplace_web"):
        said = attempt(statement)
    assert "permission denied" in said or "must be owner" in said, said


def test_a_runner_reads_decisions_of_standing_and_makes_none() -> None:
    with acting_as("marketplace_runner"):
        assert attempt("SELECT * FROM workers_standingdecision") == "done"
        assert "permission denied" in attempt("INSERT INTO workers_standingdecision DEFAULT VALUES")


@pytest.mark.parametrize("role", db_roles.ROLES)
def test_work_goes_on_under_the_roles(role: str) -> None:
    with acting_as(role):
        _mira, acme = client()
        ana = worker()
        earn(ana, acme, launch(acme, usd("10")), "3", confirmed=True)
        from payments.chart import Account

        assert ledger.balance(Account("worker_available", ana.id, "USD")) == usd("3")
        with pytest.raises(ledger.Overdrawn):
            ledger.post(
                ledger.Posting(
                    idem="too much", kind="t", source_kind="t", source_id=ana.id, actor_id=None, now=ana.created_at,
                    legs=ledger.move(
                        usd("4"), debit=Account("worker_available", ana.id, "USD"),
                        credit=Account("worker_held", ana.id, "USD"),
                    ),
                )
            )  # fmt: skip


def test_software_says_no_farewell_for_anybody_and_shuts_nobody_out() -> None:
    """What runners cannot do, whatever their code says: end somebody's work as if by own wish, decide, or close an account."""
    ana = worker()
    with acting_as("marketplace_runner"):
        for statement in (
            f"INSERT INTO workers_farewell (user_id, at) VALUES ('{ana.pk}', now())",
            f"INSERT INTO workers_standingdecision (id, person_id) VALUES (gen_random_uuid(), '{ana.pk}')",
        ):
            assert "permission denied" in attempt(statement)
        assert "shuts nobody out" in attempt(f"UPDATE workers_user SET is_active = false WHERE id = '{ana.pk}'")
    ana.refresh_from_db()
    assert ana.is_active and ana.worker.standing == "active"


@pytest.mark.parametrize(("faults", "given"), [(1, True), (db_roles.TRIES, False)])
def test_rights_are_given_again_when_another_database_was_at_the_roles(monkeypatch: pytest.MonkeyPatch, faults: int, given: bool) -> None:
    """Roles belong to the server: two databases that are migrated at one moment change the same rows of it."""
    left, really = iter(range(faults)), db_roles._give

    def give(to: Any) -> None:
        if next(left, None) is not None:
            raise InternalError("tuple concurrently updated")
        really(to)

    monkeypatch.setattr(db_roles, "missing", lambda to: ["marketplace_web lacks SELECT"])
    monkeypatch.setattr(db_roles, "_give", give)
    monkeypatch.setattr(db_roles, "WAIT", 0)
    assert db_roles.apply_roles(connection) is given
