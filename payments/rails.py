"""Rails: the ways on which money reaches a worker, behind one small interface. Stripe is the first."""

from __future__ import annotations

import uuid
from typing import Protocol

from kit.money import Money
from payments import gateway, stripe_gateway


class Rail(Protocol):
    """What a payout asks of a rail. Failures are `gateway.GatewayError` and its kinds, whatever the rail."""

    def send(
        self, *, key: str, group: str, destination: str, amount: Money, payout_id: uuid.UUID
    ) -> gateway.Transfer:
        """Pay once per key."""
        ...

    def find(self, *, group: str) -> list[gateway.Transfer]:
        """All transfers ever made for a payout."""
        ...

    def available(self, currency: str) -> Money:
        """What the platform can pay on this rail now."""
        ...


RAILS: dict[str, Rail] = {"stripe": stripe_gateway}


def of(name: str) -> Rail:
    """The rail of a payout account."""
    return RAILS[name]
