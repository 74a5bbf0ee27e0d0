"""The database roles of web and runners: what they may do to each table, and whether they exist here at all."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

ROLES = ("marketplace_web", "marketplace_runner")
EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")
APPEND_ONLY = {
    "payments_ledgeraccount",
    "payments_ledgertx",
    "payments_ledgerentry",
    "payments_earningline",
    "payments_moneymove",
    "payments_programmefunds",
    "kit_auditrecord",
    "workers_standingdecision",
    "workers_farewell",
    "workers_agreement",
    "workers_signature",
}
"""Tables where nothing is edited: ledger, audit, decisions."""
READ_ONLY = {"payments_ledgerbalance", "django_migrations"}
"""Written by trigger or by migrations alone."""
PEOPLE_ONLY = {"workers_standingdecision", "workers_farewell", "workers_erasure", "workers_countryexit", "workers_merge"}
"""What only a person in front of a page may decide: the runner reads it and no more."""
COLUMNS = {
    "payments_ledgeraccount": "id, kind, owner_id, currency",
    "payments_ledgertx": "id, idem, kind, source_kind, source_id, legs, actor_id, at",
}
"""Where not every column may be chosen: the seal of a transaction is the database's own."""


TRIES, WAIT = 5, 0.3
"""How often, and after how many seconds, rights are given again when somebody else was at the roles."""


def append_only(*tables: str, people_only: bool = False) -> None:
    """Another room's tables that nobody may edit; `people_only` ones are not even added to by runners."""
    APPEND_ONLY.update(tables)
    if people_only:
        PEOPLE_ONLY.update(tables)


def apply_roles(connection: BaseDatabaseWrapper) -> bool:
    """Make the roles and give them their rights on the tables there are now; False where roles cannot be made.

    Cheap when nothing is missing, as it runs after every migration.
    """
    if connection.vendor != "postgresql":
        return False
    if missing(connection) == []:
        return True
    for tries_left in reversed(range(TRIES)):
        try:
            _give(connection)
            return True
        except DatabaseError as error:
            if not tries_left:
                logger.warning("guard off: the database roles could not be made", extra={"why": str(error)})
                return False
        # Roles belong to the whole server, and no lock does: another of its databases may be migrated at this very moment.
        time.sleep(WAIT)
    return False


def _give(connection: BaseDatabaseWrapper) -> None:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # One migration of this database at a time.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('marketplace roles'))")
        for role in ROLES:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE ROLE {role} NOLOGIN")
            cursor.execute(f"GRANT {role} TO CURRENT_USER")
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
            cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'REVOKE ALL ON "{table}" FROM {role}')
                cursor.execute(f'GRANT {_grant(role, table)} ON "{table}" TO {role}')


def rights_of(role: str, table: str) -> tuple[str, ...]:
    """What a role may do to a table."""
    if table in READ_ONLY or (table in PEOPLE_ONLY and role == "marketplace_runner"):
        return ("SELECT",)
    return ("SELECT", "INSERT") if table in APPEND_ONLY else EVERYTHING


def _grant(role: str, table: str) -> str:
    columns = COLUMNS.get(table)
    return ", ".join(f"INSERT ({columns})" if right == "INSERT" and columns else right for right in rights_of(role, table))


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """What differs between the rights that stand in the database and those wanted; names the role where it is absent."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
        present = {name for (name,) in cursor.fetchall()}
        if absent := [role for role in ROLES if role not in present]:
            return [f"no role {role}" for role in absent]
        cursor.execute(
            """
            SELECT role.name, tables.relname, wanted.name,
                CASE WHEN wanted.name IN ('SELECT', 'INSERT')
                     THEN has_any_column_privilege(role.name, tables.oid, wanted.name)
                     ELSE has_table_privilege(role.name, tables.oid, wanted.name) END
            FROM pg_class tables, unnest(%s::text[]) role (name), unnest(%s::text[]) wanted (name)
            WHERE tables.relnamespace = 'public'::regnamespace AND tables.relkind IN ('r', 'p')
            """,
            [list(ROLES), [*EVERYTHING, "TRUNCATE", "TRIGGER"]],
        )
        return [
            f"{role} {'lacks' if not has else 'has'} {right} on {table}"
            for role, table, right, has in cursor.fetchall()
            if has != (right in rights_of(role, table))
        ]
