"""The chart of accounts as data: each kind with its owner, its natural side, and how the database guards it."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

PLATFORM = uuid.UUID(int=0)
"""Owner of the accounts that belong to nobody else: the platform's own and those that mirror Stripe and our bank."""

DEBIT, CREDIT = 1, -1


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of account.

    `side` is the sign of its natural balance (debit +1 for what we own or spent, credit -1 for what we owe or earned).
    A `tracked` account has a balance row kept by trigger; a `guarded` one may not fall below zero on its side. What
    every submission touches (a batch's reserve, revenue) is untracked: that row would be the hottest of the system.
    """

    name: str
    owner: str
    side: int
    tracked: bool
    guarded: bool
    meaning: str


KINDS = (
    Kind("client_prepaid", "client", CREDIT, True, True, "paid in by a client, not yet promised to a batch"),
    Kind("client_receivable", "client", DEBIT, True, True, "owed to us by a client, after a chargeback or a late decision"),
    Kind("batch_reserved", "batch", CREDIT, False, False, "promised to a batch at its launch"),
    Kind("worker_pending", "worker", CREDIT, True, True, "earned, in review"),
    Kind("worker_available", "worker", CREDIT, True, True, "confirmed, waits for the next payout"),
    Kind("worker_in_transit", "worker", CREDIT, True, True, "in a payout that the rail has not confirmed"),
    Kind("worker_held", "worker", CREDIT, True, True, "confirmed but stopped: a dispute or a case"),
    Kind("worker_receivable", "worker", DEBIT, True, True, "owed to us by a worker: proven fraud, reversals of the rail"),
    Kind("platform_revenue", "platform", CREDIT, False, False, "our fee"),
    Kind("platform_fees", "platform", DEBIT, True, False, "what the rails charge us"),
    Kind("platform_losses", "platform", DEBIT, True, False, "what we pay so that nobody else goes short"),
    Kind("platform_referrals", "platform", DEBIT, True, False, "set aside by us for people who bring others, less what came back"),
    Kind("programme_reserved", "programme", CREDIT, True, True, "the budget of a referral programme that is not paid yet"),
    Kind("platform_fx", "platform", DEBIT, True, False, "differences of exchange"),
    Kind("stripe_available", "stripe", DEBIT, True, False, "our balance at Stripe, as its balance transactions show it"),
    Kind("stripe_clearing", "stripe", DEBIT, True, False, "known to us, not yet seen at Stripe: must age to zero"),
    Kind("bank_available", "bank", DEBIT, True, False, "our own bank account, as the bank's reports on our files show it"),
    Kind("bank_clearing", "bank", DEBIT, True, False, "settled by our bank, not yet taken off our account of it: must age to zero"),
    Kind("dispute", "client", DEBIT, True, False, "taken by a chargeback that is not decided: must age to zero"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
TRACKED = tuple(kind.name for kind in KINDS if kind.tracked)
GUARDED = tuple(kind.name for kind in KINDS if kind.guarded)
DEBIT_SIDE = tuple(kind.name for kind in KINDS if kind.side == DEBIT)


@dataclass(frozen=True, slots=True)
class Account:
    """One account: a kind, an owner, a currency. Its id follows from the three, so nobody has to look it up."""

    kind: str
    owner_id: uuid.UUID
    currency: str

    def __post_init__(self) -> None:
        if self.kind not in BY_NAME:
            raise ValueError(f"no account kind {self.kind}")

    @property
    def id(self) -> uuid.UUID:
        """The first half of a SHA-256; the database checks it with its own `payments_account_id`."""
        text = f"{self.kind}:{self.owner_id}:{self.currency}"
        return uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])

    @property
    def side(self) -> int:
        return BY_NAME[self.kind].side


def platform(kind: str, currency: str) -> Account:
    """An account without an owner: `platform_...`, `stripe_...` or `bank_...`."""
    return Account(kind, PLATFORM, currency)
