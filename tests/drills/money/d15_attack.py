"""D15: whoever acts as web or runner attacks the ledger; every statement is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction

from payments import db_roles, ledger
from payments.chart import Account
from payments.models import LedgerTx
from tests.drills.figure import Figure
from tests.drills.money import stage as at
from tests.drills.money.stage import Stage
from tests.drills.money.verdict import held

TABLES = {
    "payments_ledgeraccount": "kind = kind", "payments_ledgertx": "at = at", "payments_ledgerentry": "amount = amount",
    "payments_ledgerbalance": "amount = 0", "payments_earningline": "units = units", "kit_auditrecord": "verb = verb",
}  # fmt: skip
EDITS = (
    "UPDATE {table} SET {column}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE", "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP TABLE {table} CASCADE", "ALTER TABLE {table} ADD COLUMN mine int", "COPY {table} FROM PROGRAM 'true'",
)  # fmt: skip
OTHERS = (
    # A late entry on an old transaction, and a transaction that pretends to be of an old one.
    "INSERT INTO payments_ledgerentry (tx_id, n, account_id, amount) SELECT tx_id, n + 10, account_id, amount FROM payments_ledgerentry",
    "INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, at, created_xid)"
    " SELECT gen_random_uuid(), 'x', 'x', 'x', id, 2, now(), '999' FROM payments_ledgertx LIMIT 1",
    # A transaction without entries, and one that does not balance.
    "INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, at)"
    " VALUES (gen_random_uuid(), 'y', 'x', 'x', gen_random_uuid(), 2, now()); SET CONSTRAINTS ALL IMMEDIATE",
    "WITH tx AS (INSERT INTO payments_ledgertx (id, idem, kind, source_kind, source_id, legs, at)"
    " VALUES (gen_random_uuid(), 'z', 'x', 'x', gen_random_uuid(), 2, now()) RETURNING id)"
    " INSERT INTO payments_ledgerentry (tx_id, n, account_id, amount) SELECT tx.id, n.n, account.id, -5"
    " FROM tx, generate_series(1, 2) n (n), (SELECT id FROM payments_ledgeraccount WHERE kind = 'platform_revenue' LIMIT 1) account;"
    " SET CONSTRAINTS ALL IMMEDIATE",
    "INSERT INTO payments_ledgerbalance (account_id, amount, entries) VALUES (gen_random_uuid(), -1, 1)",
    "INSERT INTO payments_ledgeraccount (id, kind, owner_id, currency)"
    " VALUES (gen_random_uuid(), 'worker_available', gen_random_uuid(), 'USD')",
    "INSERT INTO payments_ledgeraccount (id, kind, owner_id, currency, guarded)"
    " VALUES (gen_random_uuid(), 'worker_available', gen_random_uuid(), 'USD', false)",
    "CREATE OR REPLACE FUNCTION payments_tx_balances() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DROP FUNCTION payments_entries_added() CASCADE",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE plpgsql AS 'BEGIN UPDATE payments_ledgerbalance SET amount = 0; RETURN 1; END';"
    " SELECT pg_temp.mine()",
    "SET session_replication_role = replica",
    "UPDATE payments_earning SET amount_units = amount_units + 1",
    "UPDATE payments_earning SET confirmed_units = confirmed_units - 1",
    # What one does not own one cannot give away: PostgreSQL only warns, and then nothing was given.
    "GRANT ALL ON payments_ledgerentry TO marketplace_web, marketplace_runner; UPDATE payments_ledgerentry SET amount = 1",
    "ALTER ROLE marketplace_web SUPERUSER",
)


def run(stage: Stage, sabotaged: bool) -> Figure:
    at.payable(stage, 2)
    statements = [edit.format(table=table, column=column) for table, column in TABLES.items() for edit in EDITS] + list(OTHERS)
    before = _state()
    refused = 0
    for role in db_roles.ROLES:
        for statement in statements:
            refused += _refused(statement, "postgres" if sabotaged else role)
    tried = len(statements) * len(db_roles.ROLES)
    found = {"refused": f"{refused}/{tried}", "moved": _state() != before}
    return held(found, {"refused": f"{tried}/{tried}", "moved": False})


def _refused(statement: str, role: str) -> bool:
    """Whether the database says no. What it let through is undone."""
    try:
        with _acting_as(role), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.replace("%", "%%"))
            transaction.set_rollback(True)
    except DatabaseError:
        return True
    return False


@contextmanager
def _acting_as(role: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE; SET session_replication_role = origin")


def _state() -> tuple[int, int]:
    prepaid = Account("worker_available", LedgerTx.objects.order_by("pk").values_list("source_id", flat=True)[0], "USD")
    return LedgerTx.objects.count(), ledger.balance(prepaid).units
