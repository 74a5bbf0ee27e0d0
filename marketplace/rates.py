"""What a project pays and is billed, by kind, tier and time: dated rows, of which the newest that has begun is in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from kit.errors import Conflict, Invalid
from kit.money import Money
from marketplace import pricing
from marketplace.models import BillRate, Project, Rate, SlotKind
from payments import words as pay_words
from task_types import registry

DEAREST = 1_000 * 10_000
"""Units that one task may pay at most."""
MOST_UNITS = 10_000


class NotSetUp(Conflict):
    """The project lacks something that work needs."""

    code = "project_not_set_up"


def check_unit(project: Project, kind: str, unit: str, most_units: int, amount: Money) -> None:
    """A unit that the answers of this work are counted in; reviews and whole tasks have no other count than one."""
    known = [one.name for one in registry.drawer(project.task_type).unit_kinds]
    if unit not in known:
        raise Invalid(_("Expected one of: %(known)s.") % {"known": ", ".join(known)}, field="unit")
    if kind == "review" and unit != pricing.PER_TASK:
        raise Invalid(_("A review is paid by the task: a verdict has no units."), field="unit")
    most = 1 if unit == pricing.PER_TASK else MOST_UNITS
    if not isinstance(most_units, int) or not 1 <= most_units <= most:
        raise Invalid(_("Expected a whole number from %(low)s to %(high)s.") % {"low": 1, "high": most}, field="most_units")
    if amount.units * most_units > DEAREST:
        raise Invalid(_("One task may pay 1,000 at most: lower the price or the most units."), field="most_units")


Dated = TypeVar("Dated", Rate, BillRate)


def bills_cover_pay(project: Project, now: datetime) -> None:
    """At every moment from now on, what is billed for a slot covers the most that it pays."""
    if not (bills := list(BillRate.objects.filter(project=project))):
        return
    rates = list(Rate.objects.filter(project=project))
    begins = [row.valid_from for row in rates] + [row.valid_from for row in bills]
    moments = {now, *(at for at in begins if at > now)}
    for moment, kind, tier in product(moments, SlotKind.values, range(4)):
        rate, bill = _newest(rates, kind, tier, moment), _newest(bills, kind, tier, moment)
        if rate is None or bill is None:
            continue
        least = Money(most_of(rate, project.country_bp), project.currency)
        if bill.amount_units < least.units:
            raise Invalid(
                _("The bill price must cover the highest band: at least %(least)s.") % {"least": pay_words.amount(least)},
                field="amount",
            )


def most_of(rate: Rate, countries: Mapping[str, int]) -> int:
    """The most that one unit of this price pays: in the dearest country, at the highest band."""
    dearest = max([pricing.BASIS, *countries.values()])
    return pricing.most_pay(pricing.half_even(rate.amount_units * dearest, pricing.BASIS))


def _newest(rows: Sequence[Dated], kind: str, tier: int, moment: datetime) -> Dated | None:
    """The newest row that has begun, of this tier or the next lower one that has any."""
    begun = [row for row in rows if row.kind == kind and row.tier <= tier and row.valid_from <= moment]
    return max(begun, key=lambda row: (row.tier, row.valid_from, row.pk), default=None)


def in_force(*, project: Project, kind: str, tier: int, now: datetime) -> Rate | None:
    """The newest price that has started, of this tier or the next lower one that has any."""
    return (
        Rate.objects.filter(project=project, kind=kind, tier__lte=tier, valid_from__lte=now)
        .order_by("-tier", "-valid_from", "-id")
        .first()
    )


@dataclass(frozen=True, slots=True)
class Priced:
    """What a slot of a kind and tier pays, the most of it, and what it is billed at; no bill is pay + fee."""

    rate: Rate
    bill: BillRate | None
    most_units: int


@dataclass(frozen=True, slots=True)
class Card:
    """All that a project pays and is billed at a moment; two statements, however many prices are asked of it."""

    rates: tuple[Rate, ...]
    bills: tuple[BillRate, ...]
    countries: dict[str, int]
    now: datetime

    def terms(self, kind: str, tier: int) -> dict[str, Any] | None:
        """What decides the price of a slot of this kind and tier; None without a rate."""
        rate, bill = _newest(self.rates, kind, tier, self.now), _newest(self.bills, kind, tier, self.now)
        if rate is None:
            return None
        found = {"unit": rate.unit, "most_units": rate.most_units, "rate": rate.pk, "price_units": rate.amount_units}
        found |= {"bill_units": bill.amount_units} if bill else {}
        return found | ({"countries": self.countries} if self.countries else {})

    def priced(self) -> list[Priced]:
        """Every kind and tier that has a price, as it is in force now."""
        return [
            Priced(rate=rate, bill=_newest(self.bills, kind, tier, self.now), most_units=most_of(rate, self.countries))
            for kind, tier in product(SlotKind.values, range(4))
            if (rate := _newest(self.rates, kind, tier, self.now)) is not None and rate.tier == tier
        ]

    def billed(self, kind: str) -> int | None:
        """What an ordinary slot is billed at; None where pay + fee is charged."""
        bill = _newest(self.bills, kind, 0, self.now)
        return bill.amount_units if bill else None


def card(project: Project, *, now: datetime) -> Card:
    """The prices of a project as they are in force now."""
    rates, bills = Rate.objects.filter(project=project), BillRate.objects.filter(project=project)
    return Card(tuple(rates), tuple(bills), project.country_bp, now)


PRICE_KEYS = frozenset({"unit", "most_units", "rate", "price_units", "bill_units", "countries"})


def price_terms(*, project: Project, kind: str, tier: int, now: datetime) -> dict[str, Any]:
    """`Card.terms` of one kind and tier; raises NotSetUp without a rate."""
    found = card(project, now=now).terms(kind, tier)
    if found is None:
        raise NotSetUp(_("The project has no rate for %(kind)s slots yet.") % {"kind": kind}, field="rates")
    return found
