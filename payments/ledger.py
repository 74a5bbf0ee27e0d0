"""The ledger and its only writer: balanced, signed entries that happen once per key and are never edited."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from kit.errors import Conflict
from kit.ids import uuid7
from kit.money import Money
from payments import sql
from payments.chart import BY_NAME, CREDIT, Account
from payments.models import LedgerBalance, LedgerEntry, LedgerTx


class Overdrawn(Conflict):
    """A guarded account does not hold enough."""

    code = "overdrawn"


class ReplayDiffers(Conflict):
    """The idempotency key of a posting was used before for another posting."""

    code = "posting_key_reused"


class Cursor(Protocol):
    """What a posting needs of a database cursor: Django's own, or psycopg's on the hot path."""

    def execute(self, query: str, params: Mapping[str, Any], /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry: debit positive, credit negative, in units of the account's currency."""

    account: Account
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A balanced movement: what to write, why, and the key under which it happens once."""

    idem: str
    kind: str
    source_kind: str
    source_id: uuid.UUID
    legs: Sequence[Leg]
    actor_id: uuid.UUID | None
    now: datetime

    def params(self) -> dict[str, Any]:
        """The parameters of `sql.POST`; legs of zero are left out, as a reason without money needs no entry."""
        legs = [leg for leg in self.legs if leg.units]
        plain = [
            {"kind": leg.account.kind, "owner": leg.account.owner_id, "currency": leg.account.currency, "amount": leg.units}
            for leg in legs
        ]
        return {
            "tx": uuid7(), "idem": self.idem, "tx_kind": self.kind, "about_kind": self.source_kind, "about_id": self.source_id,
            "actor": self.actor_id, "now": self.now, "count": len(legs), "legs": orjson.dumps(plain).decode(),
        }  # fmt: skip


def move(amount: Money, *, debit: Account, credit: Account) -> list[Leg]:
    """The two legs that move an amount; both accounts are in its currency."""
    if not amount.currency == debit.currency == credit.currency:
        raise ValueError(f"{amount} cannot move between {debit.currency} and {credit.currency}")
    return [Leg(debit, amount.units), Leg(credit, -amount.units)]


def post(posting: Posting) -> bool:
    """Post once; False when the same posting was made before under its key.

    Raises Overdrawn when a guarded account would fall below zero (nothing is written then, and the caller's transaction
    stays usable), ReplayDiffers when the key stands for another posting.
    """
    params = posting.params()
    if not params["count"]:
        return False
    with overdraft_guard(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.POST, params)
        if cursor.rowcount:
            return True
    _check_replay(posting)
    return False


def _check_replay(posting: Posting) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.PAYLOAD, {"idem": posting.idem})
        before = sorted(cursor.fetchall())
    asked = (posting.kind, posting.source_kind, posting.source_id)
    if before != sorted((*asked, leg.account.id, leg.units) for leg in posting.legs if leg.units):
        raise ReplayDiffers(_("The key %(key)s stands for another posting.") % {"key": posting.idem})


@contextmanager
def overdraft_guard() -> Iterator[None]:
    """Turn the database's refusal to go below zero into Overdrawn."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) == "ledger_never_below_zero":
            raise Overdrawn(_("There is not enough money for this.")) from error
        raise


def constraint_of(error: BaseException) -> str:
    """The name of the constraint behind a database error, whether psycopg's or wrapped by Django."""
    diagnosis = getattr(error, "diag", None) or getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")


def balance(account: Account) -> Money:
    """What an account holds on its natural side: one row where it is tracked, the sum of its entries where not."""
    if BY_NAME[account.kind].tracked:
        units = LedgerBalance.objects.filter(account_id=account.id).values_list("amount", flat=True).first() or 0
    else:
        units = LedgerEntry.objects.filter(account_id=account.id).aggregate(sum=Sum("amount"))["sum"] or 0
    return Money(-int(units) if account.side == CREDIT else int(units), account.currency)


def balances(accounts: Sequence[Account]) -> dict[Account, Money]:
    """What several tracked accounts hold, in one statement; an account that was never used holds zero."""
    rows = LedgerBalance.objects.filter(account_id__in=[account.id for account in accounts])
    held = dict(rows.values_list("account_id", "amount"))
    return {account: Money(held.get(account.id, 0) * account.side, account.currency) for account in accounts}


def posted(idem: str) -> bool:
    """Whether a key was used."""
    return LedgerTx.objects.filter(idem=idem).exists()
