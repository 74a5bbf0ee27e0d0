"""What crosses the door to a rail: small frozen values, and failures by what they mean for money."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from kit.money import Money


class GatewayError(Exception):
    """The rail did not do what was asked. `code` is its word for why; `look_again` when it makes sense to ask again, if not soon."""

    look_again: dt.timedelta | None = None

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code[:80]
        self.detail = detail[:300]


class Definite(GatewayError):
    """Refused for good: nothing was done, and nothing will be by asking again."""


class BalanceShort(Definite):
    """The platform's balance does not cover it."""


class KeyRefused(Definite):
    """Stripe does not take our key: nothing was done, and an operator has to look."""


class InDoubt(GatewayError):
    """No usable answer: it may have been done or not. Ask again under the same key, or look it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A hosted payment page, or an invoice. `state`: open, processing, paid, failed or expired."""

    id: str
    url: str
    state: str
    amount: Money
    funding_id: uuid.UUID | None
    charge_id: str | None
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money on its way back to who paid it. `state`: sent, arrived or failed; `refund_id` is ours, if it was ours."""

    id: str
    refund_id: uuid.UUID | None
    state: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A payment that its payer's bank disputes. `state`: open, won or lost; an inquiry has moved no money."""

    id: str
    charge_id: str
    amount: Money
    state: str
    reason: str
    money_moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money on its way from our balance to a connected account's; `payment` is what it is called over there."""

    id: str
    amount: Money
    destination: str
    group: str
    payment: str
    reversed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A connected account: capability states as Stripe words them, and what it still wants to know."""

    id: str
    transfers: str
    payouts: str
    wanted: tuple[str, ...]
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTransfer:
    """A payout of Stripe's from a connected account to its bank."""

    id: str
    amount: Money
    status: str
    failure_code: str
    created_at: dt.datetime
    arrives_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A balance transaction of ours: gross amount (negative when money leaves), Stripe's fee, and what it was for."""

    id: str
    type: str
    amount: Money
    fee: Money
    source: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at Stripe, as its list of events tells it."""

    id: str
    type: str
    account: str
    object_id: str
    thin: bool
    created_at: dt.datetime
    body: str
